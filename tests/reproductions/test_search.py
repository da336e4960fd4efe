"""The search for what a contestant runs with, and studies that have settings and seeds of their own."""

import dataclasses

import pytest

from reproductions import wgan_div
from reproductions.harness import launch, making
from reproductions.harness.errors import UsageError
from reproductions.reporting import summary
from reproductions.studies import budgets, f_vae_training, modes, rsgan_convergence, search
from reproductions.studies.search import Search

GRID = {"slow": {"discriminator_learning_rate": 1e-4}, "fast": {"discriminator_learning_rate": 1e-3}}
SEARCH = Search(
    script="wgan_div",
    name="rates",
    contestants={"A": {"model": "gan"}, "B": {"model": "wgan_gp"}},
    grid=GRID,
    usual="slow",
    ends=(),
)


def run(variant, distances, seed=search.SEED):
    rows = [{"step": 100 * i, "frechet_distance": one} for i, one in enumerate(distances, 1)]
    return {"variant": variant, "seed": seed, "evaluations": rows}


RECORD = {
    "runs": [
        run("A: slow", [9, 8, 7]),
        run("A: fast", [9, 2, 8]),  # the smaller area, though it ends above
        {"variant": "B: slow", "seed": search.SEED, "broke_down": "loss is NaN", "evaluations": []},
        run("B: fast", [9, 9, 9]),
    ]
}


def test_the_smallest_distance_over_the_training_is_chosen_and_no_run_that_broke_down():
    assert SEARCH.chosen(RECORD) == {"A": "fast", "B": "fast"}
    assert SEARCH.chosen({"runs": RECORD["runs"][:1]}) == {"A": "slow", "B": "slow"}
    assert SEARCH.chosen({"runs": RECORD["runs"][2:3]}) == SEARCH.chosen(None) == {"A": "slow", "B": "slow"}


def test_by_what_a_point_was_chosen():
    by_the_end = dataclasses.replace(SEARCH, distance=summary.settled)
    assert by_the_end.chosen(RECORD)["A"] == "fast"  # 19 / 3 beside 24 / 3
    assert SEARCH.choice(RECORD) == "Chosen by the smallest distance over the training: A: fast; B: fast."
    in_words = "distance, the mean of the last three evaluations"
    assert by_the_end.choice(RECORD) == f"Chosen by the smallest {in_words}: A: fast; B: fast."
    at_the_end = dataclasses.replace(SEARCH, distance=lambda run: run["evaluations"][-1]["frechet_distance"])
    assert at_the_end.chosen(RECORD)["A"] == "slow"
    assert (
        dataclasses.replace(at_the_end, in_words="last distance")
        .choice(RECORD)
        .startswith("Chosen by the smallest last distance: A: slow")
    )


def test_who_is_best_at_an_end_of_the_grid_is_said():
    longer = dataclasses.replace(SEARCH, grid={"slower": {}, **SEARCH.grid, "faster": {}}, ends=None)
    assert longer.choice(RECORD).endswith(": A: fast; B: fast.")
    fastest = [*RECORD["runs"], run("B: faster", [1, 1, 1])]
    assert longer.choice({"runs": fastest}).endswith(": A: fast; B: faster. Best at an end of the grid: B.")
    of_two_kinds = dataclasses.replace(longer, ends=("fast", "faster"))
    assert of_two_kinds.choice({"runs": fastest}).endswith(" Best at an end of the grid: A; B.")


@pytest.mark.parametrize(
    "found", [modes.SEARCH, f_vae_training.SIGMAS, rsgan_convergence.PHOTOS_SEARCH], ids=lambda found: found.name
)
def test_the_ends_are_points_of_the_grid(found):
    assert found.ends and set(found.ends) <= found.grid.keys()


def test_the_contest_runs_with_what_was_chosen(monkeypatch):
    monkeypatch.setattr(
        search, "shipped", lambda script, name: RECORD if (script, name) == ("wgan_div", "rates") else None
    )
    assert SEARCH.winners()["B"] == {"model": "wgan_gp", "discriminator_learning_rate": 1e-3}


def test_every_contestant_has_every_point():
    study = SEARCH.study("laptop", {"steps": 10}, 1)
    assert list(study.variants) == ["A: slow", "A: fast", "B: slow", "B: fast"]
    assert study.variants["B: fast"] == {"model": "wgan_gp", "discriminator_learning_rate": 1e-3}
    assert study.seeds == (search.SEED,) and search.SEED not in budgets.SEEDS


@pytest.mark.parametrize("name", ["comparison", "comparison_clothes"])
def test_a_contest_is_not_recorded_before_its_search(name, monkeypatch, tmp_path):
    study = wgan_div.REPRODUCTION.studies[name]
    command = launch.Command(output_dir=str(tmp_path / "runs"), record=True)
    monkeypatch.setattr(making, "shipped", lambda script, study: None)
    with pytest.raises(UsageError, match=f"^--record: .* not searched yet; first --study={study.search}$"):
        making.Making.planned(wgan_div.REPRODUCTION, name, command, {}, None)
    monkeypatch.setattr(making, "shipped", lambda script, study: RECORD if study == "rates" else None)
    monkeypatch.setattr(making, "record_folder", lambda *arguments: tmp_path)
    if name == "comparison":
        assert making.Making.planned(wgan_div.REPRODUCTION, name, command, {}, None).path == tmp_path / f"{name}.json"


@pytest.fixture
def planned(tmp_path):
    def made(preset=None, seeds=(), recorded=None, **changes):
        study = SEARCH.study("photos_32", {"steps": 10}, 1)
        reproduction = dataclasses.replace(wgan_div.REPRODUCTION, studies={"rates": study})
        command = launch.Command(output_dir=str(tmp_path), preset=preset, seeds=seeds)
        return making.Making.planned(reproduction, "rates", command, changes, recorded)

    return made


def test_a_studys_own_settings_and_seeds(planned):
    usual = planned()
    assert (usual.base.steps, usual.base.dataset) == (10, "cifar10")
    assert {seed for _, seed in usual.plan} == {search.SEED}
    command = usual.command(("A: fast", search.SEED))
    assert {"--preset=photos_32", "--steps=10"} < {*command}


def test_flags_presets_and_seeds_that_are_given_have_the_last_word(planned):
    assert planned(steps=7).base.steps == 7
    smoke = planned(preset="smoke", seeds=(3,))
    assert (smoke.base.steps, smoke.base.dataset) == (20, "digits")
    assert {seed for _, seed in smoke.plan} == {3}


def test_how_much_sooner():
    def values(*runs):
        return summary.sooner("A", "B")({"runs": list(runs)})

    # B settles at (3 + 1 + 2) / 3 = 2, A at 4: A comes there between 6 and 3, B between 5 and 3.
    assert values(run("A", [6, 3, 3, 6], 0), run("B", [5, 3, 1, 2], 0)) == [pytest.approx(100 + 200 / 3 - 150)]
    broken = {"variant": "A", "seed": 1, "broke_down": "loss is NaN", "evaluations": []}
    assert values(broken, run("B", [5, 3, 1], 1)) == [float("inf")]
    assert values(run("A", [5, 3, 1], 0), run("B", [5, 3, 1], 1)) == []
    # A hardly trained; B was there at its first evaluation.
    assert values(run("A", [5, 4.8, 5.2, 5], 0), run("B", [9, 4, 3, 2], 0)) == [None]
    assert values(run("A", [9, 5, 5, 5], 0), run("B", [5, 4, 3, 2], 0)) == [None]


def test_a_contestant_that_was_best_at_the_end_has_more_points_there():
    beyond = dataclasses.replace(
        SEARCH, ends=None, further={"B": {"faster": {"discriminator_learning_rate": 1e-2}}}, distance=summary.settled
    )
    study = beyond.study("laptop", {}, minutes=1)
    assert list(study.variants) == ["A: slow", "A: fast", "B: slow", "B: fast", "B: faster"]
    assert study.variants["B: faster"] == {"model": "wgan_gp", "discriminator_learning_rate": 1e-2}
    assert study.question.endswith("the same 2 points for every contestant, and more for those best at the end")
    record = {"flags": {}, "runs": [*RECORD["runs"], run("B: faster", [5, 5, 5])]}
    assert beyond.chosen(record) == {"A": "fast", "B": "faster"}
    assert beyond.choice(record).endswith(" Best at an end of the grid: A; B.")
    assert beyond.choice(RECORD).endswith(" Best at an end of the grid: A.")  # B's fast one is no end of its own points
