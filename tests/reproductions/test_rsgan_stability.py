"""The study `stability` of the post on RSGAN."""

import numpy as np
import pytest

from helpers.small_gans import compiled, image_networks
from keras_gen import datasets
from keras_gen.models import RSGAN
from reproductions.experiments import gradient_variance
from reproductions.studies.rsgan_stability import FRESH, RUNNING_MEAN, STUDY


def test_the_relative_variance():
    """Gradients of mean mu and variance s² in each of d directions: d s² / |mu|²."""
    random = np.random.RandomState(0)
    mean = random.randn(50)
    gradients = mean + 0.8 * random.randn(20_000, 50)
    expected = 50 * 0.64 / np.sum(mean**2)
    # 20,000 draws: a standard error of about 0.2 %
    assert gradient_variance.relative_variance(gradients) == pytest.approx(expected, rel=0.01)
    # without bias: of few gradients, it is as large in the mean
    few = [gradient_variance.relative_variance(part) for part in np.split(gradients, 400)]
    assert np.mean(few) == pytest.approx(expected, rel=0.05)
    assert gradient_variance.relative_variance(np.array([[1.0], [-1.0]])) == float("inf")


@pytest.mark.parametrize("real_scores", ["fresh", "running_mean"])
def test_a_trained_model_is_looked_at(real_scores, monkeypatch):
    monkeypatch.setattr(gradient_variance, "BATCHES", 4)
    monkeypatch.setattr(gradient_variance, "BATCH_SIZE", 8)
    model = compiled(RSGAN(*image_networks(), real_scores=real_scores))
    train = datasets.load("padded:digits", "train", image_size=16)
    scored = []
    objective = model.generator_objective

    def recorded(fake, real=None):
        scored.append(real)
        return objective(fake, real)

    monkeypatch.setattr(model, "generator_objective", recorded)
    found, picture = STUDY.examine(model, train, None, None, None)
    assert found["gradient_variance"] > 0 and picture.dtype == np.uint8
    assert len(scored) == 4 and all((real is None) == (real_scores == "running_mean") for real in scored)


def run(variant, seed, distances, variance):
    rows = [
        {"step": 100 * (i + 1), "frechet_distance": distance, "num_real": 1000, "num_fake": 100}
        for i, distance in enumerate(distances)
    ]
    measure = {"features": {"network": "LeNet"}, "test_images": {}}
    found = {"gradient_variance": variance}
    return {"variant": variant, "seed": seed, "evaluations": rows, "measure": measure, "found": found}


def test_claims_and_table():
    runs = [
        run(FRESH, 0, [4.0, 2.0, 2.5], 3.0),
        run(RUNNING_MEAN, 0, [4.0, 2.0, 6.5], 9.0),  # more than three times 2.0
        run(FRESH, 1, [4.0, 2.0, 2.5], 4.0),
        run(RUNNING_MEAN, 1, [4.0, 2.0, 5.5], 6.0),
        {"variant": FRESH, "seed": 2, "broke_down": "loss is NaN"},
        {"variant": RUNNING_MEAN, "seed": 2, "broke_down": "loss is NaN"},
    ]
    record = {"question": "Which?", "flags": {"dataset": "digits", "steps": 300, "batch_size": 8}, "runs": runs}
    collapses, variances = STUDY.claims
    assert collapses.values(record) == [1, 0, 0]
    assert variances.values(record)[0] == 1.5  # the collapsed run's tells nothing
    fresh, running_mean = STUDY.table(record).splitlines()[-2:]
    assert fresh == f"| {FRESH} | 1 of 3 | 2.83 ± 0 | 3.5 |"
    assert running_mean.startswith(f"| {RUNNING_MEAN} | 2 of 3 | ") and running_mean.endswith(" | 6 |")
