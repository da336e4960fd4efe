"""Workers that wait for each other: for whom, until when, and what ends them. No TensorFlow is needed for it."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from reproductions.harness import workers
from reproductions.harness.errors import UsageError

ROOT = Path(__file__).parents[2]
SECONDS = 120  # far above what any of them takes
MEET = "from reproductions.harness import failures, workers; failures.guarded(workers.meet, resumes=True)"
# Waits where no handler of Python's runs, as TensorFlow does for a worker that is gone.
BLOCKED = """
import ctypes
from reproductions.harness import failures, signals
signals.GRACE = 0.2
def wait():
    signals.end_in_any_case()
    print("waiting", flush=True)
    while True:
        ctypes.CDLL(None).pthread_mutex_lock(mutex)
mutex = ctypes.create_string_buffer(128)
ctypes.CDLL(None).pthread_mutex_lock(mutex)
failures.guarded(wait, resumes=True)
"""


@pytest.fixture
def process():
    """Starts a program; what still runs when the test ends is stopped."""
    started = []

    def start(program, **environment):
        command = [sys.executable, "-c", program]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        started.append(subprocess.Popen(command, cwd=ROOT, env=os.environ | environment, text=True, **pipes))
        return started[-1]

    yield start
    for one in started:
        one.kill()
        one.communicate()


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_one_that_waits_says_for_whom_and_ends_at_a_signal(process, number, status):
    config = workers.loopback_cluster(3)[1]
    first, _, third = json.loads(config)["cluster"]["worker"]
    waiting = process(MEET, TF_CONFIG=config)
    said = waiting.stdout.readline()
    assert said == f"worker 1 waits for worker 0 at {first}, worker 2 at {third} ... (Ctrl-C ends it)\n"
    waiting.send_signal(number)
    _, complaint = waiting.communicate(timeout=SECONDS)
    assert waiting.returncode == status and complaint == "interrupted; rerun the command to resume\n"


def test_they_go_on_once_all_are_there_and_leave_their_ports(process):
    configs = workers.loopback_cluster(3)
    started = [process(MEET, TF_CONFIG=config) for config in configs[:2]]
    assert "waits for" in started[0].stdout.readline()
    started.append(process(MEET, TF_CONFIG=configs[2]))
    # The third finds all and is the first to go; in its place TensorFlow's server would listen from now on.
    started[2].wait(timeout=SECONDS)
    address, port = json.loads(configs[0])["cluster"]["worker"][2].split(":")
    with socket.create_server((address, int(port))):
        for one in started:
            printed, complaint = one.communicate(timeout=SECONDS)
            assert one.returncode == 0 and complaint == ""
    assert "All workers are there." in printed or started[2].returncode == 0


def test_a_port_that_another_program_has(monkeypatch):
    monkeypatch.setenv("TF_CONFIG", workers.loopback_cluster(2)[0])
    with (
        socket.create_server(("", int(workers.own_address().split(":")[1]))),
        pytest.raises(
            UsageError, match=r"TF_CONFIG: this worker cannot start at 127\.0\.0\.1:\d+ \(Address already in"
        ),
    ):
        workers.meet()


def test_a_process_that_python_cannot_stop_is_ended_all_the_same(process):
    blocked = process(BLOCKED)
    assert blocked.stdout.readline() == "waiting\n"
    blocked.terminate()
    _, complaint = blocked.communicate(timeout=SECONDS)
    assert blocked.returncode == 143 and complaint == "interrupted; rerun the command to resume\n"


def test_without_handlers_of_pythons_a_signal_still_ends_it(process):
    program = (
        "import signal\nfrom reproductions.harness import signals\nsignals.install()\n"
        "with signals.acted_on_by_the_system():\n"
        "    print([signal.getsignal(n) == signal.SIG_DFL for n in (2, 15)], flush=True)\n"
        "print([signal.getsignal(n) == signals._handle for n in (2, 15)])"
    )
    printed, complaint = process(program).communicate(timeout=SECONDS)
    assert complaint == "" and printed == "[True, True]\n[True, True]\n"
