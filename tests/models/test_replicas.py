"""One run is the same on any number of replicas, in one process or in several, and compiled by XLA or not."""

import functools

import numpy as np
import pytest

from helpers.processes import finish, start
from helpers.quick import slow_unless
from helpers.replicated_runs import RUNS, trained
from keras_gen.errors import InputError
from reproductions.harness.workers import loopback_cluster

# Weights, noise and terms have the order of 1 and are float32, and the replicas' batch norm takes its variance as
# E[x^2] - E[x]^2, one replica's as E[(x - E[x])^2].
TOLERANCE = 1e-5

pytestmark = pytest.mark.traced

alone = functools.cache(trained)


def assert_same_run(name, found):
    untrained, expected = alone(name)
    assert found.keys() == expected.keys()
    for key, value in expected.items():
        relative = 0 if "/" in key else TOLERANCE  # terms are sums, of up to hundreds of nats
        np.testing.assert_allclose(found[key], value, rtol=relative, atol=TOLERANCE, err_msg=f"{name}: {key}")
    # They went far enough that a wrong run would show.
    weights = [key for key, value in untrained.items() if key.startswith("model/") and value.dtype == np.float32]
    moved = [np.abs(expected[key] - untrained[key]).max() for key in weights]
    assert np.median(moved) > 50 * TOLERANCE


# Batch norm and a moving average; a start from data and clipping; pairs made over the global batch, which are quick to
# test in tests/losses.
VARIED = ("wgan_div", "glow", "decoder_free_vae")


@pytest.mark.parametrize("name", slow_unless(("wgan_div",), RUNS))
def test_two_replicas_are_one(name, two_replicas):
    _, found = trained(name, two_replicas)
    assert_same_run(name, found)


# A penalty; a flow's step under XLA is in test_guarded_steps.py.
@pytest.mark.parametrize("name", slow_unless(("wgan_div_adam",), RUNS))
def test_xla_changes_nothing(name):
    _, found = trained(name, jit_compile=True)
    assert_same_run(name, found)


def test_xla_is_refused_under_several_replicas(two_replicas):
    with (
        two_replicas.scope(),
        pytest.raises(InputError, match="^jit_compile=True: XLA compiles for one device, not for 2 replicas"),
    ):
        RUNS["vae"].new_model().compile(jit_compile=True)


@pytest.mark.slow
@pytest.mark.parametrize("names", [VARIED], ids="-".join)
def test_two_workers_are_one(names, tmp_path):
    job(tmp_path, loopback_cluster(2), 2, names, seconds=600)
    for name in names:
        assert_same_run(name, worker(tmp_path, 0, name))
        assert_same_bits(name, worker(tmp_path, 0, name), worker(tmp_path, 1, name))


@pytest.mark.slow
@pytest.mark.parametrize("kind, replicas", [("replicas", 4), ("workers", 2), ("workers", 4)])
def test_every_model_on(kind, replicas, tmp_path):
    configs = loopback_cluster(replicas) if kind == "workers" else ["{}"]
    job(tmp_path, configs, replicas, RUNS, seconds=3_600)
    for name in RUNS:
        found = [worker(tmp_path, index, name) for index in range(len(configs))]
        assert_same_run(name, found[0])
        for other in found[1:]:
            assert_same_bits(name, found[0], other)


def job(folder, configs, replicas, names, **options):
    """Runs the program in a process for each TF_CONFIG."""
    finish(
        *[
            start("replicated.py", folder / str(index), replicas, *names, TF_CONFIG=config)
            for index, config in enumerate(configs)
        ],
        **options,
    )


def worker(folder, index, name):
    """What a worker has left of a run."""
    return dict(np.load(folder / str(index) / f"{name}.npz"))


def assert_same_bits(name, one, other):
    assert one.keys() == other.keys()
    for key, value in one.items():
        np.testing.assert_array_equal(other[key], value, err_msg=f"{name}: {key}")
