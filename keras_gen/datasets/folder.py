"""`folder:PATH`: the pictures in a folder and its subfolders."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from keras_gen.datasets import folder_index, folder_layout
from keras_gen.datasets.folder_index import FolderIndex
from keras_gen.datasets.images import EncodedImages, Images
from keras_gen.errors import InputError

DEFAULT_SIZE = 64


def load(path: str, split: str, image_size: int | None = None, follow_links: bool = False) -> Images:
    """The images of a folder, [64, 64, 3] by default.

    Folders named train, test and val are the splits; otherwise every tenth file of a fixed shuffled order is for
    testing. The labels are the first-level folders in sorted order, or those below train and test, if there are at
    least two and they hold all the files (see `folder_layout`). The headers of all files are read first; for a large
    folder the result is kept (see `folder_index`). A folder that fits into memory is decoded too, so that damaged files
    are found before training starts.

    Args:
        path: The folder.
        split: "train" or "test".
        image_size: Height and width.
        follow_links: Whether to follow links out of the folder, as `linked_folder:PATH` does.

    Raises:
        InputError: The folder is missing or has fewer than two images, or an image is damaged, too large, or smaller
            than `image_size`.
    """
    size = image_size or DEFAULT_SIZE
    kind = "linked_folder" if follow_links else "folder"
    name = f"{kind}:{path}"
    root = Path(path).expanduser()
    if not path or not root.is_dir():
        raise InputError(
            f"{name}: there is no such folder; give {kind}:PATH, a folder of images "
            "(PNG, JPEG and others, in it or below it)"
        )
    index = folder_index.find(root, follow_links)
    if len(index) < 2:
        links = "" if follow_links else " and links that leave it; linked_folder:PATH follows links"
        raise InputError(
            f"{name}: {len(index)} pictures found (PNG, JPEG and others), at least two are needed, one to train "
            f"and one to test on (left out are hidden files{links})"
        )
    index.check_sizes(size, name)
    order, labels, num_classes = folder_layout.choose(index, split, name)
    return EncodedImages(
        name=name,
        split=split,
        image_shape=(size, size, 3),
        labels=labels,
        num_classes=num_classes,
        files=_Files(index),
        size=len(order),
        read=lambda i: index.path(order[i]).read_bytes(),
        describe=lambda i: str(index.path(order[i])),
    ).in_memory_if_small()


class _Files(Sequence):
    """The paths of all images, relative to the folder."""

    def __init__(self, index: FolderIndex):
        self._index = index

    def __len__(self) -> int:
        return len(self._index)

    def __getitem__(self, image: Any) -> Any:
        return self._index.name(image)
