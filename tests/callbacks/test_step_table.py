from pathlib import Path

import pytest
import tensorflow as tf

from keras_gen.callbacks import StepTable
from keras_gen.errors import InputError


def test_rows_come_back_as_numbers(tmp_path):
    table = StepTable(tmp_path / "table.csv")
    assert table.rows() == []
    table.append(5, {"distance": 0.1 + 0.2, "count": 3})
    table.append(10, {"distance": float("nan"), "count": 4})
    first, second = table.rows()
    assert first == {"step": 5, "distance": 0.1 + 0.2, "count": 3.0}  # to the last bit
    assert second["distance"] != second["distance"]


def test_later_rows_are_forgotten_and_made_again(tmp_path):
    table = StepTable(tmp_path / "table.csv")
    for step in (5, 10, 15):
        table.append(step, {"distance": step})
    table.forget_after(10)
    assert [row["step"] for row in table.rows()] == [5, 10]
    assert table.path.read_text().split() == ["step,distance", "5,5", "10,10"]  # as they were written
    table.append(15, {"distance": 1})
    assert [row["step"] for row in StepTable(tmp_path / "table.csv").rows()] == [5, 10, 15]
    table.forget_after(0)
    assert table.rows() == [] and not Path(table.path).exists()


def test_a_line_that_a_kill_cut_short_is_no_row(tmp_path):
    table = StepTable(tmp_path / "table.csv")
    for step in (5, 10):
        table.append(step, {"distance": 0.25, "count": 12})
    whole = table.path.read_text()
    for cut in range(1, len("10,0.25,12\n") + 1):  # also in a number, and before the line's end
        table.path.write_text(whole[:-cut])
        assert [row["step"] for row in table.rows()] == [5]
    table.forget_after(5)
    table.append(10, {"distance": 0.25, "count": 12})
    assert table.path.read_text() == whole
    table.path.write_text("step,dist")
    table.forget_after(0)
    assert table.rows() == [] and not table.path.exists()


def test_an_error_names_the_table(tmp_path, small_files_only):
    table = StepTable(tmp_path / "table.csv")
    with small_files_only(1_000), pytest.raises(OSError) as error:
        for step in range(1_000):
            table.append(step, {"distance": 0.25})
    assert error.value.filename == str(table.path)
    assert [row["step"] for row in table.rows()] == list(range(len(table.rows()))) and len(table.rows()) > 50


def points(folder):
    """All (step, value) of the curve `distance`, in the order in which TensorBoard reads them."""
    return [
        (event.step, tf.make_ndarray(value.tensor).item())
        for log in sorted(folder.iterdir())
        for event in tf.compat.v1.train.summary_iterator(str(log))
        for value in event.summary.value
        if value.tag == "distance"
    ]


def test_tensorboard_gets_the_same_numbers(tmp_path):
    table = StepTable(tmp_path / "table.csv", tmp_path / "tensorboard")
    table.append(5, {"distance": 0.25})
    assert points(tmp_path / "tensorboard") == [(5, 0.25)]


def test_curves_do_not_double_back_in_a_continued_run(tmp_path):
    table = StepTable(tmp_path / "table.csv", tmp_path / "tensorboard")
    for step in (5, 10, 15):
        table.append(step, {"distance": 0.25})
    (log,) = (tmp_path / "tensorboard").iterdir()
    log.write_bytes(log.read_bytes()[:-3])  # as a kill may leave it
    continued = StepTable(tmp_path / "table.csv", tmp_path / "tensorboard")
    continued.forget_after(5)
    for step in (10, 15):
        continued.append(step, {"distance": 0.5})
    assert points(tmp_path / "tensorboard") == [(5, 0.25), (10, 0.5), (15, 0.5)]


@pytest.mark.parametrize("rows", ["5,1\n5,2", "10,1\n5,2", "-5,1", "5,1\n10,2,3", "5"])
def test_rows_that_no_run_writes_are_damage(tmp_path, rows):
    table = StepTable(tmp_path / "table.csv")
    table.path.write_text(f"step,distance\n{rows}\n")
    with pytest.raises(InputError, match=r"table\.csv is damaged; restore it from a copy"):
        table.rows()


def test_a_row_does_not_join_rows_of_other_columns(tmp_path):
    table = StepTable(tmp_path / "table.csv")
    table.append(5, {"distance": 0.25, "count": 3})
    table.path.write_text(table.path.read_text().replace("distance,count", "count,distance"))
    before = table.path.read_bytes()
    with pytest.raises(InputError, match=r"table\.csv is damaged"):
        StepTable(table.path).append(10, {"distance": 0.25, "count": 3})
    assert table.path.read_bytes() == before
