"""A table of numbers by training step, as a CSV file and as curves for TensorBoard."""

import csv
import os
from pathlib import Path

from keras_gen.callbacks.tensorboard_log import TensorBoardLog
from keras_gen.errors import InputError
from keras_gen.utils.files import naming, replacing


class StepTable:
    """Rows of numbers by step, in a CSV file whose first column is `step`.

    A row counts once its line is complete; a kill or a full disk may cut off the last one.

    Args:
        path: The file, created with the first row.
        tensorboard_dir: A folder for this table only, whose TensorBoard logs get the same numbers; None for no logs.
    """

    def __init__(self, path: str | os.PathLike, tensorboard_dir: str | os.PathLike | None = None):
        self.path = Path(path)
        self._curves = TensorBoardLog(tensorboard_dir) if tensorboard_dir else None
        self._has_these_columns = False

    def rows(self) -> list[dict[str, float]]:
        """All rows from the first step to the last; empty if there is no file yet.

        Raises:
            InputError: The file is damaged.
        """
        try:
            rows = [
                {"step": int(row.pop("step")), **{name: float(value) for name, value in row.items()}}
                for row in csv.DictReader(self._whole_lines())
            ]
        except (ValueError, TypeError, KeyError, csv.Error) as error:  # a row of the wrong length is a TypeError
            raise self.damaged() from error
        steps = [row["step"] for row in rows]
        if any(later <= step for step, later in zip([-1, *steps], steps, strict=False)):
            raise self.damaged()
        return rows

    def damaged(self) -> InputError:
        """The error of a table that cannot be used."""
        return InputError(f"{self.path} is damaged; restore it from a copy, or start again in a new folder")

    def append(self, step: int, row: dict[str, float]) -> None:
        """Adds the row of a step.

        Raises:
            InputError: The rows that are there have other columns.
            OSError: The row cannot be written, for example because the disk is full.
        """
        row = {"step": step, **row}
        new = not self.path.exists()
        if not self._has_these_columns:
            if not new and next(csv.reader(self._whole_lines()), None) != list(row):
                raise self.damaged()
            self._has_these_columns = True
        with naming(self.path), open(self.path, "a", newline="") as file:
            writer = csv.DictWriter(file, row, lineterminator="\n")
            if new:
                writer.writeheader()
            writer.writerow(row)
            file.flush()
            os.fsync(file.fileno())
        if self._curves is not None:
            self._curves.append(step, row)

    def forget_after(self, step: int) -> None:
        """Drops the rows of later steps, which a continued run makes again; the others stay as they are.

        Raises:
            InputError: The file is damaged; it is left as it is.
        """
        kept = sum(row["step"] <= step for row in self.rows())
        if self._curves is not None:
            self._curves.forget_after(step)
        if kept:
            lines = self._whole_lines()
            with replacing(self.path) as aside:
                aside.write_text("".join(lines[: 1 + kept]))
        else:
            self.path.unlink(missing_ok=True)

    def _whole_lines(self) -> list[str]:
        if not self.path.exists():
            return []
        return [line for line in self.path.read_text().splitlines(keepends=True) if line.endswith("\n")]
