"""A table of numbers by training step, in a CSV file and for TensorBoard."""

import csv
import os
from pathlib import Path

import tensorflow as tf

from keras_gen.utils.files import replacing


class StepTable:
    """Rows of numbers by step, in a CSV file whose first column is `step`.

    Args:
        path: The file; it is made with the first row.
        tensorboard_dir: Folder of TensorBoard's logs, which get the same numbers; None for none.
    """

    def __init__(self, path: str | os.PathLike, tensorboard_dir: str | os.PathLike | None = None):
        self.path = Path(path)
        self._writer = tf.summary.create_file_writer(os.fspath(tensorboard_dir)) if tensorboard_dir else None

    def rows(self) -> list[dict[str, float]]:
        """All rows, from the first step to the last; none if there is no file yet."""
        if not self.path.exists():
            return []
        with open(self.path, newline="") as file:
            return [
                {name: int(value) if name == "step" else float(value) for name, value in row.items()}
                for row in csv.DictReader(file)
            ]

    def append(self, step: int, row: dict[str, float]) -> None:
        """Adds the row of a step."""
        row = {"step": step, **row}
        new = not self.path.exists()
        with open(self.path, "a", newline="") as file:
            writer = csv.DictWriter(file, row, lineterminator="\n")
            if new:
                writer.writeheader()
            writer.writerow(row)
        self._show(step, row)

    def forget_after(self, step: int) -> None:
        """Drops the rows of later steps, which a continued run makes again; the others stay as they were written."""
        kept = sum(row["step"] <= step for row in self.rows())
        if not kept:
            self.path.unlink(missing_ok=True)
            return
        lines = self.path.read_text().splitlines(keepends=True)
        with replacing(self.path) as aside:
            aside.write_text("".join(lines[: 1 + kept]))

    def _show(self, step: int, row: dict[str, float]) -> None:
        if self._writer is None:
            return
        with self._writer.as_default(step=step):
            for name, value in row.items():
                tf.summary.scalar(name, value)
        self._writer.flush()
