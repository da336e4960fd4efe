"""The study `retrieval` of the post on Deep InfoMax."""

import numpy as np
import pytest
from sklearn.decomposition import PCA

from keras_gen import datasets
from reproductions import deep_infomax
from reproductions.experiments import retrieval
from reproductions.families import codes

STUDY = deep_infomax.REPRODUCTION.studies["retrieval"]
OF_DIGITS = {title: variant for title, variant in STUDY.variants.items() if title.startswith("mnist_5k")}
# The first of each method.
METHODS = {variant["method"]: title for title, variant in reversed(OF_DIGITS.items())}


def settings(title, **changes):
    return STUDY.presets["smoke"].replace({**STUDY.variants[title], "dataset": "digits", **changes})


# The run below has a model that is trained.
TRAINED = ("autoencoder", "vae", "deep_infomax")


@pytest.mark.parametrize(
    "title",
    [
        pytest.param(title, id=name, marks=[pytest.mark.slow] if name in TRAINED else [])
        for name, title in METHODS.items()
    ],
)
def test_every_method_encodes(title):
    """Two images of the test images; codes of the size that was asked for, and a Gaussian where there is one."""
    train, test = (datasets.load("digits", split) for split in ("train", "test"))
    images = test.to_array(2)
    encode, gaussian, seconds = retrieval.encoder_of(settings(title, steps=10), train)
    found = np.asarray(encode(images))
    assert found.shape == (2, 64 if title.endswith("pixels") else 8)
    assert np.abs(found[0] - found[1]).max() > 1e-3
    if gaussian:
        np.testing.assert_array_equal(gaussian(images)[0], found)
    assert (seconds is None) == title.endswith(("untrained encoder", "PCA", "pixels"))


@pytest.mark.parametrize("title", [title for title in OF_DIGITS if OF_DIGITS[title]["method"] == "deep_infomax"])
def test_every_kind_of_deep_infomax_has_the_terms_that_it_names(title):
    model = deep_infomax.build(settings(title), (8, 8, 1), 1)
    assert (model.global_discriminator is None) == title.endswith("local only")
    assert (model.local_discriminator is None) == title.endswith("global only")
    expected = {"no prior": 0.0, "prior ten times as heavy": 0.01, "as in the author's code": 0.01}
    assert model.gamma == expected.get(title.partition(": ")[2], 0.001)
    assert model.kl_reduction == ("mean" if title.endswith("author's code") else "sum")


@pytest.mark.slow
def test_a_run():
    found = STUDY.perform(settings("mnist_5k: Deep InfoMax", steps=10), None)
    assert found["information"] + found["marginal_kl_upper_bound"] == pytest.approx(found["prior_kl"])
    assert found["seconds_per_step"] > 0
    assert found["sheet"].dtype == np.uint8


def test_pca_is_scikit_learns():
    found = STUDY.perform(settings("mnist_5k: PCA"), None)
    train, test = (datasets.load("digits", split) for split in ("train", "test"))
    pca = PCA(8, random_state=0).fit(train.to_array().reshape(len(train), -1))
    expected = pca.transform(test.to_array().reshape(len(test), -1))
    assert found["code_deviation"] == pytest.approx(codes.moments(expected)["code_deviation"], rel=1e-3)
    assert found["precision_5"] > 0.7


def test_the_table_and_the_claims_by_hand():
    def run(title):
        of_k = {f"{name}_{k}": k / 100 for name in ("neighbor_accuracy", "precision") for k in codes.NUM_NEIGHBORS}
        of_cosine = {f"cosine_{name}_{k}": 0.5 for name in ("accuracy", "precision") for k in codes.NUM_NEIGHBORS}
        seconds = None if title.endswith("PCA") else 0.02
        rest = {"linear_probe": 0.9, "code_mean": 0.1, "code_deviation": 1.1, "seconds_per_step": seconds}
        nats = (
            {}
            if title.endswith("PCA")
            else {"prior_kl": 3.0, "information": 1.2, "marginal_kl": 1.8, "discrepancy": 0.5}
        )
        return {"variant": title, "seed": 0} | of_k | of_cosine | rest | nats

    flags = {"latent_dim": 8, "steps": 20, "batch_size": 16}
    record = {"question": "Which?", "flags": flags, "runs": [run(title) for title in STUDY.variants]}
    lines = STUDY.table(record).splitlines()
    assert lines[0] == "Codes of 8 dimensions, 20 steps of 16; one seed (0)."
    numbers = "0.010 / 0.050 / 0.200 | 0.500 / 0.500 / 0.500"
    assert lines[4] == f"| mnist_5k: Deep InfoMax | {numbers} | {numbers} | 0.900 | 0.10, 1.10 | 3.0, 1.2 | 1.8 |  |"
    assert lines[-2] == f"| fashion_mnist: PCA | {numbers} | {numbers} | 0.900 | 0.10, 1.10 |  |  |  |"
    of_clothes = next(one for one in record["runs"] if one["variant"] == "fashion_mnist: Deep InfoMax")
    of_clothes |= {"neighbor_accuracy_5": 0.25, "discrepancy": 0.1}
    values = {claim.key: claim.values(record) for claim in STUDY.claims}
    # Means over the two data sets: (0.05 + 0.25)/2 - 0.05, and (0.5 + 0.1)/2 over 0.5.
    assert values == {"D1.2": [pytest.approx(0.1)], "D2.2": [pytest.approx(0.1)], "D3.2": [pytest.approx(0.6)]}


def test_on_photographs_every_variant_says_what_the_paper_preset_would_leave_open():
    photos = deep_infomax.REPRODUCTION.studies["retrieval_photos"]
    losses = {title.partition(": ")[2]: variant for title, variant in photos.variants.items()}
    assert photos.preset == "paper" and photos.presets["paper"].steps * 64 / 50_000 == pytest.approx(10, rel=1e-3)
    formulas, authors = (
        photos.presets["paper"].replace(losses[title]) for title in ("Deep InfoMax", "as in the author's code")
    )
    assert (formulas.gamma, formulas.global_pairs, formulas.kl_reduction) == (0.001, "image_code", "sum")
    assert (authors.gamma, authors.global_pairs, authors.kl_reduction) == (0.01, "code_code", "mean")
