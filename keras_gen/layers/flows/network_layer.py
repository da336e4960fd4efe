"""`NetworkLayer`: a layer of a flow whose numbers come from a network."""

from typing import Any

import keras
import tensorflow as tf

from keras_gen.layers.any_batch import call_on_any_batch
from keras_gen.layers.flows.flow_layer import FlowLayer, Shape


class NetworkLayer(FlowLayer):
    """A layer around a network.

    Args:
        network: A Keras layer or model of one output. One that takes a condition is a functional model, since only
            such a one says what it takes.
        **kwargs: Passed on to `keras.Layer`.

    Raises:
        InputError: The network is no Keras layer.
    """

    def __init__(self, network: keras.Layer, **kwargs: Any):
        super().__init__(**kwargs)
        if not isinstance(network, keras.Layer):
            raise self.complaint(f"its network is a {type(network).__name__}; give a Keras layer or model")
        self.network = network

    @property
    def taken_shapes(self) -> list[Shape] | None:
        """Shapes of the network's inputs, without the batch; None if it does not say."""
        try:
            return [tuple(tensor.shape[1:]) for tensor in self.network.inputs]
        except (AttributeError, ValueError):  # the second from a `Sequential` that is not built
            return None

    def check_network(self, taken: Shape, needed: Shape) -> None:
        """Builds the network on tensors [n, *taken] if it does not say what it takes; checks what it gives.

        Raises:
            InputError: It does not take such tensors, or does not give [n, *needed].
        """
        if self.taken_shapes is None:
            try:
                given = self.network(keras.Input(taken)).shape
            except Exception as error:  # whatever any network's own code raises
                raise self.complaint(f"its network {self.network.name!r} does not take {taken}") from error
        else:
            given = self.network.output_shape
            if self.taken_shapes[0] != taken:
                raise self.complaint(
                    f"its network {self.network.name!r} takes {self.taken_shapes[0]}, half of the input is {taken}"
                )
        self.check_given(tuple(given[1:]), needed)

    def check_given(self, given: Shape, needed: Shape) -> None:
        """Compares what the network gives with what is needed.

        Raises:
            InputError: They differ.
        """
        if given != needed:
            raise self.complaint(f"its network {self.network.name!r} gives {given}, needed is {needed}")

    def check_condition(self, condition: tf.Tensor | None) -> tf.Tensor:
        """The condition, if it is what the network takes as its last input.

        Raises:
            InputError: There is none, or it is of another shape.
        """
        if condition is None:
            raise self.complaint("its network takes a condition; give one")
        taken = (self.taken_shapes or [()])[-1]
        if not condition.shape[1:].is_compatible_with(taken):
            raise self.complaint(
                f"the condition has shape {tuple(condition.shape[1:])}, its network {self.network.name!r} takes {taken}"
            )
        return condition

    def outputs(self, *inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        """What the network makes of its inputs, float32."""
        return call_on_any_batch(self.network, inputs, training)

    def get_config(self) -> dict[str, Any]:
        """The arguments that build this layer again."""
        return {**super().get_config(), "network": keras.saving.serialize_keras_object(self.network)}
