"""Gradient penalties: what a discriminator pays for its slope, E_r[phi(|grad T(x)|)].

A penalty is a function phi of the squared norms |grad T(x)|^2, float32 [points], at points x drawn from r(x); where
these lie is the penalty's `sampling`, one of `keras_gen.losses.gradient_sampling.SAMPLINGS`.
"""

import math
from collections.abc import Callable, Sequence
from numbers import Real
from typing import Any, Self

import keras
import tensorflow as tf

from keras_gen.checks import check_choice, check_positive, in_quotes
from keras_gen.errors import InputError
from keras_gen.losses.gradient_sampling import SAMPLINGS

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
        check_choice("sampling", sampling, SAMPLINGS)
        self.sampling = sampling

    def __call__(self, squared_norms: tf.Tensor) -> tf.Tensor:
        """The penalty (float32 scalar) of the squared gradient norms, float32 [points]."""
        raise NotImplementedError(f"{type(self).__name__} defines no __call__")

    def get_config(self) -> dict[str, Any]:
        """The arguments that build this penalty again."""
        return {"sampling": self.sampling}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Builds the penalty from `get_config`."""
        return cls(**config)


@keras.saving.register_keras_serializable("keras_gen")
class PowerPenalty(GradientPenalty):
    """k E_r[|grad T|^p], the Wasserstein divergence's term (Wu et al. 2018, arXiv 1712.01026, equation 7).

    Args:
        k: Weight, above 0.
        p: Power, above 1.
        sampling: The name of r(x).

    Raises:
        InputError: An argument is out of range.
    """

    def __init__(self, k: float = 2.0, p: float = 6.0, sampling: str = "real_and_fake"):
        super().__init__(sampling)
        check_power_penalty(k, p)
        self.k = k
        self.p = p

    def __call__(self, squared_norms: tf.Tensor) -> tf.Tensor:
        """Gives k E_r[|grad T|^p]."""
        return self.k * tf.reduce_mean(norms_to_the(self.p, squared_norms))

    def get_config(self) -> dict[str, Any]:
        """The arguments that build this penalty again."""
        return {"k": self.k, "p": self.p, **super().get_config()}


@keras.saving.register_keras_serializable("keras_gen")
class R1Penalty(GradientPenalty):
    """gamma/2 E_p[|grad T|^2], the R1 regularisation (Mescheder et al. 2018, arXiv 1801.04406, equation 9).

    At real images alone, where it keeps T flat once the fakes are as good; it makes training with the standard loss
    converge locally.

    Args:
        gamma: Weight, above 0; the paper's is 10.
        sampling: The name of r(x): `real`; with `fake` it is the paper's R2 (10).

    Raises:
        InputError: An argument is out of range.
    """

    def __init__(self, gamma: float = 10.0, sampling: str = "real"):
        super().__init__(sampling)
        check_positive(gamma=gamma)
        self.gamma = gamma

    def __call__(self, squared_norms: tf.Tensor) -> tf.Tensor:
        """Gives gamma/2 E_r[|grad T|^2]."""
        return self.gamma / 2 * tf.reduce_mean(squared_norms)

    def get_config(self) -> dict[str, Any]:
        """The arguments that build this penalty again."""
        return {"gamma": self.gamma, **super().get_config()}


class _UnitNormPenalty(GradientPenalty):
    """A penalty on norms that differ from 1."""

    def __init__(self, weight: float = 10.0, sampling: str = "interpolate_real_fake"):
        super().__init__(sampling)
        check_positive(weight=weight)
        self.weight = weight

    def get_config(self) -> dict[str, Any]:
        """The arguments that build this penalty again."""
        return {"weight": self.weight, **super().get_config()}


@keras.saving.register_keras_serializable("keras_gen")
class TwoSidedPenalty(_UnitNormPenalty):
    """weight E_r[(|grad T| - 1)^2], WGAN-GP's (Gulrajani et al. 2017, arXiv 1704.00028, equation 3).

    Args:
        weight: The lambda of the equation, above 0.
        sampling: The name of r(x).

    Raises:
        InputError: An argument is out of range.
    """

    def __call__(self, squared_norms: tf.Tensor) -> tf.Tensor:
        """Gives weight E_r[(|grad T| - 1)^2]."""
        return self.weight * tf.reduce_mean((norms(squared_norms) - 1.0) ** 2)


@keras.saving.register_keras_serializable("keras_gen")
class OneSidedPenalty(_UnitNormPenalty):
    """weight E_r[max(|grad T| - 1, 0)^2]: slopes below 1 are free.

    Gulrajani et al. 2017, section 4; equation 20 of the post on Lipschitz constraints, whose author prefers it.
    Arguments and errors are those of `TwoSidedPenalty`.
    """

    def __call__(self, squared_norms: tf.Tensor) -> tf.Tensor:
        """Gives weight E_r[max(|grad T| - 1, 0)^2]."""
        return self.weight * tf.reduce_mean(tf.nn.relu(norms(squared_norms) - 1.0) ** 2)


def check_power_penalty(k: float, p: float) -> None:
    """Checks the arguments of the Wasserstein divergence's gradient term.

    Raises:
        InputError: `k` is not a finite number above 0, or `p` is not one above 1.
    """
    check_positive(k=k)
    if not (isinstance(p, Real) and 1 < p < math.inf):
        raise InputError(f"p={in_quotes(p)}: the Wasserstein divergence needs a finite power above 1")


def norms_to_the(p: float, squared_norms: tf.Tensor) -> tf.Tensor:
    """|grad T|^p from |grad T|^2: without a square root at any even p, and with a finite gradient at 0 for any p."""
    if p < 2:
        squared_norms = tf.maximum(squared_norms, _SMALLEST_SQUARED_NORM)
    return squared_norms ** (p / 2)


def norms(squared_norms: tf.Tensor) -> tf.Tensor:
    """|grad T| from |grad T|^2, with a finite gradient at 0."""
    return tf.sqrt(tf.maximum(squared_norms, _SMALLEST_SQUARED_NORM))


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
