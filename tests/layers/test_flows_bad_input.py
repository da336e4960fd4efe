"""What does not fit is named when a flow is built, with its layer."""

import keras
import pytest
import tensorflow as tf

from keras_gen.errors import InputError
from keras_gen.layers import flows
from keras_gen.networks import coupling_network, mlp


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


def test_in_use():
    layer = flows.ConditionalAffine(mlp(3, 4), name="posterior")
    layer.build((None, 2))
    with pytest.raises(InputError, match="ConditionalAffine 'posterior': it needs a condition"):
        layer.forward(tf.zeros([1, 2]))
    norm = flows.ActNorm(name="norm")
    norm.build((None, 2))
    with pytest.raises(InputError, match="ActNorm 'norm': a batch without rows"):
        norm.initialize(tf.zeros([0, 2]))


def test_a_network_of_a_condition_without_one():
    half, condition = keras.Input((1,)), keras.Input((2,))
    network = keras.Model([half, condition], keras.layers.Dense(1)(keras.layers.Concatenate()([half, condition])))
    layer = flows.AdditiveCoupling(network, name="c")
    layer.build((None, 2))
    with pytest.raises(InputError, match="AdditiveCoupling 'c': its network takes a condition"):
        layer.forward(tf.zeros([1, 2]))
