"""Studies: which runs they make, what they record, and what they print; runs are made in this process."""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from keras_gen.models.checked_model import CheckedModel
from reproductions import wgan_div
from reproductions.__main__ import reproductions
from reproductions.harness import launch, making, record, study_folders
from reproductions.harness.claim import Above, Claim
from reproductions.harness.options import Options, option
from reproductions.harness.run_directory import read_json, write_json
from reproductions.harness.study import Study
from reproductions.reporting import curves, summary


def table(made):
    return "\n".join(f"{run['variant']}: {run.get('square', '?')}" for run in made["runs"])


class Drawing:
    """In the place of a figure."""

    def __init__(self, made):
        self.text = table(made)

    def savefig(self, path, **options):
        Path(path).write_text(self.text)


PAIR = Study(
    question="Two models",
    variants={"WGAN-div": {"model": "wgan_div"}, "SGAN": {"model": "gan"}},
    table=table,
    figure=curves.curves,
)
BREAKING = Study(
    question="Too fast?",
    variants={"so": {"discriminator_learning_rate": 1e6}, "not so": {"discriminator_learning_rate": 1e-4}},
    table=table,
    figure=Drawing,
)


@dataclass(frozen=True, kw_only=True)
class Squares(Options):
    """Squares."""

    scale: float = option(10.0, "Scale.")
    number: int = option(1, "Number.")
    seed: int = option(0, "Seed.")


PERFORMED = []


def perform_square(configuration, data_dir):
    PERFORMED.append((configuration.number, configuration.seed))
    if configuration.number == 13:
        raise ArithmeticError("thirteen")
    return {"square": configuration.scale * configuration.number**2 + configuration.seed}


SQUARES = Study(
    question="What is the square?",
    variants={"of two": {"number": 2}, "of three": {"number": 3}},
    perform=perform_square,
    presets={"smoke": Squares(scale=1.0), "laptop": Squares()},
    table=table,
    figure=Drawing,
    claims=(
        Claim(
            key="X1",
            topic="larger",
            sentence="Three's is larger.",
            statistic="three's less two's",
            rule=Above(0),
            values=lambda made: [made["runs"][-1]["square"] - made["runs"][0]["square"]],
        ),
    ),
)


@pytest.fixture
def study(monkeypatch, tmp_path, jobs_in_process, launched):
    """Runs `wgan_div --study=NAME FLAGS ...` with other studies in this test's folder; gives the record."""
    monkeypatch.setattr(record, "RESULTS", tmp_path / "shipped")
    monkeypatch.setattr(CheckedModel, "export", lambda model, path, **arguments: Path(path).mkdir())  # test_run.py
    PERFORMED.clear()

    def run(name, *flags, studies=None, fails=False):
        own = studies or {"pair": PAIR, "breaking": BREAKING, "squares": SQUARES}
        monkeypatch.setattr(wgan_div, "REPRODUCTION", dataclasses.replace(wgan_div.REPRODUCTION, studies=own))
        jobs_in_process.clear()
        ended = launched("wgan_div", f"--study={name}", "--preset=smoke", f"--output_dir={tmp_path / 'runs'}", *flags)
        if fails:
            assert isinstance(ended, str)
            return ended
        assert ended == 0
        return json.loads((tmp_path / "runs" / f"{name}.json").read_text())

    return run


def test_a_study_records_its_runs_and_more_seeds_are_added(study, tmp_path, jobs_in_process):
    made = study("pair", "--seeds=3")
    assert [(run["variant"], run["seed"]) for run in made["runs"]] == [("WGAN-div", 3), ("SGAN", 3)]
    assert [row["step"] for row in made["runs"][0]["evaluations"]] == [10, 20]
    assert made["flags"] == {
        name: value
        for name, value in json.loads((tmp_path / "runs" / "seed=3" / "flags.json").read_text()).items()
        if name != "seed"
    }
    assert (tmp_path / "runs" / "pair.png").stat().st_size > 1000
    assert sorted(path.name for path in (tmp_path / "runs" / "samples").iterdir()) == ["sgan.png", "wgan_div.png"]
    assert sorted(path.parent.name for path in (tmp_path / "runs").rglob("results.json")) == [
        "model=gan,seed=3",
        "seed=3",
    ]
    # Without the record the finished runs are found in their folders.
    (tmp_path / "runs" / "pair.json").unlink()
    assert study("pair", "--seeds=3") == made and jobs_in_process == []


@pytest.mark.slow
def test_more_steps_continue_the_runs_of_a_study(study, jobs_in_process):
    """As those of a single run (`test_run.py`)."""
    flags = ["--seeds=0", "--variant=SGAN"]
    short = study("pair", *flags)
    longer = study("pair", *flags, "--steps=30")
    assert jobs_in_process == ["SGAN, seed 0"]
    assert longer["flags"] == short["flags"] | {"steps": 30}
    (run,), (old,) = longer["runs"], short["runs"]
    assert run["steps"] == 30 and [row["step"] for row in run["evaluations"]] == [10, 20, 30]
    assert run["evaluations"][:2] == old["evaluations"]


@pytest.mark.slow
def test_a_run_that_breaks_down_is_recorded_and_the_others_are_made(study):
    flags = ["--log_every=1", "--checkpoint_every=5", "--seeds=0"]
    alone = study("breaking", *flags, "--variant=so", fails=True)
    assert "breaking.json: every run broke down; try smaller learning rates in a new --output_dir" in alone
    broken, whole = study("breaking", *flags)["runs"]
    assert " at step " in broken["broke_down"] and "measure" not in broken
    assert [row["step"] for row in whole["evaluations"]] == [10, 20]


def test_a_study_of_its_own_function_is_recorded_and_its_verdicts_printed(study, tmp_path, capsys):
    made = study("squares")
    assert made["flags"] == {"scale": 1.0, "number": 1}
    assert [(run["variant"], run["seed"], run["flags"], run["square"]) for run in made["runs"]] == [
        ("of two", 0, {"number": 2}, 4.0),
        ("of three", 0, {"number": 3}, 9.0),
    ]
    printed = capsys.readouterr().out
    assert "of two: 4.0\nof three: 9.0" in printed
    assert "here:     undecided: 5 (one seed)" in printed and "recorded: not run yet" in printed
    assert (tmp_path / "runs" / "squares.png").read_text() == table(made)
    made = study("squares", "--seeds=1")
    assert [(run["seed"], run["square"]) for run in made["runs"]] == [(0, 4.0), (1, 5.0), (0, 9.0), (1, 10.0)]
    assert PERFORMED == [(2, 0), (3, 0), (2, 1), (3, 1)]


def test_a_flag_of_its_own_function_is_a_flag_of_the_study(study):
    assert study("squares", "--scale=2")["runs"][0]["square"] == 8.0
    assert "Unknown command line flag 'steps'" in study("squares", "--steps=7", fails=True)


def test_a_failed_run_is_reported_at_the_end_and_made_by_the_next_command(study, tmp_path, monkeypatch):
    def fail(configuration, data_dir):
        if configuration.number == 2:
            raise OSError(28, "No space left on device", "/runs/a")
        return perform_square(configuration, data_dir)

    failing = {"squares": dataclasses.replace(SQUARES, perform=fail)}
    message = study("squares", studies=failing, fails=True)
    assert message.startswith("error: 1 of 2 runs failed") and str(tmp_path / "runs" / "squares") in message
    recorded = read_json(tmp_path / "runs" / "squares.json")
    assert [run["variant"] for run in recorded["runs"]] == ["of three"]
    assert len(study("squares")["runs"]) == 2 and PERFORMED == [(3, 0), (2, 0)]


def shipped_record(tmp_path, **changes):
    runs = [{"variant": "of two", "seed": seed, "flags": {"number": 2}, "square": 12.5 + seed} for seed in (4, 5)] + [
        {"variant": "of three", "seed": 4, "flags": {"number": 3}, "square": 31.0}
    ]
    made = {"reproduction": "wgan_div", "study": "squares", "question": "?", "timed": False}
    made |= {"flags": {"scale": 3.0}, "runs": runs} | changes
    path = tmp_path / "shipped" / "wgan_div" / "squares.json"
    write_json(path, made)
    return path


def test_without_seeds_and_preset_the_shipped_record_is_made_again_and_left_alone(study, tmp_path, monkeypatch, capsys):
    path = shipped_record(tmp_path)
    before = path.read_bytes()
    study("squares")  # --preset=smoke was given: its scale, but the record's seeds
    assert PERFORMED == [(2, 4), (3, 4), (2, 5)]
    assert "recorded: undecided: 14.5 (one seed)" in capsys.readouterr().out
    monkeypatch.chdir(tmp_path)
    launch.launch(wgan_div.REPRODUCTION, ["--study=squares"])
    made = read_json(tmp_path / "runs" / "wgan_div_studies" / "squares.json")
    assert made["flags"]["scale"] == 3.0
    assert [run["square"] for run in made["runs"]] == [16.0, 17.0, 31.0]
    assert path.read_bytes() == before


def test_only_record_writes_the_repositorys(study, tmp_path, monkeypatch):
    path = shipped_record(tmp_path)
    monkeypatch.setattr(study_folders, "RESULTS", tmp_path / "shipped")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "results").mkdir()
    study("squares", studies=None)
    launch.launch(wgan_div.REPRODUCTION, ["--study=squares", "--record", "--seeds=4,6"])
    made = read_json(path)
    # What it held is kept, and what is new is made with its flags.
    assert [(run["variant"], run["seed"], run["square"]) for run in made["runs"]] == [
        ("of two", 4, 16.5),
        ("of two", 5, 17.5),
        ("of two", 6, 18.0),
        ("of three", 4, 31.0),
        ("of three", 6, 33.0),
    ]
    assert path.with_suffix(".png").exists()
    both = study("squares", "--record", "--results_dir=r", fails=True)
    assert both == "error: --record and --results_dir say two places for the record; give one of them"


def test_a_record_that_was_interrupted_becomes_whole_by_the_same_command(study, tmp_path, monkeypatch):
    """It has runs of some variants and seeds; those of the study that it lacks are made too."""
    path = shipped_record(tmp_path)
    monkeypatch.setattr(study_folders, "RESULTS", tmp_path / "shipped")
    monkeypatch.chdir(tmp_path)
    three = {"squares": dataclasses.replace(SQUARES, seeds=(4, 8))}
    (tmp_path / "results").mkdir()
    study("squares", studies=three)
    launch.launch(wgan_div.REPRODUCTION, ["--study=squares", "--record"])
    made = [(run["variant"], run["seed"]) for run in read_json(path)["runs"]]
    assert made == [("of two", 4), ("of two", 5), ("of two", 8), ("of three", 4), ("of three", 8)]


def test_outside_a_checkout_nothing_is_recorded(study, monkeypatch, tmp_path):
    monkeypatch.setattr(study_folders.pages, "FOLDER", tmp_path)
    assert "--record writes the records in a checkout" in study("squares", "--record", fails=True)
    assert not (tmp_path / "runs").exists()


def test_a_study_continues_from_its_record_alone(study, tmp_path):
    study("squares")
    made = read_json(tmp_path / "runs" / "squares.json")
    for path in sorted((tmp_path / "runs").rglob("*"), reverse=True):
        if path.name != "squares.json":
            path.rmdir() if path.is_dir() else path.unlink()
    del made["runs"][1]
    write_json(tmp_path / "runs" / "squares.json", made)
    PERFORMED.clear()
    study("squares")
    assert PERFORMED == [(3, 0)]
    made["runs"][0]["flags"] = {"number": 7}
    write_json(tmp_path / "runs" / "squares.json", made)
    assert "squares.json is a record of other flags" in study("squares", fails=True)


def test_single_variants_are_made_and_their_seeds_named(study, tmp_path):
    study("squares", "--seeds=4", "--variant=of three")
    study("squares", "--seeds=4,5")
    made = study("squares", "--seeds=6", "--variant=of three")
    assert [run["seed"] for run in made["runs"] if run["variant"] == "of three"] == [4, 5, 6]
    assert [run["seed"] for run in made["runs"] if run["variant"] == "of two"] == [4, 5]
    assert summary.seeds(made) == "seeds 4, 5; of three: seeds 4, 5, 6"
    message = study("squares", "--variant=of four", fails=True)
    assert message == "error: --variant='of four': choose from of two; of three"


def test_a_sheet_of_the_first_seed_is_kept_beside_the_record(study, tmp_path):
    def draw(configuration, data_dir):
        grey = np.full((2, 3, 1), 10 * configuration.number + configuration.seed, np.uint8)
        return {"square": 1.0, "sheet": grey}

    drawing = {"squares": dataclasses.replace(SQUARES, perform=draw)}
    made = study("squares", "--seeds=0,1", studies=drawing)
    assert all("sheet" not in run for run in made["runs"])
    kept = tmp_path / "runs" / "samples" / "of_two.png"
    assert tf.io.decode_png(kept.read_bytes()).numpy().ravel().tolist() == [20] * 6
    # A record that is lost is made again from the runs, with their sheets.
    kept.unlink()
    (tmp_path / "runs" / "squares.json").unlink()
    study("squares", "--seeds=0,1", studies=drawing)
    assert kept.exists()


def test_variants_that_are_the_same_run_share_it(study):
    twice = dataclasses.replace(SQUARES, variants={"of two": {"number": 2}, "of two again": {"number": 2}})
    made = study("squares", studies={"squares": twice})
    assert [run["square"] for run in made["runs"]] == [4.0, 4.0] and PERFORMED == [(2, 0)]


@pytest.mark.slow
def test_what_a_study_finds_in_trained_models(study, tmp_path, jobs_in_process):
    def look(model, train, test, features, configuration):
        assert configuration.seed == 0
        return {"latent": model.latent_shape[0], "images": len(test)}, np.zeros((2, 2, 1), np.uint8)

    one = {"looking": dataclasses.replace(PAIR, variants={"SGAN": {"model": "gan"}}, examine=look, figure=Drawing)}
    (run,) = study("looking", studies=one)["runs"]
    assert run["found"] == {"latent": 128, "images": 355} and run["evaluations"][-1]["step"] == 20
    assert tf.io.decode_png((tmp_path / "runs" / "samples" / "sgan.png").read_bytes()).shape == (2, 2, 1)
    (tmp_path / "runs" / "looking.json").unlink()
    study("looking", studies=one)
    assert jobs_in_process == []


def test_folders_have_no_blanks_and_commands_are_complete(tmp_path):
    reproduction = wgan_div.REPRODUCTION
    command = launch.Command(output_dir=str(tmp_path), preset="smoke", seeds=(2,), data_dir="my data")
    made = making.Making.planned(reproduction, "sampling", command, {"dataset": "folder:/my images"}, None)
    run = ("WGAN-GP: fake", 2)
    (rate,) = {value for flag, value in made.study.variants[run[0]].items() if flag.endswith("_rate")}  # what was found
    rates = f"discriminator_learning_rate={rate},generator_learning_rate={rate}"
    assert made.directory(run).path == tmp_path / "sampling" / f"{rates},model=wgan_gp,sampling=fake,seed=2"
    words = made.command(run)
    assert words[1:3] == ["-m", "reproductions.wgan_div"]
    assert {"--preset=smoke", "--dataset=folder:/my images", "--model=wgan_gp", "--sampling=fake", "--seed=2"} < {
        *words
    }
    assert "--data_dir=my data" in words
    command, given = launch.given(words[3:], type(made.base))
    assert launch.preset(reproduction, None, command.preset).replace(given) == made.configuration(run)


def test_a_study_has_a_preset_of_its_own_until_it_is_recorded(tmp_path):
    reproduction = reproductions()["vae_clustering"]
    command = launch.Command(output_dir=str(tmp_path))
    made = making.Making.planned(reproduction, "mnist", command, {}, None)
    configuration = made.configuration(("first version", 0))
    assert (configuration.dataset, configuration.steps) == ("mnist", 30_000)
    command, given = launch.given(made.command(("first version", 0))[3:], type(made.base))
    assert launch.preset(reproduction, None, command.preset).replace(given) == configuration


def test_pictures_of_variants_of_one_title_do_not_overwrite_each_other():
    other = dataclasses.replace(
        PAIR, variants={"SGAN": {"model": "gan", "steps": 7}, "WGAN-div": {"model": "wgan_div"}}
    )
    studies = dataclasses.replace(wgan_div.REPRODUCTION, studies={"pair": PAIR, "other": other})
    assert record.sheet_name(studies, "pair", "SGAN") == "pair_sgan"
    assert record.sheet_name(studies, "other", "SGAN") == "other_sgan"
    assert record.sheet_name(studies, "pair", "WGAN-div") == "wgan_div"


WRONG = [
    (["--seeds=0,one"], "--seeds=0,one: give whole numbers from 0 to 2147483647, as in 1,2,3"),
    (["--seeds="], "--seeds=: give whole numbers"),
    ([f"--seeds={2**31}"], f"--seeds={2**31}: give whole numbers"),
    (["--model=wgan"], "--model=wgan: the study sets --model itself"),
    (["--seed=3"], "--seed=3: the study sets --seed itself; give --seeds"),
    (["--jobs=0"], "--jobs=0: give a whole number of at least 1"),
    (["--study=other"], "--study=other: choose one of pair, breaking, squares"),
    (["--output_dir=/dev/null/runs"], "--output_dir=/dev/null/runs cannot be written"),
]


@pytest.mark.parametrize(("flags", "complaint"), WRONG, ids=[flags[0] for flags, _ in WRONG])
def test_what_a_study_cannot_be_given(study, tmp_path, flags, complaint):
    assert complaint in study("pair", *flags, fails=True)
    assert not (tmp_path / "runs").exists()


def test_a_record_of_other_flags_is_refused_and_left_alone(study, tmp_path):
    path = tmp_path / "runs" / "pair.json"
    path.parent.mkdir()
    other = '{"flags": {"batch_size": 7}, "runs": []}'
    for content, complaint in ((other, "is a record of other flags"), ("{", "is not a record")):
        path.write_text(content)
        assert complaint in study("pair", fails=True)
        assert path.read_text() == content and list(path.parent.iterdir()) == [path]


def test_runs_with_other_flags_are_left_alone(study, tmp_path):
    study("squares")
    (tmp_path / "runs" / "squares.json").unlink()
    message = study("squares", "--scale=5", fails=True)
    assert "holds a run with other flags: --scale=5.0 (there 1.0)" in message


def test_runs_on_other_features_are_not_compared():
    runs = [{"measure": {"features": {"weights_hash": one}}, "evaluations": []} for one in "ab"]
    path = Path("pair.json")
    record.check_features({"runs": runs[:1], "flags": {}}, path)
    with pytest.raises(ValueError, match="^pair.json: its runs were measured on different features .* --results_dir"):
        record.check_features({"runs": runs, "flags": {}}, path)
    with pytest.raises(ValueError, match="^pair.json: one of its runs was not measured, .* or --features=imagenet"):
        record.check_features({"runs": [{"measure": {"features": None}, "evaluations": []}]}, path)


@pytest.mark.slow
def test_a_record_of_other_counts_is_refused_before_the_first_run(study, tmp_path, jobs_in_process):
    """As many shipped records: made of 2,000 samples, when they were not yet limited to the number of test images."""
    path = tmp_path / "runs" / "pair.json"
    made = study("pair", "--seeds=0", "--variant=SGAN")
    for row in made["runs"][0]["evaluations"]:
        row["num_fake"] = 2_000.0
    write_json(path, made)
    before = path.read_text()
    message = study("pair", "--seeds=1", "--variant=SGAN", fails=True)
    real, samples = (int(made["runs"][0]["measure"]["test_images"][name]) for name in ("num_real", "num_fake"))
    assert message.startswith(
        f"error: {path}: its runs were measured on {real:,} real images and 2,000 samples, and new ones would be on "
        f"{real:,} real images and {samples:,} samples, which cannot be compared with them; start another record"
    )
    assert "--results_dir" in message and "make all of its seeds again" in message
    assert jobs_in_process == [] and path.read_text() == before


@pytest.mark.parametrize("name", reproductions())
def test_shipped_records_are_of_the_studies(name):
    """Every record's flags are a configuration of today's, and so are those of its runs."""
    reproduction = reproductions()[name]
    for study_name, study in reproduction.studies.items():
        recorded = record.shipped(name, study_name)
        if recorded is None:
            continue
        made = making.Making.planned(reproduction, study_name, launch.Command(), {}, recorded)
        assert record.agree(recorded["flags"], made.flags)
        for run in recorded["runs"]:
            if run["variant"] in study.variants:
                assert record.agree(run["flags"], study.variants[run["variant"]])


def test_records_have_lists_of_numbers_on_one_line(tmp_path):
    value = {"a": [1, -2.5e-07, None, True], "b": [[1, 2], [3]], "c": ["[1,\n 2]", "x"], "d": []}
    write_json(tmp_path / "record.json", value)
    assert read_json(tmp_path / "record.json") == value
    lines = (tmp_path / "record.json").read_text().splitlines()
    assert lines[1:5] == [' "a": [1, -2.5e-07, null, true],', ' "b": [', "  [1, 2],", "  [3]"]
