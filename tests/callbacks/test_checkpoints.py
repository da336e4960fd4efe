import hashlib
import io

import h5py
import numpy as np
import pytest

from keras_gen.callbacks import Checkpoints, newest_step, restore_newest
from keras_gen.callbacks.checkpoints import checkpoint_files
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
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"step_{step:08d}.weights.h5" for step in (15, 20, 25)]


@pytest.mark.parametrize("keep", [0, -1, 1.5])
def test_the_newest_one_is_always_kept(tmp_path, keep):
    with pytest.raises(InputError, match=f"^keep={keep}: must be a whole number of at least 1$"):
        Checkpoints(tmp_path, every=5, keep=keep)


def test_without_a_checkpoint_the_run_begins_at_step_0(line, tmp_path):
    assert restore_newest(line(), tmp_path / "none") == 0
    assert newest_step(tmp_path / "none") == 0


def test_the_newest_step_needs_no_intact_file(line, fit, tmp_path):
    fit(line(), 2, [Checkpoints(tmp_path, every=5)])
    (tmp_path / "step_00000012.weights.h5").write_bytes(b"")
    assert newest_step(tmp_path) == 12


@pytest.mark.parametrize("share", [0, 0.001, 0.5, 0.99, -1])
def test_a_truncated_newest_one_is_passed_over(line, fit, tmp_path, caplog, share):
    fit(line(), 2, [Checkpoints(tmp_path, every=5)])
    newest = tmp_path / "step_00000010.weights.h5"
    content = newest.read_bytes()
    newest.write_bytes(content[: int(len(content) * share) if share >= 0 else share])
    assert restore_newest(line(), tmp_path) == 5
    (message,) = [record.getMessage() for record in caplog.records if record.name == "absl"]
    assert str(newest) in message and "it is damaged" in message and "\n" not in message


def test_one_changed_byte_is_noticed_wherever_it_is(line, fit, tmp_path):
    model = line()
    fit(model, 2, [Checkpoints(tmp_path, every=5)])
    newest = tmp_path / "step_00000010.weights.h5"
    content = newest.read_bytes()
    of_the_weight = content.index(np.float32(model.w.value).tobytes())
    for place in (0, of_the_weight, of_the_weight + 3, len(content) // 2, len(content) - 1):
        newest.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        assert restore_newest(line(), tmp_path) == 5, place
    newest.write_bytes(content)
    assert restore_newest(line(), tmp_path) == 10


def test_a_damaged_one_makes_room_for_one_made_again(line, fit, tmp_path):
    model = line()
    fit(model, 3, [Checkpoints(tmp_path, every=5)])
    (tmp_path / "step_00000015.weights.h5").write_bytes(b"")
    (tmp_path / "step_00000017.weights.h5").write_bytes(b"")
    again = line()
    assert restore_newest(again, tmp_path) == 10
    fit(again, 1, [Checkpoints(tmp_path, every=5)], first_step=10)
    assert [path.name for path in checkpoint_files(tmp_path)] == [f"step_{step:08d}.weights.h5" for step in (15, 10, 5)]
    assert restore_newest(line(), tmp_path) == 15


def test_keras_reads_them_too(line, fit, tmp_path):
    model, other = line(), line()
    fit(model, 1, [Checkpoints(tmp_path, every=5)])
    other.load_weights(tmp_path / "step_00000005.weights.h5")
    for expected, found in zip(state(model), state(other), strict=True):
        np.testing.assert_array_equal(expected, found)


def test_a_full_disk_costs_no_earlier_checkpoint(line, fit, tmp_path, small_files_only):
    model, checkpoints = line(), Checkpoints(tmp_path, every=5)
    fit(model, 1, [checkpoints])
    with small_files_only(5_000), pytest.raises(OSError) as error:
        fit(model, 1, [checkpoints])
    assert error.value.filename == str(tmp_path / "step_00000010.weights.h5")
    assert [path.name for path in tmp_path.iterdir()] == ["step_00000005.weights.h5"]
    assert restore_newest(model, tmp_path) == 5
    fit(model, 1, [checkpoints])
    assert restore_newest(line(), tmp_path) == 10


def test_checkpoints_that_cannot_be_read_are_an_error_and_stay(line, tmp_path):
    (tmp_path / "step_00000010.weights.h5").write_bytes(b"no checkpoint")
    with pytest.raises(InputError, match="every checkpoint is damaged"):
        restore_newest(line(), tmp_path)
    assert (tmp_path / "step_00000010.weights.h5").read_bytes() == b"no checkpoint"


def rewritten(path, change):
    """The checkpoint with its HDF5 file changed, and the checksum that belongs to it."""
    memory = io.BytesIO(path.read_bytes()[:-32])
    with h5py.File(memory, "r+") as file:
        change(file)
    path.write_bytes(memory.getvalue() + hashlib.sha256(memory.getvalue()).digest())


def without_optimizer(file):
    for name in list(file):
        if "optimizer" in name:
            del file[name]


def weight_and_step(file):
    """The places of the weight and of the step in a file."""
    names = []
    file.visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
    (step,) = (name for name in names if name.startswith("vars/") and file[name].dtype == "int64")
    (weight,) = (name for name in names if name.startswith("vars/") and name != step)
    return weight, step


def of_another_step(file):
    _, step = weight_and_step(file)
    file[step][...] = 7


def elsewhere(file):
    weight, _ = weight_and_step(file)
    del file[weight]
    file[weight] = h5py.ExternalLink("/etc/hostname", "/x")


def as_text(file):
    weight, _ = weight_and_step(file)
    del file[weight]
    file[weight] = "text"


def as_group(file):
    weight, _ = weight_and_step(file)
    del file[weight]
    file.create_group(weight)


@pytest.mark.parametrize("change", [without_optimizer, of_another_step, elsewhere, as_text, as_group])
def test_one_with_the_right_checksum_and_the_wrong_content_is_passed_over(line, fit, tmp_path, caplog, change):
    """Keras would only warn that the optimizer's state is missing, and go on without it."""
    model, other = line(), line()
    fit(model, 1, [Checkpoints(tmp_path, every=5)])
    expected = state(model)
    fit(model, 1, [Checkpoints(tmp_path, every=5)], first_step=5)
    rewritten(tmp_path / "step_00000010.weights.h5", change)
    assert restore_newest(other, tmp_path) == 5
    assert "step_00000010.weights.h5 cannot be used" in caplog.text
    for one, found in zip(expected, state(other), strict=True):
        np.testing.assert_array_equal(one, found)
