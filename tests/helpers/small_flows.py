"""Flow layers of a size for tests, each with the shape of its input and, if it has one, of its condition."""

import functools

import keras
import numpy as np
import tensorflow as tf

from helpers.quick import slow_unless
from keras_gen.layers import flows
from keras_gen.networks import coupling_network, glow, mlp

SHAPE = (4, 4, 4)
CONDITION_SHAPE = (3,)


def conditional_network(seed=0):
    """A network of a coupling of vectors of 6 that reads a condition as well."""
    half, condition = keras.Input((3,)), keras.Input(CONDITION_SHAPE)
    both = keras.layers.Concatenate()([half, condition])
    return keras.Model([half, condition], mlp(6, 6, (8,), activation="tanh", seed=seed)(both))


def step(shape, seed):
    """A step of Glow on maps of that shape."""
    half = (*shape[:-1], shape[-1] // 2)
    return [
        flows.ActNorm(),
        flows.InvertibleConvolution(seed=seed),
        flows.AffineCoupling(coupling_network(half, shape[-1], width=4, seed=seed)),
    ]


FLOWS = {
    "act_norm": (flows.ActNorm, SHAPE, None),
    "act_norm_from_identity": (lambda: flows.ActNorm(from_data=False), (6,), None),
    "invertible_convolution": (lambda: flows.InvertibleConvolution(seed=1), SHAPE, None),
    "permutation": (lambda: flows.Permutation(seed=1), SHAPE, None),
    "squeeze": (flows.Squeeze, SHAPE, None),
    "unsqueeze": (flows.Unsqueeze, SHAPE, None),
    "additive_coupling": (lambda: flows.AdditiveCoupling(coupling_network((4, 4, 2), 2, width=4)), SHAPE, None),
    "affine_coupling": (lambda: flows.AffineCoupling(coupling_network((4, 4, 2), 4, width=4)), SHAPE, None),
    "affine_coupling_sigmoid": (
        lambda: flows.AffineCoupling(mlp(3, 6, (8,), activation="tanh"), scale="sigmoid"),
        (6,),
        None,
    ),
    "conditional_coupling": (lambda: flows.AffineCoupling(conditional_network()), (6,), CONDITION_SHAPE),
    "conditional_affine": (lambda: flows.ConditionalAffine(mlp(3, 12, (8,))), (6,), CONDITION_SHAPE),
    "chain": (
        lambda: flows.Chain(
            [
                *step(SHAPE, 1),
                flows.Permutation(seed=2),
                flows.ActNorm(),
                flows.InvertibleConvolution(seed=3),
                flows.InvertibleConvolution(seed=4),
                flows.AdditiveCoupling(coupling_network((4, 4, 2), 2, width=4, seed=5)),
                flows.Permutation(seed=6),
            ]
        ),
        SHAPE,
        None,
    ),
    "conditional_chain": (  # the post's equation 16
        lambda: flows.Chain(
            [
                flows.ConditionalAffine(mlp(3, 12, (8,), seed=1)),
                flows.AffineCoupling(conditional_network(2)),
                flows.Permutation(seed=1),
                flows.ConditionalAffine(mlp(3, 12, (8,), seed=3)),
                flows.AdditiveCoupling(mlp(3, 3, (8,), seed=4)),
            ]
        ),
        (6,),
        CONDITION_SHAPE,
    ),
    "identity": (lambda: flows.Chain([]), (6,), None),
    "multi_scale": (
        lambda: flows.MultiScale(
            [
                flows.Chain([*step((4, 4, 4), 1), *step((4, 4, 4), 2)]),
                flows.Chain([flows.Squeeze(), *step((2, 2, 8), 3)]),
                flows.Chain([*step((2, 2, 4), 4), flows.ActNorm()]),
            ]
        ),
        SHAPE,
        None,
    ),
    "glow": (lambda: glow(SHAPE, [1, 1], width=4, squeeze_first=False), SHAPE, None),
    "glow_of_the_paper": (
        lambda: glow(SHAPE, [1, 1], 4, "affine", "convolution", act_norm_from_data=True, squeeze_first=False),
        SHAPE,
        None,
    ),
}
# As parameters of tests. Of those that are made of others, two are in the quick suite.
EACH_FLOW = slow_unless(FLOWS.keys() - {"chain", "multi_scale", "glow_of_the_paper"}, FLOWS)


def rows(count, shape, seed=0):
    """Standard normal numbers, [count, *shape], a new tensor each time."""
    return tf.constant(np.random.RandomState(seed).randn(count, *shape).astype("float32"))


def built(name):
    """A flow with its initial weights, and its inputs for a number of rows."""
    new, shape, condition_shape = FLOWS[name]
    flow = new()
    flow.build((None, *shape))

    def inputs(count, seed=0):
        return rows(count, shape, seed), None if condition_shape is None else rows(count, condition_shape, seed + 50)

    return flow, inputs


def newly_trained(name):
    """The same, initialised by data and after three steps of maximum likelihood on noise, with a large step."""
    flow, inputs = built(name)
    flow.initialize(*inputs(16, seed=1))
    optimizer = keras.optimizers.Adam(0.02)
    for seed in range(3):
        with tf.GradientTape() as tape:
            y, log_det = flow.forward(*inputs(16, seed), training=True)
            loss = tf.reduce_mean(0.5 * tf.reduce_sum(y**2) / 16 - log_det)
        values = [variable.value for variable in flow.trainable_variables]
        if values:
            optimizer.apply(tape.gradient(loss, values), flow.trainable_variables)
    return flow, inputs


@functools.cache
def trained(name):
    """The same once for all tests, which leave its weights alone."""
    return newly_trained(name)
