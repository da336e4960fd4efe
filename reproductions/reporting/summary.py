"""What a study's record says: distances on their way and at the end, and the conditions they hold under."""

import math
from collections import defaultdict
from collections.abc import Callable
from itertools import pairwise
from statistics import mean, mode

# A GAN's distance moves by a fifth from one evaluation to the next: its claims look at the mean of the last three.
SETTLED = 3
# A run that does not come below this share of its first distance has hardly trained.
LEAST_IMPROVEMENT = 0.9
# A variant is near the best where its distance is at most so many times the best one's.
NEAR = 1.5


def by_variant(record: dict) -> dict[str, list[dict]]:
    """The runs of each variant, in the record's order."""
    runs = defaultdict(list)
    for run in record["runs"]:
        runs[run["variant"]].append(run)
    return dict(runs)


def whole(runs: list[dict]) -> list[dict]:
    """The runs that reached their end, without those that broke down."""
    return [run for run in runs if "broke_down" not in run]


def broken(runs: list[dict]) -> str | None:
    """Why the first run that broke down did; None if all reached their end."""
    return next((run["broke_down"] for run in runs if "broke_down" in run), None)


def settled_by_group(record: dict) -> dict[str, list[float]]:
    """Where variants titled `GROUP: NAME` settled, each the mean over its seeds; empty without groups.

    Variants that broke down are left out.
    """
    groups = defaultdict(list)
    for variant, runs in by_variant(record).items():
        group, colon, _ = variant.partition(": ")
        if colon and len(whole(runs)) == len(runs):
            groups[group].append(mean(map(settled, runs)))
    return dict(groups)


def best(run: dict) -> float:
    """The smallest Fréchet distance that the run passed."""
    return min(row["frechet_distance"] for row in run["evaluations"])


def settled(run: dict, name: str = "frechet_distance") -> float:
    """The mean Fréchet distance, or another number, of the last three evaluations, or of all if there are fewer."""
    return mean(row[name] for row in run["evaluations"][-SETTLED:])


def area(run: dict) -> float:
    """The area under the curve of the Fréchet distance against steps, divided by its length: the mean distance."""
    rows = run["evaluations"]
    if len(rows) == 1:
        return rows[0]["frechet_distance"]
    total = sum(
        (after["step"] - before["step"]) * (before["frechet_distance"] + after["frechet_distance"]) / 2
        for before, after in pairwise(rows)
    )
    return total / (rows[-1]["step"] - rows[0]["step"])


def off_in_sharpness(run: dict) -> float:
    """How far the samples' sharpness after the last step is from test images', the absolute logarithm of their ratio.

    Noise is sharper than any photograph: by how sharp they are alone, the noisiest samples would be the best ones.
    """
    of_samples = run["evaluations"][-1]["sharpness"]
    return abs(math.log(of_samples / run["measure"]["sharpness"])) if of_samples else math.inf


def best_temperature(run: dict) -> dict:
    """What a study found of the trained model's samples at the temperature at which their distance is smallest."""
    return min(run["found"]["temperatures"], key=lambda row: row["frechet_distance"])


def steps_to(run: dict, level: float) -> float | None:
    """The step at which the Fréchet distance first falls to a level, between evaluations by a straight line.

    The first evaluation's step if it lies there already; None if the distance never falls so far.
    """
    rows = run["evaluations"]
    if rows[0]["frechet_distance"] <= level:
        return rows[0]["step"]
    for before, after in pairwise(rows):
        if after["frechet_distance"] <= level:
            share = (before["frechet_distance"] - level) / (before["frechet_distance"] - after["frechet_distance"])
            return before["step"] + share * (after["step"] - before["step"])
    return None


def sooner(first: str, second: str) -> Callable[[dict], list[float | None]]:
    """What gives a claim's values: how many steps less the second variant needs than the first, seed by seed.

    Steps are counted to the distance at which the worse of the two settled, which both reach. A run that broke down
    needs infinitely many. None where either was nearly there at its first evaluation already: when a run
    that hardly trained crosses that distance is chance.
    """

    def values(record: dict) -> list[float | None]:
        runs = {(run["variant"], run["seed"]): run for run in record["runs"]}
        found: list[float | None] = []
        for seed in sorted({seed for _, seed in runs}):
            if (first, seed) not in runs or (second, seed) not in runs:
                continue
            pair = runs[first, seed], runs[second, seed]
            ended = whole(list(pair))
            reached = max(map(settled, ended), default=math.inf)
            if any(reached > LEAST_IMPROVEMENT * run["evaluations"][0]["frechet_distance"] for run in ended):
                found.append(None)
                continue
            one, other = (math.inf if "broke_down" in run else steps_to(run, reached) for run in pair)
            assert one is not None and other is not None  # a mean is at least the smallest
            found.append(one - other)
        return found

    return values


def level(record: dict) -> float:
    """A distance that most variants of a record reach: half as much again as where the best of them settled."""
    settled_at = [mean(map(settled, runs)) for runs in by_variant(record).values() if len(whole(runs)) == len(runs)]
    return NEAR * min(settled_at)


def curve(run: dict, name: str = "frechet_distance") -> tuple[list[float], list[float]]:
    """The steps at which a run was measured, and a number of each, by default the Fréchet distance."""
    return [row["step"] for row in run["evaluations"]], [row[name] for row in run["evaluations"]]


def milliseconds_per_step(run: dict) -> float:
    """Time of a training step, without the first evaluation's stretch, which holds the tracing."""
    first, last = run["evaluations"][0], run["evaluations"][-1]
    return 1000 * (last["seconds"] - first["seconds"]) / (last["step"] - first["step"])


def distance_title(record: dict) -> str:
    """The distance by its full name, with the counts that it depends on."""
    row, network = whole(record["runs"])[0]["evaluations"][-1], features_network(record)
    return f"Fréchet distance on {network} features ({row['num_real']:.0f} real, {row['num_fake']:.0f} fake)"


def features_network(record: dict) -> str:
    """The network whose features all runs of the record are measured on."""
    return whole(record["runs"])[0]["measure"]["features"]["network"]


def real_test_images(record: dict) -> dict | None:
    """What was measured of test images in the place of samples; None unless there were as many of them.

    The distance falls as either count grows, so that the numbers of other counts cannot stand beside each other.
    """
    run = whole(record["runs"])[0]
    found, row = run["measure"]["test_images"], run["evaluations"][-1]
    same = all(int(found[count]) == int(row[count]) for count in ("num_real", "num_fake"))
    return found if same else None


def conditions(record: dict) -> str:
    """Data, steps and seeds, in a few words."""
    # Of a flag that the variants set, what the first one has: a study of another data set than the preset's sets it so.
    flags = record["flags"] | record["runs"][0].get("flags", {})
    return f"{flags['dataset']}, {flags['steps']} steps of {flags['batch_size']}, {seeds(record)}"


def conditions_of_distances(record: dict) -> str:
    """`conditions`, and what distances are: for figures whose axes have no room for it."""
    return f"{conditions(record)}; {distance_title(record)}"


def seeds(record: dict) -> str:
    """The seeds, in a few words; one seed is called one seed. Variants with others than most are named."""
    of_variants = {title: tuple(sorted(run["seed"] for run in runs)) for title, runs in by_variant(record).items()}
    usual = mode(of_variants.values())
    others = [f"{title}: {_numbers(found)}" for title, found in of_variants.items() if found != usual]
    return "; ".join([_numbers(usual), *others])


def _numbers(found: tuple[int, ...]) -> str:
    return f"one seed ({found[0]})" if len(found) == 1 else f"seeds {', '.join(map(str, found))}"
