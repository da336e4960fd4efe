"""What `Glow` and `FVAE` share, for each of them."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from helpers.small_flow_models import IMAGE_SHAPE, fit_inputs, images, new_f_vae, trained_f_vae, trained_glow
from keras_gen.errors import InputError
from keras_gen.keras_privates import all_layers
from keras_gen.models import Glow

MODELS = {
    "glow": trained_glow,
    "glow_of_the_paper": lambda **arguments: trained_glow(
        coupling="affine", mixing="convolution", act_norm_from_data=True, **arguments
    ),
    "f_vae": trained_f_vae,
}


@pytest.fixture(scope="module", params=["glow_of_the_paper", "f_vae"])
def model(request):
    return MODELS[request.param]()


def test_gradients_reach_every_weight(model):
    noise = tf.constant(np.random.RandomState(0).randn(4, *model.code_shape).astype("float32"))
    with tf.GradientTape() as tape:
        loss, _ = model.objective(images(4), noise)
    gradients = tape.gradient(loss, [variable.value for variable in model.trainable_variables])
    for variable, gradient in zip(model.trainable_variables, gradients, strict=True):
        assert gradient is not None and np.abs(gradient).max() > 0, variable.path


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_networks_in_bfloat16_and_densities_in_float32(name, mixed_bfloat16):
    model = MODELS[name](steps=1)
    convolutions = [layer for layer in all_layers(model) if isinstance(layer, keras.layers.Conv2D)]
    assert convolutions and all(layer.compute_dtype == "bfloat16" for layer in convolutions)
    assert all(variable.dtype == "float32" for variable in model.trainable_variables)
    x = images(2)
    z, log_det = model.flow.forward(tf.zeros([2, *model.code_shape]))
    assert z.dtype == log_det.dtype == model.log_prob(x).dtype == model.sample(2).dtype == tf.float32
    assert np.isfinite(model.log_prob(x)).all()


@pytest.mark.slow
def test_images_whose_number_is_open_and_may_be_none(model):
    signature = [tf.TensorSpec([None, *IMAGE_SHAPE])]

    @tf.function(input_signature=signature, autograph=False)
    def use(x):
        z = model.encode(x)
        return z, model.decode(z), model.interpolate(x, x, 3)

    for count in (0, 2):
        x = images(count)
        z, again, lines = use(x)
        assert z.shape == (count, *model.latent_shape) and again.shape == x.shape
        assert lines.shape == (count, 3, *IMAGE_SHAPE)
        np.testing.assert_allclose(z, model.encode(x), atol=1e-4)
        assert model.log_prob(x).shape == model.bits_per_dimension(x).shape == (count,)
        assert model.interpolate(x, x, 3).shape == (count, 3, *IMAGE_SHAPE)
        assert model.interpolate_four(tf.stack([x] * 4, axis=1), 2).shape == (count, 4, *IMAGE_SHAPE)


class TestEvaluation:
    def test_it_is_the_objective_at_inference(self, model):
        before = model.get_weights()
        x = images(8, seed=3)
        found = model.evaluate(x, batch_size=8, verbose=0, return_dict=True)
        assert found == model.evaluate(x, batch_size=8, verbose=0, return_dict=True)
        noisy = model._with_input_noise(x)
        _, terms = model.objective(noisy, model._code_noise(noisy), training=False)
        assert found == {name: pytest.approx(float(value), rel=1e-5) for name, value in terms.items()}
        for weight, value in zip(model.get_weights(), before, strict=True):
            np.testing.assert_array_equal(weight, value)

    def test_in_fit(self):
        model = trained_glow(steps=0)
        history = model.fit(fit_inputs(4), validation_data=fit_inputs(4, batches=2), verbose=0).history
        assert set(history) == {*model.term_names(), *(f"val_{name}" for name in model.term_names())}
        assert np.isfinite(history["val_bits_per_dimension"]).all()


class TestLines:
    def test_bad_images(self, model):
        x = images(2)
        with pytest.raises(InputError, match="start has 2 images, end has 1; give equal numbers"):
            model.interpolate(x, x[:1])
        with pytest.raises(InputError, match=r"^start: shape \(8, 8, 1\); give \[n, 8, 8, 1\]"):
            model.interpolate(x[0], x[1])
        with pytest.raises(InputError, match=r"^start: shape \(2, 8, 2, 4\); give \[n, 8, 8, 1\]"):
            model.interpolate(tf.reshape(x, [2, 8, 2, 4]), x)
        for corners in (images(3)[tf.newaxis], images(4), tf.zeros([1, 4, 8, 4, 2])):
            with pytest.raises(InputError, match=r"^corners: shape .*; give \[n, 4, 8, 8, 1\]"):
                model.interpolate_four(corners)

    def test_bad_numbers_of_points(self, model):
        x = images(1)
        for num_points in (1, tf.constant(1)):
            with pytest.raises(InputError, match="num_points=1: must be at least 2"):
                model.interpolate(x, x, num_points)
        with pytest.raises(InputError, match="num_points=0"):
            model.interpolate_four(tf.stack([x] * 4, axis=1), 0)


class TestStartFromData:
    def new(self):
        model = Glow(IMAGE_SHAPE, levels=1, depth=1, width=2, act_norm_from_data=True)
        model.compile(keras.optimizers.SGD(1e-3))
        return model

    def test_it_is_not_forgotten(self):
        message = r"act norm begins as a function of data: call initialize\(images\) before"
        with pytest.raises(InputError, match=message):
            self.new().train_step(images(4))
        with pytest.raises(InputError, match=message):
            self.new().fit(((images(4),) for _ in range(2)), verbose=0)
        model = self.new()
        with pytest.raises(InputError, match=message):
            tf.function(model.train_step, autograph=False)(images(4))
        model.initialize(images(4))
        model.fit(((images(4),) for _ in range(2)), verbose=0)
        assert int(model.step.numpy()) == 2

    def test_under_replicas_too(self, two_replicas):
        with two_replicas.scope():
            model = self.new()
        with pytest.raises(InputError, match="act norm begins as a function of data"):
            two_replicas.run(tf.function(model.train_step, autograph=False), args=(images(4),))

    def test_it_is_not_made_again_after_a_checkpoint(self, tmp_path):
        straight, resumed = self.new(), self.new()
        other_images = tf.data.Dataset.from_tensors(0.5 * images(4, seed=1))
        straight.fit(fit_inputs(4), verbose=0)
        straight.save_weights(tmp_path / "at_1.weights.h5")
        straight.fit(other_images, verbose=0)
        assert resumed.awaits_data
        resumed.load_weights(tmp_path / "at_1.weights.h5")
        assert not resumed.awaits_data
        resumed.fit(other_images, verbose=0)
        for weight, expected in zip(resumed.weights, straight.weights, strict=True):
            np.testing.assert_allclose(weight, expected, atol=1e-6, err_msg=weight.path)


@pytest.mark.parametrize("new", [trained_glow, new_f_vae])
def test_a_warm_up(new):
    """The lines of `Glow`'s docstring."""
    model = new(steps=0) if new is trained_glow else new()
    schedule = keras.optimizers.schedules.PolynomialDecay(1e-6, 1000, 1e-3)
    model.compile(keras.optimizers.Adam(schedule))
    rates = []
    for step in (0, 500, 1000, 2000):
        model.optimizer.iterations.assign(step)
        rates.append(float(model.optimizer.learning_rate))
    np.testing.assert_allclose(rates, [1e-6, 5e-4, 1e-3, 1e-3], rtol=2e-3)


@pytest.mark.slow
def test_an_export_does_what_the_model_does_and_calls_no_python(tmp_path):
    """A process that has TensorFlow alone uses one in `test_generative_model.py`."""
    model = trained_f_vae()
    model.export(tmp_path / "model")
    saved, x = tf.saved_model.load(tmp_path / "model"), images(4)
    codes = saved.encode(x)
    np.testing.assert_allclose(saved.sample_at_temperature(3, 1, 0.7), model.sample(3, 1, temperature=0.7), atol=1e-4)
    np.testing.assert_allclose(codes, model.encode(x), atol=1e-4)
    np.testing.assert_allclose(saved.decode(codes), model.reconstruct(x), atol=1e-4)
    np.testing.assert_allclose(saved.bits_per_dimension(x, 2, 5), model.bits_per_dimension(x, 2, 5), rtol=1e-5)
    np.testing.assert_allclose(saved.interpolate(x, x[::-1], 3), model.interpolate(x, x[::-1], 3), atol=1e-4)
    corners = x[tf.newaxis]
    np.testing.assert_allclose(saved.interpolate_four(corners, 2), model.interpolate_four(corners, 2), atol=1e-4)
    assert saved.encode(x[:0]).shape == (0, *model.latent_shape)
    assert saved.interpolate(x[:0], x[:0], 3).shape == (0, 3, *IMAGE_SHAPE)
    for temperature in (float("inf"), -1.0):
        with pytest.raises(tf.errors.InvalidArgumentError, match="temperature: must be a finite number of at least 0"):
            saved.sample_at_temperature(1, 0, temperature)
    with pytest.raises(tf.errors.InvalidArgumentError, match="num_points: must be at least 2"):
        saved.interpolate(x, x, 1)
    with pytest.raises(tf.errors.InvalidArgumentError, match="start and end: give equal numbers of images"):
        saved.interpolate(x, x[:1], 3)
    assert b"PyFunc" not in (tmp_path / "model" / "saved_model.pb").read_bytes()
