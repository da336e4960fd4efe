import os
import signal
import time

import pytest
import tensorflow as tf

from reproductions.harness import signals
from reproductions.harness.failures import guarded


@pytest.fixture(autouse=True)
def handlers():
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell has its background jobs ignore it
    signals.install()
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
    signals._state.arrived = None


def send(number):
    os.kill(os.getpid(), number)
    time.sleep(0.01)  # the handler runs between two instructions


@pytest.mark.parametrize(
    ("resumes", "said"), [(True, "interrupted; rerun the command to resume"), (False, "interrupted")]
)
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_with_one_line_and_the_status_of_the_signal(number, status, resumes, said, capsys):
    with pytest.raises(SystemExit) as end:
        guarded(send, number, resumes=resumes)
    assert end.value.code == status
    assert capsys.readouterr().err == f"{said}\n"


def test_a_signal_that_is_postponed_arrives_at_the_end():
    done = []
    with pytest.raises(KeyboardInterrupt), signals.postponed() as arrived:
        assert not arrived()
        send(signal.SIGTERM)
        assert arrived()
        send(signal.SIGTERM)  # a whole group of processes may be sent more than one
        done.append("all")
    assert done == ["all"]
    assert signals.exit_status() == 143


def test_a_second_ctrl_c_is_not_postponed():
    with pytest.raises(KeyboardInterrupt), signals.postponed():
        send(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            send(signal.SIGINT)


def test_without_a_signal_nothing_happens():
    with signals.postponed() as arrived:
        assert not arrived()


def test_what_the_process_was_told_to_ignore_stays_ignored():
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # as a shell does for what it starts in the background
    signals.install()
    send(signal.SIGINT)


def test_a_full_disk_is_one_line_whoever_meets_it():
    def in_tensorflow():
        raise tf.errors.ResourceExhaustedError(None, None, "{{op}} /runs/.writing-b/variables; No space left on device")

    def in_python():
        raise OSError(28, "No space left on device", "/runs/variables")

    for fail in (in_tensorflow, in_python):
        with pytest.raises(SystemExit, match="^error: /runs/variables: No space left on device; fix this and rerun"):
            guarded(fail)

    def in_memory():
        raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")

    with pytest.raises(tf.errors.ResourceExhaustedError):
        guarded(in_memory)
