"""What takes long is said again and again, here after a fifth of a second."""

import io
import sys
import threading
import time
from contextlib import redirect_stdout

import pytest

from keras_gen.utils.activity import activity
from reproductions.harness import silence


class Screen(io.StringIO):
    def isatty(self):
        return False


@pytest.fixture
def screen(monkeypatch):
    """What stands for the standard output; a silence is 0.2 s."""
    screen = Screen()
    monkeypatch.setattr(silence, "SILENCE", 0.2)
    monkeypatch.setattr(silence, "ROUND", 0.01)
    return screen


def until(condition):
    """Waits for what a thread does."""
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_what_is_done_is_said_again_until_something_is_printed(screen):
    def lines():
        return screen.getvalue().splitlines()

    with redirect_stdout(screen), silence.broken():
        silence.say("Loading pictures")
        until(lambda: len(lines()) > 2)
        with activity("measuring"):
            until(lambda: lines()[-1].startswith("... measuring, "))
        silence.now_doing("Training")
        until(lambda: lines()[-1].startswith("... training, "))
        print("step 1")
        until(lambda: lines()[-1] != "step 1")
    assert lines()[0] == "Loading pictures ..." and lines()[1].startswith("... loading pictures, ")
    assert "silence" not in [thread.name for thread in threading.enumerate()]


def test_others_print(screen):
    with redirect_stdout(screen), silence.broken():
        with silence.allowed():
            time.sleep(0.6)
            assert screen.getvalue() == ""
        until(screen.getvalue)


def test_commands_within_commands_have_one_watch(screen):
    with redirect_stdout(screen):
        with silence.broken():
            output = sys.stdout
            with silence.broken():
                assert sys.stdout is output
        assert sys.stdout is screen


def test_a_reader_that_is_gone_does_not_matter_to_the_watch(screen, monkeypatch):
    written = []

    def write(text):
        written.append(text)
        raise BrokenPipeError

    monkeypatch.setattr(screen, "write", write)
    with redirect_stdout(screen), silence.broken():
        until(lambda: len(written) > 1)
