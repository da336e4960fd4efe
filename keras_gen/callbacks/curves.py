"""TensorBoard's curves of numbers by training step."""

import contextlib
import os
from pathlib import Path

import tensorflow as tf

from keras_gen.utils.files import replacing


class Curves:
    """Numbers by step, for TensorBoard.

    Args:
        directory: A folder for these curves only: TensorBoard reads the files of a folder one after the other.
    """

    def __init__(self, directory: str | os.PathLike):
        self.directory = Path(directory)
        self._writer: tf.summary.SummaryWriter | None = None

    def append(self, step: int, numbers: dict[str, float]) -> None:
        """Adds a point to the curve of each number."""
        if self._writer is None:
            self._writer = tf.summary.create_file_writer(os.fspath(self.directory))
        with self._writer.as_default(step=step):
            for name, value in numbers.items():
                tf.summary.scalar(name, value)
        self._writer.flush()

    def forget_after(self, step: int) -> None:
        """Drops the points of later steps, which would make curves double back; call it before `append`."""
        for log in sorted(self.directory.glob("events.out.tfevents.*")):
            with replacing(log) as aside, tf.io.TFRecordWriter(os.fspath(aside)) as kept:
                for record in _records(log):
                    if tf.compat.v1.Event.FromString(record).step <= step:
                        kept.write(record)


def _records(log: Path) -> list[bytes]:
    """The complete records of a log; a kill may have cut off the last one."""
    whole = []
    with contextlib.suppress(tf.errors.DataLossError):
        for record in tf.data.TFRecordDataset(os.fspath(log)).as_numpy_iterator():
            whole.append(record)
    return whole
