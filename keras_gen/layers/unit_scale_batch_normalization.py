"""`UnitScaleBatchNormalization`: batch norm whose scale has the Euclidean norm 1."""

import keras
import tensorflow as tf

from keras_gen.keras_privates import BatchNormalization


@keras.saving.register_keras_serializable("keras_gen")
class UnitScaleBatchNormalization(BatchNormalization):
    """Batch norm with gamma / |gamma| in place of its scale gamma.

    The author's spectral normalisation of a batch norm: gamma [channels], read as a matrix of one row, has |gamma| as
    its spectral norm. In training the squares of all channels then add up to 1 on average, whatever gamma is, where an
    ordinary scale may grow without bound. Like `SpectralNormalization` this is a reparameterisation: gamma itself is
    stored and trained, and its gradient passes through the norm. A scale of zeros is left as it is.

    Weights and arguments are those of `keras.layers.BatchNormalization`.
    """

    def call(self, inputs: tf.Tensor, training: bool | None = None, mask: tf.Tensor | None = None) -> tf.Tensor:
        """The normalised inputs, scaled by `normalized_gamma` and shifted by beta."""
        if not self.scale:
            return super().call(inputs, training, mask)
        moments = (self.moving_mean, self.moving_variance)
        # In this scope the layer reads the given tensor where it would read gamma, and keeps what it would write.
        with keras.StatelessScope([(self.gamma, self.normalized_gamma())], initialize_variables=False) as scope:
            outputs = super().call(inputs, training, mask)
        for variable in moments:
            value = scope.get_current_value(variable)
            if value is not None:
                variable.assign(value)
        return outputs

    def normalized_gamma(self) -> tf.Tensor:
        """Gamma / |gamma|, [channels], of gamma's stored type."""
        gamma = self.gamma.value
        squared_norm = tf.reduce_sum(gamma * gamma)
        return gamma * tf.math.rsqrt(tf.where(squared_norm > 0, squared_norm, 1.0))
