"""The site is built and its page to play on opened in Chromium, where both are possible."""

import functools
import http.server
import importlib.util
import json
import re
import shutil
import subprocess
import threading
from pathlib import Path

import numpy as np
import pytest

from helpers.browser import chromium
from keras_gen import datasets, layers, networks, zoo
from keras_gen.errors import InputError
from keras_gen.models import FVAE, GAN, VAE, ClusteringVAE, DeepInfoMax
from keras_gen.networks import autoencoder, dcgan, infomax
from keras_gen.portable import sampling
from reproductions.harness.errors import UsageError
from reproductions.site import __main__ as site
from reproductions.site import annotated, build, documents, notebooks, npm, play

PROGRAMS = Path(__file__).parent / "programs"
PLAYWRIGHT = npm.Package(
    "playwright-core",
    "1.65.1",
    "sha512-hqPpz7blSMPxWVdoeE1yiBSzXsKiVOd2k+kjCvmUywD2GPO2Dd9HfcWnq9NN0GHbNZDFgZ9JfBFr+X5/BLo0qw==",
)
CHROMIUM = chromium()
SHAPE, LATENT_DIM = (8, 8, 1), 4  # of the digits
SEED = 7
MISSING = [
    *([] if CHROMIUM else ["Chromium (apt-get install chromium)"]),
    *([] if shutil.which("node") and shutil.which("npm") else ["Node.js with npm"]),
    *(
        ["the extra site (pip install -e '.[site]')"]
        if any(importlib.util.find_spec(name) is None for name in (*build.PACKAGES, "tf2onnx", "onnx", "onnxruntime"))
        else []
    ),
]
needs_all = pytest.mark.skipif(bool(MISSING), reason=f"the site needs {', '.join(MISSING)}")


def small_models():
    """An untrained model of each kind that the page knows, on images of digits."""
    encoder, decoder = (make(SHAPE, LATENT_DIM, [4], seed=0) for make in (autoencoder.encoder, autoencoder.decoder))
    flow_encoder, flow_decoder = (
        make(SHAPE, stages=1, depth=1, width=4, seed=0) for make in (networks.f_vae.encoder, networks.f_vae.decoder)
    )
    flow = networks.glow(flow_encoder.output_shape[1:], [1], 4, squeeze_first=False, seed=0)
    gans = [
        GAN(dcgan.generator(SHAPE, LATENT_DIM, width=4, seed=seed), dcgan.discriminator(SHAPE, width=4, seed=seed))
        for seed in (0, 1)
    ]
    code = infomax.encoder(SHAPE, 3, (4,), (5,), seed=0)
    return {
        "gan": gans[0],
        "other_gan": gans[1],
        "f_vae": FVAE(flow_encoder, flow_decoder, flow),
        "vae": VAE(encoder, decoder, layers.GaussianLikelihood(0.1)),
        "clusters": ClusteringVAE(
            encoder, decoder, autoencoder.classifier(LATENT_DIM, 3, seed=0), layers.GaussianLikelihood(0.1)
        ),
        "codes": DeepInfoMax(
            code,
            infomax.image_discriminator(SHAPE, 3, (4,), (5,), 0),
            infomax.local_discriminator(code.output_shape[0][1:], 3, (5,), 0),
        ),
    }


CARD = {"data": "digits", "licence": "none", "steps": 0, "script": "wgan_div", "flags": {"image_size": None}}


@pytest.fixture(scope="module")
def models():
    """All models of the page by name: the zoo's and small ones."""
    return {**{name: zoo.load(name) for name in zoo.names()}, **small_models()}


@pytest.fixture(scope="module")
def in_browser(models, tmp_path_factory):
    """Builds the site; gives a function that runs a program in a browser on it and gives what it saw."""
    folder = tmp_path_factory.mktemp("site")
    try:
        npm.fetch(PLAYWRIGHT, folder)
    except UsageError as error:  # a machine with Node.js and without a network
        pytest.skip(str(error))
    cards = {name: zoo.card(name) if name in zoo.names() else CARD for name in models}
    shown = {name: (lambda m=model: m, cards[name]) for name, model in models.items()}
    build.build(folder / "site", shown, with_reference=False, notebook_steps=0)
    handler = functools.partial(Quiet, directory=str(folder / "site"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()

        def run(program):
            address = f"http://127.0.0.1:{server.server_port}"
            words = ["node", PROGRAMS / program, folder / "package", CHROMIUM, address, folder]
            done = subprocess.run(words, capture_output=True, text=True, timeout=400)
            assert done.returncode == 0, done.stderr
            return json.loads(done.stdout)

        yield run
        server.shutdown()


@pytest.fixture(scope="module")
def seen(in_browser):
    """What the program saw on the page to play on."""
    return in_browser("play.mjs")


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


@needs_all
@pytest.mark.slow
def test_a_seed_draws_the_same_pixels_in_the_browser_as_in_python(models, seen):
    priors = {name: model.prior_in_numbers()["kind"] for name, model in models.items() if hasattr(model, "sample")}
    drawing = {name: models[name] for name, kind in priors.items() if kind in sampling.KINDS}
    assert set(seen["pictures"]) == set(drawing)
    for name, model in drawing.items():
        image = model.sample(1, SEED).numpy()[0]
        expected = np.rint((np.clip(image, -1, 1) + 1) * 127.5)
        pixels = np.reshape(seen["pictures"][name], (*image.shape[:2], 4))[..., :3]
        assert np.abs(pixels - expected).max() <= 1, name


@needs_all
@pytest.mark.slow
def test_every_control_does_something_and_nothing_goes_wrong(seen):
    assert seen["errors"] == [] and seen["foreign"] == []
    assert {
        *("seed", "another", "keys", "directions", "drag", "back", "sheet", "single latent", "point"),
        *("end of the line", "temperature", "own image", "other model", "class", "cluster", "neighbor"),
        *("other directions", "one model", "seed of two", "keys on two", "back of two"),
    } == set(seen["moved"])
    assert re.match(r"Cluster (\d, of 0 to 9|[012], of 0 to 2)\.", seen["cluster"]) and seen["neighbor"].startswith(
        "The nearest of "
    )
    assert seen["overflow"] <= 0  # on a phone nothing is wider than the screen
    assert "no WebAssembly" in seen["unsupported"]
    assert seen["typeset"] == {path.stem: [] for path in annotated.modules()}  # without a word of KaTeX
    assert seen["equation"].strip().startswith("W_{k,p}[p, q] =")  # typeset, of which KaTeX keeps the source


@needs_all
@pytest.mark.slow
def test_an_image_of_ones_own_is_asked_for_and_shown_as_the_model_takes_it(models, seen):
    assert len(seen["asked"]) >= 2
    for asked, drawn in zip(seen["asked"][::2], seen["asked"][1::2], strict=True):
        assert asked == ["Draw something, or choose a picture.", True, False]  # no seed, and no line
        assert drawn == ["", True, True]
    first = next(model for model in models.values() if "cluster" in model.endpoints())
    looks = {"shape": list(first.sample(1, 0).shape[1:3]), "seen": True, "grey": True}
    assert looks.items() <= seen["taken"].items()
    swapped, swaps, as_it_is = seen["onWhite"]  # black on white, which a model of light on dark does not know
    assert swaps and (swapped["corner"], swapped["middle"]) == (0, 255)
    assert (as_it_is["corner"], as_it_is["middle"]) == (255, 0)
    assert (seen["transparent"]["corner"], seen["transparent"]["middle"]) == (0, 0)  # nothing is left of the one before


@needs_all
@pytest.mark.slow
def test_what_is_loaded_is_called_by_its_name(seen):
    told = " ".join(seen["loading"])
    assert "Loading the runtime: " in told and "Loading Faces, WGAN-div: " in told
    assert "/" not in told and ".onnx" not in told


@needs_all
@pytest.mark.slow
def test_what_is_seen_first(seen):
    assert seen["shown"] == "faces_wgan_div"
    assert seen["pair"] == ["clothes_wgan_gp", "clothes_wgan_div"]


@needs_all
@pytest.mark.slow
def test_a_seed_that_is_none_is_said_to_be_none(seen):
    assert len(seen["bad"]) == 9
    for told in seen["bad"].values():
        assert told == "A seed is a whole number from 0 to 2,147,483,647; the pictures are still those of 7."


@needs_all
@pytest.mark.slow
def test_a_link_shows_what_was_drawn(seen):
    link = seen["link"]
    assert re.fullmatch(r"\?model=\w+&seed=12(&temperature=[\d.]+)?(&label=\d)?", link["search"])
    assert link["same"] and link["other"]
    assert link["notes"] == [
        "There is no model called nothing here; this is another.",
        "A seed is a whole number from 0 to 2,147,483,647; the pictures are still those of 7.",
    ]


@needs_all
@pytest.mark.slow
def test_the_pen_of_the_keys_is_seen_while_the_pad_has_focus(seen):
    (hidden, *_), (before, left, up), (after, moved, down) = seen["pens"]
    assert [hidden, before, after] == ["hidden", "visible", "visible"] and moved < left
    assert "play-down" in down.split() and "play-down" not in up.split()
    assert seen["keys"] == "Arrow keys move the pen, the space bar lifts it, Delete clears."


@needs_all
@pytest.mark.slow
def test_a_finger_can_scroll_wherever_it_cannot_draw_or_drag(seen):
    pads = {"end-a", "end-b", "cluster-pad", "neighbor-pad"}
    assert set(seen["touch"]) == {"picture", "one-picture", "beside", *pads}
    assert len(seen["room"]) >= 4 and min(seen["room"][:1] + seen["room"][2:]) >= 40  # pixels, right of each


@needs_all
@pytest.mark.slow
def test_names_are_those_that_people_say_and_are_not_cut_off(seen):
    assert seen["cut"] == []
    assert "Digits, f-VAE (MNIST)" in seen["texts"] and "20,000 steps on CelebA, 10,000 images" in seen["texts"]
    assert not re.search("padded|mnist_5k|celeba_|cifar10|fashion_mnist", seen["texts"])


@needs_all
@pytest.mark.slow
def test_a_page_that_was_opened_from_disk_says_how_to_serve_it(seen):
    assert "only from a web server" in seen["disk"] and not seen["starting"]
    assert re.search(r'python -m http\.server --directory "/.*/site"', seen["disk"])


def test_where_the_images_for_neighbours_are_is_said(tmp_path, monkeypatch, capsys):
    asked = []

    def load(name, split, image_size, data_dir):
        asked.append((name, split, image_size, data_dir))
        raise InputError("not there")

    monkeypatch.setattr(datasets, "load", load)
    card = {"data": "cifar10", "flags": {"image_size": 32}}
    assert play._write_gallery(tmp_path / "some_model", None, card, "a/folder") is None
    assert asked == [("cifar10", "test", 32, "a/folder")]
    told = "no nearest neighbours by some_model: cifar10 was not found; --data_dir=FOLDER says where it is\n"
    assert capsys.readouterr().out == told


def test_the_command_line_says_where_data_sets_are(tmp_path, monkeypatch):
    given = []
    monkeypatch.setattr(build, "check", lambda *_: None)
    monkeypatch.setattr(build, "build", lambda *arguments: given.append(arguments))
    site.main([f"--output={tmp_path / 'site'}", "--play=false", "--data_dir=a/folder"])
    assert given == [(tmp_path / "site", {}, True, None, "a/folder")]


@needs_all
@pytest.mark.slow
def test_on_a_phone_nothing_is_cut_off_and_every_equation_is_typeset(in_browser):
    pages = in_browser("phone.mjs")
    assert {f"notebooks/{path.stem}" for path in notebooks.NOTEBOOKS} <= set(pages)
    assert {"play", "annotated/wgan_div", "annotated/clustering_vae", "reproductions/wgan_div"} <= set(pages)
    assert {f"docs/{path.stem}" for path in documents.ROOT.glob("docs/*.md")} - {"docs/page_template"} <= set(pages)
    fine = {"errors": [], "overflow": 0, "cut": [], "broken": [], "covered": [], "plain": []}
    assert pages == dict.fromkeys(pages, fine)


def test_links_lead_to_pages_of_the_site(tmp_path):
    documents.write(tmp_path, with_reference=True)
    index = (tmp_path / "index.md").read_text()
    assert "(reference/keras_gen/models/wgan_div.md)" in index and "(reproductions/wgan_div.md)" in index
    assert (tmp_path / "reproductions/results/wgan_div/faces.png").exists()
    assert "class TestNothing" not in (tmp_path / "source/tests/models/test_wgan_div.py.md").read_text()
    assert "(source/LICENSE.md)" in index and (tmp_path / "source/LICENSE.md").exists()


def test_links_in_code_are_left_alone(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("[a](b.md#c) `[d](e.md)`\n```\n[f](g.md)\n```\n[h](i.md)\n")
    found = documents.with_links(page, lambda _, link: link.upper())
    assert found == "[a](B.MD#c) `[d](e.md)`\n```\n[f](g.md)\n```\n[h](I.MD)\n"


@pytest.mark.parametrize(
    "words, said", [([], "give a folder"), (["--output=FULL"], "holds something else than a site")]
)
def test_what_cannot_be_built_is_one_line(tmp_path, words, said):
    (tmp_path / "file").touch()
    with pytest.raises(SystemExit, match=said if not MISSING or not words else "."):
        site.main([word.replace("FULL", str(tmp_path)) for word in words])
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_package_that_is_not_the_pinned_one_is_refused(tmp_path, monkeypatch):
    def pack(words, cwd, **_):
        Path(cwd, "some-1.0.tgz").write_bytes(b"another")
        return subprocess.CompletedProcess(words, 0, "", "")

    monkeypatch.setattr(npm.shutil, "which", lambda name: name)
    monkeypatch.setattr(npm.subprocess, "run", pack)
    with pytest.raises(UsageError, match="some 1.0 from npm is not the one"):
        npm.fetch(npm.Package("some", "1.0", "sha512-x"), tmp_path, ["a"])
