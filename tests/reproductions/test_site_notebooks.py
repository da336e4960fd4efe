"""Notebooks are run for the site, and what stops one is said in a line."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from reproductions.harness.errors import UsageError
from reproductions.site import notebooks

for needed in ("jupytext", "nbclient", "nbconvert", "ipykernel"):
    pytest.importorskip(needed)
PROGRAM = Path(__file__).parent / "programs" / "notebook.py"


@pytest.mark.slow
def test_a_notebook_is_run_and_shown_with_its_pictures(tmp_path, monkeypatch):
    cells = [
        "# %% [markdown]\n# # A title\n#\n# $$a^2$$\n# $$b$$",
        "# %%\nimport os\nfrom reproductions.reporting.notebooks import Markdown, picture\nprint(os.environ['STEPS'])",
        "# %%\nMarkdown('| a |\\n| --- |\\n| b |')",
        "# %%\npicture([[[[-1.0]]]])",
    ]
    monkeypatch.setattr(notebooks, "NOTEBOOKS", [tmp_path / "small.py"])
    (tmp_path / "small.py").write_text("\n\n".join(cells))
    assert notebooks.write(tmp_path / "pages", steps=12) == ["notebooks/small.md"]
    page = (tmp_path / "pages/notebooks/small.md").read_text()
    assert (
        page.startswith("# A title\n\n$$a^2$$\n\n$$b$$")
        and "\n    12\n" in page
        and "\n| a |\n| --- |\n| b |\n" in page
    )
    (name,) = re.findall(r"!\[png\]\((\S+)\)", page)
    assert (tmp_path / "pages/notebooks" / name).read_bytes().startswith(b"\x89PNG")
    (tmp_path / "small.py").write_text(
        "# %%\nimport os, sys\nprint('of Python', file=sys.stderr)\nos.write(2, b'E0000 of TensorFlow')\n"
        "print('silent from level', os.environ['TF_CPP_MIN_LOG_LEVEL'])"
    )
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)
    notebooks.write(tmp_path / "pages", steps=None)
    page = (tmp_path / "pages/notebooks/small.md").read_text()
    shown = page.split("```")[-1]  # behind the cell's own lines
    assert shown.split() == ["silent", "from", "level", "3"]  # and nothing of stderr
    (tmp_path / "small.py").write_text("# %%\n1 / 0")
    with pytest.raises(UsageError, match="^small.py fails: ZeroDivisionError: division by zero$"):
        notebooks.write(tmp_path / "pages", steps=12)


@pytest.mark.parametrize(
    ("line", "status", "said"),
    [
        ("os.kill(os.getppid(), signal.SIGINT)", 130, "interrupted"),
        ("os.killpg(os.getpgid(os.getppid()), signal.SIGINT)", 130, "interrupted"),
        ("os.kill(os.getppid(), signal.SIGTERM)", 143, "interrupted"),
        ("os.kill(os.getpid(), signal.SIGKILL)", 1, "error: small.py: its process was killed, perhaps for want of"),
    ],
)
def test_a_notebook_that_is_stopped_is_one_line(tmp_path, line, status, said):
    (tmp_path / "small.py").write_text(f"# %%\nimport os, signal, time\n{line}\ntime.sleep(100)")
    words = [sys.executable, PROGRAM, tmp_path / "small.py", tmp_path]
    # As in a terminal, where Ctrl-C is not ignored and reaches a group of processes.
    ctrl_c = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=90, start_new_session=True)
    finally:
        signal.signal(signal.SIGINT, ctrl_c)
    assert done.returncode == status, done.stderr
    assert done.stderr.splitlines()[-1].startswith(said) and "Traceback" not in done.stderr
