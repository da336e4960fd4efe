"""`ConditionalBatchNormalization`: batch norm whose scale and shift depend on the class."""

from typing import Any

import keras

from keras_gen.checks import check_counts
from keras_gen.keras_privates import BatchNormalization


@keras.saving.register_keras_serializable("keras_gen")
class ConditionalBatchNormalization(keras.layers.Layer):
    """Normalises over the batch of all classes, then scales and shifts by gamma_y and beta_y of each row's class.

    Dumoulin et al. 2017, arXiv 1610.07629, equation 5, and de Vries et al. 2017, arXiv 1707.00683; in a GAN's generator
    Miyato and Koyama 2018, arXiv 1802.05637.

    Args:
        num_classes: Number of classes.
        **kwargs: Arguments of `keras.layers.BatchNormalization`, such as `synchronized`.

    Raises:
        InputError: `num_classes` is not a whole number of at least 2.
    """

    def __init__(self, num_classes: int, **kwargs: Any):
        own = {name: kwargs.pop(name) for name in ("name", "trainable", "dtype") if name in kwargs}
        super().__init__(**own)
        check_counts(2, num_classes=num_classes)
        self.num_classes = num_classes
        self.normalization = BatchNormalization(center=False, scale=False, dtype=self.dtype_policy, **kwargs)
        self._arguments = kwargs

    def build(self, inputs_shape: tuple[int | None, ...], classes_shape: tuple[int | None, ...]) -> None:
        """Makes the scales and shifts, [num_classes, channels]; they begin as 1 and 0."""
        del classes_shape
        self.normalization.build(inputs_shape)
        shape = (self.num_classes, inputs_shape[-1])
        self.gamma = self.add_weight(name="gamma", shape=shape, initializer="ones")
        self.beta = self.add_weight(name="beta", shape=shape, initializer="zeros")

    def call(
        self, inputs: keras.KerasTensor, classes: keras.KerasTensor, training: bool | None = None
    ) -> keras.KerasTensor:
        """The normalised inputs [batch, ..., channels], by the classes of their rows, one-hot [batch, num_classes]."""
        shape = (-1, *[1] * (len(inputs.shape) - 2), inputs.shape[-1])
        gamma, beta = (
            keras.ops.reshape(keras.ops.matmul(keras.ops.cast(classes, self.compute_dtype), table), shape)
            for table in (self.gamma, self.beta)
        )
        return gamma * self.normalization(inputs, training=training) + beta

    def get_config(self) -> dict[str, Any]:
        """The arguments that build this layer again."""
        return {**super().get_config(), "num_classes": self.num_classes, **self._arguments}
