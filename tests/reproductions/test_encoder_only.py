"""The study `encoder_only` of the post on the VAE and mutual information."""

import pytest

from reproductions import vae_mutual_information

STUDY = vae_mutual_information.REPRODUCTION.studies["encoder_only"]


@pytest.mark.parametrize(
    "title", ["VAE, variance trained", pytest.param("no decoder, Jensen-Shannon, weight 10", marks=pytest.mark.slow)]
)
def test_a_run(title):
    found = STUDY.perform(STUDY.presets["smoke"].replace({**STUDY.variants[title], "steps": 10}), None)
    assert found["information"] + found["marginal_kl_upper_bound"] == pytest.approx(found["prior_kl"])
    assert (found["estimate"] is None) == title.startswith("VAE")
    assert found["seconds_per_step"] > 0 and 0 < found["linear_probe"] < 1


def test_the_table_of_an_old_and_of_a_new_record():
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
    new = row | {"marginal_kl_upper_bound": 2.0, "discrepancy": 0.0123, "discrepancy_deviation": 0.00045}
    del new["marginal_kl"]
    runs = [
        {"variant": "VAE, variance 1", "estimate": None, **row},
        {"variant": "no decoder, InfoNCE, weight 1", "estimate": 1.5, **new},
    ]
    flags = {"dataset": "digits", "latent_dim": 8, "steps": 20, "batch_size": 16}
    record = {"question": "Which?", "flags": flags, "runs": runs}
    lines = STUDY.table(record).splitlines()
    assert lines[0].endswith("; information and divergences in nats, the former at most log 1000 = 6.91.")
    assert lines[-2] == "| VAE, variance 1 | 0.10 | 1.00 | 7.00 | 5.00 | 2.00 |  |  | 0.900 | 0.800 |"
    assert lines[-1].split(" | ")[5:8] == ["2.00", "0.012 (0 ± 0.00045)", "1.50"]
