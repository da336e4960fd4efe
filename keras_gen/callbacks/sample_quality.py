"""How good a model's samples are, during training."""

from collections.abc import Callable

import keras
import numpy as np
from numpy.typing import ArrayLike

from keras_gen.callbacks.measures import Measures
from keras_gen.callbacks.step_table import StepTable
from keras_gen.errors import InputError
from keras_gen.metrics.class_quality import ClassQuality
from keras_gen.metrics.features import ImageFeatures
from keras_gen.metrics.kept_features import kept_features
from keras_gen.metrics.quality import QualityAgainst

# Samples that are in memory at a time.
AT_ONCE = 250


class SampleQuality(Measures):
    """Distances between a model's samples and real images, in `logs` and, if wanted, in a table.

        features = keras_gen.metrics.lenet_features(train, test)
        quality = SampleQuality(train.to_array(10_000), features)
        best = keras.callbacks.ModelCheckpoint("best.keras", "frechet_distance", mode="min", save_best_only=True)
        model.fit(..., callbacks=[quality, best])
        model.evaluate(test.to_array(), callbacks=[quality], return_dict=True)["frechet_distance"]

    The same latents are drawn each time. See `keras_gen.metrics.sample_quality` for the names of the numbers. Of a
    conditional model, which draws each class in turn, `class_accuracy` and `within_class_distance` are measured too, if
    the labels of the real images are given; see `keras_gen.metrics.ClassQuality`. Features of the real images are kept
    in the cache folder; see `keras_gen.metrics.kept_features`.

    Args:
        real_images: float32 [n, height, width, channels] in [-1, 1], more than five.
        features: From such images to features [n, dim], as `lenet_features` and `imagenet_features` return.
        num_samples: Samples to draw, more than five. Distances shrink as either number of images grows.
        every: Steps between two measurements, a multiple of the steps in an epoch; None for every epoch.
        table: A table that gets the rows; None for no table.
        seed: Seed of the latents.
        real_labels: Classes of the real images, whole numbers [n]; None to measure all classes together alone.

    Raises:
        InputError: There are too few images or samples, with `real_labels` fewer than two of a class; in training, the
            model draws no samples.
    """

    def __init__(
        self,
        real_images: ArrayLike,
        features: Callable[[ArrayLike], np.ndarray],
        num_samples: int = 2_000,
        every: int | None = None,
        table: StepTable | None = None,
        seed: int = 0,
        real_labels: ArrayLike | None = None,
    ):
        super().__init__(self._measured, table, every)
        if min(len(np.asarray(real_images)), num_samples) < 6:
            raise InputError(
                f"SampleQuality: {len(np.asarray(real_images))} real images and num_samples={num_samples}; give at "
                "least 6 of each"
            )
        self.features = features
        self.num_samples = num_samples
        self.seed = seed
        real = self._of_data(real_images)
        self._quality = QualityAgainst(real)
        self._of_classes = None if real_labels is None else ClassQuality(real, real_labels)
        if self._of_classes is not None and num_samples < (needed := 2 * self._of_classes.num_classes):
            raise InputError(f"num_samples={num_samples}: give at least {needed} for {needed // 2} classes")

    def _measured(self, model: keras.Model) -> dict[str, float]:
        if not hasattr(model, "latents") or not hasattr(model, "decode"):
            raise InputError(f"SampleQuality: {type(model).__name__} draws no samples; give a generative model")
        latents = model.latents(self.num_samples, seed=self.seed)
        parts = [latents[start : start + AT_ONCE] for start in range(0, len(latents), AT_ONCE)]
        fake = np.concatenate([self.features(model.decode(part)) for part in parts])
        num_classes = getattr(model, "num_classes", None)
        return self._numbers(fake, None if num_classes is None else np.arange(len(fake)) % num_classes)

    def of_images(self, images: ArrayLike, labels: ArrayLike | None = None) -> dict[str, float]:
        """The same numbers for images in the place of samples, such as as many test images, and for their labels.

        Args:
            images: float32 [n, height, width, channels] in [-1, 1], at least six.
            labels: Their classes, whole numbers [n], if `real_labels` were given; None to measure all together alone.

        Raises:
            InputError: There are labels, but no `real_labels`, or fewer than two images of a class.
        """
        if labels is not None and self._of_classes is None:
            raise InputError(
                "labels: there are none of the real images; give SampleQuality real_labels, or leave them out"
            )
        return self._numbers(self._of_data(images), labels)

    def _of_data(self, images: ArrayLike) -> np.ndarray:
        if isinstance(self.features, ImageFeatures):
            return kept_features(self.features, images)
        return self.features(images)

    def _numbers(self, fake: np.ndarray, labels: ArrayLike | None) -> dict[str, float]:
        numbers = self._quality(fake)
        if self._of_classes is not None and labels is not None:
            numbers |= self._of_classes(fake, labels)
        return numbers
