"""The study `step_time` of the post on Lipschitz constraints."""

import pytest

from reproductions import lipschitz
from reproductions.experiments import step_time as experiment

STUDY = lipschitz.REPRODUCTION.studies["step_time"]


@pytest.mark.slow
def test_a_run(monkeypatch):
    monkeypatch.setattr(experiment, "TURNS", 3)
    monkeypatch.setattr(experiment, "STEPS", 2)
    found = STUDY.perform(STUDY.presets["smoke"].replace(STUDY.variants["in turn"]), None)
    times = found["seconds_per_step_of"]
    assert {critic: len(turns) for critic, turns in times.items()} == {
        "spectral_normalization": 3,
        "gradient_penalty": 3,
    }
    assert all(seconds > 0 for turns in times.values() for seconds in turns)


def test_the_ratio_and_the_table():
    turns = [
        {"spectral_normalization": [1.0, 1.0, 4.0], "gradient_penalty": [2.0, 3.0, 4.0]},  # twice, thrice, once
        {"spectral_normalization": [0.1, 0.1, 0.1], "gradient_penalty": [0.05, 0.1, 0.2]},
    ]
    runs = [{"variant": "in turn", "seed": i, "seconds_per_step_of": found} for i, found in enumerate(turns)]
    flags = {"dataset": "cifar10", "batch_size": 64, "discriminator_steps": 5}
    record = {"question": "Which?", "flags": flags, "runs": runs}
    (claim,) = STUDY.claims
    assert claim.values(record) == [2.0, 1.0]
    first, second, last = STUDY.table(record).splitlines()[-3:]
    assert first == "| SN, five iterations | 550 ± 636 |"
    assert second == "| gradient penalty | 1550 ± 2051 |"
    assert last == "| the second over the first | 1.50 ± 0.71 |"
    (axes,) = STUDY.figure(record).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["SN, five iterations", "gradient penalty"]
