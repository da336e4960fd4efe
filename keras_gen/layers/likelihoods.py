"""Likelihoods: how a decoder's output becomes a distribution q(x|z) over data."""

import math
from typing import Any

import keras
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from keras_gen.checks import check_choice, check_gives_logits, check_positive, warn_of_range
from keras_gen.errors import InputError, check_input


class Likelihood(keras.layers.Layer):
    """From a decoder's output to a distribution of independent pixels; called, it gives the distribution's mean.

    A likelihood of one's own overrides `distribution` and, where it has arguments, `get_config`.

    Attributes:
        decoder_outputs: How many tensors a decoder may give, in ascending order; None for any number.
    """

    decoder_outputs: tuple[int, ...] | None = None

    def __init__(self, **kwargs: Any):
        super().__init__(**{"dtype": "float32"} | kwargs)
        self.built = True

    def distribution(self, decoded: tf.Tensor | list[tf.Tensor]) -> tfd.Distribution:
        """q(x|z) from the decoder's output: batch shape [n], event shape that of the data; `log_prob` is in nats."""
        raise NotImplementedError

    def checked(self, x: tf.Tensor) -> tf.Tensor:
        """Data [n, ...] that this likelihood can explain; anything else is an error."""
        return x

    def check_decoder(self, decoder: keras.Model) -> None:
        """Checks that a decoder that is trained or evaluated can give what this likelihood takes."""

    def checked_outputs(self, outputs: Any) -> list[tf.Tensor]:
        """The tensors that a decoder gives, one or a list of them, as a list.

        Raises:
            InputError: This likelihood takes another number of tensors.
        """
        tensors = list(outputs) if isinstance(outputs, list | tuple) else [outputs]
        if self.decoder_outputs is not None and len(tensors) not in self.decoder_outputs:
            raise InputError(
                f"the number of tensors that the decoder gives is {len(tensors)}, but {type(self).__name__} takes "
                f"{' or '.join(map(str, self.decoder_outputs))}; leave out the others, or give a Likelihood of your own"
            )
        return tensors

    def call(self, decoded: tf.Tensor | list[tf.Tensor]) -> tf.Tensor:
        """The mean of q(x|z), float32 [n, ...]."""
        return self.distribution(decoded).mean()


@keras.saving.register_keras_serializable("keras_gen")
class GaussianLikelihood(Likelihood):
    """q(x|z) = N(x; decoder(z), variance), on the data's scale, for images [-1, 1].

    A decoder that gives two tensors, [mean, log variance], brings its own variance; `variance` and `trainable_variance`
    are left out then.

    Args:
        variance: The variance of every pixel, or the initial value of a trainable one. A weight lambda of half the
            squared error is the variance 1/lambda; one meant for images in [0, 1] is the variance 4/lambda here.
        trainable_variance: Whether the variance, one number for all pixels, is trained.
        **kwargs: Passed on to `keras.layers.Layer`.

    Raises:
        InputError: The variance is not a finite number above 0. Or, once the layer meets a decoder, that gives neither
            one tensor nor two, or gives a variance of its own beside the one given here.
    """

    decoder_outputs = (1, 2)

    def __init__(self, variance: float = 1.0, trainable_variance: bool = False, **kwargs: Any):
        check_positive(variance=variance)
        super().__init__(**kwargs)
        self.variance = float(variance)
        self.trainable_variance = trainable_variance
        self.log_variance = None
        if trainable_variance:
            initial = keras.initializers.Constant(math.log(variance))
            self.log_variance = self.add_weight(name="log_variance", shape=(), initializer=initial)

    def distribution(self, decoded: tf.Tensor | list[tf.Tensor]) -> tfd.Distribution:
        """See `Likelihood.distribution`."""
        mean, *log_variance = (tf.cast(output, tf.float32) for output in self.checked_outputs(decoded))
        if log_variance:
            deviation = tf.exp(log_variance[0] / 2)
        elif self.log_variance is not None:
            deviation = tf.exp(self.log_variance.value / 2)
        else:
            deviation = math.sqrt(self.variance)
        return tfd.Independent(tfd.Normal(mean, deviation), reinterpreted_batch_ndims=len(mean.shape) - 1)

    def check_decoder(self, decoder: keras.Model) -> None:
        """Warns if no pixel can be below 0."""
        warn_of_range("decoder", decoder)

    def checked_outputs(self, outputs: Any) -> list[tf.Tensor]:
        """See `Likelihood.checked_outputs`.

        Raises:
            InputError: There are neither one nor two tensors, or two beside a variance that would not be used.
        """
        tensors = super().checked_outputs(outputs)
        if len(tensors) == 2 and (self.variance != 1 or self.trainable_variance):
            raise InputError(
                f"variance={self.variance:g}, trainable_variance={self.trainable_variance}: the decoder gives a mean "
                "and a log variance of its own; leave both arguments out, or let it give the mean alone"
            )
        return tensors

    def get_config(self) -> dict[str, Any]:
        """The arguments that build this layer again."""
        own = {"variance": self.variance, "trainable_variance": self.trainable_variance}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable("keras_gen")
class BernoulliLikelihood(Likelihood):
    """Each pixel black or white, with the decoder's output as the logit of white.

    Of pixels in between, `log_prob` is minus the cross-entropy: the usual loss, though no normalised density.
    """

    decoder_outputs = (1,)

    def check_decoder(self, decoder: keras.Model) -> None:
        """See `Likelihood.check_decoder`.

        Raises:
            InputError: It ends in a sigmoid.
        """
        check_gives_logits("decoder", decoder, "the Bernoulli likelihood takes")

    def distribution(self, decoded: tf.Tensor | list[tf.Tensor]) -> tfd.Distribution:
        """See `Likelihood.distribution`."""
        (logits,) = (tf.cast(output, tf.float32) for output in self.checked_outputs(decoded))
        return tfd.Independent(_BlackOrWhite(logits), reinterpreted_batch_ndims=len(logits.shape) - 1)

    def checked(self, x: tf.Tensor) -> tf.Tensor:
        """The data, which must lie in [-1, 1].

        Raises:
            InputError: Some do not. Inside a TensorFlow graph this is an `InvalidArgumentError` of the same message.
        """
        low, high = tf.reduce_min(x), tf.reduce_max(x)
        message = "a Bernoulli likelihood needs data in [-1, 1], got values from", low, "to", high
        # Both are NaN if any value is, and no comparison with NaN holds.
        with tf.control_dependencies([check_input((low >= -1) & (high <= 1), *message)]):
            return tf.identity(x)


class _BlackOrWhite(tfd.Bernoulli):
    """-1 or 1."""

    def __init__(self, logits: tf.Tensor, name: str = "BlackOrWhite"):
        super().__init__(logits=logits, dtype=tf.float32, name=name)

    @classmethod
    def _parameter_properties(cls, dtype: tf.DType, num_classes: int | None = None) -> dict[str, Any]:
        return {"logits": super()._parameter_properties(dtype, num_classes)["logits"]}

    def _log_prob(self, x: tf.Tensor) -> tf.Tensor:
        return super()._log_prob((x + 1) / 2)  # from [-1, 1] to the [0, 1] of Bernoulli's outcomes

    def _mean(self) -> tf.Tensor:
        return 2 * super()._mean() - 1

    def _variance(self) -> tf.Tensor:
        return 4 * super()._variance()

    def _mode(self) -> tf.Tensor:
        return 2 * super()._mode() - 1

    def _sample_n(self, n: int | tf.Tensor, seed: tf.Tensor | None = None) -> tf.Tensor:
        return 2 * super()._sample_n(n, seed) - 1


LIKELIHOODS = {"gaussian": GaussianLikelihood, "bernoulli": BernoulliLikelihood}


def get(likelihood: str | Likelihood) -> Likelihood:
    """A likelihood by its name, or the one that is given.

    Raises:
        InputError: There is none of that name.
    """
    if isinstance(likelihood, Likelihood):
        return likelihood
    check_choice("likelihood", likelihood, LIKELIHOODS, ", or give a Likelihood")
    return LIKELIHOODS[likelihood]()
