"""The measures, tables, plots and pictures of `reproductions/f_vae.py`."""

from types import SimpleNamespace

import numpy as np
import pytest
from reproductions.harness.flags import SHARED_DEFAULTS

from keras_gen import datasets, metrics
from reproductions import f_vae
from reproductions.experiments import flow_pictures
from reproductions.harness import densities, measures


def configuration(preset="smoke", **changes):
    return SimpleNamespace(**SHARED_DEFAULTS | f_vae.PRESETS[preset] | changes)


def parameters(model):
    return sum(int(np.prod(variable.shape)) for variable in model.trainable_variables)


@pytest.fixture(scope="module")
def digits():
    return datasets.load("digits", "train"), datasets.load("digits", "test")


@pytest.fixture(scope="module")
def few_features(digits):
    """Features that need no training: the pixels."""

    def features(images):
        return np.asarray(images).reshape(len(images), -1)

    return features


@pytest.mark.parametrize("model", f_vae.MODELS)
def test_what_is_measured(model, digits, monkeypatch):
    monkeypatch.setattr(measures, "sample_quality", lambda *_: (None, {"features": None}))
    train, test = digits
    c = configuration(model=model, trainable_variance=False, vae_variance=1.0)
    measure, description = densities.densities(c, train, test)
    built = f_vae.build(c, train.image_shape, 1)
    found = measure(built)
    images = test.to_array()
    assert description["sharpness"] == metrics.sharpness(images)
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


def test_models_of_a_study_are_of_one_size():
    for channels, study in ((1, "convergence"), (3, "convergence_photos")):
        variants = f_vae.STUDIES[study].variants
        sizes = {
            title: parameters(f_vae.build(configuration("laptop", **flags), (32, 32, channels), 1))
            for title, flags in variants.items()
        }
        assert sizes["Glow"] == pytest.approx(sizes["f-VAE"], rel=0.03)
        assert sizes["VAE"] > sizes["f-VAE"]


def test_the_rate_rises_to_its_value():
    c = configuration(warmup_steps=10, learning_rate=0.5)
    rate = f_vae.build(c, (8, 8, 1), 1).optimizer._learning_rate
    assert [float(rate(step)) for step in (0, 5, 10, 1000)] == pytest.approx([0.05, 0.275, 0.5, 0.5])
    assert f_vae.build(configuration(clip_norm=3.0), (8, 8, 1), 1).clip_norm == 3.0
    assert f_vae.build(configuration(clip_norm=0.0), (8, 8, 1), 1).clip_norm is None


def evaluation(step, **numbers):
    return {
        "step": step,
        "seconds": step / 10,
        "bits_per_dimension": 2.5,
        "frechet_distance": 1.25,
        "sharpness": 0.3,
        "parameters": 1234.0,
        "num_real": 40,
        "num_fake": 20,
        **numbers,
    }


RECORD = {
    "question": "Which?",
    "timed": True,
    "flags": {"dataset": "digits", "steps": 20, "batch_size": 16},
    "runs": [
        {
            "variant": title,
            "seed": 0,
            "evaluations": [evaluation(10, **numbers), evaluation(20, **numbers)],
            "measure": {
                "features": {"network": "LeNet"},
                "sharpness": 0.6,
                "test_images": {"num_fake": 30, "frechet_distance": 0.5},
            },
        }
        for title, numbers in {"f-VAE": {"reconstruction_error": 0.125}, "Glow": {}}.items()
    ],
}


def test_the_table_by_hand(tmp_path):
    lines = densities.density_table(RECORD).splitlines()
    assert lines[0] == "Fréchet distance on LeNet features (40 real, 20 fake); digits, 20 steps of 16, one seed (0)."
    assert lines[-3:] == [
        "| f-VAE | 1,234 | 2.5 | 1.25 | 0.5 | 0.125 | 100 | 0.0 |",
        "| Glow | 1,234 | 2.5 | 1.25 | 0.5 | none | 100 | 0.0 |",
        "| *30 real test images* |  |  | 0.5 | 1 |  |  |  |",
    ]
    densities.density_curves(RECORD, tmp_path / "plot.png")
    assert (tmp_path / "plot.png").stat().st_size > 1000


def test_the_conditions_name_the_data_set_of_the_variants():
    runs = [run | {"flags": {"dataset": "photo_patches"}} for run in RECORD["runs"]]
    assert "; photo_patches, 20 steps of 16" in densities.density_table(RECORD | {"runs": runs})


def test_pictures_of_a_model(digits, few_features, monkeypatch, tmp_path):
    monkeypatch.setattr(flow_pictures, "SAMPLES", 250)
    model = f_vae.build(configuration(), (8, 8, 1), 1)
    record = {"question": "What?", "flags": RECORD["flags"]}

    found, picture = flow_pictures.temperatures(model, *digits, few_features)
    rows = found["temperatures"]
    assert [row["temperature"] for row in rows] == list(flow_pictures.TEMPERATURES)
    assert rows[0]["sharpness_of_the_datas"] < rows[-1]["sharpness_of_the_datas"]
    assert picture.shape == (7 * 66 - 2, 10 * 66 - 2, 1)
    record["runs"] = [{"seed": 0, "variant": "f-VAE", "found": found}]
    assert len(flow_pictures.temperature_table(record).splitlines()) == 2 + 2 + 7
    flow_pictures.temperature_plot(record, tmp_path / "temperature.png")

    found, picture = flow_pictures.interpolations(model, *digits, few_features)
    # at first decoder(encoder(x)) = tanh(x), which is flatter
    assert found["kinds"]["reconstructions"]["sharpness_of_the_datas"] < 0.9
    assert picture.shape == (9 * 66 - 2, 2 * (9 * 66 - 2) + 16, 1)
    record["runs"] = [{"seed": 0, "variant": "f-VAE", "found": found}]
    assert flow_pictures.interpolation_table(record).splitlines()[-3].startswith("| reconstructions |")
    flow_pictures.interpolation_plot(record, tmp_path / "interpolation.png")
