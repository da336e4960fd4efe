"""Gradient penalties: what a discriminator pays for its slope, E_r[phi(|grad T(x)|)].

A penalty is a function phi of the squared norms |grad T(x)|^2, float32 [batch], at points x drawn from r(x); where
these lie is the penalty's `sampling`, one of `keras_gen.losses.gradient_sampling.SAMPLINGS`.
"""

import math
from collections.abc import Callable, Sequence

import keras
import tensorflow as tf

from keras_gen.checks import check_positive
from keras_gen.errors import InputError
from keras_gen.losses import gradient_sampling

# Below this a norm counts as zero: the square root has no gradient there, and an unbounded one beside it.
_SMALLEST_SQUARED_NORM = 1e-12


class GradientPenalty:
    """A penalty on the slope of the score.

    Args:
        sampling: The name of r(x), one of `gradient_sampling.SAMPLINGS`.

    Raises:
        InputError: `sampling` is none of them.
    """

    def __init__(self, sampling: str):
        if sampling not in gradient_sampling.SAMPLINGS:
            raise InputError(f"sampling={sampling!r}: choose one of {', '.join(gradient_sampling.SAMPLINGS)}")
        self.sampling = sampling

    def points(self, real: tf.Tensor, fake: tf.Tensor, noise: tf.Tensor) -> tuple[tf.Tensor, ...]:
        """The batches of points x ~ r(x); see `gradient_sampling.points`."""
        return gradient_sampling.points(self.sampling, real, fake, noise)

    def __call__(self, squared_norms: tf.Tensor) -> tf.Tensor:
        """The penalty (float32 scalar) of the squared gradient norms, float32 [batch]."""
        raise NotImplementedError

    def get_config(self) -> dict:
        """The arguments that build this penalty again."""
        return {"sampling": self.sampling}

    @classmethod
    def from_config(cls, config: dict) -> "GradientPenalty":
        """Builds the penalty from `get_config`."""
        return cls(**config)


@keras.saving.register_keras_serializable("keras_gen")
class PowerPenalty(GradientPenalty):
    """k E_r[|grad T|^p], the Wasserstein divergence's term (Wu et al. 2018, arXiv 1712.01026, equation 7).

    Args:
        k: Weight, above 0.
        p: Power, above 1.
        sampling: The name of r(x).
    """

    def __init__(self, k: float = 2.0, p: float = 6.0, sampling: str = "real_and_fake"):
        super().__init__(sampling)
        check_positive(k=k)
        if not 1 < p < math.inf:
            raise InputError(f"p={p}: the Wasserstein divergence needs a finite power above 1")
        self.k = k
        self.p = p

    def __call__(self, squared_norms: tf.Tensor) -> tf.Tensor:
        """Gives k E_r[(|grad T|^2)^(p/2)], which needs no square root at any even p."""
        return self.k * tf.reduce_mean(_power(squared_norms, self.p / 2))

    def get_config(self) -> dict:
        """The arguments that build this penalty again."""
        return {"k": self.k, "p": self.p, **super().get_config()}


class _UnitNormPenalty(GradientPenalty):
    """A penalty on norms that differ from 1."""

    def __init__(self, weight: float = 10.0, sampling: str = "interpolate_real_fake"):
        super().__init__(sampling)
        check_positive(weight=weight)
        self.weight = weight

    def get_config(self) -> dict:
        """The arguments that build this penalty again."""
        return {"weight": self.weight, **super().get_config()}


@keras.saving.register_keras_serializable("keras_gen")
class TwoSidedPenalty(_UnitNormPenalty):
    """weight E_r[(|grad T| - 1)^2], WGAN-GP's (Gulrajani et al. 2017, arXiv 1704.00028, equation 3).

    Args:
        weight: The lambda of the equation, above 0.
        sampling: The name of r(x).
    """

    def __call__(self, squared_norms: tf.Tensor) -> tf.Tensor:
        """Gives weight E_r[(|grad T| - 1)^2]."""
        return self.weight * tf.reduce_mean((_norm(squared_norms) - 1.0) ** 2)


@keras.saving.register_keras_serializable("keras_gen")
class OneSidedPenalty(_UnitNormPenalty):
    """weight E_r[max(|grad T| - 1, 0)^2]: slopes below 1 are free.

    Gulrajani et al. 2017, section 4; equation 20 of the post on Lipschitz constraints, whose author prefers it.

    Args:
        weight: The lambda of the equation, above 0.
        sampling: The name of r(x).
    """

    def __call__(self, squared_norms: tf.Tensor) -> tf.Tensor:
        """Gives weight E_r[max(|grad T| - 1, 0)^2]."""
        return self.weight * tf.reduce_mean(tf.nn.relu(_norm(squared_norms) - 1.0) ** 2)


def scores_and_squared_norms(
    score: Callable[[tf.Tensor], tf.Tensor],
    real: tf.Tensor,
    fake: tf.Tensor,
    points: Sequence[tf.Tensor],
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """T(real), T(fake) and |grad T|^2 at the points.

    Each batch is scored once, even where r(x) is the real or the fake images themselves.

    Args:
        score: T, from data [batch, ...] to scores [batch, 1].
        real: Real data [batch, ...].
        fake: Generated data [batch, ...].
        points: Batches of points [n, ...], at least one.

    Returns:
        Scores of `real` and of `fake`, [batch, 1] each, and the squared norms at all points, float32 [sum of n].
    """
    with tf.GradientTape() as tape:
        tape.watch(points)
        real_scores, fake_scores = score(real), score(fake)
        known = {id(real): real_scores, id(fake): fake_scores}
        point_scores = [known[id(x)] if id(x) in known else score(x) for x in points]
    # The sum over the batch has, at each point, that point's own gradient.
    gradients = tape.gradient(point_scores, list(points))
    squared_norms = [
        tf.reduce_sum(tf.reshape(gradient, [tf.shape(gradient)[0], -1]) ** 2, axis=1) for gradient in gradients
    ]
    return real_scores, fake_scores, tf.concat(squared_norms, axis=0)


def _power(base: tf.Tensor, exponent: float) -> tf.Tensor:
    """base^exponent, for a non-negative base, with a finite gradient at 0 for exponents below 1 too."""
    if exponent < 1:
        base = tf.maximum(base, _SMALLEST_SQUARED_NORM)
    return base**exponent


def _norm(squared_norms: tf.Tensor) -> tf.Tensor:
    return tf.sqrt(tf.maximum(squared_norms, _SMALLEST_SQUARED_NORM))
