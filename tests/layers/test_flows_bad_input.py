"""What does not fit is named when a flow is built, with its layer."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gen.errors import InputError
from keras_gen.layers import flows
from keras_gen.networks import coupling_network, mlp


class OfOneColumn(keras.Model):
    """A network without functional inputs that takes one column only."""

    def call(self, x, training=False):
        if x.shape[-1] != 1:
            raise TypeError("one column, please")
        return x


def built_act_norm(shape):
    norm = flows.ActNorm(name="norm")
    norm.build((None, *shape))
    return norm


@pytest.mark.parametrize(
    ("layer", "shape", "message"),
    [
        (lambda: flows.Squeeze(name="s"), (5, 4, 1), r"Squeeze 's': blocks of 2x2 do not divide \(5, 4, 1\)"),
        (lambda: flows.Squeeze(block=3), (4, 4, 1), "blocks of 3x3"),
        (lambda: flows.Unsqueeze(name="u"), (2, 2, 6), "Unsqueeze 'u': .* a multiple of 4 channels"),
        (
            lambda: flows.AdditiveCoupling(mlp(1, 1), name="c"),
            (3,),
            "AdditiveCoupling 'c': 3 channels have no halves",
        ),
        (lambda: flows.AdditiveCoupling(mlp(3, 3)), (4,), r"takes \(3,\), half of the input is \(2,\)"),
        (
            lambda: flows.AffineCoupling(coupling_network((4, 4, 1), 1, 4, name="n"), name="c"),
            (4, 4, 2),
            r"AffineCoupling 'c': its network 'n' gives \(4, 4, 1\), needed is \(4, 4, 2\)",
        ),
        (lambda: flows.ConditionalAffine(mlp(3, 5)), (4,), r"gives \(5,\), needed is \(8,\)"),
        (
            lambda: flows.MultiScale([flows.Chain([], name="odd"), flows.ActNorm()]),
            (4, 4, 3),
            "Chain 'odd': 3 channels have no halves",
        ),
        (
            lambda: flows.Chain([flows.ActNorm(), flows.Squeeze(), flows.Squeeze(name="second")]),
            (6, 6, 1),
            r"Squeeze 'second': blocks of 2x2 do not divide \(3, 3, 4\)",
        ),
        (
            lambda: flows.Chain([flows.Squeeze(), built_act_norm((4, 4, 4))]),
            (4, 4, 1),
            r"ActNorm 'norm': it is built for inputs of shape \(4, 4, 4\); here they have \(2, 2, 4\)",
        ),
        (
            lambda: flows.MultiScale([built_act_norm((2, 4)), flows.ActNorm()]),
            (3, 4),
            r"ActNorm 'norm': it is built for inputs of shape \(2, 4\); here they have \(3, 4\)",
        ),
        (lambda: flows.Squeeze(name="s"), (None, None, 3), r"Squeeze 's': \(None, None, 3\) has an open size"),
        (lambda: flows.ActNorm(name="a"), (None, 3), r"ActNorm 'a': \(None, 3\) has an open size"),
        (lambda: flows.AdditiveCoupling(mlp(1, 1), name="c"), (None,), "AdditiveCoupling 'c': .* has an open size"),
        (
            lambda: flows.AdditiveCoupling(keras.layers.Dense(3, name="d"), name="c"),
            (4,),
            r"AdditiveCoupling 'c': its network 'd' gives \(3,\), needed is \(2,\)",
        ),
        (
            lambda: flows.AdditiveCoupling(OfOneColumn(name="n"), name="c"),
            (4,),
            r"AdditiveCoupling 'c': its network 'n' does not take \(2,\)$",
        ),
        (
            lambda: flows.ConditionalAffine(keras.Sequential([keras.layers.Dense(2)], name="n"), name="c"),
            (1,),
            "ConditionalAffine 'c': its network 'n' does not say what shape the condition has",
        ),
    ],
)
def test_at_build(layer, shape, message):
    with pytest.raises(InputError, match=message):
        layer().build((None, *shape))


def test_at_construction():
    with pytest.raises(InputError, match="scale='exp': choose one of exp_tanh, sigmoid"):
        flows.AffineCoupling(mlp(1, 2), scale="exp")
    with pytest.raises(InputError, match="MultiScale 'm': at least one level"):
        flows.MultiScale([], name="m")
    with pytest.raises(InputError, match="AdditiveCoupling 'c': its network is a function; give a Keras layer"):
        flows.AdditiveCoupling(lambda x: x, name="c")


@pytest.mark.parametrize(
    "network",
    [
        lambda: keras.layers.Dense(1, kernel_initializer="ones"),
        lambda: keras.Sequential([keras.layers.Dense(1, kernel_initializer="ones")]),
        OfOneColumn,
    ],
)
def test_any_keras_network_is_one_of_a_coupling(network):
    layer = flows.AdditiveCoupling(network())
    layer.build((None, 2))
    x = tf.constant([[1.0, 2.0], [-3.0, 4.0]])
    y, _ = layer.forward(x)
    np.testing.assert_array_equal(y, [[1, 3], [-3, 1]])
    np.testing.assert_array_equal(layer.inverse(y), x)


def test_in_use():
    layer = flows.ConditionalAffine(mlp(3, 4), name="posterior")
    layer.build((None, 2))
    with pytest.raises(InputError, match="ConditionalAffine 'posterior': its network takes a condition"):
        layer.forward(tf.zeros([1, 2]))
    with pytest.raises(InputError, match=r"'posterior': the condition has shape \(2,\), .*'mlp' takes \(3,\)"):
        layer.forward(tf.zeros([1, 2]), tf.zeros([1, 2]))
    norm = flows.ActNorm(name="norm")
    norm.build((None, 2))
    with pytest.raises(InputError, match="ActNorm 'norm': a batch without rows"):
        norm.initialize(tf.zeros([0, 2]))


@pytest.mark.parametrize("layer", [flows.Squeeze, flows.Unsqueeze])
@pytest.mark.parametrize("block", [0, 1, 1.5])
def test_blocks_that_are_none(layer, block):
    with pytest.raises(InputError, match=f"^block={block}: must be a whole number of at least 2$"):
        layer(block)


def test_a_network_of_a_condition_without_one():
    half, condition = keras.Input((1,)), keras.Input((2,))
    network = keras.Model([half, condition], keras.layers.Dense(1)(keras.layers.Concatenate()([half, condition])))
    layer = flows.AdditiveCoupling(network, name="c")
    layer.build((None, 2))
    with pytest.raises(InputError, match="AdditiveCoupling 'c': its network takes a condition"):
        layer.forward(tf.zeros([1, 2]))
