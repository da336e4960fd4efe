"""Every notebook runs from top to bottom, here for two steps on small images."""

import re
import runpy
from pathlib import Path

import pytest

import keras_gen
from helpers.quick import slow_unless
from reproductions.pages import SCRIPTS
from reproductions.reporting import notebooks

FOLDER = Path(__file__).parents[1] / "notebooks"
NAMES = sorted(path.stem for path in FOLDER.glob("*.py"))


@pytest.fixture
def small(monkeypatch):
    """Two steps, and the digits of 8x8 pixels in the place of any data set."""
    load = keras_gen.datasets.load

    def load_digits(name, *split):
        return load("padded:digits", *split, image_size=16) if name.startswith("padded:") else load("digits", *split)

    monkeypatch.setattr(keras_gen.datasets, "load", load_digits)
    monkeypatch.setenv("STEPS", "2")


def test_every_post_has_one():
    assert sorted({*SCRIPTS, "your_own_loss"}) == NAMES


@pytest.mark.parametrize("name", slow_unless(("deep_infomax", "your_own_loss"), NAMES))
def test_it_runs(name, small):
    found = runpy.run_path(str(FOLDER / f"{name}.py"), run_name="notebook")
    assert found["STEPS"] == 2
    if "model" in found:
        assert int(found["model"].step.numpy()) == 2


@pytest.mark.parametrize("name", NAMES)
def test_its_cells_begin_with_a_title_and_end_in_something_to_see(name):
    text = (FOLDER / f"{name}.py").read_text(encoding="utf-8")
    first, *cells = re.split(r"^# %%", text, flags=re.M)[1:]
    assert first.startswith(" [markdown]\n# # ")
    code = [cell for cell in cells if not cell.startswith(" [markdown]")]
    assert sum(cell.rstrip().splitlines()[-1].startswith(("picture(", "lines_of(")) for cell in code) >= 1
    # What it says of the post comes from the records.
    assert name == "your_own_loss" or f'verdicts("{name}")' in text


class TestWhatTheyShow:
    def test_lines_of_the_library(self):
        shown = notebooks.lines_of(keras_gen.models.WGANDiv.generator_loss)
        assert shown._repr_markdown_().startswith("```python\ndef generator_loss(self, t_fake: tf.Tensor")
        assert "return -tf.reduce_mean(t_fake)" in shown and shown.endswith("```")

    def test_a_picture(self):
        assert notebooks.picture([[[[-1.0]], [[1.0]]]] * 4, columns=2).getpixel((0, 0)) == 0

    def test_verdicts_are_those_of_the_page(self):
        page = (Path(notebooks.__file__).parents[1] / "wgan_div.md").read_text(encoding="utf-8")
        assert notebooks.verdicts("wgan_div") in page
