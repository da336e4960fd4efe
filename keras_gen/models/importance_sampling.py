"""log q(x) of a model with latents, estimated by importance sampling (Burda et al. 2015, arXiv 1509.00519)."""

from collections.abc import Callable

import tensorflow as tf

from keras_gen.utils import noise
from keras_gen.utils.noise import stream_seed

NUM_DRAWS = 10  # of every model's `log_prob` unless it is told otherwise


def log_mean_weight(
    log_weight: Callable[[tf.Tensor], tf.Tensor],
    noise_shape: tf.Tensor,
    num_draws: tf.Tensor,
    seed: tf.Tensor,
) -> tf.Tensor:
    """Estimates log q(x): log 1/m sum_j q(x|z_j) q(z_j) / p(z_j|x) with z_j ~ p(z|x), in nats [n].

    Its mean is at most log q(x). With one draw it is the ELBO, and it rises towards log q(x) with the number of draws
    m, which belongs beside every number that is reported. The first draws of many are those of a few.

    Args:
        log_weight: From standard normal noise of the shape to log q(x|z) q(z) / p(z|x) [n] at the z that it makes.
        noise_shape: The noise of one draw, [n, ...].
        num_draws: m.
        seed: Seed of the draws.
    """

    def drawn(number: tf.Tensor) -> tf.Tensor:
        return log_weight(noise.normal(noise_shape, noise.fold_in(stream_seed(seed, "log_prob"), number)))

    log_weights = tf.map_fn(drawn, tf.range(num_draws), fn_output_signature=tf.float32)
    return tf.reduce_logsumexp(log_weights, axis=0) - tf.math.log(tf.cast(num_draws, tf.float32))
