"""`reproductions.export`: a run's model, as a SavedModel and as ONNX."""

import json

import pytest
import tensorflow as tf

from helpers.replicated_runs import untrained
from keras_gen import zoo
from keras_gen.errors import InputError
from keras_gen.portable import folder
from reproductions import export


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A folder with what the command needs of a finished run."""
    path = tmp_path_factory.mktemp("export") / "run"
    path.mkdir()
    untrained("wgan_div_adam").save(path / "model.keras")
    return path


def test_a_saved_model(run, tmp_path, capsys):
    output = tmp_path / "exported"
    export.main([str(run), f"--output={output}", "--endpoints=decode", "--endpoints=sample"])
    assert f"{output}: decode, sample of WGANDiv" in capsys.readouterr().out
    assert set(tf.saved_model.load(output).signatures) == {"decode", "sample", "serve", "serving_default"}
    for format in ("tf_saved_model", "onnx"):
        with pytest.raises(SystemExit, match="holds something; give a new folder"):
            export.main([str(run), f"--format={format}", f"--output={output}"])


def test_onnx(run, tmp_path, capsys):
    try:
        folder.check_installed("onnx")
    except InputError as missing:
        pytest.skip(str(missing))
    output = tmp_path / "exported"
    export.main([f"--run={run}", "--format=onnx", f"--output={output}"])
    assert f"{output}: decode of WGANDiv" in capsys.readouterr().out
    assert json.loads((output / "signature.json").read_text())["endpoints"]["decode"]["file"] == "decode.onnx"
    with pytest.raises(SystemExit, match="endpoints: sample draws random numbers"):
        export.main([f"--run={run}", "--format=onnx", f"--output={tmp_path / 'other'}", "--endpoints=sample"])
    assert [path.name for path in tmp_path.iterdir()] == ["exported"]


def test_what_cannot_be_exported(run, tmp_path, monkeypatch):
    monkeypatch.setattr(zoo, "load", lambda name: pytest.fail("loaded"))
    output = f"--output={tmp_path / 'exported'}"
    for words, message in (
        ([str(run)], "--output: give the folder to write"),
        ([output], "give one of a run's folder and --zoo=NAME"),
        ([str(run), "--zoo=faces_wgan_div", output], "give one of a run's folder and --zoo=NAME"),
        ([str(run), f"{output}.onnx"], "exported.onnx: give the name of a folder"),
        ([str(run), f"{output}.litert"], "exported.litert: give the name of a folder"),
        ([str(tmp_path), output], "there is no model.keras; give the folder of a finished run"),
        ([str(tmp_path / "nowhere"), output], "nowhere: there is no such folder"),
        (["--zoo=face_wgan_div", output], "--zoo=face_wgan_div: there is no such model; did you mean faces_wgan_div"),
        ([str(run), output, "--format=keras"], "--format=keras: choose one of tf_saved_model, onnx, litert"),
        ([str(run), output, "--endpoints=draw"], "endpoints: draw is none of this model; choose from"),
    ):
        with pytest.raises(SystemExit, match=message):
            export.main(words)
    assert not list(tmp_path.iterdir())
