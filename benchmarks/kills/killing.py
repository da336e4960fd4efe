"""When kills come, and what a command does that is killed and rerun."""

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.kills.job import CLOSELY, Job

IN_CHECKPOINT, IN_TRAINING, AT_THE_END = "while a checkpoint was written", "in training", "while it finished"
AFTER_CHECKPOINT, TOO_LATE = "just after a checkpoint", "too late"
MOMENTS = (IN_TRAINING, IN_CHECKPOINT, AFTER_CHECKPOINT, AT_THE_END, TOO_LATE)

# Starts a command in a folder.
Start = Callable[[Path], Job]


@dataclass(frozen=True)
class Moment:
    """When a kill comes: at a random time, at most so many seconds after an event of the job."""

    name: str
    event: Callable[[Job], bool]
    seconds: float


def moments(kills: int, training: float, finishing: float) -> list[Moment]:
    """The moments of a number of kills, given the seconds of an undisturbed job's training and finish."""
    in_turn = [
        Moment(IN_CHECKPOINT, lambda job: job.writes_a_checkpoint(), 0.0),
        Moment(IN_TRAINING, lambda job: job.trains(), training / (kills + 1)),
    ]
    chosen = [in_turn[i % 2] for i in range(kills)]
    if kills > 2:
        chosen[-1] = Moment(AT_THE_END, lambda job: job.trained(), finishing / 2)  # it may be faster this time
    return chosen


def straight_run(start: Start, directory: Path) -> tuple[float, float]:
    """Makes the undisturbed run; returns the seconds of its training and of its finish."""
    job = start(directory)
    job.wait_for(job.trains)
    trains = time.perf_counter()
    job.wait_for(job.trained)
    trained = time.perf_counter()
    job.end()
    return trained - trains, time.perf_counter() - trained


def killed_run(start: Start, directory: Path, chosen: Sequence[Moment], seed: int) -> tuple[Counter, list[str]]:
    """Makes the run with kills; returns how many came at each moment, and what was wrong with what they left."""
    chance, came, wrong = random.Random(seed), Counter(), []
    for moment in chosen:
        job = start(directory)
        due = job.wait_for(job.works) and job.wait_for(partial(moment.event, job), CLOSELY)
        time.sleep(chance.uniform(0, moment.seconds))
        if not due or job.ended():
            job.kill(chance)
            came[TOO_LATE] += 1
            continue
        complaint = job.kill(chance)
        wrong += [complaint] if complaint else []
        missed = moment.name == IN_CHECKPOINT and not job.writes_a_checkpoint()
        came[AFTER_CHECKPOINT if missed else moment.name] += 1
    start(directory).end()
    return came, wrong
