"""The scripts of encoders without a decoder: presets, models, and smoke runs that end in a SavedModel that encodes."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf
from reproductions.harness.flags import SHARED_DEFAULTS

from keras_gen.errors import InputError
from keras_gen.models import DecoderFreeVAE, DeepInfoMax
from reproductions import deep_infomax, vae_mutual_information
from reproductions.harness import run

SCRIPTS = {script.REPRODUCTION.name: script.REPRODUCTION for script in (deep_infomax, vae_mutual_information)}
every_script = pytest.mark.parametrize("name", SCRIPTS)


def configuration(reproduction, preset="smoke", **changes):
    return SimpleNamespace(**SHARED_DEFAULTS | reproduction.presets[preset] | changes)


@every_script
def test_presets_set_the_same_flags(name):
    smoke, laptop, paper = (
        SHARED_DEFAULTS.keys() | SCRIPTS[name].presets[preset].keys() for preset in ("smoke", "laptop", "paper")
    )
    assert smoke == laptop == paper


def test_flags_reach_the_models():
    own = {"alpha": 0.1, "beta": 0.2, "gamma": 0.3, "global_pairs": "code_code", "kl_reduction": "mean", "seed": 4}
    model = deep_infomax.build(configuration(deep_infomax.REPRODUCTION, **own), (8, 8, 1), 1)
    assert isinstance(model, DeepInfoMax) and model.compiled
    assert {name: getattr(model, name) for name in own} == own
    assert model.latent_dim == 8 and model.encoder.outputs[0].shape == (None, 4, 4, 4)
    local = deep_infomax.build(configuration(deep_infomax.REPRODUCTION, alpha=0.0), (8, 8, 1), 1)
    assert local.global_discriminator is None

    own = {"estimator": "nwj", "num_shuffles": 3, "information_weight": 2.0, "learning_rate": 0.5}
    model = vae_mutual_information.build(configuration(vae_mutual_information.REPRODUCTION, **own), (8, 8, 1), 1)
    assert isinstance(model, DecoderFreeVAE)
    assert (model.estimator.name, model.num_shuffles, model.information_weight) == ("nwj", 3, 2.0)
    assert float(model.optimizer.learning_rate.value) == 0.5


def test_the_paper_presets_are_the_authors_sizes():
    c = configuration(deep_infomax.REPRODUCTION, "paper")
    model = deep_infomax.build(c, (32, 32, 3), 1)
    assert [tuple(output.shape[1:]) for output in model.encoder.outputs] == [(4, 4, 256), (256,), (256,)]
    assert [layer.units for layer in model.global_discriminator.layers if hasattr(layer, "units")] == [256] * 4 + [1]
    assert (model.alpha, model.beta, model.gamma, model.kl_reduction) == (0.5, 1.5, 0.01, "mean")
    assert c.steps * c.batch_size == pytest.approx(50 * 50_000, rel=0.01)


@pytest.mark.parametrize(
    ("name", "wrong", "message"),
    [
        ("vae_mutual_information", {"num_shuffles": 16}, "--num_shuffles=16: must be below --batch_size=16"),
        ("vae_mutual_information", {"stages": 4}, r"map_widths=\(4, 8, 16, 32\): give at least one, and no more than"),
        ("deep_infomax", {"gamma": -1.0}, "gamma=-1.0: must be a finite number, at least 0"),
        ("deep_infomax", {"alpha": 0.0, "beta": 0.0}, "alpha=0, beta=0: there is no information to maximise"),
    ],
)
def test_what_cannot_be_built_is_named_and_nothing_is_written(name, wrong, message, tmp_path):
    with pytest.raises(InputError, match=message):
        run.perform(SCRIPTS[name], configuration(SCRIPTS[name], **wrong), str(tmp_path / "run"))
    assert not (tmp_path / "run").exists()


@every_script
def test_a_smoke_run(name, tmp_path):
    run.perform(SCRIPTS[name], configuration(SCRIPTS[name]), str(tmp_path / "run"))
    results = json.loads((tmp_path / "run" / "results.json").read_text())
    assert results["endpoints"] == ["encode", "neighbors", "cosine_neighbors"]
    assert [row["step"] for row in results["evaluations"]] == [10, 20]
    last = results["evaluations"][-1]
    assert 0 <= last["neighbor_accuracy_5"] <= 1 and 0 <= last["linear_probe"] <= 1
    assert last["information"] + last["marginal_kl"] == pytest.approx(last["prior_kl"])
    assert results["measure"]["num_queries"] == 100
    picture = tf.io.decode_png((tmp_path / "run" / "samples" / "step_00000020.png").read_bytes())
    assert picture.shape == (10 * 8 + 9 * 2, 23 * 8 + 22 * 2, 1)
    loaded = tf.saved_model.load(str(tmp_path / "run" / "saved_model"))
    assert loaded.encode(np.zeros((2, 8, 8, 1), "float32")).shape == (2, 8)
