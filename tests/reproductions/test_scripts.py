"""What holds for every script: its studies' variants build, and its smoke run ends in a SavedModel that works.

The scripts are those that have a page; a new one is tested by itself.
"""

import json

import numpy as np
import pytest
import tensorflow as tf

from keras_gen import datasets, losses, metrics
from keras_gen.losses import f_divergences
from keras_gen.models import DecoderFreeVAE, DeepInfoMax, ReproducibleModel
from reproductions import deep_infomax, f_gan, f_vae, lipschitz, rsgan, vae_mutual_information
from reproductions.__main__ import reproductions
from reproductions.harness import run
from reproductions.harness.configuration import RunConfiguration
from reproductions.harness.errors import UsageError
from reproductions.harness.options import as_flags

SCRIPTS = reproductions()


def variants():
    """The different configurations of all studies of the scripts' own runs, each under its first title."""
    for name, reproduction in SCRIPTS.items():
        seen = []
        for study, found in reproduction.studies.items():
            for title, flags in found.variants.items() if found.perform is None else ():
                network = {flag: value for flag, value in flags.items() if not flag.endswith("learning_rate")}
                if network not in seen:  # models that differ in their rates alone are built alike
                    seen.append(network)
                    first = study == next(iter(reproduction.studies))
                    yield pytest.param(
                        name, flags, id=f"{name}-{study}-{title}", marks=() if first else pytest.mark.slow
                    )


@pytest.mark.parametrize("name", SCRIPTS)
def test_presets_are_of_one_class_and_named_alike(name):
    presets = SCRIPTS[name].presets
    others = ("photos_", "paper_")  # of photographs, and of what the author compares with
    assert [name for name in presets if not name.startswith(others)] == ["smoke", "laptop", "paper"]
    assert {type(preset) for preset in presets.values()} == {SCRIPTS[name].configuration_class}
    assert issubclass(SCRIPTS[name].configuration_class, RunConfiguration)
    json.dumps(as_flags(presets["smoke"]))


@pytest.fixture(scope="module")
def sampled():
    """The kinds of models of each script that have been sampled from, which takes a graph each."""
    return set()


@pytest.mark.parametrize(("name", "flags"), list(variants()))
def test_every_variant_of_a_study_is_a_model(name, flags, sampled):
    reproduction = SCRIPTS[name]
    model = reproduction.build(reproduction.presets["smoke"].replace(flags), (8, 8, 1), 1)
    assert model.compiled
    if "sample" in model.endpoints() and (name, type(model)) not in sampled:
        assert model.sample(2, seed=0).shape == (2, 8, 8, 1)
        sampled.add((name, type(model)))


@pytest.mark.parametrize(("name", "study"), [(name, study) for name, one in SCRIPTS.items() for study in one.studies])
def test_variants_are_configurations_of_every_preset(name, study):
    found = SCRIPTS[name].studies[study]
    for preset in (found.presets or SCRIPTS[name].presets).values():
        for flags in found.variants.values():
            assert as_flags(preset.replace({**flags, "seed": 5}))["seed"] == 5


CLASSES = {"num_classes": 10}
# `test_run.py` has WGAN-div's.
SMOKE_RUNS: list[tuple[str, dict]] = [
    *((name, {}) for name in sorted(SCRIPTS.keys() - {"wgan_div", "lipschitz"})),
    ("lipschitz", CLASSES),
    ("f_vae", CLASSES | {"model": "glow"}),
    ("f_vae", CLASSES | {"model": "vae", "posterior_flows": 1}),
]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "flags"), SMOKE_RUNS)
def test_a_smoke_run_ends_in_a_saved_model(name, flags, tmp_path):
    reproduction = SCRIPTS[name]
    run.perform(reproduction, reproduction.presets["smoke"].replace(flags), str(tmp_path / "run"))
    results = json.loads((tmp_path / "run" / "results.json").read_text())
    assert [row["step"] for row in results["evaluations"]] == [10, 20]
    assert all(np.isfinite(value) for value in results["evaluations"][-1].values() if value is not None)
    picture = tf.io.decode_png((tmp_path / "run" / "samples" / "step_00000020.png").read_bytes()).numpy()
    assert picture.std() > 1
    loaded = tf.saved_model.load(str(tmp_path / "run" / "saved_model"))
    if "sample" in results["endpoints"]:
        images = loaded.sample(3, 0).numpy()
        assert images.shape == (3, 8, 8, 1) and np.abs(images).max() <= 1
    if "num_classes" in flags:
        assert loaded.sample_class(3, 0, 9).shape == (3, 8, 8, 1)
        assert {"class_accuracy", "within_class_distance"} <= results["evaluations"][-1].keys()
    if "encode" in results["endpoints"]:
        codes = loaded.encode(np.zeros((2, 8, 8, 1), "float32")).numpy()
        assert len(codes) == 2 and np.isfinite(codes).all()


@pytest.mark.parametrize("name", ["deep_infomax", "vae_mutual_information"])
def test_what_is_measured_of_encoders(name):
    reproduction = SCRIPTS[name]
    c = reproduction.presets["smoke"]
    train, test = (datasets.load("digits", split) for split in ("train", "test"))
    measure, described = reproduction.measure(c, train, test)
    model = reproduction.build(c, (8, 8, 1), 1)
    found = measure(model)
    assert described["num_queries"] == 100
    assert 0 <= found["neighbor_accuracy_5"] <= 1 and 0 <= found["linear_probe"] <= 1
    assert found["information"] + found["marginal_kl_upper_bound"] == pytest.approx(found["prior_kl"])
    assert reproduction.sheet(c, test)(model).shape == (10 * 8 + 9 * 2, 23 * 8 + 22 * 2, 1)
    assert list(model.endpoints()) == ["encode", "neighbors", "cosine_neighbors"]


def test_variants_differ_in_what_they_name():
    models = {
        title: rsgan.build(rsgan.PRESETS["smoke"].replace({**flags, "generator_steps": 2}), (8, 8, 1), 1)
        for title, flags in rsgan.REPRODUCTION.studies["convergence"].variants.items()
    }
    assert {title: (m.generator_steps, m.real_batches_per_step) for title, m in models.items()} == {
        "SGAN": (2, 1),
        "SNGAN": (2, 1),
        "RSGAN": (2, 3),
        "RSGAN with SN": (2, 3),
    }
    divergences = [flags["divergence"] for flags in f_gan.REPRODUCTION.studies["images"].variants.values()]
    names = list(f_divergences.names())
    # The loss that does not saturate is for those whose own loses its slope at low scores.
    assert divergences == [*names, *names, "kl", "hellinger", "js", "sgan", *names]


def test_flags_reach_the_models():
    own = {"alpha": 0.1, "beta": 0.2, "gamma": 0.3, "global_pairs": "code_code", "kl_reduction": "mean", "seed": 4}
    model = deep_infomax.build(deep_infomax.PRESETS["smoke"].replace(own), (8, 8, 1), 1)
    assert isinstance(model, DeepInfoMax) and {name: getattr(model, name) for name in own} == own
    assert model.latent_dim == 8 and model.encoder.outputs[0].shape == (None, 4, 4, 4)
    local = deep_infomax.build(deep_infomax.PRESETS["smoke"].replace({"alpha": 0.0}), (8, 8, 1), 1)
    assert local.global_discriminator is None
    adversarial = {"prior": "adversarial", "kl_reduction": "mean"}
    for gamma in (0.0, 0.1):  # what the other flags leave without an effect does not reach the model, which refuses it
        model = deep_infomax.build(deep_infomax.PRESETS["smoke"].replace({**adversarial, "gamma": gamma}), (8, 8, 1), 1)
        assert (model.prior_discriminator is None) == (gamma == 0) and model.kl_reduction == "sum"

    own = {"estimator": "nwj", "num_shuffles": 3, "information_weight": 2.0, "learning_rate": 0.5}
    model = vae_mutual_information.build(vae_mutual_information.PRESETS["smoke"].replace(own), (8, 8, 1), 1)
    assert isinstance(model, DecoderFreeVAE)
    assert (model.estimator.name, model.num_shuffles, model.information_weight) == ("nwj", 3, 2.0)
    assert float(model.optimizer.learning_rate.value) == 0.5


def test_the_paper_preset_of_deep_infomax_has_the_authors_sizes():
    c = deep_infomax.PRESETS["paper"]
    model = deep_infomax.build(c, (32, 32, 3), 1)
    assert [tuple(output.shape[1:]) for output in model.encoder.outputs] == [(4, 4, 256), (256,), (256,)]
    assert [layer.units for layer in model.global_discriminator.layers if hasattr(layer, "units")] == [256] * 4 + [1]
    assert (model.alpha, model.beta, model.gamma, model.kl_reduction) == (0.5, 1.5, 0.01, "mean")
    assert c.steps * c.batch_size == pytest.approx(50 * 50_000, rel=0.01)


def test_a_critic_that_nothing_bounds():
    wrong = lipschitz.PRESETS["smoke"].replace({"spectral_normalization": "none"})
    with pytest.raises(UsageError, match="--spectral_normalization=none: nothing bounds the critic"):
        lipschitz.build(wrong, (8, 8, 1), 1)
    wrong = lipschitz.PRESETS["smoke"].replace({"critic": "clipping", "loss": "logistic"})
    with pytest.raises(UsageError, match="--loss=logistic: --critic=clipping has WGAN's loss; leave --loss out"):
        lipschitz.build(wrong, (8, 8, 1), 1)
    wrong = lipschitz.PRESETS["smoke"].replace({"sampling": "interpolate_within_class", "num_classes": 10})
    with pytest.raises(UsageError, match="--critic=spectral_normalization has no such penalty; leave --sampling out"):
        lipschitz.build(wrong, (8, 8, 1), 1)


@pytest.mark.parametrize(
    ("loss", "expected"),
    [("logistic", losses.NonSaturating), ("hinge", losses.Hinge), ("least_squares", losses.LeastSquares)],
)
def test_the_losses_that_the_field_expects_go_with_both_critics(loss, expected):
    smoke = lipschitz.PRESETS["smoke"].replace({"loss": loss})
    normalized = lipschitz.build(smoke, (8, 8, 1), 1)
    assert type(normalized.adversarial_loss) is expected and normalized.gradient_penalty is None
    penalized = lipschitz.build(smoke.replace({"critic": "r1", "penalty_weight": 3.0}), (8, 8, 1), 1)
    assert type(penalized.adversarial_loss) is expected
    assert penalized.gradient_penalty.get_config() == losses.R1Penalty(3.0).get_config()
    kinds = {type(layer).__name__ for layer in penalized.discriminator.layers}
    assert "SpectralNormalization" not in kinds


def test_classes_reach_the_models_and_their_measures(monkeypatch):
    pixels = metrics.ImageFeatures(lambda x: tf.reshape(x, [-1, 64]), (8, 8, 1), "pixels", {})
    monkeypatch.setattr(metrics, "lenet_features", lambda train, test: pixels)
    c = lipschitz.PRESETS["smoke"].replace({"critic": "gradient_penalty", "num_classes": 10})
    model = lipschitz.build(c.replace({"sampling": "interpolate_within_class"}), (8, 8, 1), 1)
    assert (model.num_classes, model.sampling) == (10, "interpolate_within_class")
    train, test = (datasets.load("digits", split) for split in ("train", "test"))
    measure, described = lipschitz.REPRODUCTION.measure(c, train, test)
    found, of_images = measure(model), described["test_images"]
    # An untrained generator draws every class alike; the test images are of their classes.
    assert found["class_accuracy"] == pytest.approx(0.1, abs=0.02) and of_images["class_accuracy"] > 0.8
    assert found["within_class_distance"] > of_images["within_class_distance"] > 0


@pytest.mark.parametrize("flags", [{"model": "glow"}, {"model": "vae"}, {"model": "vae", "posterior_flows": 1}])
def test_classes_reach_the_priors_of_flows_and_vaes(flags):
    smoke = f_vae.PRESETS["smoke"].replace(flags)
    assert f_vae.build(smoke, (8, 8, 1), 1).num_classes is None
    model = f_vae.build(smoke.replace(CLASSES), (8, 8, 1), 1)
    assert model.class_prior.num_classes == model.num_classes == 10


@pytest.mark.parametrize(
    ("name", "wrong", "message"),
    [
        ("vae_mutual_information", {"num_shuffles": 16}, "--num_shuffles=16: must be below --batch_size=16"),
        ("vae_mutual_information", {"stages": 4}, "--stages=4: images of 8x8 can be halved 3 times; give 3 or fewer"),
        ("deep_infomax", {"alpha": 0.0, "beta": 0.0}, "--alpha=0, --beta=0: there is no information to maximise"),
    ],
)
def test_what_cannot_be_built_is_named_and_nothing_is_written(name, wrong, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        run.perform(SCRIPTS[name], SCRIPTS[name].presets["smoke"].replace(wrong), str(tmp_path / "run"))
    assert not (tmp_path / "run").exists()


def test_a_model_that_a_run_could_not_end_with_is_refused_before_it_begins(monkeypatch):
    class Bare(ReproducibleModel):
        pass

    model = Bare()
    with pytest.raises(UsageError, match="^Bare is not built .* self.built = True$"):
        SCRIPTS["wgan_div"].check_model(model)
    model.built = True
    with pytest.raises(UsageError, match="^Bare has nothing to export; mark with @endpoint"):
        SCRIPTS["wgan_div"].check_model(model)
    monkeypatch.setattr(Bare, "endpoints", lambda self: {"encode": None})
    SCRIPTS["deep_infomax"].check_model(model)
    with pytest.raises(UsageError, match=r"^Bare has no endpoint `sample` .* reproductions/wgan_div.py a sheet=$"):
        SCRIPTS["wgan_div"].check_model(model)
