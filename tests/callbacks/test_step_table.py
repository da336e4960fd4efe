from pathlib import Path

import tensorflow as tf

from keras_gen.callbacks import StepTable


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


def test_tensorboard_gets_the_same_numbers(tmp_path):
    table = StepTable(tmp_path / "table.csv", tmp_path / "tensorboard")
    table.append(5, {"distance": 0.25})
    (log,) = (tmp_path / "tensorboard").iterdir()
    found = {
        (event.step, value.tag): tf.make_ndarray(value.tensor).item()
        for event in tf.compat.v1.train.summary_iterator(str(log))
        for value in event.summary.value
    }
    assert found[5, "distance"] == 0.25
