import numpy as np
import pytest

from helpers.quick import slow_unless
from keras_gen.callbacks import Checkpoints, Interruptions, MetricsLog, StepCallback, StepTable, restore_newest

STEPS = 20


class Seen(StepCallback):
    def __init__(self, every, steps):
        super().__init__(every)
        self.steps = steps

    def on_step(self, step, terms):
        self.steps.append(step)


def train(model, fit, folder, stops, seen):
    """Trains to the last step, from the last checkpoint on; asked to stop at the first of the stops after it."""
    folder.mkdir(exist_ok=True)
    first_step = restore_newest(model, folder / "checkpoints")
    table, checkpoints = StepTable(folder / "metrics.csv"), Checkpoints(folder / "checkpoints", every=10)
    table.forget_after(first_step)
    stop = min((stop for stop in stops if stop > first_step), default=STEPS + 1)
    interruptions = Interruptions(lambda: int(model.step.numpy()) >= stop, checkpoints, every=5)
    log = [MetricsLog(table, 5), Seen(15, seen), checkpoints, interruptions]
    fit(model, (STEPS - first_step + 4) // 5, log, numbers=(1.0, 3.0), first_step=first_step)


@pytest.mark.parametrize("stops", slow_unless(([7], [20]), [[7], [1, 2, 4, 13, 14, 19], [5], [10, 15], [20]]))
def test_a_run_that_stops_anywhere_ends_with_the_same_bits_and_the_same_rows(line, fit, tmp_path, stops):
    straight, seen = line(), []
    train(straight, fit, tmp_path / "straight", [], seen)
    assert seen == [15, 20]

    stopped, seen_in_parts = line(), []
    for stop in stops:
        with pytest.raises(KeyboardInterrupt, match=f"after step {stop}$"):
            train(stopped, fit, tmp_path / "stopped", stops, seen_in_parts)
        stopped = line()  # the next process
    train(stopped, fit, tmp_path / "stopped", stops, seen_in_parts)

    for one, other in zip(straight.weights, stopped.weights, strict=True):
        np.testing.assert_array_equal(np.asarray(one), np.asarray(other))
    expected, found = (
        [{name: row[name] for name in ("step", "distance")} for row in StepTable(tmp_path / way / "metrics.csv").rows()]
        for way in ("straight", "stopped")
    )
    assert found == expected and [row["step"] for row in found] == [5, 10, 15, 20]
    assert seen_in_parts == seen


@pytest.mark.parametrize(("stop", "due"), [(15, [15]), (20, [15, 20])])
def test_what_is_due_is_done_before_the_stop(line, fit, tmp_path, stop, due):
    seen = []
    with pytest.raises(KeyboardInterrupt, match=f"after step {stop}$"):
        train(line(), fit, tmp_path, [stop], seen)
    assert seen == due
    assert [row["step"] for row in StepTable(tmp_path / "metrics.csv").rows()] == list(range(5, stop + 1, 5))


def test_nobody_asked(line, fit, tmp_path):
    model = line()
    fit(model, 2, [Interruptions(lambda: False, Checkpoints(tmp_path, every=5), every=5)])
    assert int(model.step.numpy()) == 10 and not list(tmp_path.iterdir())
