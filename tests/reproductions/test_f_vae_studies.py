"""The measures and pictures of `reproductions/f_vae.py`."""

import typing

import numpy as np
import pytest

from helpers.quick import slow_unless
from keras_gen import datasets, metrics
from keras_gen.models.encoding_model import line, square
from reproductions import f_vae
from reproductions.experiments import flow_pictures
from reproductions.families import flows, samples
from reproductions.studies import f_vae_training
from reproductions.studies.flow_pictures import STUDIES

MODELS = typing.get_args(typing.get_type_hints(f_vae.Configuration)["model"])


def configuration(preset="smoke", **changes):
    return f_vae.PRESETS[preset].replace(changes)


def parameters(model):
    return sum(int(np.prod(variable.shape)) for variable in model.trainable_variables)


@pytest.fixture(scope="module")
def digits():
    return datasets.load("digits", "train"), datasets.load("digits", "test")


@pytest.fixture(scope="module")
def few_features():
    """Features that need no training: the pixels."""

    def features(images):
        return np.asarray(images).reshape(len(images), -1)

    return features


@pytest.mark.parametrize("model", slow_unless(("glow", "vae"), MODELS))
def test_what_is_measured(model, digits, monkeypatch):
    monkeypatch.setattr(samples, "sample_quality", lambda *_: (None, {"features": None}))
    train, test = digits
    c = configuration(model=model, trainable_variance=False, vae_variance=1.0)
    measure, description = flows.measure(c, train, test)
    built = f_vae.build(c, train.image_shape, 1)
    found = measure(built)
    images = test.to_array()
    assert description["sharpness"] == metrics.sharpness(images)
    assert description["num_draws"] == 1
    assert found["parameters"] == parameters(built)
    assert found["sharpness"] == pytest.approx(metrics.sharpness(built.sample(100, seed=0)), rel=1e-3)
    if model == "glow":
        assert "reconstruction_error" not in found
        expected = np.mean(built.bits_per_dimension(images, seed=0))
        # the noise of one value is drawn for all images there, and in parts here
        assert found["bits_per_dimension"] == pytest.approx(expected, abs=1e-3)
    else:
        error = np.sqrt(np.mean((built.reconstruct(images) - images) ** 2))
        assert found["reconstruction_error"] == pytest.approx(error, rel=1e-4)


@pytest.mark.parametrize("model", MODELS)
def test_every_model_has_as_many_draws_for_its_bits(model, digits, monkeypatch):
    monkeypatch.setattr(samples, "sample_quality", lambda *_: (None, {"features": None}))
    train, test = digits
    c = configuration(model=model)
    measure, _ = flows.measure(c, train, test.subset(np.arange(10)))
    built = f_vae.build(c, train.image_shape, 1)
    asked = []
    log_prob = built.log_prob

    def counted(images, **arguments):
        asked.append(arguments)
        return log_prob(images, **arguments)

    monkeypatch.setattr(built, "log_prob", counted)
    measure(built)
    assert asked == [{} if model == "glow" else {"num_draws": 1}]  # Glow's density needs no draw


def test_what_stands_between_images_is_a_mixture_of_codes_with_noise(digits, few_features, monkeypatch):
    monkeypatch.setattr(flow_pictures, "SAMPLES", 20)
    model = f_vae.build(configuration(sigma_1=0.3), (8, 8, 1), 1)
    images = digits[1].to_array(4)
    z = model.posterior_sample(images, seed=1)
    np.testing.assert_array_equal(z, model.posterior_sample(images, seed=1))
    assert np.abs(z - model.posterior_sample(images, seed=2)).max() > 0.1
    noise = model.flow.inverse(z) - model.encoder(images)
    # 256 draws: five standard errors
    assert np.std(noise) == pytest.approx(0.3, abs=5 * 0.3 / np.sqrt(2 * 256))
    weights = line(5)
    np.testing.assert_allclose(weights, [[1 - t, t] for t in (0, 0.25, 0.5, 0.75, 1)], atol=1e-6)
    drawn = model.decoded_mixtures(z[np.newaxis, :2], weights)
    for i, (a, b) in enumerate(weights.numpy()):
        np.testing.assert_allclose(drawn[0, i], model.decode(a * z[:1] + b * z[1:2])[0], atol=1e-5)
    corners = square(3).numpy()
    assert corners.shape == (9, 4)
    np.testing.assert_allclose(corners[[0, 2, 6, 8]], np.eye(4), atol=1e-6)
    np.testing.assert_allclose(corners[4], 0.25, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize(("channels", "study"), [(1, "mnist"), (1, "convergence"), (3, "convergence_photos")])
def test_models_of_a_study_are_of_one_size(channels, study):
    sizes = {
        title: parameters(f_vae.build(configuration("laptop", **flags), (32, 32, channels), 1))
        for title, flags in f_vae.REPRODUCTION.studies[study].variants.items()
    }
    assert sizes["Glow"] == pytest.approx(sizes["f-VAE"], rel=0.03)
    assert sizes["VAE"] > sizes["f-VAE"]
    for larger, times in (("twice as deep", 2), ("twice as large", 2), ("four times as large", 4)):
        if f"Glow, {larger}" in sizes:
            assert sizes[f"Glow, {larger}"] == pytest.approx(times * sizes["f-VAE"], rel=0.03)


def test_the_rate_rises_and_the_gradients_norm_is_bound():
    c = configuration(warmup_steps=10, decay_steps=100, learning_rate=0.5, clip_norm=3.0)
    model = f_vae.build(c, (8, 8, 1), 1)
    assert [float(model.optimizer._learning_rate(step)) for step in (5, 10, 110)] == pytest.approx([0.275, 0.5, 0.005])
    assert model.clip_norm == 3.0
    assert f_vae.build(configuration(clip_norm=0.0), (8, 8, 1), 1).clip_norm is None


def test_an_f_vae_without_a_flow_and_a_posterior_with_two():
    bare = f_vae.build(configuration(flow_levels=0), (8, 8, 1), 1)
    assert bare.flow.layers == [] and bare.latent_shape == bare.code_shape == (4, 4, 4)
    rich = f_vae.build(configuration(model="vae", posterior_flows=2), (8, 8, 1), 1)
    assert type(rich).__name__ == "FlowPosteriorVAE"
    assert sum(type(layer).__name__ == "ConditionalAffine" for layer in rich.flow.layers) == 2
    kernels = [network.get_weights()[0] for network in (rich.encoder, rich.flow.layers[-1].network)]
    assert kernels[0].shape == kernels[1].shape and not np.array_equal(*kernels)
    deep = f_vae.build(configuration(model="vae", vae_networks="deep", stages=2), (8, 8, 1), 1)
    assert deep.encoder.layers[1].kernel.shape == (5, 5, 1, 4)


@pytest.mark.slow
def test_pictures_of_a_model(digits, few_features, monkeypatch):
    monkeypatch.setattr(flow_pictures, "SAMPLES", 250)
    model = f_vae.build(configuration(), (8, 8, 1), 1)
    record = {"question": "What?", "flags": {"dataset": "digits", "steps": 20, "batch_size": 16}}

    found, picture = STUDIES["temperature"].examine(model, *digits, few_features)
    rows = found["temperatures"]
    assert [row["temperature"] for row in rows] == list(flow_pictures.TEMPERATURES)
    assert rows[0]["sharpness_of_the_datas"] < rows[-1]["sharpness_of_the_datas"]
    assert picture.shape == (7 * 66 - 2, 10 * 66 - 2, 1)
    record["runs"] = [{"seed": 0, "variant": "f-VAE", "found": found}]
    assert len(STUDIES["temperature"].table(record).splitlines()) == 2 + 2 + 7

    found, picture = STUDIES["interpolation"].examine(model, *digits, few_features)
    # at first decoder(encoder(x)) = tanh(x), which is flatter
    assert found["kinds"]["reconstructions"]["sharpness_of_the_datas"] < 0.9
    assert picture.shape == (9 * 66 - 2, 2 * (9 * 66 - 2) + 16, 1)
    record["runs"] = [{"seed": 0, "variant": "f-VAE", "found": found}]
    assert STUDIES["interpolation"].table(record).splitlines()[-3].startswith("| reconstructions |")


def test_the_glow_of_the_contests_has_as_many_parameters_as_the_f_vae():
    contest = f_vae.PRESETS["laptop"].replace(f_vae_training.settings("padded:mnist", f_vae_training.STEPS))
    ours, glow = (
        parameters(f_vae.build(contest.replace(flags), (32, 32, 1), 1))
        for flags in (f_vae_training.FLOW, f_vae_training.GLOW)
    )
    assert glow == pytest.approx(ours, rel=0.01)
