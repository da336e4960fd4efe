"""What TensorBoard shows by training step: numbers as curves, and pictures."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import tensorflow as tf

from keras_gen.utils.files import replacing


class TensorBoardLog:
    """Numbers and pictures by step, for TensorBoard.

    Args:
        directory: A folder for this log only: TensorBoard reads the files of a folder one after the other.
    """

    def __init__(self, directory: str | os.PathLike):
        self.directory = Path(directory)
        self._writer: tf.summary.SummaryWriter | None = None

    def append(self, step: int, numbers: dict[str, float]) -> None:
        """Adds a point to the curve of each number."""
        with self._at(step):
            for name, value in numbers.items():
                tf.summary.scalar(name, value)

    def append_picture(self, step: int, name: str, picture: np.ndarray) -> None:
        """Adds a picture, uint8 [height, width, 1 or 3], to those of a name."""
        with self._at(step):
            tf.summary.image(name, picture[np.newaxis])

    def forget_after(self, step: int) -> None:
        """Drops what is of later steps, which would make curves double back; call it before anything is added."""
        for log in sorted(self.directory.glob("events.out.tfevents.*")):
            with replacing(log) as aside, tf.io.TFRecordWriter(os.fspath(aside)) as kept:
                for record in _records(log):
                    if tf.compat.v1.Event.FromString(record).step <= step:
                        kept.write(record)

    @contextlib.contextmanager
    def _at(self, step: int) -> Iterator[None]:
        """What is written inside is of this step, and on the disk at the end."""
        if self._writer is None:
            self._writer = tf.summary.create_file_writer(os.fspath(self.directory))
        with self._writer.as_default(step=step):
            yield
        self._writer.flush()


def _records(log: Path) -> list[bytes]:
    """The complete records of a log; a kill may have cut off the last one."""
    whole = []
    with contextlib.suppress(tf.errors.DataLossError):
        for record in tf.data.TFRecordDataset(os.fspath(log)).as_numpy_iterator():
            whole.append(record)
    return whole
