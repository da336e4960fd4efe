"""`FlowLayer`: the one contract of all layers of a flow."""

from collections.abc import Sequence

import keras
import tensorflow as tf

from keras_gen.errors import InputError

Shape = tuple[int, ...]


class FlowLayer(keras.Layer):
    """An invertible map of tensors [n, ..., channels] whose log |det| of the Jacobian is known.

    Subclasses define `forward` and `inverse`, `build` if they have weights or bounds on the shape, and
    `transformed_shape` if the shape changes. Chains and multi-scale flows are such layers too.

    All of it is in float32, whatever the global policy. A network inside a layer follows the policy that it was made
    with; what it gives is cast.

    `forward` and `inverse` of a built layer are plain functions of tensors. A model builds its flow when it is made, so
    that a shape that does not fit is an error there; on its own, a layer is built by `build((None, *shape))` or by its
    first call, which is `forward`.

    Attributes:
        volume_preserving: Whether the log-det is always 0.
    """

    volume_preserving = False

    def __init__(self, **kwargs):
        super().__init__(**{**kwargs, "dtype": "float32", "autocast": False})

    def forward(
        self, x: tf.Tensor, condition: tf.Tensor | None = None, training: bool = False
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """The map.

        Args:
            x: float32 [n, *shape].
            condition: What a conditional flow depends on, [n, ...]; other layers ignore it.
            training: Handed on to networks; and chains then check every log-det.

        Returns:
            y [n, *transformed_shape(shape)] and log |det dy/dx| in nats, [n], both float32.
        """
        raise NotImplementedError

    def inverse(self, y: tf.Tensor, condition: tf.Tensor | None = None) -> tf.Tensor:
        """x, float32 [n, *shape], of y [n, *transformed_shape(shape)] under the same condition."""
        raise NotImplementedError

    def initialize(self, x: tf.Tensor, condition: tf.Tensor | None = None) -> tf.Tensor:
        """Sets the weights that begin as a function of data, if there are such and they are not set; gives y.

        Under several replicas call it outside of them, on the global batch.
        """
        return self.forward(x, condition)[0]

    def transformed_shape(self, shape: Shape) -> Shape:
        """The shape of one y, for x of a shape."""
        return shape

    def call(
        self, x: tf.Tensor, condition: tf.Tensor | None = None, training: bool = False
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """The same as `forward`."""
        return self.forward(x, condition, training)

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> tuple[tuple, tuple]:
        """Shapes of y and of its log-det."""
        return (input_shape[0], *self.transformed_shape(tuple(input_shape[1:]))), (input_shape[0],)

    def complaint(self, message: str) -> InputError:
        """An error that names this layer."""
        return InputError(f"{type(self).__name__} {self.name!r}: {message}")

    def check_even_channels(self, shape: Shape) -> None:
        """Halves need an even number of channels.

        Raises:
            InputError: The last axis is odd.
        """
        if shape[-1] % 2:
            raise self.complaint(f"{shape[-1]} channels have no halves; an even number of channels is needed")


def total(x: tf.Tensor) -> tf.Tensor:
    """The sum over everything but the first axis, [n]."""
    return tf.reduce_sum(x, axis=list(range(1, x.shape.rank)))


def unchanged_volume(x: tf.Tensor) -> tf.Tensor:
    """A log-det of 0 for every row of x, [n]."""
    return tf.zeros([tf.shape(x)[0]])
