import csv
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image, ImageSequence

from helpers.small_gans import image_networks
from keras_gen import datasets
from keras_gen.models import GAN, VAE
from keras_gen.networks import autoencoder
from keras_gen.utils import image_grid
from reproductions import pages, tables
from reproductions.harness.run_directory import RunDirectory
from reproductions.reporting import animations
from reproductions.reporting.charts import BOTTOM, HEIGHT, LEFT, MAX_POINTS, RIGHT, TOP, WIDTH, Chart, charts


class Addresses(HTMLParser):
    """What a page loads when it is opened, and what it links to."""

    def __init__(self, page):
        super().__init__()
        self.loaded, self.links, self.charts = [], [], {}
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.loaded += [attrs[name] for name in ("src", "srcset", "data", "poster") if name in attrs]
        if tag == "link":
            self.loaded.append(attrs["href"])
        elif "href" in attrs:
            self.links.append(attrs["href"])
        if "data-points" in attrs:
            self.charts[attrs["aria-label"].split(" by step")[0]] = json.loads(attrs["data-points"])


def test_the_page_of_a_run_needs_no_other_file_and_no_other_host(smoke_run):
    folder, _ = smoke_run
    page = Addresses(folder / "index.html")
    assert len(page.loaded) == 3  # two sheets and the moving picture
    assert all(re.match("data:image/(webp|gif);base64,", address) for address in page.loaded)
    assert {path.name for path in folder.glob("*.gif")} == {link for link in page.links if link.endswith(".gif")}
    assert "interpolation.gif" in page.links and all((folder / link).exists() for link in page.links)
    assert not re.search(r"https?://|@import|url\(", (folder / "index.html").read_text())


def test_the_page_shows_curves_results_and_settings(smoke_run):
    folder, _ = smoke_run
    text, shown = (folder / "index.html").read_text(), Addresses(folder / "index.html").charts
    with open(folder / "evaluations.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    points = shown["Fréchet distance"]
    assert [step for *_, step, _ in points] == [10, 20]
    assert [value for *_, value in points] == [pytest.approx(float(row["frechet_distance"]), rel=1e-4) for row in rows]
    assert "gradient penalty" in shown and "num real" not in shown  # which never changes
    results = json.loads((folder / "results.json").read_text())
    assert f">{results['measure']['test_images']['frechet_distance']:.4g}<" in text
    of_others = {"penalty_weight", "one_sided", "clip"}  # WGAN-GP's, and WGAN's
    for name, value in results["flags"].items():
        assert (f"<span>{name}</span><code>{value}</code>" in text) == (name not in of_others), name
    assert "python -m reproductions.wgan_div" in text and "--deterministic=true" in text


def test_training_gif_has_the_sheets(smoke_run):
    folder, _ = smoke_run
    with Image.open(folder / "training.gif") as image:
        frames = [np.asarray(frame.convert("L")) for frame in ImageSequence.Iterator(image)]
    sheets = [np.asarray(Image.open(path).convert("L")) for path in sorted(folder.glob("samples/*.png"))]
    assert len(frames) == 2
    for frame, sheet in zip(frames, sheets, strict=True):
        assert np.abs(frame.astype(int) - sheet).max() <= 1


def test_every_script_reports_its_runs():
    assert all(tables.reproduction_of(name).report is not None for name in pages.SCRIPTS)


def test_sheets_are_evenly_spaced_and_those_that_cannot_be_shown_are_left_out(tmp_path):
    directory = RunDirectory(tmp_path)
    directory.samples.mkdir()
    for step in range(10, 110, 10):
        Image.new("L", (4, 4), step).save(directory.samples / f"step_{step:08d}.png")
    assert [step for step, _ in animations.sheets(directory, 5)] == [20, 40, 60, 80, 100]
    Image.new("L", (5, 4)).save(directory.samples / "step_00000040.png")
    (directory.samples / "step_00000060.png").write_bytes(b"no picture")
    found = animations.sheets(directory, 5)
    assert [(step, pixels.shape, pixels.flat[0]) for step, pixels in found] == [
        (step, (4, 4, 1), step) for step in (20, 80, 100)
    ]


def test_a_gan_goes_around_circles_through_its_latents():
    model = GAN(*image_networks())
    frames = animations.between(model, None)
    assert len(frames) == 2 * animations.NUM_POINTS
    quarter = frames[animations.NUM_POINTS // 2]  # cos 0 and sin 1
    for frame, seed in ((frames[0], 0), (quarter, 1)):
        expected = image_grid(model.sample(animations.NUM_IMAGES, seed))
        assert np.abs(frame.astype(int) - expected).max() <= 1


def test_a_model_that_encodes_goes_from_image_to_image_and_back():
    images = datasets.load("digits", "test")
    make = (autoencoder.encoder, autoencoder.decoder)
    model = VAE(*(network(images.image_shape, 3, [4], seed=0) for network in make))
    frames = animations.between(model, images)
    assert len(frames) == 2 * animations.NUM_POINTS - 2
    reconstructed = model.reconstruct(images.to_array(2 * animations.NUM_IMAGES))
    for frame, of_images in ((frames[0], reconstructed[::2]), (frames[animations.NUM_POINTS - 1], reconstructed[1::2])):
        assert np.abs(frame.astype(int) - image_grid(of_images)).max() <= 1
    np.testing.assert_array_equal(frames[-1], frames[1])


def test_curves_lie_where_their_axes_say():
    rows = [{"step": step, "loss": 5.0 - step, "same": 1.0, "gone": np.nan} for step in (0, 1, 2, 4)]
    (chart,) = charts(rows)
    assert (chart.title, chart.logarithmic, chart.last) == ("loss", False, "1")
    (left, top, *_), *_, (right, bottom, step, value) = chart.points
    assert (left, right, step, value) == (LEFT, WIDTH - RIGHT, 4, 1.0)
    assert (top, bottom) == (TOP, HEIGHT - BOTTOM)
    assert dict((label, y) for y, label in chart.y_ticks)["3"] == pytest.approx((top + bottom) / 2, abs=0.1)
    assert dict((label, x) for x, label in chart.x_ticks)["2"] == pytest.approx((left + right) / 2, abs=0.1)


def test_what_falls_far_has_a_logarithmic_axis():
    chart = Chart("loss", [0, 1, 2], [100.0, 1.0, 0.01])
    assert chart.logarithmic and chart.points[1][1] == pytest.approx((TOP + HEIGHT - BOTTOM) / 2, abs=0.1)
    assert {"100", "1", "0.01"} <= {label for _, label in chart.y_ticks}


def test_of_many_points_means_are_drawn():
    values = np.random.default_rng(0).normal(size=10 * MAX_POINTS)
    chart = Chart("loss", range(len(values)), values)
    expected = values.reshape(MAX_POINTS, 10).mean(axis=1)
    np.testing.assert_allclose([value for *_, value in chart.points], expected, rtol=1e-4)
