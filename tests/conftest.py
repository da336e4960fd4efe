"""What every test needs before TensorFlow starts: quiet logs, four CPU devices, no file outside a temporary folder."""

import atexit
import contextlib
import os
import resource
import tempfile
from pathlib import Path

_folder = tempfile.TemporaryDirectory(prefix="keras_gen_tests_")
atexit.register(_folder.cleanup)
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
for variable in ("KERAS_HOME", "KERAS_GEN_CACHE", "TFDS_DATA_DIR"):
    os.environ[variable] = str(Path(_folder.name, variable.lower()))

import keras  # noqa: E402
import pytest  # noqa: E402
import tensorflow as tf  # noqa: E402
from keras.src.trainers.trainer import Trainer  # noqa: E402

from helpers.browser import chromium  # noqa: E402

tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 4
)


def pytest_make_parametrize_id(config, val, argname) -> str | None:
    """Names an object among a test's parameters by its type: its address differs in every process that runs tests."""
    return type(val).__name__ if " at 0x" in repr(val) and not hasattr(val, "__name__") else None


def pytest_terminal_summary(terminalreporter, config) -> None:
    """Says what the usual selection leaves out: one would not miss it."""
    if config.option.markexpr == "not slow":
        found = "is here" if chromium() else "is missing here, so that it would be skipped"
        terminalreporter.write_line(
            "Slow tests were left out (pytest -m slow), among them that of the page to play on "
            f"(tests/reproductions/test_site.py), for which Chromium {found}."
        )


@pytest.fixture(autouse=True)
def eager_steps(request, monkeypatch):
    """Steps of `fit`, `evaluate` and `predict` run one operation after another.

    To trace a step takes seconds, as long as ten to twenty eager ones of a small model. `test_keras_rows.py` holds the
    traced step of every model against the eager one. A test of graphs, or of many steps, is marked `traced`; one of
    replicas is traced in any case.
    """
    if request.node.get_closest_marker("traced") is None and "two_replicas" not in request.fixturenames:
        either = Trainer.run_eagerly
        # XLA compiles graphs alone.
        eager = property(lambda model: either.fget(model) or model.jit_compile is not True, either.fset)
        monkeypatch.setattr(Trainer, "run_eagerly", eager)


@pytest.fixture(scope="session")
def two_replicas() -> tf.distribute.MirroredStrategy:
    """Two replicas in this process.

    One strategy serves the whole session: a second one on the same devices numbers its collective operations from the
    start again and meets the shapes that TensorFlow keeps from the first.
    """
    return tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])


@pytest.fixture
def mixed_bfloat16():
    """Layers made in this test compute in bfloat16 and keep float32 variables."""
    keras.config.set_dtype_policy("mixed_bfloat16")
    yield
    keras.config.set_dtype_policy("float32")


@pytest.fixture
def small_files_only():
    """Stands for a disk that is nearly full: no file may grow beyond a size in bytes, writing more is an OSError."""

    @contextlib.contextmanager
    def limited(size):
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    return limited
