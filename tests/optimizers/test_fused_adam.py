import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gen.errors import InputError
from keras_gen.optimizers import Adam


def trained(optimizer, steps=7):
    """Two weights after some steps down a loss that pulls them far, in a graph."""
    weights = [keras.Variable(np.linspace(-1, 1, n, dtype="float32"), name=f"w{n}") for n in (3, 4)]
    optimizer.build(weights)

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            loss = tf.add_n([tf.reduce_sum(tf.exp(weight.value) + weight.value**2) for weight in weights])
        optimizer.apply(tape.gradient(loss, [weight.value for weight in weights]), weights)

    for _ in range(steps):
        step()
    return [weight.numpy() for weight in weights] + [variable.numpy() for variable in optimizer.variables]


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"learning_rate": 0.1, "beta_1": 0.5, "beta_2": 0.9, "epsilon": 1e-3},
        {"learning_rate": keras.optimizers.schedules.PolynomialDecay(0.01, 5, 0.1)},
        {"learning_rate": 0.05, "weight_decay": 0.1, "global_clipnorm": 0.5, "use_ema": True},
    ],
)
def test_it_is_kerass(arguments):
    for one, other in zip(trained(Adam(**arguments)), trained(keras.optimizers.Adam(**arguments)), strict=True):
        # The kernel takes 1 - beta_2 in float32, which is 5e-5 of it away from Keras's; all steps together are below 1.
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=3e-5)


def test_it_comes_back():
    optimizer = Adam(0.3, beta_1=0.2, epsilon=1e-5)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(optimizer))
    assert type(again) is Adam and again.get_config() == optimizer.get_config()


def test_amsgrad():
    with pytest.raises(InputError, match="amsgrad=True: the fused Adam does not have it"):
        Adam(amsgrad=True)
