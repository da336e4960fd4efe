import re

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gen.callbacks import (
    Measures,
    MetricsLog,
    SampleSheets,
    Sheets,
    StepCallback,
    StepProgress,
    StepTable,
    StopOnNonFinite,
    step_progress,
)
from keras_gen.errors import InputError, NonFiniteLossError


class Steps(StepCallback):
    def __init__(self, every):
        super().__init__(every)
        self.seen = []

    def on_step(self, step, terms):
        self.seen.append(step)


def test_steps_are_counted_through_continued_training_and_the_last_is_never_left_out(line, fit):
    model = line()
    every_5, every_10 = Steps(5), Steps(10)
    fit(model, 3, [every_5, every_10])
    assert (every_5.seen, every_10.seen) == ([5, 10, 15], [10, 15])
    fit(model, 1, [every_5, every_10])
    assert (every_5.seen, every_10.seen) == ([5, 10, 15, 20], [10, 15, 20])


def test_nothing_is_due_when_there_was_nothing_to_train(line, fit):
    seen = Steps(5)
    fit(line(), 0, [seen])
    assert seen.seen == []


def test_metrics_rows_are_means_since_the_last_row(line, fit, tmp_path):
    table = StepTable(tmp_path / "metrics.csv")
    fit(line(rate=1e-12), 2, [MetricsLog(table, 5)], numbers=(1.0, 3.0))
    # w stays at 0, so each step's distance is (1 + 9) / 2.
    rows = table.rows()
    assert [row["step"] for row in rows] == [5, 10]
    np.testing.assert_allclose([row["distance"] for row in rows], 5.0, rtol=1e-6)
    assert 0 < rows[0]["seconds"] < rows[1]["seconds"]


def test_seconds_go_on_counting_in_a_continued_run(line, fit, tmp_path):
    table = StepTable(tmp_path / "metrics.csv")
    table.append(5, {"seconds": 1000.0, "distance": 0.0})
    fit(line(), 2, [MetricsLog(table, 10)])
    assert 1000 < table.rows()[-1]["seconds"] < 1100


def test_measures_are_those_of_the_model_at_that_step(line, fit, tmp_path):
    model, table = line(), StepTable(tmp_path / "evaluations.csv")
    fit(model, 2, [Measures(lambda model: {"w": float(model.w.value)}, table, 10)])
    assert table.rows() == [{"step": 10, "w": float(model.w.value)}]


def test_measures_stand_in_logs_until_the_next_and_in_no_other_table(line, fit, tmp_path):
    model, table, seen = line(), StepTable(tmp_path / "metrics.csv"), []
    measures = Measures(lambda model: {"w": float(model.w.value)}, every=10)
    note = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(logs.get("w")))
    fit(model, 4, [measures, MetricsLog(table, 5), note])
    assert seen[0] is None and seen[1] == seen[2] != seen[3] == float(model.w.value)
    assert set(table.rows()[-1]) == {"step", "seconds", "distance"}
    assert measures.last == {"w": seen[3]}


@pytest.mark.parametrize("every", [3, 7, 12])
def test_steps_that_do_not_fit_the_epochs_are_refused_before_training(line, fit, every):
    model = line()
    with pytest.raises(InputError, match=rf"Measures\(every={every}\): an epoch has 5 steps; give a multiple of that"):
        fit(model, 2, [Measures(lambda model: {}, every=every)])
    assert int(model.step.numpy()) == 0


def test_the_steps_of_an_epoch_of_unknown_length_are_known_after_it(line):
    data = tf.data.Dataset.from_generator(
        lambda: iter(np.ones((4, 2), np.float32)), output_signature=tf.TensorSpec((2,), tf.float32)
    )
    seen = Steps(8)
    line().fit(data, epochs=4, verbose=0, callbacks=[seen])
    assert seen.seen == [8, 16]
    with pytest.raises(InputError, match=r"Steps\(every=6\): an epoch has 4 steps"):
        line().fit(data, epochs=4, verbose=0, callbacks=[Steps(6)])


def test_a_multiple_that_is_passed_within_an_epoch_counts(line, fit):
    model, seen = line(), Steps(10)
    model.step.assign(2)  # as after training with other epochs
    fit(model, 5, [seen])
    assert seen.seen == [12, 22, 27]  # 27 is the last


def test_without_a_number_every_epoch_counts(line, fit):
    seen = Steps(None)
    fit(line(), 2, [seen])
    assert seen.seen == [5, 10]
    with pytest.raises(InputError, match=r"Steps\(every=0\): give at least 1"):
        Steps(0)


def test_sheets_show_the_models_samples(line, fit, tmp_path):
    model = line()
    fit(model, 2, [SampleSheets(tmp_path, 5, num_samples=4)])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["step_00000005.png", "step_00000010.png"]
    sheet = tf.io.decode_png((tmp_path / "step_00000010.png").read_bytes()).numpy()
    assert sheet[0, 0, 0] == pytest.approx((float(model.w.value) + 1) * 127.5, abs=0.51)  # rounded to a whole number


def pictures(folder):
    """The step and the pixels of all pictures that TensorBoard shows of a folder."""
    return [
        (event.step, tf.io.decode_png(tf.make_ndarray(value.tensor)[2]).numpy())
        for log in sorted(folder.iterdir())
        for event in tf.compat.v1.train.summary_iterator(str(log))
        for value in event.summary.value
        if value.tag == "sheet"
    ]


def test_tensorboard_shows_the_sheets_and_none_twice_in_a_continued_run(line, fit, tmp_path):
    def draw(model):
        return np.full((2, 3, 3), int(model.step.numpy()), np.uint8)

    folders = tmp_path / "samples", tmp_path / "tensorboard"
    fit(line(), 3, [Sheets(folders[0], 5, draw, folders[1])])
    continued = Sheets(folders[0], 5, lambda model: draw(model) + 100, folders[1])
    continued.forget_after(5)
    assert [path.name for path in folders[0].iterdir()] == ["step_00000005.png"]
    model = line()
    model.step.assign(5)
    fit(model, 2, [continued], first_step=5)
    shown = pictures(folders[1])
    assert [step for step, _ in shown] == [5, 10, 15]
    for (step, pixels), value in zip(shown, (5, 110, 115), strict=True):
        np.testing.assert_array_equal(pixels, np.full((2, 3, 3), value))
        np.testing.assert_array_equal(
            tf.io.decode_png((folders[0] / f"step_{step:08d}.png").read_bytes()).numpy(), pixels
        )


def test_sheets_are_what_draws_them(line, fit, tmp_path):
    def draw(model):
        return np.full((2, 3, 1), int(model.step.numpy()), np.uint8)

    fit(line(), 3, [Sheets(tmp_path, 10, draw)])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["step_00000010.png", "step_00000015.png"]
    sheet = tf.io.decode_png((tmp_path / "step_00000015.png").read_bytes()).numpy()
    np.testing.assert_array_equal(sheet, np.full((2, 3, 1), 15))


def test_a_loss_that_is_not_finite_stops_training_and_names_the_step(line, fit):
    class Break(StepCallback):
        def on_step(self, step, terms):
            self.model.w.assign(np.inf)

    model = line()
    with pytest.raises(NonFiniteLossError, match="the weight .*w is not finite at step 5"):
        fit(model, 2, [Break(5), StopOnNonFinite()])
    model = line()
    with pytest.raises(NonFiniteLossError, match="distance is inf at step 6"):
        fit(model, 2, [StopOnNonFinite(), Break(5)])


@pytest.fixture
def three_seconds_a_step(monkeypatch):
    """By a clock of the test's own, which stands still between two steps."""
    seconds = iter(range(0, 1000, 3))
    now = [next(seconds)]
    monkeypatch.setattr(step_progress.time, "monotonic", lambda: now[0])

    class Clock(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            now[0] = next(seconds)

    return Clock()


def test_progress_prints_a_line_a_report_where_there_is_no_terminal(line, fit, capsys):
    fit(line(rate=1e-12), 2, [StepProgress(total_steps=10, every=5)])
    first, last = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"step 5/10  0:\d\d left  distance 1", first) and last == "step 10/10  distance 1"


def test_progress_is_never_silent_for_long_and_shows_the_last_measure(line, fit, capsys, three_seconds_a_step):
    """After two steps without a line there is one; the steps that are left take three seconds each."""
    rows = []

    class Measured(StepCallback):
        def on_step(self, step, terms):
            rows.append({"step": step, "distance": 4.0 * step, "other": 1.0})

    progress = StepProgress(total_steps=1_000, every=5, evaluations=lambda: rows)
    fit(line(rate=1e-12), 2, [three_seconds_a_step, Measured(5), progress])
    assert capsys.readouterr().out.splitlines() == [
        "step 2/1000  49:54 left",
        "step 4/1000  49:48 left",
        "step 5/1000  49:45 left  distance 1  distance at 5 20",
        "step 7/1000  49:39 left",
        "step 9/1000  49:33 left",
        "step 10/1000  49:30 left  distance 1  distance at 10 40",
    ]


def test_the_time_left_of_a_continued_run_is_that_of_the_steps_since(line, fit, capsys, three_seconds_a_step):
    model = line(rate=1e-12)
    model.step.assign(500)
    fit(model, 1, [three_seconds_a_step, StepProgress(total_steps=5_000, every=5)], first_step=500)
    assert capsys.readouterr().out.splitlines()[-1] == "step 505/5000  3:44:45 left  distance 1"


def test_a_terminal_has_one_line_that_is_no_wider_than_it(line, fit, capsys, monkeypatch, three_seconds_a_step):
    monkeypatch.setattr(step_progress.sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "60")
    fit(line(rate=1e-12), 2, [three_seconds_a_step, StepProgress(total_steps=10, every=5)])
    printed = capsys.readouterr().out
    shown = [one.removesuffix("\033[K") for one in printed.removesuffix("\n").split("\r")[1:]]
    assert len(shown) >= 10 and max(map(len, shown)) <= 59 and printed.count("\n") == 1
    assert "step 5/10  ━━━━━━━━━━──────────  0:15 left  distance 1" in shown
    assert shown[-1] == "step 10/10  ━━━━━━━━━━━━━━━━━━━━  distance 1"
