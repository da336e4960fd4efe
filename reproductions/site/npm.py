"""Packages from npm, pinned by version and hash."""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from reproductions.harness.errors import UsageError


@dataclass(frozen=True)
class Package:
    """A package.

    Attributes:
        name: Its name.
        version: Its version.
        integrity: The SHA-512 of its archive in base64, as `npm view NAME@VERSION dist.integrity` shows it.
    """

    name: str
    version: str
    integrity: str

    @property
    def archive(self) -> str:
        """The file name of its archive."""
        return f"{self.name}-{self.version}.tgz"


def check_installed() -> None:
    """Checks that npm is there.

    Raises:
        UsageError: It is not.
    """
    if shutil.which("npm") is None:
        raise UsageError("npm is missing; install Node.js, or build the site without the page to play on: --play=false")


def fetch(package: Package, folder: Path, names: Iterable[str] | None = None) -> None:
    """Puts files of a package into a folder; from npm's cache, if the package was fetched before.

    Args:
        package: The package.
        folder: Where its files go.
        names: The files by their paths in the package, which are put side by side; None for all, with their folders.

    Raises:
        UsageError: npm is missing, or the package cannot be fetched, or is not the one that was pinned.
    """
    check_installed()
    with tempfile.TemporaryDirectory() as aside:
        words = ["npm", "pack", f"{package.name}@{package.version}", "--prefer-offline", "--silent"]
        done = subprocess.run(words, cwd=aside, capture_output=True, text=True, timeout=600)
        archive = Path(aside, package.archive)
        if done.returncode or not archive.exists():
            raise UsageError(
                f"{package.name} {package.version} cannot be fetched by npm: {_last_line(done.stderr)}; build once "
                "with a network, or without the page to play on: --play=false"
            )
        if _integrity(archive) != package.integrity:
            raise UsageError(f"{package.name} {package.version} from npm is not the one that this was made with")
        with tarfile.open(archive) as files:
            if names is None:
                files.extractall(folder, filter="data")
                return
            for name in names:
                found = files.extractfile(f"package/{name}")
                assert found is not None
                (folder / Path(name).name).write_bytes(found.read())


def _integrity(archive: Path) -> str:
    return "sha512-" + base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no reason given"])[-1]
