"""Index of the images in a folder, made once and cached.

For every image the index holds its name and the shorter side stated in its header, in arrays: about 25 bytes per image
plus the name. The index of a large folder is kept in the cache folder. It is rebuilt when the modification time of any
folder under the root has changed, which happens when files are added, removed or renamed. Overwriting a file in place
does not trigger this. The index says nothing about a file's content, which is read each time; a file that was damaged
in the meantime is reported then.
"""

import contextlib
import hashlib
import os
import time
from array import array
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from absl import logging

from keras_gen.datasets.decoding import open_image, readable_suffixes
from keras_gen.datasets.images import warn_once
from keras_gen.datasets.packed_strings import PackedStrings
from keras_gen.datasets.sizes import too_small
from keras_gen.errors import InputError
from keras_gen.utils.files import cache_folder, replacing

# The headers of fewer files are read in about a second, which is not worth a cache file.
KEPT_FROM = 10_000
# File systems may round times to two seconds, so a folder that has just changed could change again unnoticed.
UNSETTLED_NANOSECONDS = 2 * 10**9
FORMAT = "2"
AT_ONCE = 1_000  # files that a thread reads in turn


@dataclass(frozen=True, eq=False)
class FolderIndex:
    """The images under a folder, in sorted order.

    Attributes:
        root: The folder.
        folders: The root itself ("") and the folders in it, relative to it.
        changed: int64 [folders, 2], modification and status change times of each folder, in nanoseconds.
        names: The file name of each image.
        places: int32 [images], the number of the folder that each image is in.
        shorter_sides: int32 [images], in pixels.
        left_out: What files were left out, in a sentence; "" if none were.
    """

    root: Path
    folders: PackedStrings
    changed: np.ndarray
    names: PackedStrings
    places: np.ndarray
    shorter_sides: np.ndarray
    left_out: str = ""

    def __len__(self) -> int:
        return len(self.names)

    def path(self, image: int) -> Path:
        """The path of an image."""
        return self.root / self.name(image)

    def name(self, image: int) -> str:
        """The path of an image, relative to the root."""
        return os.path.join(self.folders[self.places[image]], self.names[image])

    def is_current(self) -> bool:
        """Whether no folder has changed since the index was made."""
        with contextlib.suppress(OSError):
            return all(
                _changed(os.stat(self.root / folder)) == tuple(changed)
                for folder, changed in zip(self.folders, self.changed.tolist(), strict=True)
            )
        return False

    def check_sizes(self, image_size: int, name: str) -> None:
        """Checks that no image is smaller than `image_size`.

        Args:
            image_size: Height and width that are wanted.
            name: The data set's name, for the message.

        Raises:
            InputError: An image is smaller; the message names the smallest, and sizes that would do.
        """
        smaller = int(np.count_nonzero(self.shorter_sides < image_size))
        if smaller:
            smallest = int(np.argmin(self.shorter_sides))
            side = int(self.shorter_sides[smallest])
            raise too_small(
                image_size,
                f"of the {len(self):,} images in {name}, {smaller:,} {'are' if smaller > 1 else 'is'} smaller; the "
                f"shorter side of {self.path(smallest)} has {side} pixel{'s' if side > 1 else ''}",
                side,
                "remove the small ones",
            )


def find(root: Path, follow_links: bool = False) -> FolderIndex:
    """The index of a folder, from the cache if the folder has not changed.

    Hidden files are skipped. Links to folders, and to files outside `root`, are followed or skipped.

    Raises:
        InputError: A folder or an image's header cannot be read; the message names it.
    """
    cache = _cache_file(root, follow_links)
    index = _read(cache, root)
    if index is None or not index.is_current():
        started = time.time_ns()
        index = _made(root, follow_links)
        if len(index) >= KEPT_FROM and np.max(index.changed) < started - UNSETTLED_NANOSECONDS:
            _write(cache, index)
    if index.left_out:
        warn_once(f"{root}: {index.left_out}", index.left_out)
    return index


def _made(root: Path, follow_links: bool) -> FolderIndex:
    walk = _Walk(root, follow_links)
    places = array("i")

    def names() -> Iterator[str]:
        for place, name in walk.images():
            places.append(place)
            yield name

    try:
        packed = PackedStrings.pack(names())
    except OSError as error:
        raise InputError(f"folder:{root}: cannot read {error.filename}: {error.strerror}") from error
    return _with_sizes(
        FolderIndex(
            root=root,
            folders=PackedStrings.pack(walk.folders),
            changed=np.array(walk.changed, np.int64),
            names=packed,
            places=np.frombuffer(places, np.int32),
            shorter_sides=np.empty(len(packed), np.int32),
            left_out=walk.left_out(),
        )
    )


class _Walk:
    """A walk through a folder and the folders in it."""

    def __init__(self, root: Path, follow_links: bool):
        self.root = root
        self.inside = root.resolve()
        self.follow_links = follow_links
        self.folders: list[str] = []
        self.changed: list[tuple[int, int]] = []
        self.entered: set[tuple[int, int]] = set()
        self.suffixes = readable_suffixes()
        self.links_out = 0
        self.others: Counter[str] = Counter()

    def left_out(self) -> str:
        """What is not among the images, in a sentence; "" if all is."""
        parts = []
        if self.others:
            kinds = ", ".join(f"{count:,} {kind}" for kind, count in self.others.most_common(5))
            parts.append(
                f"{self.others.total():,} files are no pictures of a known format ({kinds}); convert those that should "
                "count to PNG or JPEG"
            )
        if self.links_out:
            parts.append(f"{self.links_out:,} links lead out of it; use linked_folder:PATH to follow them")
        return f"left out of {self.root}: {'; '.join(parts)}" if parts else ""

    def images(self, folder: str = "") -> Iterator[tuple[int, str]]:
        """The folder number and the name of every image, sorted by path."""
        status = os.stat(self.root / folder)  # before its entries, so that later changes are noticed
        if (status.st_dev, status.st_ino) in self.entered:
            return  # links in a circle, or two to one folder
        self.entered.add((status.st_dev, status.st_ino))
        place = len(self.folders)
        self.folders.append(folder)
        self.changed.append(_changed(status))
        with os.scandir(self.root / folder) as entries:
            wanted = sorted((entry.name, entry.is_dir()) for entry in entries if self._is_wanted(entry))
        for name, is_folder in wanted:
            if is_folder:
                yield from self.images(os.path.join(folder, name))
            else:
                yield place, name

    def _is_wanted(self, entry: os.DirEntry) -> bool:
        if entry.name.startswith("."):
            return False
        is_folder = entry.is_dir()
        if not is_folder and not (entry.name.lower().endswith(self.suffixes) and entry.is_file()):
            suffix = os.path.splitext(entry.name)[1].lower()
            self.others[(suffix or "without a suffix") if entry.is_file() else "broken links or devices"] += 1
            return False
        if not entry.is_symlink() or self.follow_links:
            return True
        leads_out = not Path(entry).resolve().is_relative_to(self.inside)
        self.links_out += leads_out
        return not (is_folder or leads_out)


def _changed(status: os.stat_result) -> tuple[int, int]:
    # Unpacking an archive may set the first time back, but then the second one changes.
    return status.st_mtime_ns, status.st_ctime_ns


def _with_sizes(index: FolderIndex) -> FolderIndex:
    """Fills in the shorter sides, from the headers of all files."""
    if len(index) >= KEPT_FROM:
        logging.warning("reading the headers of %d images in %s; this is done once", len(index), index.root)

    def read(start: int) -> None:
        for image in range(start, min(start + AT_ONCE, len(index))):
            index.shorter_sides[image] = _read_header(index.path(image))

    with ThreadPoolExecutor() as pool:
        for _ in pool.map(read, range(0, len(index), AT_ONCE)):
            pass
    return index


def _read_header(file: Path) -> int:
    try:
        with open_image(file, image_size=1) as image:
            return min(image.size)
    except Exception as error:  # Pillow raises many kinds of error on damaged files
        raise InputError(f"cannot decode image {file}: {error}") from error


# The cache -----------------------------------------------------------------------------------------------------------


def _cache_file(root: Path, follow_links: bool) -> Path:
    identity = hashlib.sha256(os.fsencode(root.resolve()) + bytes([follow_links])).hexdigest()[:16]
    return cache_folder() / f"folder-{identity}.npz"


def _read(cache: Path, root: Path) -> FolderIndex | None:
    """The index in the cache; None if there is none that can be read."""
    if not cache.is_file():
        return None
    try:
        with np.load(cache, allow_pickle=False) as file:
            if str(file["format"]) != FORMAT:
                return None
            index = FolderIndex(
                root=root,
                folders=PackedStrings(file["folders"], file["folder_ends"]),
                changed=file["changed"],
                names=PackedStrings(file["names"], file["name_ends"]),
                places=file["places"],
                shorter_sides=file["shorter_sides"],
                left_out=str(file["left_out"]),
            )
            whole = len(index.names) == len(index.places) == len(index.shorter_sides)
            return index if whole and np.isin(index.places, np.arange(len(index.folders))).all() else None
    except Exception:  # Damage takes many forms; reading the folder again repairs all of them.
        return None


def _write(cache: Path, index: FolderIndex) -> None:
    try:
        with replacing(cache) as aside:
            np.savez(
                aside,
                format=FORMAT,
                folders=index.folders.buffer,
                folder_ends=index.folders.ends,
                changed=index.changed,
                names=index.names.buffer,
                name_ends=index.names.ends,
                places=index.places,
                shorter_sides=index.shorter_sides,
                left_out=index.left_out,
            )
    except OSError as error:
        logging.warning("the index of %s cannot be cached, so each run reads the folder again: %s", index.root, error)
