"""What the runs and studies of `vae_clustering` measure, draw and tabulate."""

import csv
from types import SimpleNamespace

import numpy as np
import pytest
from reproductions.harness.flags import SHARED_DEFAULTS

from keras_gen import datasets
from keras_gen.errors import InputError
from reproductions import vae_clustering
from reproductions.harness import clustering, run

EVALUATION = {"step": 10, "purity": 0.75, "hungarian_accuracy": 0.5, "nmi": 0.25, "ari": 0.125, "num_clusters": 9.0}


def configuration(**changes):
    return SimpleNamespace(**SHARED_DEFAULTS | vae_clustering.PRESETS["smoke"] | changes)


@pytest.fixture(scope="module")
def digits():
    return datasets.load("digits"), datasets.load("digits", "test")


class Oracle:
    """A model that knows the digits by heart: it clusters by label, or encodes to the label."""

    def __init__(self, images, labels):
        self.table = {image.tobytes(): label for image, label in zip(images, labels, strict=True)}

    def _labels(self, images):
        return np.array([self.table[np.asarray(image).tobytes()] for image in images])


class Clusterer(Oracle):
    num_clusters = 10

    def cluster(self, images):
        return (self._labels(images) + 3) % 10


class Encoder(Oracle):
    def encode(self, images):
        return np.eye(10)[self._labels(images)]


def test_scores_of_a_model_that_clusters(digits):
    _, test = digits
    measure, described = clustering.measure(configuration(), *digits)
    found = measure(Clusterer(test.to_array(), test.labels))
    assert found == {"purity": 1, "hungarian_accuracy": 1, "nmi": 1, "ari": 1, "num_clusters": 10}
    assert (described["num_train"], described["num_test"]) == tuple(map(len, digits))
    assert 0.6 < described["k_means_on_pixels"]["purity"] < 0.9  # 0.79 to 0.80 in scikit-learn's own example


def test_scores_of_codes(digits):
    images = np.concatenate([part.to_array() for part in digits])
    measure, _ = clustering.measure(configuration(), *digits)
    found = measure(Encoder(images, np.concatenate([part.labels for part in digits])))
    assert found["k_means_purity"] == found["gaussian_mixture_ari"] == 1
    assert len(found) == 10


def test_fewer_images_than_clusters(digits):
    with pytest.raises(InputError, match="--num_clusters=400: --dataset=digits has .* one for each cluster"):
        clustering.measure(configuration(num_clusters=400), *digits)


@pytest.mark.parametrize("model", ["clustering_vae", "vae"])
def test_a_run_whose_clusters_begin_in_the_codes(model, tmp_path):
    changes = {"model": model, "initial_means": "k_means", "warm_up_steps": 10, "likelihood": "bernoulli"}
    run.perform(vae_clustering.REPRODUCTION, configuration(**changes), str(tmp_path / "run"))
    with open(tmp_path / "run" / "evaluations.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    name = "purity" if model == "clustering_vae" else "k_means_purity"
    assert [row["step"] for row in rows] == ["10", "20"] and all(0.1 < float(row[name]) <= 1 for row in rows)
    assert len(list((tmp_path / "run" / "samples").glob("*.png"))) == 2


def record():
    """A variant that clusters, with two seeds, one whose codes are clustered, and one that broke down."""
    shared = {
        "measure": {"num_train": 30, "num_test": 20, "k_means_on_pixels": EVALUATION | {"purity": 0.5}},
        "seconds": 90,
    }
    codes = {
        f"{prefix}_{name}": value for prefix in ("k_means", "gaussian_mixture") for name, value in EVALUATION.items()
    }
    return {
        "question": "?",
        "flags": {"dataset": "digits", "steps": 10, "batch_size": 16},
        "runs": [
            {"variant": "one step", "seed": 0, "evaluations": [EVALUATION], **shared},
            {"variant": "one step", "seed": 1, "evaluations": [EVALUATION | {"purity": 0.85}], **shared},
            {"variant": "VAE", "seed": 0, "evaluations": [codes | {"step": 10}], **shared},
            {"variant": "too fast", "seed": 0, "broke_down": "loss is NaN", "evaluations": []},
        ],
    }


def test_the_table():
    lines = clustering.table(record()).split("\n")
    assert lines[0].startswith("Scores after the last step on 20 test images; 30 training images; digits, 10 steps")
    assert lines[4:] == [
        "| one step | 0.800 ± 0.071 | 0.500 ± 0.000 | 0.250 ± 0.000 | 0.125 ± 0.000 | 1.5 ± 0.0 |",
        "| VAE + k-means | 0.750 | 0.500 | 0.250 | 0.125 | 1.5 |",
        "| VAE + Gaussian mixture | 0.750 | 0.500 | 0.250 | 0.125 | 1.5 |",
        "| too fast | loss is NaN |  |  |  |  |",
        "| *k-means on pixels* | 0.500 ± 0.000 | 0.500 ± 0.000 | 0.250 ± 0.000 | 0.125 ± 0.000 |  |",
    ]


def test_the_plot(tmp_path):
    clustering.plot(record(), tmp_path / "plot.png")
    assert (tmp_path / "plot.png").stat().st_size > 10_000
