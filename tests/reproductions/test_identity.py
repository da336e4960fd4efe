"""The study `identity` of the post on the VAE and mutual information."""

from types import SimpleNamespace

import numpy as np
import pytest

from reproductions.experiments import identity
from reproductions.studies.identity import QUANTITIES, STUDY

every_variant = pytest.mark.parametrize("variant", STUDY.variants.values(), ids=STUDY.variants)


@every_variant
@pytest.mark.parametrize("seed", [0, 1])
def test_the_equations_hold(variant, seed):
    made = STUDY.perform(STUDY.presets["smoke"].replace({**variant, "seed": seed}), None)
    assert len(made["errors"]) == 4 and made["nats"].keys() == QUANTITIES.keys()
    assert made["largest_error"] < 1e-10  # float64, numbers of order 10
    nats = SimpleNamespace(**made["nats"])
    assert nats.information > 0.05 and nats.marginal_kl > 0.01
    if variant["best_decoder"]:
        assert nats.misfit == pytest.approx(0, abs=1e-10)
        assert nats.joint_kl == pytest.approx(nats.marginal_kl, abs=1e-10)
    else:
        assert nats.misfit > 0.1


def test_a_wrong_quantity_breaks_an_equation():
    numbers = identity.finite(np.random.RandomState(0), best_decoder=False)
    for name in numbers:
        errors = identity.identities(SimpleNamespace(**numbers | {name: float(numbers[name]) + 0.01}))
        assert max(map(abs, errors.values())) > 0.009


def test_the_points_give_expectations_of_quadratics():
    """Against the trace formula: E[(x - a)^T B (x - a)] = tr(B cov) + (mean - a)^T B (mean - a)."""
    random = np.random.RandomState(0)
    mean, root, matrix, a = random.normal(size=4), random.normal(size=(4, 4)), random.normal(size=(4, 4)), np.ones(4)
    points = identity._points(identity._gaussian(mean, root @ root.T))
    found = np.mean([(x - a) @ matrix @ (x - a) for x in points])
    assert found == pytest.approx(np.trace(matrix @ root @ root.T) + (mean - a) @ matrix @ (mean - a), rel=1e-10)
