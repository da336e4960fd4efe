"""The notebooks as pages of the site: run, and shown with what they print and draw."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from reproductions.harness import silence
from reproductions.harness.errors import UsageError
from reproductions.site.documents import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.py"))
FOLDER = "notebooks"
# As `reproductions/harness/tensorflow_quietly.py` has it for the scripts.
QUIETLY = {"TF_CPP_MIN_LOG_LEVEL": "3"}
# Two equations on lines that follow each other; Jupyter sets two, Markdown would see one.
ADJACENT = re.compile(r"\$\$\n\$\$")


def write(folder: Path, steps: int | None) -> list[str]:
    """Writes the pages, and the pictures on them.

    Args:
        folder: The folder of the site's pages.
        steps: For how many steps each trains; 0 to run none of them, None for as many as each has by itself.

    Returns:
        The pages, for the navigation.

    Raises:
        UsageError: A notebook fails.
        KeyboardInterrupt: SIGINT or SIGTERM arrived while one ran.
    """
    import jupytext
    from nbconvert import MarkdownExporter

    (folder / FOLDER).mkdir(parents=True, exist_ok=True)
    for path in NOTEBOOKS:
        notebook = jupytext.read(path)
        if steps != 0:
            silence.say(f"Running {path.name}")
            _run(notebook, path, steps)
        text, found = MarkdownExporter().from_notebook_node(notebook, {"unique_key": path.stem})
        text = ADJACENT.sub("$$\n\n$$", text)
        (folder / FOLDER / f"{path.stem}.md").write_text(text, encoding="utf-8")
        # Of a picture that Jupyter gives in several formats the page shows one.
        for name, picture in found["outputs"].items():
            if f"({name})" in text:
                (folder / FOLDER / name).write_bytes(picture)
    return [f"{FOLDER}/{path.stem}.md" for path in NOTEBOOKS]


def _run(notebook: Any, path: Path, steps: int | None) -> None:
    from nbclient.exceptions import CellExecutionError, DeadKernelError

    from reproductions.site.kernels import Client

    client = Client(notebook, timeout=None, kernel_name="python3", resources={"metadata": {"path": str(ROOT)}})
    if os.name == "posix":  # over TCP the kernel warns that others on the machine may listen
        client.create_kernel_manager().transport = "ipc"
    given = {} if steps is None else {"STEPS": str(steps)}
    try:
        client.execute(env={**QUIETLY, **os.environ, "PYTHONPATH": str(ROOT), **given})
    except CellExecutionError as error:
        raise UsageError(f"{path.name} fails: {error.ename}: {error.evalue}") from error
    except DeadKernelError as error:
        raise UsageError(f"{path.name}: its process was killed, perhaps for want of memory; run it again") from error
    _without_messages(notebook)


def _without_messages(notebook: Any) -> None:
    """Takes out what cells write to stderr: messages to whoever runs them, which on a page read as results."""
    for cell in notebook.cells:
        if "outputs" in cell:
            cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
