"""Bad input: one line that names the flag or the file, exit status 1, no traceback, nothing written."""

import io
import json
import math
import os
import re
import socket
import struct
import warnings
import zipfile
import zlib
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from tensorflow.core.protobuf import fingerprint_pb2

from keras_gen.errors import InputError, NonFiniteLossError
from reproductions import wgan_div
from reproductions.harness import distribution, run, workers
from reproductions.harness.errors import UsageError
from reproductions.harness.failures import guarded, with_flags
from reproductions.harness.options import as_flags
from reproductions.harness.run_directory import RunDirectory

ROOT = Path(__file__).parents[2]


def contents(folder):
    """All that a folder holds."""
    return {path: path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


@pytest.fixture
def refused(launched, tmp_path):
    """Launches a script that must end with one line and leave the test's folder as it is; gives that line."""

    def launch(name, *flags):
        before = contents(tmp_path)
        message = launched(name, *flags)
        assert contents(tmp_path) == before
        # Python prints what a script exits with, if it is a text, on stderr, and gives the exit status 1.
        assert isinstance(message, str) and message.startswith("error: ") and "\n" not in message
        return message

    return launch


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("image_size=7: too small; give image_size=8", "--image_size=7: too small; give --image_size=8"),
        ("prepare it again in another data_dir with", "prepare it again in another --data_dir with"),
        ("image_shape=(6, 6, 1): no square", "--image_size: image_shape=(6, 6, 1): no square"),
        ("/data_dir/image_size=7/0.png: my_data_dir, h=1", "/data_dir/image_size=7/0.png: my_data_dir, h=1"),
    ],
)
def test_arguments_of_the_library_are_named_by_their_flags(message, shown):
    assert with_flags(message) == shown


FLAGS = [
    ("wgan_div", ["--dataset=minst_5k"], "unknown data set 'minst_5k'; did you mean mnist_5k?"),
    ("wgan_div", ["--dataset=cifar10"], "cifar10 is not prepared in"),
    ("wgan_div", ["--dataset=folder:/no/such"], "folder:/no/such: there is no such folder; give --dataset=folder:PATH"),
    ("wgan_div", ["--dataset=folder:"], "folder:: there is no such folder; give --dataset=folder:PATH, a folder of"),
    ("wgan_div", ["--dataset=linked_folder:/no"], "folder; give --dataset=linked_folder:PATH, a folder of images"),
    (
        "rsgan",
        ["--preset=photos_64"],
        "folder:celeba: there is no such folder; give --dataset=folder:PATH, a folder of",
    ),
    ("f_vae", ["--preset=paper"], "folder:celeba_hq: there is no such folder; give --dataset=folder:PATH, a folder of"),
    ("wgan_div", ["--data_dir="], "--data_dir= is empty; give a folder, or leave it out"),
    ("wgan_div", ["--steps=0"], "--steps=0: "),
    ("wgan_div", ["--steps=many"], "--steps=many: "),
    ("wgan_div", ["--seed=-1"], "--seed=-1: "),
    ("wgan_div", ["--generator_learning_rate=-1"], "--generator_learning_rate=-1.0: "),
    ("wgan_div", ["--k=nan"], "--k=nan: give a finite number"),
    ("wgan_div", ["--p=1"], "--p=1.0: give a finite number above 1"),
    ("wgan_div", ["--no_such_flag=1"], "no_such_flag"),
    ("wgan_div", ["laptop"], "laptop: not a flag; flags begin with --"),
    ("f_gan", ["--width=8.5"], "--width=8.5: give a whole number of at least 1"),
    ("wgan_div", ["--preset=huge"], "--preset=huge: choose one of smoke, laptop, photos_32, photos_64, paper"),
    ("wgan_div", ["--study=nonsense"], "--study=nonsense: choose one of rates, comparison, "),
    ("wgan_div", ["--study=power", "--seeds=one"], "--seeds=one: give whole numbers"),
    ("wgan_div", ["--seeds=1"], "--seeds is for studies"),
    ("wgan_div", ["--image_size=64"], "--image_size=64: the images of digits have 8x8 pixels"),
    ("wgan_div", ["--image_size=6"], "--image_size: image_shape=(6, 6, 1): DCGAN makes square images of 28 or 8·2"),
    ("wgan_div", ["--batch_size=100000"], "--batch_size=100000: a step takes 100000 images, and --dataset=digits has"),
    ("wgan_div", ["--log_every=7"], "--steps=20 must be a multiple of --log_every=7"),
    ("wgan_div", ["--evaluate_every=7"], "--evaluate_every=7 must be a multiple of --log_every=5"),
    ("wgan_div", ["--strategy=multi_worker"], "--strategy=multi_worker needs TF_CONFIG"),
    ("wgan_div", ["--num_classes=1"], "--num_classes=1: give a whole number of at least 2"),
    (
        "rsgan",
        ["--num_classes=5"],
        "--num_classes=5 (given, or the preset's): digits has 10 classes; give --num_classes=",
    ),
    (
        "wgan_div",
        ["--sampling=interpolate_within_class", "--dataset=folder:/no/such/folder"],
        "--sampling=interpolate_within_class: needs classes; give --num_classes=10",
    ),
    ("rsgan", ["--h=square"], "--h=square: choose one of log_sigmoid, "),
    ("rsgan", ["--ema_momentum=1"], "--ema_momentum=1.0: give a finite number from 0 to 0.9999"),
    ("f_gan", ["--divergence=alpha"], "--divergence=alpha: choose one of "),
    ("lipschitz", ["--clip=inf"], "--clip=inf: "),
    ("lipschitz", ["--critic=spectral_normalization", "--spectral_normalization=none"], "nothing bounds the critic"),
    ("deep_infomax", ["--gamma=nan"], "--gamma=nan: give a finite number of at least 0"),
    ("deep_infomax", ["--stages=9"], "--stages=9: images of 8x8 can be halved 3 times; give 3 or fewer"),
    ("deep_infomax", ["--alpha=0", "--beta=0"], "--alpha=0, --beta=0: there is no information to maximise"),
    ("deep_infomax", ["--alpha=0", "--global_pairs=code_code"], "--alpha=0.0 does not use it; leave it out, or give"),
    ("deep_infomax", ["--gamma=0", "--prior=adversarial"], "--gamma=0.0 does not use it; leave it out, or give"),
    ("deep_infomax", ["--gamma=0", "--kl_reduction=mean"], "--gamma=0.0 does not use it; leave it out, or give"),
    ("deep_infomax", ["--prior=adversarial", "--kl_reduction=mean"], "--prior=adversarial does not use it; leave it"),
    ("vae_mutual_information", ["--num_shuffles=16"], "--batch_size=16; give 15 or fewer"),
    ("vae_mutual_information", ["--latent_dim=0"], "--latent_dim=0: "),
    ("f_vae", ["--coupling=quadratic"], "--coupling=quadratic: choose one of "),
    ("f_vae", ["--sigma_1=0"], "--sigma_1=0.0: "),
    ("f_vae", ["--decay_steps=-1"], "--decay_steps=-1: "),
    ("f_vae", ["--flow_levels=9"], "--flow_levels=9: give 0 to 3 for maps of 4x4"),
    ("f_vae", ["--model=glow", "--flow_levels=0"], "--flow_levels=0: give 1 to 3 for maps of 8x8"),
    (
        "f_vae",
        ["--model=vae", "--posterior_flows=2", "--latent_dim=3"],
        "--latent_dim=3: the couplings of --posterior_flows=2 halve the latents; give an even number",
    ),
    (
        "f_vae",
        ["--stages=4"],
        "--stages=4: images of 8x8 can be halved 3 times; give fewer stages, or an --image_size ",
    ),
    ("f_vae", ["--model=vae", "--stages=4"], "--stages=4: images of 8x8 can be halved 3 times; give fewer stages, or"),
    ("f_vae", ["--flow_levels=0", "--mixing=convolution"], "--flow_levels=0 does not use it; leave it out, or give"),
    ("f_vae", ["--model=vae", "--posterior_flows=2", "--flow_width=3"], "--model=vae does not use it; leave it out"),
    ("f_vae", ["--posterior_flows=2"], "--model=f_vae does not use it; leave it out, or give --model=vae"),
    ("f_vae", ["--model=vae", "--coupling=affine"], "leave it out, or give --model=f_vae or glow"),
    ("f_vae", ["--model=glow", "--sigma_rate=2"], "--sigma_rate=2.0: --model=glow does not use it"),
    ("rsgan", ["--model=gan", "--real_scores=running_mean"], "--model=gan does not use it"),
    ("rsgan", ["--real_scores=x"], "--real_scores=x: choose one of fresh, running_mean"),
    ("wgan_div", ["--model=wgan_gp", "--k=3"], "--k=3.0: --model=wgan_gp does not use it"),
    ("wgan_div", ["--one_sided"], "--one_sided=true: --model=wgan_div does not use it"),
    ("wgan_div", ["--model=wgan_gp", "--clip=0.1"], "leave it out, or give --model=wgan"),
    ("wgan_div", ["--model=gan", "--sampling=real"], "leave it out, or give --model=wgan_div or wgan_gp"),
    ("lipschitz", ["--clip=0.1"], "--critic=spectral_normalization does not use it"),
    ("lipschitz", ["--critic=clipping", "--penalty_weight=5"], "--critic=clipping does not use it"),
    ("vae_clustering", ["--model=vae", "--ratio=analytic"], "--model=vae does not use it"),
    (
        "vae_clustering",
        ["--model=dec", "--likelihood=bernoulli"],
        "leave it out, or give --model=clustering_vae or vae",
    ),
    ("vae_clustering", ["--warm_up_steps=20"], "--steps=20 are over then; give --warm_up_steps=19 or less"),
    ("vae_clustering", ["--model=dec", "--initial_means=zeros"], "its codes; choose k_means or gaussian_mixture"),
    ("vae_clustering", ["--model=dec", "--warm_up_steps=0"], "begins with an autoencoder; give it steps, for example"),
    ("vae_clustering", ["--num_clusters=1"], "--num_clusters=1: "),
    ("vae_clustering", ["--balance_weight=inf"], "--balance_weight=inf: give a finite number of at least 0"),
]


@pytest.mark.parametrize(
    ("name", "flags", "complaint"), FLAGS, ids=[" ".join([name, *flags]) for name, flags, _ in FLAGS]
)
def test_a_wrong_flag_is_named_and_nothing_is_written(refused, tmp_path, name, flags, complaint):
    folders = [f"--output_dir={tmp_path / 'run'}", f"--data_dir={tmp_path}"]
    assert complaint in refused(name, "--preset=smoke", *folders, *flags)


PIXELS = np.random.RandomState(0).randint(0, 256, (8, 8, 3)).astype(np.uint8)


def encoded(file_format="PNG", pixels=PIXELS):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, file_format)
    return buffer.getvalue()


def stating(width, height):
    """A PNG file whose header states a size, without pixels: whoever refuses it has read no more than that."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    checked = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    return b"\x89PNG\r\n\x1a\n" + checked + struct.pack(">I", 4) + b"IDAT"


IMAGES = {
    "truncated.png": (encoded()[:-40], "truncated"),
    "truncated.jpg": (encoded("JPEG")[:400], "truncated"),
    "zero_bytes.png": (b"", "empty, damaged, or none of PNG"),
    "text.jpg": (b"no image", "empty, damaged, or none of PNG"),
    "a_ppm.png": (encoded("PPM"), "empty, damaged, or none of PNG"),
    "damaged.png": (encoded()[:60] + b"damage" + encoded()[66:], ""),
    "bomb.png": (stating(20_000, 20_000), "its header states more than the 100,000,000 pixels allowed"),
    "large.png": (stating(12_000, 9_000), "12000x9000 pixels are more than the 100,000,000 allowed"),
}


@pytest.mark.parametrize("file", IMAGES)
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_broken_image_in_a_folder_is_named(refused, tmp_path, file):
    content, complaint = IMAGES[file]
    for i in range(9):
        (tmp_path / f"whole_{i}.png").write_bytes(encoded())
    (tmp_path / file).write_bytes(content)
    folder = ["--batch_size=2", "--image_size=8", f"--dataset=folder:{tmp_path}"]
    message = refused("wgan_div", "--preset=smoke", f"--output_dir={tmp_path / 'run'}", *folder)
    assert f"cannot decode image {tmp_path / file}: " in message and complaint in message


@pytest.mark.parametrize(("width", "words"), [(1, "has 1 pixel; remove"), (7, "has 7 pixels; remove")])
def test_an_image_that_is_too_small_is_named(refused, tmp_path, width, words):
    (tmp_path / "whole.png").write_bytes(encoded())
    (tmp_path / "narrow.png").write_bytes(encoded(pixels=PIXELS[:, :width]))
    folder = ["--batch_size=2", "--image_size=8", f"--dataset=folder:{tmp_path}"]
    message = refused("wgan_div", "--preset=smoke", f"--output_dir={tmp_path / 'run'}", *folder)
    assert f"--image_size=8: of the 2 images in folder:{tmp_path}, 1 is smaller" in message
    assert f"{tmp_path / 'narrow.png'} {words} the small ones" in message


def test_a_folder_of_links_that_leave_it(refused, tmp_path, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside")
    for i in range(3):
        (outside / f"{i}.png").write_bytes(encoded())
    (tmp_path / "link").symlink_to(outside)
    (tmp_path / "0.png").symlink_to(outside / "0.png")
    message = refused("rsgan", "--preset=smoke", f"--output_dir={tmp_path / 'run'}", f"--dataset=folder:{tmp_path}")
    assert f"folder:{tmp_path}: 0 pictures found" in message
    assert "linked_folder:PATH follows links" in message


def program(folder, function):
    module = tf.Module()
    module.sample = function
    tf.saved_model.save(module, str(folder))


SCALARS = [tf.TensorSpec([], tf.int32)] * 2
SAVED_MODELS = {
    "nothing": (lambda folder: None, "no SavedModel, since it holds no saved_model.pb"),
    "a run that is not finished": (lambda folder: (folder / "flags.json").write_text("{}"), "rerun its command"),
    "garbage": (lambda folder: (folder / "saved_model.pb").write_bytes(b"garbage"), "no SavedModel can be loaded"),
    "a damaged fingerprint": (
        lambda folder: (
            tf.saved_model.save(tf.Module(), str(folder)),
            (folder / "fingerprint.pb").write_bytes(b"\xff" * 9),
        ),
        "no SavedModel can be loaded",
    ),
    "a fingerprint with a text that is none": (
        lambda folder: (
            tf.saved_model.save(tf.Module(), str(folder)),
            (folder / "fingerprint.pb").write_bytes(
                fingerprint_pb2.FingerprintDef(uuid="uuid").SerializeToString().replace(b"uuid", b"\xff" * 4)
            ),
        ),
        "no SavedModel can be loaded",
    ),
    "a pipe": (
        lambda folder: (tf.saved_model.save(tf.Module(), str(folder)), os.mkfifo(folder / "assets" / "pipe")),
        "no SavedModel can be loaded",
    ),
    "no sample": (lambda folder: tf.saved_model.save(tf.Module(), str(folder)), "this model does not sample"),
    "other arguments": (
        lambda folder: program(folder, tf.function(lambda x: x, input_signature=SCALARS[:1])),
        "its sample does not take a number and a seed",
    ),
    "no images": (
        lambda folder: program(folder, tf.function(lambda n, seed: tf.zeros([n, 2]), input_signature=SCALARS)),
        "images must have shape [n, height, width, 1 or 3]",
    ),
    "NaN pixels": (
        lambda folder: program(
            folder, tf.function(lambda n, seed: tf.fill([n, 8, 8, 1], math.nan), input_signature=SCALARS)
        ),
        "images contain NaN or infinite pixels",
    ),
}


def writes(path):
    """A `sample` that writes a file, in a function that another one calls."""

    @tf.function(input_signature=SCALARS)
    def sample(n, seed):
        tf.map_fn(lambda x: (tf.io.write_file(path, "ran"), x)[1], tf.range(1))
        return tf.zeros([n, 8, 8, 1])

    return sample


def lists(path):
    @tf.function(input_signature=SCALARS)
    def sample(n, seed):
        return tf.fill([n, 8, 8, 1], tf.cast(tf.size(tf.io.matching_files(path)), tf.float32))

    return sample


def calls_python(path):
    @tf.function(input_signature=SCALARS)
    def sample(n, seed):
        return tf.fill([n, 8, 8, 1], tf.numpy_function(lambda: np.float32(0), [], tf.float32))

    return sample


@pytest.mark.parametrize(
    ("make", "operation"), [(writes, "WriteFile"), (lists, "MatchingFiles"), (calls_python, "PyFunc")]
)
def test_a_saved_model_that_could_reach_files_is_refused(refused, tmp_path, make, operation):
    program(tmp_path / "model", make(str(tmp_path / "ran")))
    message = refused("sample", f"--saved_model={tmp_path / 'model'}", f"--output={tmp_path / 'grid.png'}")
    assert f"its operation {operation} may read or write files, or run something else" in message
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("kind", SAVED_MODELS)
def test_a_saved_model_that_cannot_be_drawn_from(refused, tmp_path, kind):
    make, complaint = SAVED_MODELS[kind]
    (tmp_path / "model").mkdir()
    make(tmp_path / "model")
    message = refused("sample", f"--saved_model={tmp_path / 'model'}", f"--output={tmp_path / 'grid.png'}")
    assert complaint in message


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        (["--output=grid.png"], "give one of --saved_model=FOLDER and --zoo=NAME"),
        (["--zoo=a", "--saved_model=b", "--output=grid.png"], "give one of --saved_model=FOLDER and --zoo=NAME"),
        (["--zoo=faces_wgan_div"], "--output: give the PNG file to write"),
        (["--saved_model=m", "--output=grid.jpg"], "--output=grid.jpg: give a file that ends in .png"),
        (["--saved_model=m", "--output=/dev/null/grid.png"], "--output=/dev/null cannot be written"),
        (["--saved_model=m", "--output=grid.png", "--num_samples=0"], "--num_samples=0: "),
        (["--saved_model=nowhere", "--output=grid.png"], "--saved_model=nowhere: there is no such folder; give"),
        (["--zoo=no_such_model", "--output=grid.png"], "--zoo=no_such_model: there is no such model; choose from"),
        (["--zoo=face_wgan_div", "--output=grid.png"], "did you mean faces_wgan_div? Choose from"),
    ],
)
def test_wrong_flags_of_sample(refused, flags, complaint):
    assert complaint in refused("sample", *flags)


def rewritten(path, config):
    """A model file whose configuration is replaced."""
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]).save(path)
    with zipfile.ZipFile(path) as file:
        parts = {name: file.read(name) for name in file.namelist()}
    with zipfile.ZipFile(path, "w") as file:
        for name, content in (parts | {"config.json": json.dumps(config)}).items():
            file.writestr(name, content)


MODELS = {
    "garbage": lambda path, ran: path.write_bytes(b"garbage"),
    "missing": lambda path, ran: None,
    "lambda": lambda path, ran: keras.Sequential([keras.Input((2,)), keras.layers.Lambda(lambda x: 2 * x)]).save(path),
    "foreign class": lambda path, ran: rewritten(
        path, {"module": "subprocess", "class_name": "Popen", "config": {"args": ["touch", str(ran)]}}
    ),
    "foreign function": lambda path, ran: rewritten(
        path, {"module": "os", "class_name": "system", "config": f"touch {ran}", "registered_name": "system"}
    ),
}


@pytest.mark.parametrize("kind", MODELS)
def test_a_model_file_is_loaded_without_running_what_it_holds(tmp_path, kind):
    directory = RunDirectory(tmp_path)
    MODELS[kind](directory.model, tmp_path / "ran")
    with pytest.raises(UsageError, match="model.keras: no model of this suite can be loaded"):
        directory.load_model()
    assert not (tmp_path / "ran").exists()


def test_nothing_is_unpickled_or_loaded_unsafely():
    sources = [file for folder in ("keras_gen", "reproductions") for file in (ROOT / folder).rglob("*.py")]
    unsafe = r"pickle\.|import pickle|allow_pickle=True|joblib|marshal|safe_mode=False|unsafe_deserialization|\beval\("
    assert len(sources) > 100
    # That one reads a pickle, by a reader that makes nothing but arrays (`tests/utils/test_pytorch_files.py`).
    assert {file.name for file in sources if re.search(unsafe, file.read_text())} == {"pytorch_files.py"}


def test_a_script_ends_with_status_1_and_no_traceback(script, tmp_path):
    done = script("wgan_div", "--preset=smoke", f"--output_dir={tmp_path / 'run'}", "--steps=0")
    assert done.returncode == 1 and not (tmp_path / "run").exists()
    assert "Traceback" not in done.stderr
    last = done.stderr.splitlines()[-1]  # TensorFlow greets first
    assert last.startswith("error: ") and "--steps=0" in last


def test_a_name_of_any_bytes_stays_in_one_line():
    def refuse(error):
        raise error("caf\udce9\n\x1b[31m\ud800: there is no such folder, 8·2 or é")

    for error in (UsageError, InputError):
        with pytest.raises(SystemExit) as end:
            guarded(refuse, error)
        assert end.value.code == r"error: caf\udce9\n\x1b[31m\ud800: there is no such folder, 8·2 or é"


def test_a_warning_is_one_line(capsys):
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        guarded(lambda: warnings.warn("it is\nodd", stacklevel=1))
    assert capsys.readouterr().err == "warning: it is odd\n"


def test_what_the_input_pipeline_finds_in_training_is_one_line_too():
    told = "cannot decode image [2] [3].png: it ends [too early]"

    def read_a_broken_image():
        def decode(i):
            raise InputError(told)

        pixels = tf.data.Dataset.range(1).map(lambda i: tf.numpy_function(decode, [i], tf.uint8))
        list(pixels)

    with pytest.raises(SystemExit, match=f"^{re.escape(f'error: {told}')}$"):
        guarded(read_a_broken_image)


def test_a_batch_that_the_replicas_do_not_divide(two_replicas):
    with pytest.raises(UsageError, match="--batch_size=15 does not divide evenly over 2 replicas"):
        distribution.check_batch(15, two_replicas)


def test_xla_for_several_replicas_or_deterministic_kernels(two_replicas):
    alone = tf.distribute.get_strategy()
    with pytest.raises(UsageError, match="^--jit_compile=true: XLA compiles for one device, not for 2 replicas; leave"):
        distribution.check_jit_compile("true", two_replicas, deterministic=False)
    with pytest.raises(UsageError, match="^--jit_compile=true: XLA has no --deterministic kernels; leave one of the"):
        distribution.check_jit_compile("true", alone, deterministic=True)
    distribution.check_jit_compile("true", alone, deterministic=False)
    distribution.check_jit_compile("auto", two_replicas, deterministic=True)


TWO_WORKERS = '{"cluster": {"worker": %s}, "task": {"type": "worker", "index": 0}}'


@pytest.mark.parametrize(
    ("config", "complaint"),
    [
        ("{", "TF_CONFIG cannot be used"),
        ('{"cluster": {"worker": ["a:1", "b:1"]}}', "TF_CONFIG cannot be used"),
        (TWO_WORKERS % '["a:1", "b"]', "TF_CONFIG names the worker b: give addresses such as"),
        (TWO_WORKERS % '["a:1", 7]', "TF_CONFIG names the worker 7: give addresses such as"),
        (TWO_WORKERS % '["a:1", "b:65536"]', "TF_CONFIG names the worker b:65536: give addresses such as"),
        (TWO_WORKERS % '"abc"', "TF_CONFIG names the worker a: give addresses such as"),
    ],
)
def test_a_wrong_tf_config(monkeypatch, config, complaint):
    monkeypatch.setenv("TF_CONFIG", config)
    with pytest.raises(UsageError, match=complaint):
        distribution.make_strategy("auto")


def test_a_port_in_use_is_told_by_its_address(monkeypatch):
    with socket.create_server(("", 0)) as other:
        own = f"127.0.0.1:{other.getsockname()[1]}"
        monkeypatch.setenv("TF_CONFIG", TWO_WORKERS % f'["{own}", "b:1"]')
        with pytest.raises(UsageError, match=rf"this worker cannot start at {own} \(.+\); is its port in use"):
            distribution.make_strategy("auto")


def test_a_port_that_tensorflow_cannot_have_is_told_too(monkeypatch):
    def occupied():  # what TensorFlow does then; joining workers is left to a process of its own
        raise tf.errors.UnknownError(None, None, "Could not start gRPC server")

    monkeypatch.setenv("TF_CONFIG", TWO_WORKERS % '["a:1", "b:1"]')
    monkeypatch.setattr(workers, "meet", lambda: None)
    monkeypatch.setattr(tf.distribute, "MultiWorkerMirroredStrategy", occupied)
    with pytest.raises(UsageError, match=r"^TF_CONFIG: this worker cannot start at a:1 \(Could not .*\); is its port"):
        distribution.make_strategy("auto")


def test_one_worker_is_not_several(monkeypatch):
    alone = '{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 0}}'
    monkeypatch.setenv("TF_CONFIG", alone)
    assert distribution.make_strategy("auto").num_replicas_in_sync == 1
    with pytest.raises(UsageError, match="needs TF_CONFIG to name two workers or more"):
        distribution.make_strategy("multi_worker")


def test_an_empty_tf_config_is_none(monkeypatch):
    monkeypatch.setenv("TF_CONFIG", "")
    assert workers.num_workers() == 0 and "TF_CONFIG" in os.environ  # asking changes nothing
    assert distribution.make_strategy("auto").num_replicas_in_sync == 1
    assert "TF_CONFIG" not in os.environ  # TensorFlow cannot read it


def test_a_folder_of_another_run_is_refused_and_left_alone(configuration, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "thesis.txt").write_text("mine")
    with pytest.raises(UsageError, match="holds files, but no run"):
        run.perform(wgan_div.REPRODUCTION, configuration(), tmp_path / "run", strategy_name="single")
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["thesis.txt"]


def test_a_folder_that_cannot_be_written(configuration, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be written"):
        run.perform(wgan_div.REPRODUCTION, configuration(), tmp_path / "file" / "run", strategy_name="single")


@pytest.mark.slow
def test_a_run_that_becomes_nan_says_when_and_keeps_the_last_good_checkpoint(configuration, tmp_path):
    # At this rate the generator's tanh saturates, the critic's scores overflow, and so does their sixth power.
    breaking = configuration(discriminator_learning_rate=1e6, log_every=1, checkpoint_every=5)
    with pytest.raises(NonFiniteLossError, match=r"at step \d+"):
        run.perform(wgan_div.REPRODUCTION, breaking, tmp_path / "run", strategy_name="single")
    assert not (tmp_path / "run" / "results.json").exists()
    noted = json.loads((tmp_path / "run" / "breakdown.json").read_text())
    assert re.search(r" at step \d+$", noted["broke_down"])
    # Every step is logged, and the run breaks down before its first evaluation or keeps it.
    assert all(row["step"] % 10 == 0 and row["seconds"] > 0 for row in noted["evaluations"])


DAMAGED = {
    "flags.json": [b"{", b"[1]", b"\xff\x00"],
    "results.json": [b"{", b"[]", b"\xff\x00"],
    "metrics.csv": [b"step,loss\n5,what\n", b"step,loss\n5\n", b"step,loss\n5,1,2\n", b"loss\n1\n", b"\xff\x00\n"],
    "evaluations.csv": [b"step,distance\nfive,1\n", b"\xff\x00\n"],
}


@pytest.mark.parametrize(("file", "content"), [(file, content) for file in DAMAGED for content in DAMAGED[file]])
def test_a_damaged_file_of_a_run_is_named_and_left_alone(configuration, tmp_path, file, content):
    with RunDirectory(tmp_path).claimed(as_flags(configuration())):
        (tmp_path / file).write_bytes(content)
    before = contents(tmp_path)
    with pytest.raises(
        (InputError, UsageError), match=rf"^{tmp_path / file} is (damaged|not a run's (flags|results)); [^\n]+$"
    ):
        run.perform(wgan_div.REPRODUCTION, configuration(), tmp_path, strategy_name="single")
    assert contents(tmp_path) == before


TABLES = {
    "metrics.csv": "step,seconds,loss\n5,0.5,1\n10,0.9,1\n",
    "evaluations.csv": "step,distance\n10,1.5\n",
}


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("metrics.csv", "step,loss\n5,1\n10,1\n"),
        ("metrics.csv", "step,seconds,loss\n10,0.9,1\n5,0.5,1\n"),
        ("evaluations.csv", "step,distance\n7,1.5\n"),
        ("results.json", '{"flags": []}'),
        ("results.json", '{"flags": 3}'),
        ("results.json", '{"endpoints": [1]}'),
        ("results.json", '{"endpoints": 5}'),
        ("results.json", '{"divergence": {"message": null}}'),
        ("results.json", "[" * 100_000),
        ("flags.json", "[" * 100_000),
    ],
)
def test_values_that_no_run_writes_are_damage(configuration, tmp_path, file, content):
    with RunDirectory(tmp_path).claimed(as_flags(configuration())):
        for name, text in (TABLES | {file: content}).items():
            (tmp_path / name).write_text(text)
    before = contents(tmp_path)
    with pytest.raises(
        (InputError, UsageError), match=rf"^{tmp_path / file} is (damaged|not a run's (flags|results));"
    ):
        run.perform(wgan_div.REPRODUCTION, configuration(), tmp_path, strategy_name="single")
    assert contents(tmp_path) == before


@pytest.mark.parametrize("name", ["metrics.csv", "checkpoints", "samples", "tensorboard/metrics", ".lock"])
def test_a_run_writes_through_no_link(configuration, tmp_path, name):
    outside, link = tmp_path / "outside", tmp_path / "run" / name
    outside.mkdir()
    with RunDirectory(tmp_path / "run").claimed(as_flags(configuration())):
        pass
    link.unlink(missing_ok=True)
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(outside)
    with pytest.raises(UsageError, match=rf"^{link} is a link; put what it leads to in its place"):
        run.perform(wgan_div.REPRODUCTION, configuration(), tmp_path / "run", strategy_name="single")
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize("name", ["flags.json", "metrics.csv", "results.json", "step_00000005.weights.h5"])
def test_a_pipe_is_not_waited_on(configuration, tmp_path, name):
    with RunDirectory(tmp_path).claimed(as_flags(configuration())):
        pass
    (tmp_path / name).unlink(missing_ok=True)
    os.mkfifo(tmp_path / name)
    with pytest.raises(UsageError, match=rf"^{tmp_path / name} is neither a file nor a folder; remove it"):
        run.perform(wgan_div.REPRODUCTION, configuration(), tmp_path, strategy_name="single")


def test_a_finished_run_says_what_is_missing(configuration, tmp_path, capsys):
    with RunDirectory(tmp_path).claimed(as_flags(configuration())):
        (tmp_path / "results.json").write_text('{"endpoints": ["sample"]}')
        (tmp_path / "saved_model").mkdir()
    run.perform(wgan_div.REPRODUCTION, configuration(), tmp_path, strategy_name="single")
    printed = capsys.readouterr().out
    assert printed.startswith("This run is finished; nothing to do.")
    assert "model.keras is missing; remove results.json and rerun the command to make it again" in printed
    assert "saved_model is missing" not in printed


def test_other_flags_in_the_same_folder_are_named(configuration, tmp_path):
    with RunDirectory(tmp_path / "run").claimed(as_flags(configuration(num_classes=10))):
        pass
    named = r"--k=3\.0 \(there 2\.0\), --num_classes=none \(there 10\), --seed=1 \(there 0\)"
    with pytest.raises(UsageError, match=named):
        run.perform(wgan_div.REPRODUCTION, configuration(k=3.0, seed=1), tmp_path / "run", strategy_name="single")
