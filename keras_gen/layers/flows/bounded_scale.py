"""`BoundedScale`: positive scales that a network cannot drive to infinity."""

import tensorflow as tf

from keras_gen.checks import check_choice

# exp_tanh keeps scales in [1/7.4, 7.4].
LOG_BOUND = 2.0
SCALES = ("exp_tanh", "sigmoid")


class BoundedScale:
    """A scale s(r) > 0 of what a network gives.

    - `exp_tanh`: s = exp(2 tanh(r / 2)), between e^-2 and e^2, 1 at r = 0, so that a last layer of zeros is the
      identity.
    - `sigmoid`: s = sigmoid(r + 2), between 0 and 1, as in Glow's own code and in TFP. Near 0 its inverse has no
      bound (Behrmann et al. 2020, arXiv 2006.09347, on inverses that explode).

    Args:
        name: One of them.

    Raises:
        InputError: There is no such scale.
    """

    def __init__(self, name: str):
        check_choice("scale", name, SCALES)
        self.name = name

    def __call__(self, raw: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """The scale s and log s of r."""
        if self.name == "sigmoid":
            return tf.sigmoid(raw + 2.0), tf.math.log_sigmoid(raw + 2.0)
        log_scale = LOG_BOUND * tf.tanh(raw / LOG_BOUND)
        return tf.exp(log_scale), log_scale
