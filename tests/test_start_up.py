"""What `import keras_gen` prints: nothing of TensorFlow's notices, all of its errors, and what the user asked for."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from keras_gen import start_up

ROOT = Path(__file__).parents[1]
# As TensorFlow 2.21 wrote them.
NOTICES = b"""\
WARNING: All log messages before absl::InitializeLog() is called are written to STDERR
I0000 00:00:1795720956.671111   13528 cudart_stub.cc:31] Could not find cuda drivers on your machine.
I0000 00:00:1795720957.061148   13528 cpu_feature_guard.cc:227] This TensorFlow binary is optimized to use available CPU
To enable the following instructions: AVX2 FMA, in other operations, rebuild TensorFlow.
"""
NO_DRIVER = b"E0000 00:00:1795721086.719904   13763 cuda_platform.cc:52] failed call to cuInit: INTERNAL: CUDA error\n"
ERROR = b"E0000 00:00:1795721086.719904   13763 cuda_dnn.cc:52] Loaded runtime CuDNN library: 9.1.0 but needs 9.3.0\n"
WARNING_OF_PYTHON = b"/site/numpy/core.py:1: UserWarning: what another package says\n"
USES = """
import sys
import keras_gen, keras
import keras_gen.datasets
import numpy as np
model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
model.compile("sgd", "mse")
model.fit(np.zeros((8, 2)), np.zeros((8, 1)), verbose=0)
assert not {"tensorflow_datasets", "mlxtend"} & set(sys.modules), "these are slow to import"
"""


def test_the_library_starts_and_trains_without_a_word_and_imports_nothing_that_is_slow():
    environment = {name: value for name, value in os.environ.items() if name != start_up.LOG_LEVEL}
    command = [sys.executable, "-c", USES]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment, timeout=240)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("driver", [True, False])
def test_errors_are_passed_on_and_notices_are_not(driver, capfd):
    with start_up._filtered(driver):
        os.write(2, NOTICES + ERROR + NO_DRIVER + WARNING_OF_PYTHON)
    passed_on = ERROR + (NO_DRIVER if driver else b"") + WARNING_OF_PYTHON
    assert capfd.readouterr().err.encode() == passed_on


def test_what_was_said_before_an_import_failed_is_shown(capfd):
    with pytest.raises(ImportError), start_up._filtered(False):
        os.write(2, NOTICES + ERROR)
        raise ImportError
    assert capfd.readouterr().err.encode() == ERROR


@pytest.mark.parametrize("level", ["0", "1"])
def test_who_asks_for_notices_gets_them(level, monkeypatch):
    """TensorFlow is left to be imported by whoever uses it, outside of what drops its notices."""
    monkeypatch.delitem(sys.modules, "tensorflow")
    monkeypatch.setenv(start_up.LOG_LEVEL, level)
    start_up.import_tensorflow()
    assert os.environ[start_up.LOG_LEVEL] == level and "tensorflow" not in sys.modules
