"""`ImportanceSampled`: a model with latents whose log q(x) is estimated by importance sampling."""

from collections.abc import Callable
from typing import TypeAlias

import tensorflow as tf

from keras_gen.models.encoding_model import EncodingModel
from keras_gen.models.endpoints import IMAGES, Seed, WholeNumber, endpoint
from keras_gen.utils import noise
from keras_gen.utils.noise import stream_seed

# From standard normal noise, one draw for each image, to log q(x|z) q(z) / p(z|x) [n] at the z that it makes.
LogWeight: TypeAlias = Callable[[tf.Tensor], tf.Tensor]
NUM_DRAWS = 10


class ImportanceSampled(EncodingModel):
    """A model with a posterior p(z|x), a likelihood q(x|z) and a prior q(z), which bound log q(x).

    Subclasses define `weighted_draws`, and what `EncodingModel` asks for.
    """

    def weighted_draws(self, images: tf.Tensor) -> tuple[LogWeight, tuple[int, ...]]:
        """What turns noise into the weights of images [n, *data_shape], and the shape of one image's noise."""
        raise NotImplementedError

    @endpoint(compiled=True, gives="nats", images=IMAGES, num_draws=WholeNumber(at_least=1), seed=Seed())
    def log_prob(
        self, images: tf.Tensor, num_draws: int | tf.Tensor = NUM_DRAWS, seed: int | tf.Tensor = 0
    ) -> tf.Tensor:
        """Estimates log q(x) by importance sampling: log 1/m sum_j q(x|z_j) q(z_j) / p(z_j|x), z_j ~ p(z|x).

        Its mean lies below log q(x), and rises towards it with the number of draws m (Burda et al. 2015, arXiv
        1509.00519); with one draw it is the ELBO. State m beside every number that you report.

        Args:
            images: [n, height, width, channels] in [-1, 1].
            num_draws: m, at least 1.
            seed: Seed of the draws; the first draws of many are those of a few.

        Returns:
            float32 [n], in nats, of the density on [-1, 1] at the images as they are.

        Raises:
            InputError: `num_draws` is below 1, or the images are not what the model takes.
        """
        log_weight, noise_shape = self.weighted_draws(images)
        shape = tf.stack([tf.shape(images)[0], *noise_shape])

        def drawn(number: tf.Tensor) -> tf.Tensor:
            draw_seed = noise.fold_in(stream_seed(seed, "log_prob"), tf.cast(number, tf.int64))
            # As int32, so that the draws are those of models that were exported earlier.
            return log_weight(noise.normal(shape, tf.cast(draw_seed, tf.int32)))

        log_weights = tf.map_fn(drawn, tf.range(num_draws), fn_output_signature=tf.float32)
        return tf.reduce_logsumexp(log_weights, axis=0) - tf.math.log(tf.cast(num_draws, tf.float32))
