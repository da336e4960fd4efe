import dataclasses
import json

import numpy as np
import pytest
import tensorflow as tf
from absl import flags

from keras_gen.errors import InputError
from reproductions import wgan_div
from reproductions.harness import record
from reproductions.harness.study import Experiment

SQUARES = Experiment(
    question="What is the square?",
    settings={"smoke": {"scale": 1.0}, "laptop": {"scale": 10.0}},
    variants={"of two": {"number": 2}, "of three": {"number": 3}},
    perform=lambda settings, data_dir: {"square": settings.scale * settings.number**2 + settings.seed},
    table=lambda made: "\n".join(f"{run['variant']}: {run['square']}" for run in made["runs"]),
    plot=lambda made, path: path.write_text(SQUARES.table(made)),
)
REPRODUCTION = dataclasses.replace(wgan_div.REPRODUCTION, studies={"squares": SQUARES})


@pytest.fixture
def make(tmp_path, defined_flags):
    def run(*given, reproduction=REPRODUCTION):
        flags.FLAGS.unparse_flags()
        folders = [f"--output_dir={tmp_path / 'runs'}", f"--results_dir={tmp_path / 'results'}"]
        flags.FLAGS(["study", *folders, *given])
        record.make(reproduction, "squares")
        return json.loads((tmp_path / "results" / "squares.json").read_text())

    return run


def test_an_experiment_is_recorded_and_seeds_are_added(make, tmp_path):
    made = make("--preset=smoke", "--seeds=0")
    assert made["flags"] == {"scale": 1.0}
    assert [(run["variant"], run["flags"], run["square"]) for run in made["runs"]] == [
        ("of two", {"number": 2}, 4.0),
        ("of three", {"number": 3}, 9.0),
    ]
    made = make("--preset=smoke", "--seeds=1")
    assert [(run["seed"], run["square"]) for run in made["runs"]] == [(0, 4.0), (1, 5.0), (0, 9.0), (1, 10.0)]
    assert (tmp_path / "results" / "squares.png").read_text().splitlines()[-1] == "of three: 10.0"


def test_a_run_that_was_made_is_not_made_again(make):
    make("--preset=smoke")

    def refuse(settings, data_dir):
        raise AssertionError("made again")

    again = dataclasses.replace(SQUARES, perform=refuse)
    made = make("--preset=smoke", reproduction=dataclasses.replace(REPRODUCTION, studies={"squares": again}))
    assert len(made["runs"]) == 2


def test_flags_that_an_experiment_does_not_have_are_refused(make, tmp_path):
    with pytest.raises(InputError, match="--steps=7: this study has settings of its own"):
        make("--preset=smoke", "--steps=7")
    with pytest.raises(InputError, match="--preset=paper: this study has smoke, laptop"):
        make("--preset=paper")
    assert not (tmp_path / "runs").exists()


def test_runs_with_other_settings_are_left_alone(make, tmp_path):
    make("--preset=smoke")
    (tmp_path / "results" / "squares.json").unlink()
    with pytest.raises(InputError, match="of_two_seed_0.json is a run with other settings; give another --output_dir"):
        make("--preset=laptop")


def test_a_sheet_is_kept_beside_the_record(make, tmp_path):
    drawing = dataclasses.replace(
        SQUARES,
        perform=lambda settings, data_dir: {
            "square": 1.0,
            "sheet": np.full((2, 3, 1), 10 * settings.number + settings.seed, np.uint8),
        },
    )
    reproduction = dataclasses.replace(REPRODUCTION, studies={"squares": drawing})
    made = make("--preset=smoke", "--seeds=0,1", reproduction=reproduction)
    assert all("sheet" not in run for run in made["runs"])
    kept = tmp_path / "results" / "samples" / "of_two.png"
    assert tf.io.decode_png(kept.read_bytes()).numpy().ravel().tolist() == [20] * 6  # the first seed's
    # A record that is lost is made again from the runs, with their sheets.
    kept.unlink()
    (tmp_path / "results" / "squares.json").unlink()
    make("--preset=smoke", reproduction=reproduction)
    assert kept.exists()
