"""Priors q(z): TFP distributions of latents, and draws from them that depend on the seed alone."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from keras_gen.checks import check_choice
from keras_gen.errors import InputError
from keras_gen.utils import noise
from keras_gen.utils.noise import SAMPLE, stream_seed

Prior = Callable[[tuple[int, ...]], tfd.Distribution]
COMPONENT = "sample/component"  # the stream that chooses components


@keras.saving.register_keras_serializable("keras_gen")
def standard_normal(latent_shape: tuple[int, ...]) -> tfd.Distribution:
    """N(0, I) over latents of that shape."""
    return tfd.Independent(tfd.Normal(tf.zeros(latent_shape), 1.0), reinterpreted_batch_ndims=len(latent_shape))


PRIORS: dict[str, Prior] = {"standard_normal": standard_normal}


def checked_prior(prior: str | Prior, latent_shape: tuple[int, ...]) -> Prior:
    """A prior by its name, or the function that is given.

    Raises:
        InputError: There is no prior of that name, or it is not a function from `latent_shape` to a distribution over
            such latents.
    """
    if isinstance(prior, str):
        check_choice("prior", prior, PRIORS, ", or give a function")
        return PRIORS[prior]
    if not callable(prior):
        raise InputError(
            f"prior={prior}: give a function from the shape of a latent to a TFP distribution; it is called in every "
            "step"
        )
    made = prior(latent_shape)
    if made.event_shape != latent_shape or made.batch_shape.rank:
        raise InputError(
            f"prior: its event shape is {tuple(made.event_shape)}, its batch shape {tuple(made.batch_shape)}; must be "
            f"{latent_shape}, that of a latent, and ()"
        )
    return prior


def draw(prior: tfd.Distribution, num_samples: int | tf.Tensor, seed: int | tf.Tensor) -> tf.Tensor:
    """Draws latents [num_samples, *event_shape]; the same seed gives the same latents.

    Gaussians of independent numbers and mixtures of such, with batch shape (), are drawn from `keras_gen.utils.noise`,
    whose numbers depend on no device and no compiler, and the first of many draws are those of a few. Other
    distributions are sampled by TFP, which promises neither.
    """
    # TFP keeps seeds as int32. With the same here, a Gaussian's draws are those of its own `sample`.
    tfp_seed = tf.cast(stream_seed(seed, SAMPLE), tf.int32)
    if _is_gaussian(prior):
        means, deviations = prior.mean(), prior.stddev()
    elif _is_mixture_of_gaussians(prior):
        components = _draw_components(prior.mixture_distribution.probs_parameter(), num_samples, seed)
        gaussians = prior.components_distribution
        means, deviations = (tf.gather(moment, components) for moment in (gaussians.mean(), gaussians.stddev()))
    else:
        return prior.sample(num_samples, seed=tfp_seed)
    return means + deviations * noise.normal(tf.stack([num_samples, *prior.event_shape]), tf.cast(tfp_seed, tf.int64))


def _draw_components(probabilities: tf.Tensor, num_samples: int | tf.Tensor, seed: int | tf.Tensor) -> tf.Tensor:
    """Numbers of components, int32 [num_samples], each with its probability."""
    uniform = noise.uniform([num_samples], stream_seed(seed, COMPONENT))
    components = tf.searchsorted(tf.cumsum(probabilities), uniform, side="right")
    return tf.minimum(components, tf.size(probabilities) - 1)  # rounding may leave the last sum below 1


def in_numbers(prior: tfd.Distribution) -> dict[str, Any]:
    """How `draw` draws from a prior, as JSON can hold it: what `keras_gen.portable.sampling.latents` draws from.

    Returns:
        `kind` (`normal`, `mixture`, or the name of a distribution that only TFP draws from), `shape` of a latent,
        `stream` of the standard normal noise, `means` and `deviations`; of a mixture they are those of its components,
        beside their `probabilities` and the `component_stream` that chooses among them.
    """
    described: dict[str, Any] = {"kind": type(prior).__name__, "shape": list(prior.event_shape)}
    # As int32, with a sign: see `draw`.
    stream = int(np.uint32(noise.stream_number(SAMPLE)).astype(np.int32))
    if _is_gaussian(prior):
        return {**described, "kind": "normal", "stream": stream, **_moments(prior)}
    if not _is_mixture_of_gaussians(prior):
        return described
    return {
        **described,
        "kind": "mixture",
        "stream": stream,
        "component_stream": noise.stream_number(COMPONENT),
        "probabilities": prior.mixture_distribution.probs_parameter().numpy().tolist(),
        **_moments(prior.components_distribution),
    }


def standard_normal_in_numbers(latent_shape: tuple[int, ...]) -> dict[str, Any]:
    """The same for latents that are noise alone, of the stream `sample`."""
    stream = {"stream": noise.stream_number(SAMPLE), "means": 0.0, "deviations": 1.0}
    return {"kind": "normal", "shape": list(latent_shape), **stream}


def _moments(gaussian: tfd.Distribution) -> dict[str, Any]:
    return {"means": gaussian.mean().numpy().tolist(), "deviations": gaussian.stddev().numpy().tolist()}


def _is_mixture_of_gaussians(distribution: tfd.Distribution) -> bool:
    """Whether it is a mixture of Gaussians of independent numbers."""
    return isinstance(distribution, tfd.MixtureSameFamily) and _is_gaussian(distribution.components_distribution)


def _is_gaussian(distribution: tfd.Distribution) -> bool:
    """Whether it is a Gaussian of independent numbers."""
    if isinstance(distribution, tfd.Independent):
        return _is_gaussian(distribution.distribution)
    return isinstance(distribution, tfd.Normal | tfd.MultivariateNormalDiag)
