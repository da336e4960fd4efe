import numpy as np
import pytest

from keras_gen.callbacks import Checkpoints, restore_newest
from keras_gen.errors import InputError


def state(model):
    variables = [*model.weights, *model.line_optimizer.variables]
    return [np.asarray(variable) for variable in variables]


def test_a_new_model_gets_weights_step_and_optimiser_back(line, fit, tmp_path):
    model, other = line(), line()
    fit(model, 2, [Checkpoints(tmp_path, every=5)])
    assert restore_newest(other, tmp_path) == 10
    for expected, found in zip(state(model), state(other), strict=True):
        np.testing.assert_array_equal(expected, found)
    fit(model, 1, [])
    fit(other, 1, [])
    assert float(model.w.value) == float(other.w.value)


def test_the_newest_three_are_kept_and_nothing_else(line, fit, tmp_path):
    fit(line(), 5, [Checkpoints(tmp_path, every=5, keep=3)])
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f"step_{step:08d}.weights.h5" for step in (15, 20, 25)
    ]


def test_without_a_checkpoint_the_run_begins_at_step_0(line, tmp_path):
    assert restore_newest(line(), tmp_path / "none") == 0


def test_a_truncated_newest_one_is_passed_over(line, fit, tmp_path):
    fit(line(), 2, [Checkpoints(tmp_path, every=5)])
    newest = tmp_path / "step_00000010.weights.h5"
    newest.write_bytes(newest.read_bytes()[:500])
    assert restore_newest(line(), tmp_path) == 5


def test_checkpoints_that_cannot_be_read_are_an_error_and_stay(line, tmp_path):
    (tmp_path / "step_00000010.weights.h5").write_bytes(b"no checkpoint")
    with pytest.raises(InputError, match="no checkpoint can be read"):
        restore_newest(line(), tmp_path)
    assert (tmp_path / "step_00000010.weights.h5").read_bytes() == b"no checkpoint"
