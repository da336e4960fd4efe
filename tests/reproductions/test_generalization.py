import numpy as np
import pytest

from keras_gen import datasets, metrics
from reproductions.experiments import generalization
from reproductions.studies.generalization import COMPARED, STUDY


def test_of_equal_accuracies_the_largest_strength_is_chosen():
    rows = [{"strength": s, "accuracy": a} for s, a in ((0.1, 0.5), (1.0, 0.7), (10.0, 0.7), (100.0, 0.6))]
    assert generalization.chosen(rows) == 10.0


@pytest.mark.slow
def test_a_short_run():
    variant = {"dataset": "digits", "num_images": 200, "method": "gradient penalty", "strengths": (0.01, 0.1)}
    found = STUDY.perform(STUDY.presets["smoke"].replace({"steps": 60, **variant}), None)
    assert found["num_images"] == 200
    assert [row["strength"] for row in found["validation"]] == [0.01, 0.1]
    assert found["strength"] == generalization.chosen(found["validation"])
    assert found["train_accuracy"] > 0.4  # of ten classes
    assert found["attacked_accuracy"] <= found["test_accuracy"] + 0.1
    # No change of an input moves the logits more than the Lipschitz bound allows, and along the gradient more.
    bound = np.prod(list(found["norms"]["operator"].values()))
    assert 0 < found["sensitivity"]["random"] < found["sensitivity"]["gradient"] < bound
    for layer, spectral in found["norms"]["spectral"].items():
        assert spectral <= found["norms"]["frobenius"][layer] + 1e-9


@pytest.mark.slow
@pytest.mark.parametrize("method, norm, strength", [("L2", "frobenius", 1.0), ("spectral norm", "spectral", 1.0)])
def test_a_heavy_strength_lowers_what_it_charges(method, norm, strength):
    images = datasets.load("digits", "train").subset(np.arange(200))
    settings = STUDY.presets["smoke"].replace({"steps": 60, "learning_rate": 5e-3, "method": method})
    light, heavy = (
        sum(value**2 for value in metrics.layer_norms(generalization.trained(settings, of, images), norm).values())
        for of in (0.0, strength)
    )
    assert heavy < 0.8 * light


def test_the_table_and_the_claim_by_hand():
    def run(title, variant, accuracy):
        norms = {"conv2d": 2.0, "logits": 3.0}
        return {
            "variant": title,
            "seed": 0,
            "flags": dict(variant),
            "num_images": variant["num_images"] or 4_000,
            "strength": 0.1,
            "train_accuracy": 0.9,
            "test_accuracy": accuracy,
            "attacked_accuracy": 0.25,
            "sensitivity": {"random": 0.5, "gradient": 2.0},
            "norms": {norm: norms for norm in ("spectral", "frobenius", "operator")},
        }

    runs = [run(title, variant, 0.8) for title, variant in STUDY.variants.items()]
    assert len(runs) == sum(map(len, COMPARED.values()))
    flags = {"steps": 5, "batch_size": 16, "min_passes": 0, "change_norm": 1.0, "epsilon": 0.2, "attacked_images": 50}
    record = {"question": "Which?", "flags": flags, "runs": runs}
    lines = STUDY.table(record).splitlines()
    assert "| fashion_mnist, 2000, L2 | 0.1* | 0.800 | 0.100 | 0.5 | 2 | 0.250 |" in lines
    assert "| fashion_mnist, 2000, spectral norm | 0.1 | 0.800 | 0.100 | 0.5 | 2 | 0.250 |" in lines
    assert "| fashion_mnist, 2000, L2 | 2 | 3 | 6 | 6 | 6 |" in lines
    of_few, of_all, of_photos = (list(claim.values(record)) for claim in STUDY.claims)
    assert of_few == of_all == of_photos == [0.0]
    next(run for run in runs if run["variant"] == "fashion_mnist, all, spectral norm")["test_accuracy"] = 0.86
    assert list(STUDY.claims[1].values(record)) == [pytest.approx(0.06)]
    # Where L2 does harm, to be better than L2 is not enough.
    next(run for run in runs if run["variant"] == "cifar10, all, L2")["test_accuracy"] = 0.7
    assert list(STUDY.claims[2].values(record)) == [0.0]


@pytest.mark.parametrize("size, sizes", [(100, (100, 80)), (None, (144, 36))])
def test_strengths_are_chosen_on_images_that_are_not_trained_on(monkeypatch, size, sizes):
    images = datasets.load("digits", "train").subset(np.arange(180))
    train, rest = generalization.divided(images, size, seed=0) if size else (images, None)
    seen = []
    monkeypatch.setattr(generalization, "trained", lambda settings, strength, on: seen.append(on))
    monkeypatch.setattr(generalization, "_accuracy", lambda network, on: seen.append(on) or 0.5)
    settings = STUDY.presets["smoke"].replace({"strengths": (0.1,)})
    generalization.validation_accuracies(settings, train, rest)
    trained_on, measured_on = ({image.tobytes() for image in part.to_array()} for part in seen)
    assert not trained_on & measured_on
    assert (len(trained_on), len(measured_on)) == sizes
