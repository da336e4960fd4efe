"""Flows stop before a loss or a gradient that is not finite moves a weight, and what broke first is named.

A gradient that is finite but whose squares are not is scaled down as any other.
"""

import keras
import numpy as np
import pytest
import tensorflow as tf

from helpers.quick import slow_unless
from helpers.small_flow_models import IMAGE_SHAPE, fit_inputs, images, linear, new_f_vae
from keras_gen.errors import InputError, NonFiniteLossError
from keras_gen.layers import flows
from keras_gen.models import FVAE, Glow
from keras_gen.models.optimization import clipped


def compiled(model, learning_rate=1e-3, **arguments):
    model.compile(keras.optimizers.SGD(learning_rate), **arguments)
    return model


def small_glow(**arguments):
    return compiled(Glow(IMAGE_SHAPE, levels=1, depth=2, width=2, **arguments))


def with_bare_flow(flow):
    return compiled(FVAE(linear(IMAGE_SHAPE), linear(IMAGE_SHAPE), flow))


class Root(keras.layers.Layer):
    """x + sqrt(w), whose derivative by w is infinite at w = 0, where it begins."""

    def build(self, input_shape):
        self.w = self.add_weight(name="w", shape=(), initializer="zeros")

    def call(self, x):
        return x + tf.sqrt(self.w.value)


def with_a_root(**arguments):
    encoder = keras.Sequential([keras.Input(IMAGE_SHAPE), Root()])
    flow = flows.ActNorm(from_data=False)
    return compiled(FVAE(encoder, linear(IMAGE_SHAPE), flow), **arguments)


def spoil(*weights):
    for weight in weights:
        weight.assign(tf.fill(weight.shape, np.nan))


def assert_it_stops(model, train, message):
    before = [weight.numpy() for weight in model.trainable_variables]
    with pytest.raises(NonFiniteLossError, match=message):
        train()
    for weight, value in zip(model.trainable_variables, before, strict=True):
        np.testing.assert_array_equal(weight, value, err_msg=weight.path)
    assert int(model.step.numpy()) == 0 and int(model.optimizer.iterations.numpy()) == 0


@pytest.mark.traced
class TestInFit:
    def test_an_additive_coupling(self):
        model = small_glow()
        first, second = (layer for layer in model.flow.levels[0].layers if isinstance(layer, flows.AdditiveCoupling))
        spoil(first.network.layers[-1].bias, second.network.layers[-1].bias)
        message = r"output of \S*level_0_step_0_coupling is not finite at step 1$"
        assert_it_stops(model, lambda: model.fit(fit_inputs(4), verbose=0), message)

    @pytest.mark.parametrize("jit_compile", slow_unless([False], [False, True]))
    def test_the_decoder(self, jit_compile):
        model = compiled(new_f_vae(), jit_compile=jit_compile)
        spoil(model.decoder.trainable_variables[-1])
        message = "^output of the decoder 'decoder' is not finite at step 1$"
        assert_it_stops(model, lambda: model.fit(fit_inputs(4), verbose=0), message)

    @pytest.mark.parametrize("jit_compile", slow_unless([False], [False, True]))
    def test_a_gradient(self, jit_compile):
        model = with_a_root(jit_compile=jit_compile)
        message = "^the gradient is not finite at step 1, though the loss is$"
        assert_it_stops(model, lambda: model.fit(fit_inputs(4), verbose=0), message)

    @pytest.mark.slow
    @pytest.mark.filterwarnings("ignore:images have pixels far outside")
    def test_a_batch_of_one_replica(self, two_replicas):
        with two_replicas.scope():
            model = small_glow(clip_norm=1.0)
        x = images(4).numpy()
        x[3, 0, 0, 0] = 1e25  # finite through all layers, but for the square in the prior
        data = tf.data.Dataset.from_tensors(x)
        assert_it_stops(model, lambda: model.fit(data, verbose=0), "^the loss is not finite at step 1, though")

    def test_a_learning_rate_that_is_too_high(self):
        """The second step sees what the first one did, and adds nothing to it."""
        model = compiled(Glow(IMAGE_SHAPE, levels=1, depth=1, width=2), 1e25)
        with pytest.raises(NonFiniteLossError, match=r"level_0\S* is not finite at step 2"):
            model.fit(fit_inputs(4, batches=3), verbose=0)
        assert int(model.step.numpy()) == 1
        assert all(np.isfinite(weight).all() for weight in model.trainable_variables)

    def test_no_rows(self):
        model = small_glow()
        before = model.get_weights()
        data = tf.data.Dataset.from_tensors(images(0)).map(lambda x: tf.ensure_shape(x, [None, *IMAGE_SHAPE]))
        data = data.map(lambda x: tf.boolean_mask(x, tf.zeros([tf.shape(x)[0]], tf.bool)))
        assert data.element_spec.shape[0] is None
        with pytest.raises(InputError, match="a batch has no rows"):
            model.fit(data, verbose=0)
        for weight, value in zip(model.get_weights(), before, strict=True):
            np.testing.assert_array_equal(weight, value)


@pytest.mark.parametrize(
    ("model", "weights", "message"),
    [
        (new_f_vae, lambda m: m.encoder.trainable_variables[-1:], "^output of the encoder 'encoder'"),
        (new_f_vae, lambda m: [m.log_sigma_1], "^log-det of sigma_1"),
        (new_f_vae, lambda m: [m.log_sigma_2], r"^log q\(x\|z\), with sigma_2, is not finite"),
        (new_f_vae, lambda m: [m.flow.levels[0].layers[0].log_scale], r"^log-det of \S*level_0_step_0_act_norm is"),
        (
            lambda: with_bare_flow(flows.ActNorm(from_data=False, name="bare")),
            lambda m: [m.flow.bias],
            "^output of bare is",
        ),
        (
            lambda: with_bare_flow(
                flows.MultiScale([flows.Squeeze(), flows.ActNorm(from_data=False, name="last")], name="scales")
            ),
            lambda m: [m.flow.levels[1].bias],
            "^output of scales/last is",
        ),
    ],
)
def test_the_part_that_broke_is_named(model, weights, message):
    model = compiled(model())
    spoil(*weights(model))
    assert_it_stops(model, lambda: model.train_step(images(4)), message)


def test_images_that_are_broken():
    x = images(4).numpy()
    x[3, 0, 0, 0] = np.inf
    model = small_glow()
    assert_it_stops(model, lambda: model.train_step(tf.constant(x)), "^a batch of images is not finite at step 1$")


def test_no_rows_in_a_bare_step():
    with pytest.raises(InputError, match="a batch has no rows"):
        small_glow().train_step(images(0))


def test_what_no_part_gave_is_the_loss_s():
    model = small_glow()
    model.flow.levels[0].layers[-1].bias.assign(np.full(4, 1e25))  # finite, but for the square in the prior
    assert_it_stops(model, lambda: model.train_step(images(4)), "^the loss is not finite at step 1, though all of its")


def test_what_the_loss_does_not_show_is_the_gradient_s():
    model = with_a_root()
    message = "^the gradient is not finite at step 1, though the loss is$"
    assert_it_stops(model, lambda: model.train_step(images(4)), message)


def test_a_scaled_loss_leaves_its_optimizer_to_leave_steps_out():
    model = with_a_root()
    optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(1e-3), initial_scale=1024.0)
    model.compile(optimizer)
    before = model.get_weights()
    model.train_step(images(4))
    for weight, value in zip(model.get_weights(), before, strict=True):
        if weight.dtype != np.int64:  # which counts the steps
            np.testing.assert_array_equal(weight, value)
    assert float(optimizer.dynamic_scale) == 512.0


class TestLargeGradients:
    def test_their_norm_is_the_bound_though_their_squares_overflow(self):
        gradients = [tf.constant([3e25, -4e25]), tf.zeros([3]), tf.constant([1e10])]
        for share, expected in zip(clipped(gradients, 10.0), ([6.0, -8.0], [0, 0, 0], [2e-15]), strict=True):
            np.testing.assert_allclose(share, expected, rtol=1e-6)

    @pytest.mark.parametrize("norm", [0.5, 1e6])
    def test_others_are_what_tensorflow_makes_of_them(self, norm):
        random = np.random.RandomState(0)
        gradients = [tf.constant(random.normal(size=shape), tf.float32) for shape in [(3, 4), (5,)]]
        for share, expected in zip(clipped(gradients, norm), tf.clip_by_global_norm(gradients, norm)[0], strict=True):
            np.testing.assert_array_equal(share, expected)

    def test_a_weight_that_the_loss_does_not_need(self):
        share, without = clipped([tf.constant([3.0, 4.0]), None], 1.0)
        np.testing.assert_allclose(share, [0.6, 0.8], rtol=1e-6)
        assert without is None

    @pytest.mark.filterwarnings("ignore:images have pixels far outside")
    def test_an_outlier_moves_the_weights_by_a_step(self):
        model = compiled(Glow(IMAGE_SHAPE, levels=1, depth=2, width=2, clip_norm=1.0), 0.1)
        x = images(4).numpy()
        x[3] *= 1e11  # the squares of the code are finite, those of the gradient are not
        before = [weight.numpy() for weight in model.trainable_variables]
        model.train_step(tf.constant(x))
        moves = [weight - value for weight, value in zip(model.trainable_variables, before, strict=True)]
        np.testing.assert_allclose(np.sqrt(sum(np.sum(move**2) for move in moves)), 0.1, rtol=1e-3)
