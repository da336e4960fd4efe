"""Exports to ONNX and LiteRT: the numbers of Keras and of the SavedModel, for every model and endpoint.

A runtime adds in another order than TensorFlow does: results agree to 1e-5 of the largest number, or of 1.
"""

import numpy as np
import pytest
import tensorflow as tf

from helpers.replicated_runs import RUNS, new_model
from keras_gen.errors import InputError
from keras_gen.models import ReproducibleModel
from keras_gen.models.endpoints import Rows, Seed, endpoint, types_of
from keras_gen.portable import folder, sampling

TOLERANCE = 1e-5


def what_is_missing(format):
    """What says how to install that of a format, if it is not."""
    try:
        folder.check_installed(format)
    except InputError as missing:
        return str(missing)
    return None


@pytest.fixture(scope="module", params=folder.FORMATS)
def format(request):
    if missing := what_is_missing(request.param):
        pytest.skip(missing)
    return request.param


def with_other_weights(name):
    """A model whose weights have all left their initial values: those of couplings begin at zero, which hides much."""
    model, random = new_model(name), np.random.RandomState(0)
    for variable in model.trainable_variables:
        variable.assign(variable + 0.1 * random.randn(*variable.shape))
    if getattr(model, "ema_momentum", None) is not None:
        model.average_generator.set_weights(model.generator.get_weights())
    return model


def exported(model, format, path, endpoints=None):
    """A model's signature, and what runs one of its files."""
    model.export(path, format=format, endpoints=endpoints)
    found = sampling.read_signature(path)

    def run(name, *arguments):
        of = found["endpoints"][name]
        feeds = {given["name"]: argument for given, argument in zip(of["inputs"], arguments, strict=True)}
        return folder.FORMATS[format].results((path / of["file"]).read_bytes(), feeds)

    return found, run


def given(specs, rows, number):
    """Arguments of an endpoint, other than those that it was tried on."""
    random = np.random.RandomState(rows)
    shapes = [[size or rows for size in spec.shape] for spec in specs]
    return [
        random.uniform(-1, 1, shape).astype("float32") if spec.shape.rank else np.array(number, "int32")
        for spec, shape in zip(specs, shapes, strict=True)
    ]


def assert_agree(results, expected):
    for result, of_keras in zip(results, map(np.asarray, tf.nest.flatten(expected)), strict=True):
        assert result.dtype == of_keras.dtype
        largest = max(1, np.abs(of_keras).max())
        np.testing.assert_allclose(result, of_keras, rtol=0, atol=TOLERANCE * largest)


SOME = {
    "wgan_div": ["decode"],
    "clustering_vae": ["decode", "cluster"],
    "deep_infomax": ["neighbors"],
    "glow": ["decode"],
}


@pytest.fixture(
    scope="module",
    params=[*SOME.items(), *(pytest.param((name, None), marks=pytest.mark.slow) for name in RUNS)],
    ids=lambda param: f"{param[0]}-{'all' if param[1] is None else 'some'}",
)
def in_tensorflow(request, tmp_path_factory):
    """A model, some of its endpoints or all that draw no random numbers, and its SavedModel."""
    if all(map(what_is_missing, folder.FORMATS)):  # it would be made before `format` skips
        pytest.skip("no format is installed")
    name, endpoints = request.param
    model, path = with_other_weights(name), tmp_path_factory.mktemp(name) / "saved_model"
    drawn = {name for name, of in types_of(model).items() if of.draws}
    names = endpoints or [name for name in model.endpoints() if name not in drawn]
    model.export(path, endpoints=names)
    return model, endpoints, names, tf.saved_model.load(path)


def test_numbers_and_pictures_are_those_of_keras_and_the_saved_model(in_tensorflow, format, tmp_path):
    model, endpoints, names, saved_model = in_tensorflow
    found, run = exported(model, format, tmp_path / "folder", endpoints)
    assert list(found["endpoints"]) == names
    for name in names:
        function, specs = model.endpoints()[name]
        for rows, number in ((4, 4), (1, 2 if name.startswith("interpolate") else 1)):
            arguments = given(specs, rows, number)
            results = run(name, *arguments)
            assert_agree(results, function(*map(tf.constant, arguments)))
            assert_agree(results, getattr(saved_model, name)(*map(tf.constant, arguments)))
    if "decode" in names:
        latents = sampling.latents(found["prior"], 3, seed=7)
        assert_agree(run("decode", latents), model.sample(3, seed=7))


def test_the_signature_says_what_the_files_take_and_give(format, tmp_path):
    model, path = with_other_weights("vae"), tmp_path / "vae"
    found, _ = exported(model, format, path, ["decode", "interpolate"])
    assert found["format"] == format and found["model"] == "VAE"
    assert found["prior"] == model.prior_in_numbers()
    suffix, images = folder.FORMATS[format].suffix, {"dtype": "float32", "unit": "pixels in [-1, 1]"}
    assert found["endpoints"]["decode"] == {
        "file": f"decode{suffix}",
        "inputs": [{"name": "latents", "dtype": "float32", "shape": [None, 3], "unit": "latents"}],
        "outputs": [{"name": "output_0", "shape": [None, 2], **images}],
        "largest_difference": pytest.approx(0, abs=TOLERANCE),
    }
    assert found["endpoints"]["interpolate"]["inputs"] == [
        {"name": "start", "shape": [None, 2], **images},
        {"name": "end", "shape": [None, 2], **images},
        {"name": "num_points", "dtype": "int32", "shape": [], "unit": ""},
    ]
    assert found["endpoints"]["interpolate"]["outputs"] == [{"name": "output_0", "shape": [None, None, 2], **images}]
    files = {f"decode{suffix}", f"interpolate{suffix}", "sampling.py", "signature.json"}
    assert {file.name for file in path.iterdir()} == files
    if format == "onnx":
        import onnx

        graph = onnx.load(path / "decode.onnx").graph
        sizes = [[size.dim_param or size.dim_value for size in of.type.tensor_type.shape.dim] for of in graph.output]
        assert [of.name for of in graph.output] == ["output_0"] and sizes == [["batch", 2]]


class Spectrum(ReproducibleModel):
    """An endpoint that no runtime outside TensorFlow has, one that any has, and one that draws."""

    row_shape = (2, 2)

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.built = True

    @endpoint(rows=Rows("row_shape"))
    def singular_values(self, rows):
        return tf.linalg.svd(rows, compute_uv=False)

    @endpoint(rows=Rows("row_shape"))
    def doubled(self, rows):
        return 2 * rows

    @endpoint(seed=Seed())
    def noise(self, seed):
        return tf.random.stateless_normal([2], tf.stack([seed, 0]))


class TestWhatCannotBe:
    def test_an_endpoint_without_its_operations_is_named(self, format, tmp_path, capfd):
        with pytest.raises(InputError, match=f"^endpoint singular_values: no {format} file can be made of it"):
            Spectrum().export(tmp_path / "model", format=format)
        assert not list(tmp_path.iterdir())
        Spectrum().export(tmp_path / "model", format=format, endpoints=["doubled"])
        assert list(sampling.read_signature(tmp_path / "model")["endpoints"]) == ["doubled"]

    def test_other_numbers_are_noticed(self, format, tmp_path, monkeypatch):
        kind = type(folder.FORMATS[format])
        results = kind.results
        monkeypatch.setattr(kind, "results", lambda *given: [1.01 * result for result in results(*given)])
        with pytest.raises(InputError, match="^endpoint doubled: .*it gives numbers that are off by 0.0"):
            Spectrum().export(tmp_path / "model", format=format, endpoints=["doubled"])

    def test_a_draw(self, format, tmp_path):
        with pytest.raises(
            InputError, match=f"^endpoints: noise draws random numbers, .* format='{format}' choose from"
        ):
            Spectrum().export(tmp_path / "model", format=format, endpoints=["noise"])

    def test_latents_that_the_numbers_do_not_draw(self, format, tmp_path, monkeypatch):
        model = new_model("wgan_gp")
        monkeypatch.setattr(type(model), "latents", lambda self, num_samples, seed: tf.ones([num_samples, 3]))
        with pytest.raises(InputError, match="^WGANGP.latents draws other numbers than prior_in_numbers says"):
            model.export(tmp_path / "model", format=format)

    def test_what_is_there_is_kept(self, format, tmp_path):
        (tmp_path / "notes.txt").touch()
        suffix = folder.FORMATS[format].suffix
        holds = "holds notes.txt, which no export has written; give a new folder$"
        for path, message in ((tmp_path, holds), (tmp_path / f"a{suffix}", "the name of a folder")):
            with pytest.raises(InputError, match=message):
                Spectrum().export(path, format=format, endpoints=["doubled"])
        for _ in range(2):  # an export is replaced
            Spectrum().export(tmp_path / "model", format=format, endpoints=["doubled"])
        assert {file.name for file in tmp_path.iterdir()} == {"notes.txt", "model"}
        (tmp_path / "model" / "notes.txt").touch()
        with pytest.raises(InputError, match=holds):
            Spectrum().export(tmp_path / "model", format=format, endpoints=["doubled"])
        (tmp_path / "model" / "signature.json").write_text("[]")
        with pytest.raises(InputError, match="holds .*, which no export has written"):
            Spectrum().export(tmp_path / "model", format=format, endpoints=["doubled"])


@pytest.mark.parametrize("name", folder.FORMATS)
def test_a_missing_package_is_one_line(name, monkeypatch, tmp_path):
    packages = ("no_such_package", *folder.FORMATS[name].packages)
    monkeypatch.setattr(type(folder.FORMATS[name]), "packages", packages)
    with pytest.raises(InputError, match=f"^format='{name}' needs no_such_package: pip install no_such_package$"):
        Spectrum().export(tmp_path / "model", format=name)


@pytest.mark.parametrize("name", ["glow", "f_vae"])
def test_only_batches_have_open_sizes(name):
    """As they are exported, and in a SavedModel, where a batch may be empty and is padded then."""
    function, specs = new_model(name).endpoints()["decode"]
    saved = tf.function(function, input_signature=specs, autograph=False).get_concrete_function()
    for traced in (folder.frozen(function, specs)[0], saved):
        maps = [
            output.shape[1:]
            for operation in traced.graph.get_operations()
            for output in operation.outputs
            if output.shape.rank == 4 and operation.type != "Pad"
        ]
        assert len(maps) > 10 and all(shape.is_fully_defined() for shape in maps)
