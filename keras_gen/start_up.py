"""TensorFlow's import, without the lines that it prints on every machine."""

import contextlib
import os
import re
import sys
import tempfile
from collections.abc import Iterator

LOG_LEVEL = "TF_CPP_MIN_LOG_LEVEL"
# Without these, an NVIDIA driver is not loaded, and that TensorFlow fails to start CUDA is no error.
DRIVER = ("/dev/nvidiactl", "/dev/dxg")
# Notices of absl (I0000 ... and W0000 ...), with what belongs to them.
NOTICE = re.compile(
    rb"[IW]\d{4} |WARNING: All log messages before absl::InitializeLog\(\)|To enable the following instructions: "
)
# Libraries that register twice, in every build.
HARMLESS = re.compile(rb"E\d{4} .*(Unable to register cu\w+ factory|computation placer already registered)")
WITHOUT_DRIVER = re.compile(rb"E\d{4} .*(failed call to cuInit|Could not find cuda drivers)")


def import_tensorflow() -> None:
    """Imports TensorFlow, whose notices of this start are dropped and whose errors are shown.

    Nothing happens if it is imported already. If the variable TF_CPP_MIN_LOG_LEVEL asks for notices (0 or 1), all are
    shown; without it, it is set to 2, which leaves errors.
    """
    if "tensorflow" in sys.modules or os.environ.setdefault(LOG_LEVEL, "2") in ("0", "1"):
        return
    driver = any(map(os.path.exists, DRIVER))
    with _filtered(driver):
        import tensorflow as tf

        if not driver:
            tf.config.list_physical_devices()  # where there is no driver, this is where TensorFlow says so


@contextlib.contextmanager
def _filtered(driver: bool) -> Iterator[None]:
    """Keeps what is written to the standard error, by C++ code too, and passes on at the end what is no notice."""
    try:
        standard_error = os.dup(2)
    except OSError:  # it is closed
        yield
        return
    with tempfile.TemporaryFile() as kept:
        os.dup2(kept.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(standard_error, 2)
            os.close(standard_error)
            kept.seek(0)
            told = [line for line in kept if not _is_notice(line, driver)]
            os.write(2, b"".join(told))


def _is_notice(line: bytes, driver: bool) -> bool:
    return bool(NOTICE.match(line) or HARMLESS.match(line) or (not driver and WITHOUT_DRIVER.match(line)))


import_tensorflow()
