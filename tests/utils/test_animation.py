import numpy as np
import pytest
from PIL import Image, ImageSequence

from keras_gen.errors import InputError
from keras_gen.utils import save_gif


@pytest.mark.parametrize("channels", [1, 3])
def test_frames_come_back_with_their_times(tmp_path, channels):
    frames = [np.full((4, 6, channels), value, np.uint8) for value in (0, 100, 255)]
    save_gif(tmp_path / "moving.gif", frames, seconds=0.1, pause=2.0)
    with Image.open(tmp_path / "moving.gif") as image:
        assert image.info["loop"] == 0  # for ever
        shown = [(np.asarray(frame.convert("RGB")), frame.info["duration"]) for frame in ImageSequence.Iterator(image)]
    assert [duration for _, duration in shown] == [100, 100, 2_000]
    for (pixels, _), frame in zip(shown, frames, strict=True):
        np.testing.assert_array_equal(pixels, np.broadcast_to(frame, (4, 6, 3)))


def test_frames_of_several_shapes_are_refused(tmp_path):
    frames = [np.zeros((4, 6, 1), np.uint8), np.zeros((4, 5, 1), np.uint8)]
    with pytest.raises(InputError, match=r"moving.gif: the pictures have shapes \[\(4, 5, 1\), \(4, 6, 1\)\]"):
        save_gif(tmp_path / "moving.gif", frames)
    with pytest.raises(InputError, match="give at least one"):
        save_gif(tmp_path / "moving.gif", [])
    assert not list(tmp_path.iterdir())
