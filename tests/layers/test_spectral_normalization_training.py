"""Networks with normalised layers: trained, on replicas, in bfloat16, saved and exported."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gen.layers import SpectralNormalization
from keras_gen.models import GAN, WGANDiv
from keras_gen.regularizers import SpectralNorm

IMAGE_SHAPE = (8, 8, 1)
LATENT_DIM = 3

both_modes = pytest.mark.parametrize(
    "arguments",
    [{}, pytest.param({"persistent": False, "power_iterations": 2}, marks=pytest.mark.slow)],
    ids=["persistent", "from_ones"],
)


def networks(**arguments):
    """A generator and a discriminator of 8x8 images, every kernel of both normalised."""
    layers = keras.layers
    seeds = iter(range(9))

    def normalized(layer, *layer_arguments, **options):
        initializer = keras.initializers.GlorotNormal(next(seeds))
        return SpectralNormalization(layer(*layer_arguments, kernel_initializer=initializer, **options), **arguments)

    generator = keras.Sequential(
        [
            keras.Input((LATENT_DIM,)),
            normalized(layers.Dense, 4 * 4 * 3),
            layers.Reshape((4, 4, 3)),
            layers.LeakyReLU(),
            normalized(layers.Conv2DTranspose, 1, 4, 2, "same"),
            layers.Activation("tanh", dtype="float32"),
        ]
    )
    discriminator = keras.Sequential(
        [
            keras.Input(IMAGE_SHAPE),
            normalized(layers.Conv2D, 4, 4, 2, "same", activation="leaky_relu"),
            layers.Flatten(),
            normalized(layers.Dense, 8, activation="tanh"),
            normalized(layers.Dense, 1, dtype="float32"),
        ]
    )
    return generator, discriminator


def compiled(model):
    optimizers = [keras.optimizers.SGD(0.05, momentum=0.9) for _ in range(2)]
    model.compile(*optimizers)
    return model


def images(count=4):
    return np.random.RandomState(0).uniform(-1, 1, (count, *IMAGE_SHAPE)).astype("float32")


def batches(num_steps, batch_size=8):
    return tf.data.Dataset.from_tensor_slices(images(num_steps * batch_size)).batch(batch_size, drop_remainder=True)


def wrappers(*models):
    return [layer for model in models for layer in model.layers if isinstance(layer, SpectralNormalization)]


class TestTraining:
    @both_modes
    def test_with_a_gradient_penalty(self, arguments):
        model = compiled(WGANDiv(*networks(**arguments), sampling="interpolate_real_fake"))
        before = [variable.numpy() for variable in model.trainable_variables]
        history = model.fit(batches(3), verbose=0).history
        assert np.isfinite(list(history.values())).all()
        for variable, value in zip(model.trainable_variables, before, strict=True):
            assert np.isfinite(variable.numpy()).all(), variable.path
            if variable.path.endswith("kernel"):
                assert not np.array_equal(variable.numpy(), value), variable.path

    @pytest.mark.traced
    def test_u_follows_the_kernel(self):
        model = compiled(GAN(*networks()))
        model.fit(batches(60), verbose=0)
        for layer in wrappers(model.discriminator):
            kernel = layer.normalized_kernel().numpy()
            # What the estimate is off by: two scores of a step differ by no more.
            assert np.linalg.norm(kernel.reshape(-1, kernel.shape[-1]), 2) == pytest.approx(1, abs=1e-3), layer.name

    @pytest.mark.slow
    def test_all_replicas_have_one_u(self, two_replicas):
        with two_replicas.scope():
            model = compiled(GAN(*networks()))
        model.fit(batches(10), verbose=0)
        for layer in wrappers(model.discriminator):
            first, second = two_replicas.experimental_local_results(layer.u.value)
            np.testing.assert_array_equal(first, second)

    def test_activity_and_kernel_regularisers_of_the_layer_count(self):
        dense = keras.layers.Dense(
            2, activity_regularizer=keras.regularizers.L2(0.5), kernel_regularizer=SpectralNorm(3.0, 20)
        )
        model = keras.Sequential([keras.Input((3,)), SpectralNormalization(dense)])
        outputs = model(np.random.RandomState(0).randn(4, 3).astype("float32"))
        kernel_loss = SpectralNorm(3.0, 20)(dense.kernel)  # of the kernel as it is stored
        activity_loss = 0.5 * np.sum(np.square(outputs)) / 4  # Keras divides it by the batch
        assert sorted(map(float, model.losses)) == pytest.approx(sorted([kernel_loss, activity_loss]), rel=1e-5)


class TestMixedPrecision:
    @pytest.mark.parametrize("inside_a_model", [False, True])
    def test_sigma_is_that_of_the_stored_kernel(self, mixed_bfloat16, inside_a_model):
        dense = keras.layers.Dense(5, kernel_initializer=keras.initializers.GlorotNormal(0))
        layer = SpectralNormalization(dense)
        seen = []
        normalized_kernel = layer.normalized_kernel
        layer.normalized_kernel = lambda training: seen.append(normalized_kernel(training)) or seen[-1]
        call = keras.Sequential([keras.layers.Activation("relu"), layer]) if inside_a_model else layer
        for _ in range(100):  # until u has converged
            outputs = call(np.ones((2, 7), "float32"), training=True)

        assert outputs.dtype == "bfloat16"
        assert {variable.dtype for variable in layer.variables} == {"float32"}
        # 1e-5 is float32's; a kernel rounded to bfloat16's eight bits would be off by about 1e-3.
        expected = dense.kernel.numpy() / np.linalg.norm(dense.kernel.numpy(), 2)
        np.testing.assert_allclose(seen[-1].numpy(), expected, rtol=1e-5)
        # eight bits in each of seven products
        np.testing.assert_allclose(tf.cast(outputs, "float32")[0], expected.sum(axis=0), rtol=0, atol=0.03)

    @both_modes
    def test_it_trains(self, mixed_bfloat16, arguments):
        model = compiled(GAN(*networks(**arguments)))
        assert [layer.output.dtype for layer in wrappers(model.discriminator)] == ["bfloat16", "bfloat16", "float32"]
        history = model.fit(batches(2), verbose=0).history
        assert np.isfinite(list(history.values())).all()
        for variable in model.trainable_variables:
            assert variable.dtype == "float32" and np.isfinite(variable.numpy()).all()


class TestSaving:
    @both_modes
    def test_everything_comes_back(self, arguments, tmp_path):
        model = compiled(GAN(*networks(**arguments)))
        model.fit(batches(2), verbose=0)
        model.save(tmp_path / "model.keras")
        loaded = keras.models.load_model(tmp_path / "model.keras")
        for variable, other in zip(model.variables, loaded.variables, strict=True):
            np.testing.assert_array_equal(other, variable, err_msg=variable.path)
        for layer in wrappers(loaded.generator, loaded.discriminator):
            assert layer.persistent == hasattr(layer, "u") == arguments.get("persistent", True)
            assert layer.power_iterations == arguments.get("power_iterations", 1)
        np.testing.assert_array_equal(loaded.score(images()), model.score(images()))

    def test_in_mixed_precision(self, mixed_bfloat16, tmp_path):
        _, discriminator = networks()
        discriminator(images(), training=True)
        discriminator.save(tmp_path / "model.keras")
        keras.config.set_dtype_policy("float32")
        loaded = keras.models.load_model(tmp_path / "model.keras")
        assert [layer.layer.compute_dtype for layer in wrappers(loaded)] == ["bfloat16", "bfloat16", "float32"]
        np.testing.assert_array_equal(loaded(images()), discriminator(images()))

    @both_modes
    @pytest.mark.slow
    def test_export(self, arguments, tmp_path):
        model = compiled(GAN(*networks(**arguments)))
        model.fit(batches(2), verbose=0)
        model.export(tmp_path / "saved_model")
        saved = tf.saved_model.load(tmp_path / "saved_model")
        latents = model.latents(5, 0)
        # the same operations, in a graph and one by one
        np.testing.assert_allclose(saved.decode(latents), model.decode(latents), rtol=0, atol=1e-6)
        np.testing.assert_array_equal(saved.decode(latents), saved.decode(latents))
