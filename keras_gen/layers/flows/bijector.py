"""`FlowBijector`: a flow layer as a bijector of TensorFlow Probability."""

from typing import Any

import tensorflow as tf
from tensorflow_probability import bijectors as tfb

from keras_gen.layers.flows.flow_layer import FlowLayer, Shape


class FlowBijector(tfb.Bijector):
    """What `FlowLayer.as_bijector` gives: y = F(x), on events of the shape that the layer is built for.

    The layer keeps its weights and stays what Keras trains and saves. TFP remembers what a bijector made of a tensor,
    and would give it again after a step has changed the weights; so every tensor is handed to it as a new one.

    Args:
        layer: The layer, built.
        condition: What a conditional flow depends on, [n, ...]; x and y have the batch shape [n] then.
        **kwargs: `validate_args` and `name`, as in TFP.
    """

    def __init__(self, layer: FlowLayer, condition: tf.Tensor | None = None, **kwargs: Any):
        parameters = {"layer": layer, "condition": condition, **kwargs}
        self._layer, self._condition = layer, condition
        self._shape = layer.built_shape
        self._transformed_shape: Shape = layer.transformed_shape(self._shape)
        super().__init__(
            forward_min_event_ndims=len(self._shape),
            inverse_min_event_ndims=len(self._transformed_shape),
            dtype=tf.float32,
            parameters=parameters,
            **{"name": layer.name} | kwargs,
        )

    def _forward(self, x: tf.Tensor) -> tf.Tensor:
        y, _ = self._layer.forward(_rows(x, self._shape), self._condition)
        return _events(y, x, self._shape, self._transformed_shape)

    def _inverse(self, y: tf.Tensor) -> tf.Tensor:
        x = self._layer.inverse(_rows(y, self._transformed_shape), self._condition)
        return _events(x, y, self._transformed_shape, self._shape)

    def _forward_log_det_jacobian(self, x: tf.Tensor) -> tf.Tensor:
        _, log_det = self._layer.forward(_rows(x, self._shape), self._condition)
        return _events(log_det, x, self._shape, ())

    # Shapes ------------------------------------------------------------------------------------------------------

    def _forward_event_shape(self, shape: tf.TensorShape) -> tf.TensorShape:
        return _exchanged(shape, self._shape, self._transformed_shape)

    def _inverse_event_shape(self, shape: tf.TensorShape) -> tf.TensorShape:
        return _exchanged(shape, self._transformed_shape, self._shape)

    def _forward_event_shape_tensor(self, shape: tf.Tensor) -> tf.Tensor:
        return tf.concat([_batch(shape, self._shape), self._transformed_shape], 0)

    def _inverse_event_shape_tensor(self, shape: tf.Tensor) -> tf.Tensor:
        return tf.concat([_batch(shape, self._transformed_shape), self._shape], 0)

    # No memory ---------------------------------------------------------------------------------------------------

    def _call_forward(self, x: tf.Tensor, name: str, **kwargs: Any) -> tf.Tensor:
        return super()._call_forward(_new(x), name, **kwargs)

    def _call_inverse(self, y: tf.Tensor, name: str, **kwargs: Any) -> tf.Tensor:
        return super()._call_inverse(_new(y), name, **kwargs)

    def _call_forward_log_det_jacobian(self, x: tf.Tensor, *args: Any, **kwargs: Any) -> tf.Tensor:
        return super()._call_forward_log_det_jacobian(_new(x), *args, **kwargs)

    def _call_inverse_log_det_jacobian(self, y: tf.Tensor, *args: Any, **kwargs: Any) -> tf.Tensor:
        return super()._call_inverse_log_det_jacobian(_new(y), *args, **kwargs)


def _new(tensor: tf.Tensor) -> tf.Tensor:
    return tf.identity(tf.convert_to_tensor(tensor, tf.float32))


def _rows(x: tf.Tensor, shape: Shape) -> tf.Tensor:
    """[*batch, *shape] as [n, *shape]."""
    return tf.reshape(x, [-1, *shape])


def _batch(x_shape: tf.Tensor, shape: Shape) -> tf.Tensor:
    """What stands before `shape` in the shape of a tensor."""
    return x_shape[: tf.size(x_shape) - len(shape)]


def _events(rows: tf.Tensor, like: tf.Tensor, like_shape: Shape, shape: Shape) -> tf.Tensor:
    """[n, *shape] as [*batch, *shape], with the batch of a tensor [*batch, *like_shape]."""
    events = tf.reshape(rows, tf.concat([_batch(tf.shape(like), like_shape), tf.constant(shape, tf.int32)], 0))
    return tf.ensure_shape(events, _exchanged(like.shape, like_shape, shape))


def _exchanged(static: tf.TensorShape, old: Shape, new: Shape) -> tf.TensorShape:
    """The static shape of a tensor with `new` in the place of `old` at its end."""
    return static if static.rank is None else static[: static.rank - len(old)].concatenate(new)
