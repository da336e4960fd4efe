"""The study `encoder_only` of the post on the VAE and mutual information."""

from types import SimpleNamespace

import pytest

from reproductions import vae_mutual_information

STUDY = vae_mutual_information.STUDIES["encoder_only"]
CHANGES = {"seed": 0, "steps": 10}


@pytest.mark.parametrize("title", ["VAE, variance trained", "no decoder, Jensen-Shannon, weight 10"])
def test_a_run(title):
    found = STUDY.perform(SimpleNamespace(**STUDY.settings["smoke"] | STUDY.variants[title] | CHANGES), None)
    assert found["information"] + found["marginal_kl"] == pytest.approx(found["prior_kl"])
    assert (found["estimate"] is None) == title.startswith("VAE")
    assert found["seconds_per_step"] > 0 and 0 < found["linear_probe"] < 1


def test_both_presets_have_the_same_settings():
    assert STUDY.settings["smoke"].keys() == STUDY.settings["laptop"].keys()
    assert STUDY.settings["laptop"]["dataset"] == "mnist_5k"


def test_the_table_and_the_plot(tmp_path):
    row = {
        "code_mean": 0.1,
        "code_deviation": 1.0,
        "prior_kl": 7.0,
        "information": 5.0,
        "marginal_kl": 2.0,
        "neighbor_accuracy_5": 0.9,
        "linear_probe": 0.8,
        "num_images": 1000,
        "seconds_per_step": 0.03,
        "seed": 0,
    }
    runs = [
        {"variant": "VAE, variance 1", "estimate": None, **row},
        {"variant": "no decoder, InfoNCE, weight 1", "estimate": 1.5, **row},
    ]
    record = {"question": "Which?", "flags": STUDY.settings["smoke"], "runs": runs}
    lines = STUDY.table(record).splitlines()
    assert lines[0].endswith("of which nothing can tell more than log 1000 = 6.91.")
    assert lines[-2] == "| VAE, variance 1 | 0.10 | 1.00 | 7.00 | 5.00 | 2.00 |  | 0.900 | 0.800 | 30 |"
    assert lines[-1].split(" | ")[6] == "1.50"
    STUDY.plot(record, tmp_path / "plot.png")
    assert (tmp_path / "plot.png").stat().st_size > 1000
