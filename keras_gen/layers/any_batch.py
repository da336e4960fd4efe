"""`call_on_any_batch`: a network on batches that may have no rows."""

import contextlib
import contextvars
from collections.abc import Iterator, Sequence

import keras
import tensorflow as tf

_OPEN_BATCHES_HAVE_ROWS = contextvars.ContextVar("open_batches_have_rows", default=False)


def call_on_any_batch(network: keras.Layer, inputs: Sequence[tf.Tensor], training: bool = False) -> tf.Tensor:
    """The network's output for its inputs, float32 [n, ...]; n may be 0.

    TensorFlow's convolutions on CPU give an empty batch the shape of their input (seen in 2.21), so that the layer
    after them fails. So a batch that is empty, or may be, is given a row of zeros while none is there. In training, and
    within `open_batches_have_rows`, a batch whose size is open is taken to have rows.

    Args:
        network: A Keras layer or model, of one output.
        inputs: Its inputs, each [n, ...].
        training: Passed on to the network.
    """
    rows = inputs[0].shape[0]
    if rows or (rows is None and (training or _OPEN_BATCHES_HAVE_ROWS.get())):
        return tf.cast(network(_one_or_several(inputs), training=training), tf.float32)
    rows = tf.shape(inputs[0])[0]
    missing = tf.cast(tf.equal(rows, 0), tf.int32)
    padded = [tf.pad(x, [[0, missing], *[[0, 0]] * (x.shape.rank - 1)]) for x in inputs]
    # TensorFlow would lose the sizes, since it does not look at each of the paddings.
    padded = [tf.ensure_shape(y, [None, *x.shape[1:]]) for x, y in zip(inputs, padded, strict=True)]
    return tf.cast(network(_one_or_several(padded), training=False), tf.float32)[:rows]


@contextlib.contextmanager
def open_batches_have_rows() -> Iterator[None]:
    """What is traced within takes every batch to have a row: for graphs that run where empty batches are no subject."""
    token = _OPEN_BATCHES_HAVE_ROWS.set(True)
    try:
        yield
    finally:
        _OPEN_BATCHES_HAVE_ROWS.reset(token)


def _one_or_several(inputs: Sequence[tf.Tensor]) -> tf.Tensor | list[tf.Tensor]:
    return inputs[0] if len(inputs) == 1 else list(inputs)
