"""f-divergences D_f(P||Q) = E_q[f(p/q)], and the bound E_p[T] - E_q[g(T)] from which a network learns them.

The post of 2018-09-29, whose equations are quoted by number, after Nowozin et al. 2016, arXiv 1606.00709. The loss of a
GAN made of one is `f_gan.FDivergence`.

A user's own divergence is one more row of the table, here Le Cam's, the integral of (p - q)^2 / (p + q):

    domain = f_divergences.Interval(-3.0, 1.0)
    LE_CAM = f_divergences.register(f_divergences.Divergence(
        name="le_cam",
        f=lambda u: (u - 1) ** 2 / (u + 1),
        derivative=lambda u: 1 - 4 / (u + 1) ** 2,
        conjugate=lambda t: 4 - t - 4 * tf.sqrt(1 - t),
        activation=lambda x: domain.inside(2 * tf.tanh(x) - 1),
        domain=domain,
    ))
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from keras_gen.checks import check_choice
from keras_gen.errors import InputError

# From a tensor of floats to another of its shape and type, number by number.
Function = Callable[[tf.Tensor], tf.Tensor]

LOG2, LOG4 = math.log(2.0), math.log(4.0)


@dataclass(frozen=True)
class Interval:
    """The numbers between two ends, an infinite one for none; closed, if the ends belong to it."""

    lower: float = -math.inf
    upper: float = math.inf
    closed: bool = False

    def inside(self, t: tf.Tensor) -> tf.Tensor:
        """The numbers t; where rounding has put one on an open end, the next float inside."""
        t = tf.convert_to_tensor(t)
        number = t.dtype.as_numpy_dtype
        lower, upper = number(self.lower), number(self.upper)
        if not self.closed:
            lower, upper = _beside(lower, math.inf), _beside(upper, -math.inf)
        return tf.clip_by_value(t, lower, upper)


def _beside(end: np.floating, direction: float) -> np.floating:
    """The next float; beside 0 the first one that TensorFlow does not flush to 0."""
    if end == 0:
        return np.copysign(np.finfo(end.dtype).tiny, direction)
    return np.nextafter(end, end.dtype.type(direction))


@dataclass(frozen=True)
class Divergence:
    """An f-divergence. The ratio u is p/q (1).

    Attributes:
        name: What `get` knows it by once it is registered, and what is saved of it.
        f: Convex on u >= 0, with f(1) = 0.
        derivative: f', for u > 0.
        conjugate: g(t) = max_u (t u - f(u)) (8 to 10), for t in the domain.
        activation: Increasing map of all scores x, higher where p is larger, onto the domain: T(x).
        domain: The numbers f'(u), to which (11) confines T.
        composition: g(activation(x)) in a simpler and more stable form, if there is one.
    """

    name: str
    f: Function
    derivative: Function
    conjugate: Function
    activation: Function
    domain: Interval
    composition: Function | None = None

    def activated_conjugate(self, scores: tf.Tensor) -> tf.Tensor:
        """g(T), T being the activation of the scores."""
        if self.composition is None:
            return self.conjugate(self.activation(scores))
        return self.composition(scores)

    def bound(self, p_scores: tf.Tensor, q_scores: tf.Tensor) -> tf.Tensor:
        """E_p[T] - E_q[g(T)] <= D_f(P||Q), with equality at T = f'(p/q) (12, 13); nats for those made of logarithms.

        Args:
            p_scores: Scores of draws from P, of any shape; T is their activation.
            q_scores: Scores of draws from Q.
        """
        return tf.reduce_mean(self.activation(p_scores)) - tf.reduce_mean(self.activated_conjugate(q_scores))


@tf.custom_gradient
def _log_lambert_w(y: tf.Tensor) -> tf.Tensor:
    """Log W(e^y) for any y, W being Lambert's: the root v of v + e^v = y. In float32 e^y overflows from y = 89 on."""
    # Newton's steps descend to the root of a convex function from this bound; six reach float64's rounding.
    v = tf.minimum(y, tf.math.log(tf.maximum(y, 1.0)))
    for _ in range(6):
        v -= (v + tf.exp(v) - y) / (1 + tf.exp(v))
    # The gradient solves for v again, so that it has a gradient itself.
    return v, lambda upstream: upstream * tf.sigmoid(-_log_lambert_w(y))


def _jeffreys_conjugate(t: tf.Tensor) -> tf.Tensor:
    """W + 1/W + t - 2 with W = W(e^(1-t)), which 1 - t = W + log W turns into 1/W - log W - 1."""
    log_w = _log_lambert_w(1 - t)
    return tf.exp(-log_w) - log_w - 1


_REAL = Interval()
_NEGATIVE = Interval(upper=0.0)
_BELOW_ONE = Interval(upper=1.0)
_ABOVE_MINUS_TWO = Interval(lower=-2.0)
_BELOW_HALF_LOG2 = Interval(upper=LOG2 / 2)

# The post's table, but for two things about its activations. Where one decreases in x (reverse KL, Pearson, Hellinger),
# x is negated, so that every score is higher for draws from P. Neyman's takes half of x, since its g(T) = e^(2x)/4 - 1
# overflows float32 from x = 45 on. Neither changes what values T can take.

TOTAL_VARIATION = Divergence(  # integral of |p - q| / 2
    name="total_variation",
    f=lambda u: tf.abs(u - 1) / 2,
    derivative=lambda u: tf.sign(u - 1) / 2,  # at u = 1 the middle of all slopes from -1/2 to 1/2
    conjugate=tf.identity,
    activation=lambda x: tf.tanh(x) / 2,
    domain=Interval(-0.5, 0.5, closed=True),
)

KL = Divergence(  # integral of p log(p/q)
    name="kl",
    f=lambda u: tf.math.xlogy(u, u),
    derivative=lambda u: 1 + tf.math.log(u),
    conjugate=lambda t: tf.exp(t - 1),
    activation=tf.identity,
    domain=_REAL,
)

REVERSE_KL = Divergence(  # integral of q log(q/p)
    name="reverse_kl",
    f=lambda u: -tf.math.log(u),
    derivative=lambda u: -1 / u,
    conjugate=lambda t: -1 - tf.math.log(-t),
    activation=lambda x: -tf.exp(-x),
    domain=_NEGATIVE,
    composition=lambda x: x - 1,
)

# The literature gives the names Pearson and Neyman to either of the next two; these are the post's.
PEARSON = Divergence(  # integral of (q - p)^2 / p
    name="pearson",
    f=lambda u: (1 - u) ** 2 / u,
    derivative=lambda u: 1 - 1 / u**2,
    conjugate=lambda t: 2 - 2 * tf.sqrt(1 - t),
    activation=lambda x: _BELOW_ONE.inside(1 - tf.exp(-x)),
    domain=_BELOW_ONE,
    composition=lambda x: 2 - 2 * tf.exp(-x / 2),
)

NEYMAN = Divergence(  # integral of (p - q)^2 / q
    name="neyman",
    f=lambda u: (u - 1) ** 2,
    derivative=lambda u: 2 * (u - 1),
    conjugate=lambda t: t**2 / 4 + t,
    activation=lambda x: _ABOVE_MINUS_TWO.inside(tf.exp(x / 2) - 2),
    domain=_ABOVE_MINUS_TWO,
    composition=lambda x: tf.exp(x) / 4 - 1,
)

HELLINGER = Divergence(  # integral of (sqrt p - sqrt q)^2, at most 2
    name="hellinger",
    f=lambda u: (tf.sqrt(u) - 1) ** 2,
    derivative=lambda u: 1 - 1 / tf.sqrt(u),
    conjugate=lambda t: t / (1 - t),
    activation=lambda x: _BELOW_ONE.inside(1 - tf.exp(-x)),
    domain=_BELOW_ONE,
    composition=tf.math.expm1,
)

JEFFREYS = Divergence(  # integral of (p - q) log(p/q)
    name="jeffreys",
    f=lambda u: (u - 1) * tf.math.log(u),
    derivative=lambda u: tf.math.log(u) + 1 - 1 / u,
    conjugate=_jeffreys_conjugate,
    activation=tf.identity,
    domain=_REAL,
)

JS = Divergence(  # half the integral of p log(2p/(p+q)) + q log(2q/(p+q)), at most log 2
    name="js",
    f=lambda u: (tf.math.xlogy(u, u) - (u + 1) * tf.math.log((u + 1) / 2)) / 2,
    derivative=lambda u: tf.math.log(2 * u / (u + 1)) / 2,
    conjugate=lambda t: -(tf.math.log(-tf.math.expm1(2 * t - LOG2)) + LOG2) / 2,
    activation=lambda x: _BELOW_HALF_LOG2.inside((LOG2 - tf.nn.softplus(-x)) / 2),
    domain=_BELOW_HALF_LOG2,
    composition=lambda x: (tf.nn.softplus(x) - LOG2) / 2,
)

# Not in the post: the standard GAN, whose T is log sigma(x) and whose g(T) is -log(1 - sigma(x)), as in Nowozin et al.,
# but for the constant log 4, which makes f(1) zero and the divergence twice JS.
SGAN = Divergence(
    name="sgan",
    f=lambda u: tf.math.xlogy(u, u) - (u + 1) * tf.math.log(u + 1) + LOG4,
    derivative=lambda u: tf.math.log(u / (u + 1)),
    conjugate=lambda t: -tf.math.log(-tf.math.expm1(t)) - LOG4,
    activation=lambda x: -tf.nn.softplus(-x),
    domain=_NEGATIVE,
    composition=lambda x: tf.nn.softplus(x) - LOG4,
)

_BUILT_IN = (TOTAL_VARIATION, KL, REVERSE_KL, PEARSON, NEYMAN, HELLINGER, JEFFREYS, JS, SGAN)
_DIVERGENCES = {divergence.name: divergence for divergence in _BUILT_IN}


def names() -> tuple[str, ...]:
    """Names that `get` knows."""
    return tuple(_DIVERGENCES)


def get(divergence: str | Divergence) -> Divergence:
    """The divergence of that name; a divergence is returned as it is.

    Raises:
        InputError: There is no divergence of that name, or the one given has the name of another, as which it would be
            saved.
    """
    if isinstance(divergence, Divergence):
        if _DIVERGENCES.get(divergence.name, divergence) != divergence:
            raise InputError(f"name={divergence.name!r} is that of another divergence; give yours another")
        return divergence
    check_choice("divergence", divergence, names(), ", or register your own")
    return _DIVERGENCES[divergence]


def register(divergence: Divergence) -> Divergence:
    """Makes `get` know a divergence; a model that is trained with it is saved with its name, and loads by it.

    Returns:
        The divergence. One of the same name that was registered before is replaced.

    Raises:
        InputError: It has the name of one of the post's.
    """
    if divergence.name in {known.name for known in _BUILT_IN}:
        raise InputError(f"name={divergence.name!r} is taken; give your divergence another")
    _DIVERGENCES[divergence.name] = divergence
    return divergence
