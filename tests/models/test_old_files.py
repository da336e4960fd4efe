"""Files that version 0.1.0 saved still load, sample the same and train on.

`files_of_version_0/` holds a small model of each kind after one step, and in `samples.npz` what that version then gave:
five samples, the terms of a second step, and five samples after it.
"""

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_gen
from helpers.quick import slow_unless
from helpers.small_gans import state

FOLDER = Path(__file__).parent / "files_of_version_0"

# That version's noise came from TensorFlow's kernel, whose normal numbers may differ in the sixth digit.
CLOSE = {"rtol": 1e-4, "atol": 1e-5}

ARGUMENTS = {
    "GAN": {"discriminator_steps": 2, "generator_steps": 3, "ema_momentum": 0.9, "seed": 7, "name": "mine"},
    "WGAN": {"clip": 0.03, "discriminator_steps": 2},
    "WGANGP": {"penalty_weight": 3.0, "one_sided": True, "sampling": "fake", "ema_momentum": 0.9},
    "WGANDiv": {"k": 0.5, "p": 3.0, "sampling": "interpolate_within", "generator_steps": 2, "seed": 4},
    "RSGAN": {"h": "linear", "pairs": "average"},
    "FGAN": {"divergence": "jeffreys", "order": "fake_real", "non_saturating": True},
}
FILES = {"gan": "GAN", "wgan": "WGAN", "wgan_gp": "WGANGP", "wgan_div": "WGANDiv", "rsgan": "RSGAN", "f_gan": "FGAN"}


@pytest.mark.parametrize("name, kind", slow_unless([("gan", "GAN"), ("rsgan", "RSGAN")], FILES.items()))
def test_it_loads_and_goes_on(name, kind, tmp_path):
    expected = np.load(FOLDER / "samples.npz")
    model = keras.models.load_model(FOLDER / f"{name}.keras")
    assert type(model) is getattr(keras_gen.models, kind) and int(model.step.numpy()) == 1
    assert model.get_config().items() >= ARGUMENTS[kind].items()
    assert isinstance(model.generator_optimizer, keras.optimizers.Adam)
    assert isinstance(model.discriminator_optimizer, keras.optimizers.SGD)
    np.testing.assert_allclose(model.sample(5, 3), expected[name], **CLOSE)

    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    for key, value in state(model).items():
        np.testing.assert_array_equal(state(again)[key], value, err_msg=key)

    batch = np.random.RandomState(0).uniform(-1, 1, (2, 20, 2)).astype("float32")[1]
    again.reset_metrics()
    terms = again.train_step(tf.constant(batch))
    np.testing.assert_allclose(list(terms.values()), expected[f"{name}_terms"], **CLOSE)
    np.testing.assert_allclose(again.sample(5, 3), expected[f"{name}_later"], **CLOSE)


def test_the_free_pieces_come_back():
    model = keras.models.load_model(FOLDER / "gan.keras")
    assert type(model.adversarial_loss).__name__ == "Relativistic" and model.relativistic
    assert model.adversarial_loss.get_config() == {"h": "linear", "pairs": "all"}
    assert type(model.gradient_penalty).__name__ == "OneSidedPenalty"
    assert model.gradient_penalty.get_config() == {"weight": 3.0, "sampling": "fake"}
    for name in ("wgan", "rsgan"):
        penalty = keras.models.load_model(FOLDER / f"{name}.keras").gradient_penalty
        assert penalty.get_config() == {"k": 0.5, "p": 2.0, "sampling": "real_and_fake"}


OTHERS = {
    "glow": "Glow",
    "f_vae": "FVAE",
    "vae": "VAE",
    "clustering_vae": "ClusteringVAE",
    "decoder_free_vae": "DecoderFreeVAE",
    "deep_infomax": "DeepInfoMax",
}


@pytest.mark.parametrize("name, kind", slow_unless([("glow", "Glow"), ("deep_infomax", "DeepInfoMax")], OTHERS.items()))
def test_densities_and_encoders_load_and_give_what_their_exports_gave(name, kind):
    """What is expected was computed by the SavedModel that the earlier version exported beside the file."""
    expected = np.load(FOLDER / "samples.npz")
    model = keras.models.load_model(FOLDER / f"{name}.keras")
    assert type(model) is getattr(keras_gen.models, kind) and model.compiled
    images = tf.constant(np.random.RandomState(0).uniform(-1, 1, (3, 8, 8, 1)).astype("float32"))
    np.testing.assert_allclose(model.encode(images), expected[f"{name}_codes"], **CLOSE)
    if name == "clustering_vae":
        np.testing.assert_allclose(model.sample_cluster(2, 5, 3), expected[name], **CLOSE)
    elif name in expected:
        np.testing.assert_allclose(model.sample(5, 3), expected[name], **CLOSE)
    if name == "glow":
        np.testing.assert_allclose(model.log_prob(images), expected["glow_log_prob"], **CLOSE)
    elif f"{name}_log_prob" in expected:
        np.testing.assert_allclose(model.log_prob(images, 2, 3), expected[f"{name}_log_prob"], **CLOSE)


def test_affine_couplings_of_then_have_the_scale_of_then():
    """That version knew one scale, Glow's own sigmoid(r + 2), and its files do not name it."""
    model = keras_gen.models.Glow((8, 8, 1), levels=1, depth=1, width=2, coupling="affine")
    config = model.get_config()
    assert config.pop("scale") == "exp_tanh"
    then, now = keras_gen.models.Glow.from_config(config), keras_gen.models.Glow.from_config(model.get_config())
    assert then.get_config()["scale"] == "sigmoid" and now.get_config()["scale"] == "exp_tanh"
    # Last layers begin at 0, where the two scales are sigmoid(2) and 1; half of the 64 numbers are scaled.
    x = np.zeros((1, 8, 8, 1), "float32")
    difference = np.log(1 / (1 + np.exp(-2.0))) * 32
    np.testing.assert_allclose(then.log_prob(x) - now.log_prob(x), difference, rtol=1e-4)
