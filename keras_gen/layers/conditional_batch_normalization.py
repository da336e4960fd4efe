"""`ConditionalBatchNormalization`: batch norm whose scale and shift depend on the class."""

from typing import Any

import keras

from keras_gen.checks import check_counts
from keras_gen.errors import InputError, batch_of
from keras_gen.keras_privates import BatchNormalization


@keras.saving.register_keras_serializable("keras_gen")
class ConditionalBatchNormalization(keras.layers.Layer):
    """Normalises over the batch of all classes, then scales and shifts by gamma_y and beta_y of each row's class.

    Dumoulin et al. 2017, arXiv 1610.07629, equation 5, and de Vries et al. 2017, arXiv 1707.00683; in a GAN's generator
    Miyato and Koyama 2018, arXiv 1802.05637.

    Args:
        num_classes: Number of classes.
        momentum: Momentum of the moving moments.
        epsilon: Added to the variance.
        synchronized: Whether the moments are those of all replicas of a `tf.distribute` strategy.
        **kwargs: `name`, `trainable` and `dtype`, as of every layer.

    Raises:
        InputError: `num_classes` is not a whole number of at least 2, or there is no such argument; when built or
            called, the classes are not rows [batch, num_classes].
    """

    def __init__(
        self,
        num_classes: int,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        synchronized: bool = False,
        **kwargs: Any,
    ):
        for name in kwargs.keys() - {"name", "trainable", "dtype"}:
            raise InputError(
                f"{name}: this layer scales and shifts the last axis by class, from 1 and 0; it takes momentum, "
                "epsilon and synchronized"
            )
        super().__init__(**kwargs)
        check_counts(2, num_classes=num_classes)
        self.num_classes = num_classes
        self._of_moments = {"momentum": momentum, "epsilon": epsilon, "synchronized": synchronized}
        self.normalization = BatchNormalization(center=False, scale=False, dtype=self.dtype_policy, **self._of_moments)

    def build(self, inputs_shape: tuple[int | None, ...], classes_shape: tuple[int | None, ...]) -> None:
        """Makes the scales and shifts, [num_classes, channels]; they begin as 1 and 0."""
        self._check_rows(classes_shape)
        self.normalization.build(inputs_shape)
        shape = (self.num_classes, inputs_shape[-1])
        self.gamma = self.add_weight(name="gamma", shape=shape, initializer="ones")
        self.beta = self.add_weight(name="beta", shape=shape, initializer="zeros")

    def call(
        self, inputs: keras.KerasTensor, classes: keras.KerasTensor, training: bool | None = None
    ) -> keras.KerasTensor:
        """The normalised inputs [batch, ..., channels], by the classes of their rows, one-hot [batch, num_classes]."""
        self._check_rows(classes.shape)
        shape = (-1, *[1] * (len(inputs.shape) - 2), inputs.shape[-1])
        gamma, beta = (
            keras.ops.reshape(keras.ops.matmul(keras.ops.cast(classes, self.compute_dtype), table), shape)
            for table in (self.gamma, self.beta)
        )
        return gamma * self.normalization(inputs, training=training) + beta

    def get_config(self) -> dict[str, Any]:
        """The arguments that build this layer again."""
        return {**super().get_config(), "num_classes": self.num_classes, **self._of_moments}

    def _check_rows(self, shape: tuple[int | None, ...]) -> None:
        if len(shape) != 2 or shape[1] != self.num_classes:
            advice = f"keras.ops.one_hot(labels, {self.num_classes}) makes them of labels [n]"
            given, rows = batch_of(shape[1:]), batch_of([self.num_classes])
            raise InputError(f"classes have shape {given}; give one-hot rows {rows}: {advice}")
