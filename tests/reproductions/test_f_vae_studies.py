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
from reproductions.reporting import densities, summary
from reproductions.studies import f_vae_training, flow_temperatures
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

    features.description = {}  # nothing tells them from others, so that none are kept
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
        assert "reconstruction_error" not in found and "least_bits_per_dimension" not in found
        expected = np.mean(built.bits_per_dimension(images, seed=0))
        # the noise of one value is drawn for all images there, and in parts here
        assert found["bits_per_dimension"] == pytest.approx(expected, abs=1e-3)
    else:
        error = np.sqrt(np.mean((built.reconstruct(images) - images) ** 2))
        assert found["reconstruction_error"] == pytest.approx(error, rel=1e-4)
        # -log N(m; m, sigma^2) in units of pixels of width 2/255, of sigma = 1, which both models begin with
        assert found["least_bits_per_dimension"] == pytest.approx(np.log2(np.sqrt(2 * np.pi) * 255 / 2), rel=1e-5)
        assert found["bits_per_dimension"] > found["least_bits_per_dimension"]


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
    monkeypatch.setattr(flow_pictures, "IMAGES", 20)
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
@pytest.mark.parametrize(
    ("side", "channels", "study"),
    [(32, 1, "mnist"), (32, 1, "convergence"), (32, 3, "convergence_photos")],
)
def test_models_of_a_study_are_of_one_size(side, channels, study):
    sizes = {
        title: parameters(f_vae.build(configuration("laptop", **flags), (side, side, channels), 1))
        for title, flags in f_vae.REPRODUCTION.studies[study].variants.items()
    }
    assert sizes["Glow"] == pytest.approx(sizes["f-VAE"], rel=0.03)
    assert sizes["VAE"] > sizes["f-VAE"]
    for larger in ("twice as deep", "twice as large"):
        if f"Glow, {larger}" in sizes:
            assert sizes[f"Glow, {larger}"] == pytest.approx(2 * sizes["f-VAE"], rel=0.03)


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
    monkeypatch.setattr(flow_pictures, "IMAGES", 250)
    model = f_vae.build(configuration(), (8, 8, 1), 1)
    record = {"question": "What?", "flags": {"dataset": "digits", "steps": 20, "batch_size": 16}}

    found, picture = STUDIES["temperature"].examine(model, *digits, few_features, configuration())
    rows = found["temperatures"]
    assert [row["temperature"] for row in rows] == list(flow_pictures.TEMPERATURES)
    assert rows[0]["sharpness_of_the_datas"] < rows[-1]["sharpness_of_the_datas"]
    assert picture.shape == (7 * 66 - 2, 10 * 66 - 2, 1)
    record["runs"] = [{"seed": 0, "variant": "f-VAE", "found": found}]
    assert len(STUDIES["temperature"].table(record).splitlines()) == 2 + 2 + 7

    found, picture = STUDIES["interpolation"].examine(model, *digits, few_features, configuration())
    # at first decoder(encoder(x)) = tanh(x), which is flatter
    assert found["kinds"]["reconstructions"]["sharpness_of_the_datas"] < 0.9
    assert picture.shape == (9 * 66 - 2, 2 * (9 * 66 - 2) + 16, 1)
    record["runs"] = [{"seed": 0, "variant": "f-VAE", "found": found}]
    assert STUDIES["interpolation"].table(record).splitlines()[-3].startswith("| reconstructions |")


def test_glow_has_as_many_parameters_as_the_f_vae_and_the_larger_one_twice_as_many():
    contest = f_vae.PRESETS["laptop"].replace(f_vae_training.settings("padded:mnist", f_vae_training.STEPS))
    of_larger = f_vae_training.RATES.contestants[f_vae_training.LARGER]
    ours, same, larger = (
        parameters(f_vae.build(contest.replace(flags), (32, 32, 1), 1))
        for flags in (f_vae_training.FLOW, f_vae_training.GLOW, of_larger)
    )
    assert same == pytest.approx(ours, rel=0.05)
    assert larger == pytest.approx(2 * ours, rel=0.05)


def test_the_f_vae_of_faces_halves_its_maps_and_begins_as_the_authors_does():
    faces, paper = f_vae.REPRODUCTION.studies["faces"].variants["f-VAE"], f_vae.PRESETS["paper"]
    for name in ("stages", "flow_levels", "coupling", "mixing", "sigma_1", "sigma_2", "sigma_rate"):
        assert faces[name] == getattr(paper, name)


def test_codes_as_large_as_the_data():
    contest = f_vae.PRESETS["laptop"]
    assert f_vae_training.RATES.contestants[f_vae_training.MANY_CODES]["latent_dim"] == 32 * 32
    assert contest.replace(f_vae_training.BARE).width == 2 * contest.replace(f_vae_training.FLOW).width


def test_contests_have_their_steps_and_what_the_searches_found():
    studies = f_vae.REPRODUCTION.studies
    assert f_vae_training.SIGMAS.distance == f_vae_training.RATES.distance == summary.settled
    assert {studies[name].settings["steps"] for name in ("mnist", "fashion_mnist")} == {f_vae_training.STEPS}
    assert {studies[name].settings["steps"] for name in ("sigmas", "rates")} == {f_vae_training.SEARCH_STEPS}
    found = f_vae_training.RATES.winners()
    digits, clothes = (studies[name].variants for name in ("mnist", "fashion_mnist"))
    assert {title: digits[title] for title in found} == found
    assert digits.keys() - clothes.keys() == {f_vae_training.LARGER}


def run(variant, seed, sharpness=1.0, distances=(1.0,), by_temperature=()):
    rows = [{"frechet_distance": distance, "sharpness": sharpness} for distance in distances]
    found = [{"temperature": t, "frechet_distance": distance} for t, distance in by_temperature]
    of_run = {"variant": variant, "seed": seed, "evaluations": rows, "measure": {"sharpness": 0.5}}
    return of_run | {"found": {"temperatures": found}}


def test_sharper_than_the_data_is_as_far_from_them_as_blurred():
    (claim,) = f_vae.REPRODUCTION.studies["sharpness"].claims
    titles = ("f-VAE", "VAE", "VAE, variance 1")
    # Each by itself; the data have 0.5. It is the closer of the VAEs that counts.
    for of_each, expected in (
        ((0.5, 0.25, 0.1), np.log(2)),
        ((0.5, 0.1, 0.25), np.log(2)),
        ((1.0, 0.25, 0.25), 0),
        ((4.0, 0.5, 0.3), -np.log(8)),
        ((0.4, 1.0, 1.5), np.log(2) - np.log(1.25)),
    ):
        runs = [run(title, 0, one) for title, one in zip(titles, of_each, strict=True)]
        assert claim.values({"runs": runs}) == pytest.approx([expected], abs=1e-12)
        contests = [f_vae.REPRODUCTION.studies[name].claims for name in ("mnist", "fashion_mnist")]
        (first,), (second,) = ([one for one in found if one.key in ("F3.1", "F3.3")] for found in contests)
        assert first.values({"runs": runs}) == second.values({"runs": runs}) == claim.values({"runs": runs})
    assert str(claim.rule) == "above 0"
    black = {"runs": [run(title, 0, one) for title, one in zip(titles, (0.5, 0.0, 0.0), strict=True)]}
    assert claim.values(black) == [np.inf]


def test_claims_of_the_contest():
    claims = {claim.key: claim for claim in f_vae.REPRODUCTION.studies["mnist"].claims}
    assert claims.keys() == {"F1.1", "F2.1", "F3.1", "F3.2"}
    many = (f_vae_training.LARGE_CODE, f_vae_training.MANY_CODES, f_vae_training.MANY_CODES_FIXED_VARIANCE)
    for closest in many:
        of_each = dict.fromkeys(many, (1, 6, 6, 6)) | {closest: (9, 4, 5, 6), "f-VAE": (7, 2, 1, 3)}
        runs = [run(title, 0, distances=distances) for title, distances in of_each.items()]
        assert claims["F3.2"].values({"runs": runs}) == [3]
    assert str(claims["F3.2"].rule) == "above 0"
    larger = [(0.7, 8.0), (0.8, 4.0), (0.9, 5.0), (1.0, 6.0)]
    ours = [(0.7, 3.0), (0.8, 2.5), (0.9, 2.0), (1.0, 7.0)]
    record = {"runs": [run("f-VAE", 0, by_temperature=ours), run(f_vae_training.LARGER, 0, by_temperature=larger)]}
    assert claims["F2.1"].values(record) == [0.5]
    assert str(claims["F2.1"].rule) == "below 1.05"
    of_each = [{"variant": title, "seed": 0} for title in ("f-VAE", "Glow")]
    for one, distances in zip(of_each, ((4, 2), (8, 5)), strict=True):
        one["evaluations"] = [{"step": 100 * i, "frechet_distance": distance} for i, distance in enumerate(distances)]
    assert claims["F1.1"].values({"runs": of_each}) == [3.5]


@pytest.mark.parametrize("model", ["f_vae", *slow_unless((), ("glow",)), "vae"])
def test_at_a_temperature_of_1_the_distance_is_the_one_after_the_last_step(model, digits, few_features, monkeypatch):
    monkeypatch.setattr(samples.image_features, "features", lambda *_: few_features)
    c = configuration(model=model, evaluation_samples=300)
    train, test = digits
    built = f_vae.build(c, train.image_shape, 1)
    quality, _ = samples.sample_quality(c.replace({"features": "imagenet"}), train, test)
    expected = quality(built)
    found, picture = flow_temperatures.examine(built, train, test, few_features, c)
    rows = {row["temperature"]: row for row in found["temperatures"]}
    assert list(rows) == ([1.0] if model == "vae" else [0.7, 0.8, 0.9, 1.0])
    counts = {(row["num_real"], row["num_fake"]) for row in rows.values()}
    assert counts == {(expected["num_real"], expected["num_fake"])} == {(len(train), 300)}
    assert rows[1.0]["frechet_distance"] == pytest.approx(expected["frechet_distance"], rel=1e-9)
    assert picture.shape[1] == 10 * 66 - 2 and picture.shape[0] == len(rows) * 66 - 2
    if model != "vae":
        drawn = built.decode(np.float32(0.7) * built.latents(300, seed=0)).numpy()
        by_hand = metrics.QualityAgainst(few_features(train.to_array()))(few_features(drawn))
        assert rows[0.7]["frechet_distance"] == pytest.approx(by_hand["frechet_distance"], rel=1e-4)
        assert rows[0.7]["sharpness_of_the_datas"] == pytest.approx(
            metrics.sharpness(drawn) / metrics.sharpness(test.to_array(300)), rel=1e-4
        )


def test_the_table_shows_the_best_temperature_where_it_was_looked_for():
    def of_seed(seed, by_temperature):
        row = {"parameters": 10, "bits_per_dimension": 1.0, "num_real": 9, "num_fake": 8}
        made = run("f-VAE", seed, by_temperature=by_temperature)
        measure = made["measure"] | {
            "features": {"network": "LeNet"},
            "test_images": {"num_real": 9, "num_fake": 9},
            "num_draws": 1,
        }
        return made | {"measure": measure, "evaluations": [made["evaluations"][0] | row]}

    flags = {"dataset": "digits", "steps": 20, "batch_size": 16}
    runs = [of_seed(0, [(0.8, 3.0), (1.0, 4.0)]), of_seed(1, [(0.8, 7.0), (1.0, 5.0)])]
    record = {"flags": flags, "timed": False, "runs": runs}
    assert densities.density_table(record).splitlines()[-1].endswith("| none | 0.8, 1 | 4 ± 1.4 |")
    for one in runs:
        del one["found"]
    assert densities.density_table(record).splitlines()[-1].endswith("| none |")
    assert "temperature" not in densities.density_table(record)
