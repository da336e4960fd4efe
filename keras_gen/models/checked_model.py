"""`CheckedModel`: Keras's own calls, each of whose arguments is used or refused in a line that says what to do."""

import importlib
import inspect
import os
from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf

from keras_gen import keras_privates
from keras_gen.errors import InputError, unwrapped_input_errors
from keras_gen.models.checked_data import (
    Checks,
    check_batch,
    check_ends,
    check_finite_pixels,
    check_pixel_range,
    check_rows,
    checked_batches,
    kind_of_data,
    scales_pixels,
)
from keras_gen.models.classes import label_checks
from keras_gen.models.optimization import Optimizers
from keras_gen.models.saving import check_export, check_keras_file, load_seeds, save_seeds, served, without_seeds
from keras_gen.models.targets import check_no_weights


class LastLogs(keras.callbacks.Callback):
    """Keeps the `logs` at the end of an evaluation as the callbacks before it left them."""

    logs: dict[str, float] = {}

    def on_test_end(self, logs: dict[str, float] | None = None) -> None:
        """Keeps them."""
        self.logs = logs or {}


class CheckedModel(keras_privates.Model):
    """A `keras.Model` that looks at its data before the first step, and saves all of its state.

    Subclasses define `train_step`, `test_step` and `endpoints`.

    Args:
        **kwargs: Passed on to `keras.Model`.

    Raises:
        InputError: `num_classes` is given to a model that has no classes.

    Attributes:
        num_classes: Number of classes of a conditional model, whose batches are pairs (images, labels), with labels
            whole numbers [n]; None for a model that ignores labels.
    """

    num_classes: int | None = None

    def __init__(self, **kwargs: Any):
        if "num_classes" in kwargs:
            advice = "leave it out; the adversarial models, VAE, FlowPosteriorVAE and Glow can have them"
            raise InputError(f"num_classes: {type(self).__name__} has no classes; {advice}")
        super().__init__(**kwargs)
        self._kind_of_data: str | None = None
        self._kind_of_test_data: str | None = None

    # Training and evaluation -------------------------------------------------------------------------------------

    def fit(self, x: Any = None, *args: Any, **kwargs: Any) -> keras.callbacks.History:
        """See `keras.Model.fit`.

        Raises:
            InputError: The images do not fit the model, or one is damaged, NaN, infinite or not scaled, also where only
                the graph finds it; that batch has changed no trained weight. Or replicas would have different numbers
                of rows, or there are weights of samples or classes, which no loss here has.
        """
        call = inspect.signature(super().fit).bind(x, *args, **kwargs)
        given = call.arguments
        check_no_weights(given)
        check_ends(x, given, "steps_per_epoch")
        kind = kind_of_data(x)
        if kind != self._kind_of_data:
            # A step traced before would be traced again for images of any shape, in which checks of it see nothing.
            self.train_function = None
        self._kind_of_data = kind
        size, held_out = given.get("batch_size"), given.get("validation_data")
        split = given.get("validation_split") if held_out is None else None
        given["x"] = checked_batches(x, self.batch_checks, size, self._replicas, split or 0.0, given.get("y"))
        if held_out is not None:
            first, *rest = held_out if isinstance(held_out, (tuple, list)) else (held_out,)
            check_ends(first, given, "validation_steps")
            size = given.get("validation_batch_size") or size
            given["validation_data"] = (self._test_data(first, size, *rest[:1]), *rest)
        with unwrapped_input_errors():
            history = super().fit(*call.args, **call.kwargs)
        if isinstance(self.optimizer, Optimizers):  # Keras itself sees to a single one
            self.optimizer.finalize()
        return history

    def evaluate(self, x: Any = None, *args: Any, **kwargs: Any) -> Any:
        """See `keras.Model.evaluate`: the means of the reported terms over images that training has not seen.

        The networks are at inference; noise is that of the next training step. Every image counts alike, also those of
        a smaller last batch. What a callback, such as `SampleQuality`, puts into the `logs` of `on_test_end` is
        returned too, behind the terms.

        Raises:
            InputError: As in `fit`.
        """
        call = inspect.signature(super().evaluate).bind(x, *args, **kwargs)
        given = call.arguments
        if "_use_cached_eval_dataset" in kwargs:  # with which `fit` calls, who has looked at the data
            with unwrapped_input_errors():
                return super().evaluate(*call.args, **call.kwargs)
        check_no_weights(given)
        check_ends(x, given, "steps")
        given["x"] = self._test_data(x, given.get("batch_size"), given.get("y"))
        last = LastLogs()
        given["callbacks"] = [*keras.tree.flatten(given.get("callbacks") or []), last]
        with unwrapped_input_errors():
            values = super().evaluate(*call.args, **call.kwargs)
        added = {name: value for name, value in sorted(last.logs.items()) if name not in self.metrics_names}
        if given.get("return_dict"):
            return {**values, **added}
        return [*keras.tree.flatten(values), *added.values()] if added else values

    def train_on_batch(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        """See `keras.Model.train_on_batch`.

        Raises:
            InputError: As in `fit`.
        """
        return _on_batch(super().train_on_batch, self.batch_checks, x, *args, **kwargs)

    def test_on_batch(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        """See `keras.Model.test_on_batch`.

        Raises:
            InputError: As in `fit`.
        """
        return _on_batch(super().test_on_batch, self.data_checks, x, *args, **kwargs)

    def test_step(self, data: Any) -> dict[str, tf.Tensor]:
        """The terms of a batch, as in training but with the networks at inference."""
        raise InputError(f"{type(self).__name__} defines no test_step, so that it cannot be evaluated; define one")

    def _test_data(self, x: Any, batch_size: int | None, targets: Any = None) -> Any:
        kind = kind_of_data(x)
        if kind != self._kind_of_test_data:
            self.test_function = None
        self._kind_of_test_data = kind
        return checked_batches(x, self.data_checks, batch_size, self._replicas, targets=targets)

    @property
    def _replicas(self) -> int:
        return self.distribute_strategy.num_replicas_in_sync

    def data_checks(self, images: tf.Tensor, *targets: tf.Tensor) -> list[tf.Operation | None]:
        """What `fit` and `evaluate` check of each batch on its way to the model, by `keras_gen.errors.check_input`."""
        checks = [
            *check_rows(images, self._replicas),
            check_finite_pixels(images),
            *label_checks(self.num_classes, targets),
        ]
        return checks if scales_pixels(self) else [*checks, check_pixel_range(images)]

    def batch_checks(self, images: tf.Tensor, *targets: tf.Tensor) -> list[tf.Operation | None]:
        """What only `fit` asks of a batch, and `data_checks`."""
        return self.data_checks(images, *targets)

    # Saving and export -------------------------------------------------------------------------------------------

    def endpoints(self) -> dict[str, tuple[Callable[..., Any], list[tf.TensorSpec]]]:
        """The functions that `export` writes, by name, with the types of their arguments."""
        raise NotImplementedError

    def export(
        self,
        filepath: str | os.PathLike,
        format: str = "tf_saved_model",
        verbose: bool | None = None,
        input_signature: Any = None,
        endpoints: Sequence[str] | None = None,
        **kwargs: Any,
    ) -> None:
        """Writes the model's `endpoints` as what runs without this package.

        A SavedModel (`tf_saved_model`) has all of them as functions, each also a signature of that name. What
        `keras.layers.TFSMLayer` and TensorFlow Serving call without naming a function, `serve`, is `call`.
        `model = tf.saved_model.load(filepath)`, then `model.sample(64, 0)`, need TensorFlow alone. The two belong in
        two statements: TensorFlow drops the weights with the loaded model, even while its function is called.

        For ONNX Runtime (`onnx`) and LiteRT (`litert`) a folder is written with one file per endpoint, and with what
        draws latents there, since random numbers are TensorFlow's: see `keras_gen.portable.folder`.

        Args:
            filepath: Folder to write.
            format: `tf_saved_model`, `onnx` or `litert`.
            verbose: Whether to print the endpoints.
            input_signature: None: the endpoints have their own.
            endpoints: The names of those to write, such as `["decode"]`; None: all that the format can hold.
            **kwargs: Passed on to `keras.export.ExportArchive.write_out`.

        Raises:
            InputError: There is no such format or endpoint, or a signature is given; or, for ONNX and LiteRT, an extra
                of this package is not installed, the folder holds something else, or an endpoint cannot be converted.
        """
        check_export(self, filepath, format, input_signature, endpoints, kwargs)
        if format != "tf_saved_model":
            folder = importlib.import_module("keras_gen.portable.folder")  # it needs the models, which need this class
            folder.write(self, filepath, format, endpoints)
            return
        archive = keras.export.ExportArchive()
        archive.track(self)
        chosen = {name: of for name, of in self.endpoints().items() if endpoints is None or name in endpoints}
        for name, (function, signature) in served(chosen).items():
            archive.add_endpoint(name, function, input_signature=signature)
        archive.write_out(os.fspath(filepath), verbose=bool(verbose), **kwargs)

    def save(self, filepath: Any, *args: Any, **kwargs: Any) -> None:
        """See `keras.Model.save`.

        Raises:
            InputError: The path ends in .h5, a format that cannot hold these models.
        """
        check_keras_file(filepath)
        super().save(filepath, *args, **kwargs)

    def save_own_variables(self, store: dict[str, Any]) -> None:
        """See `keras.Layer.save_own_variables`; with the state of every random layer, such as Dropout's."""
        super().save_own_variables(store)
        save_seeds(self, store)

    def load_own_variables(self, store: dict[str, Any]) -> None:
        """See `keras.Layer.load_own_variables`."""
        super().load_own_variables(without_seeds(store))
        load_seeds(self, store)


def _on_batch(function: Callable[..., Any], checks: Checks, *args: Any, **kwargs: Any) -> Any:
    given = inspect.signature(function).bind(*args, **kwargs).arguments
    check_no_weights(given)
    targets = given.get("y")
    check_batch(given["x"] if targets is None else (given["x"], targets), checks)
    with unwrapped_input_errors():
        return function(*args, **kwargs)
