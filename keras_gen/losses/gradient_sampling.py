"""Where a gradient penalty is measured: six choices of r(x) that the post on WGAN-div compares, and one for classes.

Pairs are neighbours in the batch. A batch is already a random draw, so neighbours are as independent as a shuffle
would make them, and the choice needs no communication between replicas.
"""

import tensorflow as tf

from keras_gen.checks import check_choice

SAMPLINGS = (
    "interpolate_real_fake",
    "interpolate_within",
    "interpolate_pooled",
    "real_and_fake",
    "fake",
    "real",
    "interpolate_within_class",
)

# Choices of r(x) that take neighbours.
PAIRING = ("interpolate_within", "interpolate_pooled")
# Of a conditional model, whose i-th fake has the class of the i-th real image: only this one keeps to it.
WITHIN_CLASS = "interpolate_within_class"
BETWEEN_CLASSES = "interpolate_real_fake"

# Choices of r(x) that are data itself.
_DATA = {"real_and_fake": ("real", "fake"), "fake": ("fake",), "real": ("real",)}

# Uniform numbers per image that `points` takes.
NOISE_SHAPE = (3,)


def takes_neighbors(sampling: str | None, conditional: bool) -> bool:
    """Whether the points of an image lie between it and its neighbour in the batch."""
    return sampling in PAIRING or (conditional and sampling == BETWEEN_CLASSES)


def points(
    sampling: str, real: tf.Tensor, fake: tf.Tensor, noise: tf.Tensor, conditional: bool = False
) -> tuple[tf.Tensor, ...]:
    """Batches of points x ~ r(x).

    Args:
        sampling: One of `SAMPLINGS`.
        real: Real data [batch, ...].
        fake: Generated data [batch, ...].
        noise: Uniform numbers in [0, 1), float32 [batch, 3].
        conditional: Whether the i-th fake has the class of the i-th real image. `interpolate_real_fake` then takes the
            fake of the neighbour, which is of any class, and `interpolate_within_class` the one of the same class.

    Returns:
        One or two batches, each [batch, ...]. Where r(x) is the data, these are the arguments themselves. The i-th
        point begins at the i-th real or fake image, whose class is the one that it is scored with.

    Raises:
        InputError: `sampling` is none of `SAMPLINGS`.
    """
    check_choice("sampling", sampling, SAMPLINGS)
    columns = [_broadcastable(noise[:, i], real) for i in range(3)]
    if sampling == "interpolate_real_fake":  # one real and one fake
        return (_interpolate(real, _neighbors(fake) if conditional else fake, columns[0]),)
    if sampling == "interpolate_within_class":  # one real and one fake of its class
        return (_interpolate(real, fake, columns[0]),)
    if sampling == "interpolate_within":  # two reals, and two fakes
        return (
            _interpolate(real, _neighbors(real), columns[0]),
            _interpolate(fake, _neighbors(fake), columns[1]),
        )
    if sampling == "interpolate_pooled":  # any two of the pool of reals and fakes
        one = tf.where(columns[1] < 0.5, real, fake)
        other = tf.where(columns[2] < 0.5, _neighbors(real), _neighbors(fake))
        return (_interpolate(one, other, columns[0]),)
    return tuple({"real": real, "fake": fake}[name] for name in _DATA[sampling])


def _interpolate(one: tf.Tensor, other: tf.Tensor, epsilon: tf.Tensor) -> tf.Tensor:
    """Points epsilon x + (1 - epsilon) y, epsilon uniform, one per image."""
    return epsilon * one + (1.0 - epsilon) * other


def _neighbors(x: tf.Tensor) -> tf.Tensor:
    """Rows 1, 0, 3, 2 ...; the last row of an odd batch is its own neighbour."""
    rows = tf.range(tf.shape(x)[0])
    return tf.gather(x, tf.minimum(tf.bitwise.bitwise_xor(rows, 1), tf.shape(x)[0] - 1))


def _broadcastable(column: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
    return tf.reshape(column, [-1] + [1] * (x.shape.rank - 1))
