import numpy as np
import pytest

from keras_gen.metrics import mode_coverage
from reproductions.experiments import modes
from reproductions.experiments.modes import CENTERS, DEVIATION
from reproductions.studies.modes import RATES, SEARCH, STUDY, missed


def test_the_data_cover_every_mode():
    draws = modes.mixture().sample(20_000, seed=(0, 0)).numpy()
    found = mode_coverage(draws, CENTERS, DEVIATION)
    assert found["modes_found"] == 25
    # within three deviations in the plane: 1 - exp(-9/2); four standard errors
    assert found["good_share"] == pytest.approx(1 - np.exp(-4.5), abs=0.003)


@pytest.mark.parametrize("title", [pytest.param("SNGAN, 1:2", marks=pytest.mark.slow), "RaSGAN, 1:1"])
def test_a_short_run(title):
    found = STUDY.perform(STUDY.presets["smoke"].replace(STUDY.variants[title]), None)
    assert [row["step"] for row in found["evaluations"]] == [20, 40]
    assert np.shape(found["samples"]) == (1_000, 2)
    # The last evaluation is of the model whose samples are kept: the first 100 of them, rounded to 0.0005.
    again = mode_coverage(np.array(found["samples"])[:100], CENTERS, DEVIATION)
    assert found["evaluations"][-1]["good_share"] == pytest.approx(again["good_share"], abs=0.011)


def test_the_table_by_hand():
    def row(step, modes_found):
        return {"step": step, "modes_found": modes_found, "good_share": 0.25, "kl_from_uniform": 0.5}

    runs = [
        {"variant": "SGAN, 1:1", "seed": 0, "evaluations": [row(20, 7), row(40, 9)]},
        {"variant": "RSGAN, 1:2", "seed": 0, "evaluations": [row(20, 25), row(40, 24)]},
    ]
    flags = {"steps": 40, "batch_size": 32, "evaluation_samples": 100}
    lines = STUDY.table({"flags": flags, "runs": runs}).splitlines()
    assert lines[0] == "40 steps of 32, 100 samples per evaluation, one seed (0)."
    assert lines[-2:] == ["| SGAN, 1:1 | 9 | 0.25 | 0.5 | never |", "| RSGAN, 1:2 | 24 | 0.25 | 0.5 | 20 |"]


def test_the_search_wants_both_all_modes_and_good_samples():
    def run(point, modes_found, good_share):
        rows = [{"step": 20, "modes_found": 25, "good_share": 1.0}]
        rows.append({"step": 40, "modes_found": modes_found, "good_share": good_share, "kl_from_uniform": 0.5})
        return {"variant": f"RSGAN, 1:1: {point}", "seed": 100, "evaluations": rows}

    assert missed(run("", 20, 0.5)) == pytest.approx(0.6)
    sharp, all_modes, neither = (
        run("rates 2e-3", 5, 0.9),
        run("rates 4e-3 and 2e-3", 25, 0.5),
        run("rates 8e-3 and 1e-3", 5, 0.2),
    )
    record = {
        "question": RATES.question,
        "flags": {"steps": 40, "batch_size": 32, "evaluation_samples": 100},
        "runs": [sharp, all_modes, neither],
    }
    assert SEARCH.chosen(record)["RSGAN, 1:1"] == "rates 4e-3 and 2e-3"
    assert "RSGAN, 1:1: rates 4e-3 and 2e-3; " in RATES.table(record).splitlines()[-1]
    assert RATES.figure(record).axes[0].has_data()


@pytest.mark.parametrize("scale", [1.0, 20.0])
def test_scores_are_scaled(scale):
    settings = STUDY.presets["smoke"].replace({"score_scale": scale, "model": "gan"})
    scores = modes._model(settings).discriminator(CENTERS)
    assert np.allclose(scores, scale * modes._model(settings.replace({"score_scale": 1.0})).discriminator(CENTERS))
