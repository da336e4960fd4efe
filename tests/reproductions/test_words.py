"""What stands in a command: words that no file can be called by, locales, and readers that stop reading."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from reproductions.harness import command_line, jobs
from reproductions.harness.errors import UsageError

ROOT = Path(__file__).parents[2]
POSIX = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def answer(*words, **environment):
    """What `python -m reproductions` answers, in bytes."""
    command = [sys.executable, "-m", "reproductions", *words]
    return subprocess.run(command, capture_output=True, cwd=ROOT, env=os.environ | environment, timeout=240)


@pytest.mark.parametrize("script", [["wgan_div", "--preset=smoke"], ["sample"], ["tables"]], ids=lambda words: words[0])
def test_a_name_that_is_not_utf8_is_refused_in_one_line(script, tmp_path):
    flag = {"sample": b"--saved_model=", "tables": b"--results_dir="}.get(script[0], b"--output_dir=")
    done = answer(*script, flag + os.fsencode(tmp_path) + b"/\xff")
    assert done.returncode == 1 and done.stdout == b""
    assert (
        done.stderr == b"error: " + flag + os.fsencode(tmp_path) + b"/\\udcff: not UTF-8; rename the file or folder\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_an_ascii_locale_that_python_makes_utf8_has_no_say():
    done = answer("wgan_div", "--preset=smoke", "--output_dir=/dev/null/ü", LC_ALL="C")
    assert "--output_dir=/dev/null/ü cannot be written" in done.stderr.decode()


def test_a_locale_that_cannot_express_a_name_is_named_with_the_remedy():
    done = answer("wgan_div", "--preset=smoke", "--output_dir=/dev/null/ü", **POSIX)
    assert done.returncode == 1 and done.stdout == b""
    assert done.stderr.endswith(b"this locale's file names are ascii; set LC_ALL=C.UTF-8, or use ASCII\n")
    assert done.stderr.count(b"\n") == 1


def test_tables_with_accents_are_printed_in_any_locale():
    done = answer("wgan_div", "--help", **POSIX)
    assert done.returncode == 0 and done.stderr == b"" and done.stdout.startswith(b"Usage: ")
    program = "from reproductions.harness.failures import guarded; guarded(print, 'Fr\\u00e9chet')"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, cwd=ROOT, env=os.environ | POSIX)
    assert (done.returncode, done.stdout) == (0, b"Fr\\xe9chet\n")


def test_whatever_is_ascii_is_a_word_in_any_locale(monkeypatch):
    monkeypatch.setattr(sys, "getfilesystemencoding", lambda: "iso8859-1")
    command_line._check_encoding(["--output_dir=runs/a b", "--variant=WGAN-div: fake"])
    with pytest.raises(UsageError, match="ü: this locale's file names are iso8859-1"):
        command_line._check_encoding(["--output_dir=ü"])


# Its reader has gone before it prints; the status is that of a process whose reader went.
GONE = """
import os, sys
from reproductions.__main__ import main
read, write = os.pipe()
os.dup2(write, 1)
os.close(read)
os.close(write)
main(sys.argv[1:])
"""


@pytest.mark.parametrize("words", [[], ["--help"], ["--version"], ["rsgan", "--help"], ["sample", "-h"]], ids=" ".join)
def test_a_reader_that_has_gone_ends_it_quietly(words):
    done = subprocess.run([sys.executable, "-c", GONE, *words], capture_output=True, cwd=ROOT, timeout=60)
    assert (done.returncode, done.stderr) == (141, b"")


def test_a_reader_that_has_gone_leaves_no_traceback_of_the_lines_of_jobs(monkeypatch, capfd):
    class Gone:
        def write(self, text):
            raise BrokenPipeError

        flush = write

    class Process:
        stdout = io.StringIO("one\ntwo\n")

    monkeypatch.setattr(sys, "stdout", Gone())
    jobs._print_lines(jobs.Job("title", Path("folder"), ()), Process())


def test_a_flagfile_that_is_missing_or_no_text(tmp_path):
    done = answer("wgan_div", f"--flagfile={tmp_path / 'none'}")
    assert done.returncode == 1 and done.stderr.startswith(b"error: ") and done.stderr.count(b"\n") == 1
    (tmp_path / "flags").write_bytes(b"--steps=5\n\xff\n")
    done = answer("wgan_div", f"--flagfile={tmp_path / 'flags'}")
    assert done.returncode == 1 and done.stderr.startswith(b"error: ") and done.stderr.count(b"\n") == 1


@pytest.mark.parametrize(
    "words", [["--flagfile"], ["--output_dir"], ["--", "laptop"], ["-x"], ["-"], ["--=3"]], ids=str
)
def test_words_that_are_no_flags(words, launched):
    message = launched("wgan_div", "--preset=smoke", "--steps=0", *words)
    assert isinstance(message, str) and message.startswith("error: ") and "\n" not in message
