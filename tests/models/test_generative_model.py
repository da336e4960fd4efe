"""Sampling in Python, and from the SavedModel where only TensorFlow can be imported."""

import numpy as np
import pytest
import tensorflow as tf

from helpers.processes import run
from helpers.small_gans import IMAGE_SHAPE, LATENT_DIM, batches, compiled, image_networks
from keras_gen.errors import InputError
from keras_gen.models import WGANDiv

# The same float32 network on another number of rows may add in another order.
ROUNDING = 1e-6


@pytest.fixture(scope="module")
def model():
    model = compiled(WGANDiv(*image_networks(), ema_momentum=0.5))
    model.fit(batches(0, 3), verbose=0)
    return model


class TestSample:
    def test_shape_type_and_range(self, model):
        samples = model.sample(5, seed=3)
        assert samples.shape == (5, *IMAGE_SHAPE)
        assert samples.dtype == tf.float32
        assert np.abs(samples).max() <= 1

    def test_the_seed_decides(self, model):
        np.testing.assert_array_equal(model.sample(5, seed=3), model.sample(5, seed=3))
        np.testing.assert_array_equal(model.sample(5), model.sample(5, seed=0))
        latents = np.concatenate([model.latents(8, seed) for seed in range(4)])
        assert len(np.unique(latents)) == 4 * 8 * LATENT_DIM
        assert np.abs(model.sample(5, seed=3) - model.sample(5, seed=4)).max() > 1e-3

    def test_the_first_of_many_are_those_of_a_few(self, model):
        np.testing.assert_array_equal(model.latents(1000, 3)[:7], model.latents(7, 3))
        np.testing.assert_allclose(model.sample(1000, 3)[:7], model.sample(7, 3), atol=ROUNDING)

    def test_it_decodes_standard_normal_latents(self, model):
        np.testing.assert_allclose(model.sample(5, 3), model.decode(model.latents(5, 3)), atol=ROUNDING)
        latents = model.latents(20_000, 3).numpy()
        # n = 60,000: five standard deviations of the mean and of the variance
        assert abs(latents.mean()) < 5 / np.sqrt(6e4)
        assert latents.var() == pytest.approx(1, abs=5 * np.sqrt(2 / 6e4))

    def test_it_does_not_train(self, model):
        before = [weight.numpy() for weight in model.weights]
        model.sample(5)
        model(model.latents(5, 0))
        for weight, value in zip(model.weights, before, strict=True):
            np.testing.assert_array_equal(weight.numpy(), value, err_msg=weight.path)

    def test_it_follows_the_weights(self, model):
        model = WGANDiv(*image_networks())
        before = model.sample(3)
        model.generator.set_weights([weight + 0.1 for weight in model.generator.get_weights()])
        assert np.abs(model.sample(3) - before).max() > 1e-3

    def test_calling_the_model_decodes(self, model):
        latents = model.latents(4, 0)
        np.testing.assert_array_equal(model(latents), model.decode(latents))

    @pytest.mark.parametrize("count", [0, -3])
    def test_at_least_one(self, model, count):
        with pytest.raises(InputError, match=f"num_samples={count}: must be at least 1"):
            model.sample(count)


@pytest.fixture(scope="module")
def saved_model(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("export") / "saved_model"
    model.export(path)
    return path


@pytest.fixture(scope="module")
def samples(saved_model):
    """What the SavedModel gives in a process that can import neither Keras nor keras_gen nor TFP."""
    path = saved_model.parent / "samples.npz"
    run("sample_with_tensorflow_alone.py", saved_model, path, flags=["-I"])
    return dict(np.load(path))


class TestSavedModel:
    def test_samples_are_the_models(self, model, samples):
        np.testing.assert_allclose(samples["seed_3"], model.sample(5, 3), atol=ROUNDING)
        np.testing.assert_allclose(samples["seed_4"], model.sample(5, 4), atol=ROUNDING)

    def test_the_seed_decides(self, samples):
        np.testing.assert_array_equal(samples["seed_3_again"], samples["seed_3"])
        np.testing.assert_array_equal(samples["signature"], samples["seed_3"])
        assert np.abs(samples["seed_3"] - samples["seed_4"]).max() > 1e-3

    def test_any_number(self, samples):
        assert samples["one"].shape == (1, *IMAGE_SHAPE)
        assert samples["thousand"].shape == (1000, *IMAGE_SHAPE)
        np.testing.assert_allclose(samples["thousand"][:5], samples["seed_3"], atol=ROUNDING)
        np.testing.assert_allclose(samples["one"], samples["seed_3"][:1], atol=ROUNDING)

    def test_decode(self, model, samples):
        latents = np.random.RandomState(0).randn(4, LATENT_DIM).astype("float32")
        np.testing.assert_allclose(samples["decoded"], model.decode(latents), atol=ROUNDING)
        np.testing.assert_array_equal(samples["decoded_by_signature"], samples["decoded"])

    def test_at_least_one(self, samples):
        assert "num_samples: must be at least 1, got" in str(samples["error"])

    def test_only_sampling_draws(self, saved_model):
        exported = tf.saved_model.load(saved_model)
        signatures = exported.signatures
        assert {"sample", "decode"} <= set(signatures)
        assert random_operations(signatures["decode"]) == set()
        assert random_operations(signatures["sample"])  # so that the search is known to find them

    @pytest.mark.slow
    def test_it_is_exported_under_a_strategy_too(self, two_replicas, tmp_path):
        with two_replicas.scope():
            model = compiled(WGANDiv(*image_networks()))
        model.fit(batches(0, 1), verbose=0)
        model.export(tmp_path / "saved_model")
        exported = tf.saved_model.load(tmp_path / "saved_model")
        np.testing.assert_allclose(exported.sample(5, 3), model.sample(5, 3), atol=ROUNDING)


def random_operations(function):
    """Types of the random operations in a concrete function and in all functions that it calls."""
    graph = function.graph.as_graph_def()
    nodes = [*graph.node, *(node for called in graph.library.function for node in called.node_def)]
    return {node.op for node in nodes if "random" in node.op.lower() or "stateless" in node.op.lower()} - {
        # calls of functions, not draws
        "StatelessIf",
        "StatelessWhile",
        "StatelessCase",
        "StatelessPartitionedCall",
    }
