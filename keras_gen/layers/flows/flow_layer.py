"""`FlowLayer`: the one contract of all layers of a flow."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self

import keras
import tensorflow as tf

from keras_gen.errors import InputError, NonFiniteLossError

if TYPE_CHECKING:
    from keras_gen.layers.flows.bijector import FlowBijector

Shape = tuple[int, ...]  # of one row
InputShape = tuple[Any, ...]  # (None, *shape), as Keras gives it to `build`


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

    volume_preserving: bool = False

    def __init__(self, **kwargs: Any):
        super().__init__(**{**kwargs, "dtype": "float32", "autocast": False})

    def forward(
        self, x: tf.Tensor, condition: tf.Tensor | None = None, training: bool = False
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """The map.

        Args:
            x: float32 [n, *shape].
            condition: What a conditional flow depends on, [n, ...]; other layers ignore it.
            training: Passed on to networks.

        Returns:
            y [n, *transformed_shape(shape)] and log |det dy/dx| in nats, [n], both float32.
        """
        raise NotImplementedError

    def inverse(self, y: tf.Tensor, condition: tf.Tensor | None = None) -> tf.Tensor:
        """x, float32 [n, *shape], of y [n, *transformed_shape(shape)] under the same condition."""
        raise NotImplementedError

    def initialize(self, x: tf.Tensor, condition: tf.Tensor | None = None) -> tf.Tensor:
        """Initialises data-dependent weights that are not set yet. Returns y.

        Under several replicas call it outside of them, on the global batch.
        """
        return self.forward(x, condition)[0]

    def walk(self, visit: Callable[["FlowLayer", tf.Tensor], tf.Tensor], x: tf.Tensor) -> tf.Tensor:
        """Takes x through the layers that this one is made of, each time to `visit(layer, x)`; gives the last, y."""
        return visit(self, x)

    def checked_forward(self, x: tf.Tensor, condition: tf.Tensor | None = None) -> tf.Tensor:
        """Goes forward as in training, layer by layer, and looks at every number; gives y. For eager use.

        Raises:
            NonFiniteLossError: A log-det or an output is NaN or infinite; the message names the first layer that gave
                it.
        """

        def visit(layer: FlowLayer, x: tf.Tensor) -> tf.Tensor:
            y, log_det = layer.forward(x, condition, training=True)
            check_finite(log_det, f"log-det of {layer.path}")
            check_finite(y, f"output of {layer.path}")
            return y

        return self.walk(visit, x)

    def fit_to(self, shape: Shape) -> None:
        """Builds this layer for tensors [n, *shape], or checks that it is built for such.

        Raises:
            InputError: It cannot be built for them, or is built for others.
        """
        if not self.built:
            self.build((None, *shape))
        if self.built_shape != tuple(shape):
            raise self.complaint(f"it is built for inputs of shape {self.built_shape}; here they have {tuple(shape)}")

    @property
    def built_shape(self) -> Shape:
        """The shape of one x, for which this layer is built."""
        return tuple(self.get_build_config()["input_shape"][1:])

    def as_bijector(self, condition: tf.Tensor | None = None, **kwargs: Any) -> "FlowBijector":
        """This layer as a bijector of TensorFlow Probability, so that it transforms distributions.

        >>> from tensorflow_probability import bijectors as tfb
        >>> from tensorflow_probability import distributions as tfd
        >>> flow = keras_gen.networks.glow((4, 4, 1), depths=[1], width=8)
        >>> prior = tfd.MultivariateNormalDiag(tf.zeros(16))
        >>> images = tfd.TransformedDistribution(prior, tfb.Invert(flow.as_bijector()))
        >>> images.log_prob(tf.zeros([2, 4, 4, 1])).shape
        TensorShape([2])

        Args:
            condition: What a conditional flow depends on, [n, ...]; x and y have the batch shape [n] then.
            **kwargs: `validate_args` and `name`, as in TFP.

        Raises:
            InputError: The layer is not built.
        """
        from keras_gen.layers.flows.bijector import FlowBijector  # which knows this class

        if not self.built:
            raise self.complaint("it is not built; call build((None, *shape)) first, for the shape of one x")
        return FlowBijector(self, condition, **kwargs)

    def transformed_shape(self, shape: Shape) -> Shape:
        """The shape of one y, for x of a shape."""
        return shape

    def call(
        self, x: tf.Tensor, condition: tf.Tensor | None = None, training: bool = False
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """The same as `forward`."""
        return self.forward(x, condition, training)

    def compute_output_shape(self, input_shape: InputShape) -> tuple[tuple, tuple]:
        """Shapes of y and of its log-det."""
        return (input_shape[0], *self.transformed_shape(tuple(input_shape[1:]))), (input_shape[0],)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Builds the layer from `get_config`."""
        return cls(**{name: keras.saving.deserialize_keras_object(value) for name, value in config.items()})

    def complaint(self, message: str) -> InputError:
        """An error that names this layer."""
        return InputError(f"{type(self).__name__} {self.name!r}: {message}")

    def check_known(self, shape: Shape) -> None:
        """A log-det and a flat code need sizes that are known.

        Raises:
            InputError: A size is open.
        """
        if None in shape:
            raise self.complaint(f"{tuple(shape)} has an open size; every size but the batch's must be known")

    def check_even_channels(self, shape: Shape) -> None:
        """Halves need an even number of channels.

        Raises:
            InputError: The last axis is odd, or open.
        """
        self.check_known(shape[-1:])
        if shape[-1] % 2:
            raise self.complaint(f"{shape[-1]} channels have no halves; an even number of channels is needed")


def check_finite(tensor: tf.Tensor, what: str) -> None:
    """Checks that every element of an eager tensor is finite.

    Raises:
        NonFiniteLossError: An element is NaN or infinite; the message names the tensor.
    """
    if not tf.reduce_all(tf.math.is_finite(tensor)):
        raise NonFiniteLossError(f"{what} is not finite")


def total(x: tf.Tensor) -> tf.Tensor:
    """The sum over everything but the first axis, [n]."""
    return tf.reduce_sum(x, axis=list(range(1, x.shape.rank)))


def unchanged_volume(x: tf.Tensor) -> tf.Tensor:
    """A log-det of 0 for every row of x, [n]."""
    return tf.zeros([tf.shape(x)[0]])
