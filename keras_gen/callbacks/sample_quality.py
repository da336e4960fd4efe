"""How good a model's samples are, during training."""

from collections.abc import Callable

import keras
import numpy as np
from numpy.typing import ArrayLike

from keras_gen.callbacks.measures import Measures
from keras_gen.callbacks.step_table import StepTable
from keras_gen.errors import InputError
from keras_gen.metrics.quality import sample_quality

# Samples that are in memory at a time.
AT_ONCE = 250


class SampleQuality(Measures):
    """Distances between a model's samples and real images, in `logs` and, if wanted, in a table.

        features = keras_gen.metrics.lenet_features(train, test)
        quality = SampleQuality(train.to_array(10_000), features)
        best = keras.callbacks.ModelCheckpoint("best.keras", "frechet_distance", mode="min", save_best_only=True)
        model.fit(..., callbacks=[quality, best])
        model.evaluate(test.to_array(), callbacks=[quality], return_dict=True)["frechet_distance"]

    The same latents are drawn each time. See `keras_gen.metrics.sample_quality` for the names of the numbers.

    Args:
        real_images: float32 [n, height, width, channels] in [-1, 1], more than five.
        features: From such images to features [n, dim], as `lenet_features` and `imagenet_features` return.
        num_samples: Samples to draw, more than five. Distances shrink as either number of images grows.
        every: Steps between two measurements, a multiple of the steps in an epoch; None for every epoch.
        table: A table that gets the rows; None for no table.
        seed: Seed of the latents.

    Raises:
        InputError: There are too few images or samples; in training, the model draws no samples.
    """

    def __init__(
        self,
        real_images: ArrayLike,
        features: Callable[[ArrayLike], np.ndarray],
        num_samples: int = 2_000,
        every: int | None = None,
        table: StepTable | None = None,
        seed: int = 0,
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
        self._real = features(real_images)

    def _measured(self, model: keras.Model) -> dict[str, float]:
        if not hasattr(model, "latents") or not hasattr(model, "decode"):
            raise InputError(f"SampleQuality: {type(model).__name__} draws no samples; give a generative model")
        latents = model.latents(self.num_samples, seed=self.seed)
        parts = [latents[start : start + AT_ONCE] for start in range(0, len(latents), AT_ONCE)]
        fake = np.concatenate([self.features(model.decode(part)) for part in parts])
        return sample_quality(self._real, fake)

    def of_images(self, images: ArrayLike) -> dict[str, float]:
        """The same numbers for images in the place of samples, such as as many test images."""
        return sample_quality(self._real, self.features(images))
