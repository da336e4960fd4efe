"""Many photographs to read, for benchmarks: folders of hard links, and ArrayRecord files of TensorFlow Datasets.

They are a few crops of one photograph, again and again, so that a million are there within minutes. The crops are as
wide and high as CelebA's images.
"""

import itertools
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import tensorflow_datasets as tfds
from absl import flags
from array_record.python.array_record_module import ArrayRecordWriter
from PIL import Image

NUM_CROPS = 64
CROP_SIZE = (178, 218)  # width and height
JPEG = (".jpg",)
MIXED = (".png", ".jpg", ".jpg", ".jpg")
IN_A_PART = 10_000  # files in a folder, records in a shard
# A file system limits the links of one file; ext4 to 65,000.
MAX_LINKS = 60_000
ARRAY_RECORD_NAME = "photographs"


def define_folder_flag() -> None:
    """Defines where the files are made."""
    flags.DEFINE_string("folder", None, "Where a temporary folder is made; the system's own place by default.")
    flags.register_validator(
        "folder", lambda folder: folder is None or os.path.isdir(folder), "there is no such folder"
    )


def crops(folder: Path, suffixes: Sequence[str] = JPEG) -> list[Path]:
    """Makes a folder of crops of a photograph, with these suffixes in turn."""
    from sklearn.datasets import load_sample_image

    photograph = Image.fromarray(load_sample_image("china.jpg"))
    random = np.random.RandomState(0)
    width, height = CROP_SIZE
    folder.mkdir(parents=True)
    files = [folder / f"{i:02}{suffix}" for i, suffix in zip(range(NUM_CROPS), itertools.cycle(suffixes), strict=False)]
    for file in files:
        left, top = random.randint(photograph.width - width), random.randint(photograph.height - height)
        photograph.crop((left, top, left + width, top + height)).save(file)
    return files


def linked_folder(folder: Path, sources: Sequence[Path], count: int) -> None:
    """Makes a folder of so many files, each a hard link of a source, or of a copy once that has enough links."""
    sources = list(sources)
    for i in range(count):
        round_, place = divmod(i, len(sources))
        file = folder / f"{i // IN_A_PART:05}" / f"{i:09}{sources[place].suffix}"
        if i % IN_A_PART == 0:
            file.parent.mkdir(parents=True)
        if round_ % MAX_LINKS == MAX_LINKS - 1:
            shutil.copyfile(sources[place], file)
            sources[place] = file
        else:
            os.link(sources[place], file)


def array_records(data_dir: Path, sources: Sequence[Path], count: int) -> None:
    """Makes the TFDS data set `ARRAY_RECORD_NAME` of so many images, in shards that are copies of the first.

    Args:
        data_dir: Where data sets are stored.
        sources: The files that its images are, in turn.
        count: How many images; of more than one shard, a multiple of `IN_A_PART`.
    """
    in_a_shard = min(count, IN_A_PART)
    folder = data_dir / ARRAY_RECORD_NAME / "1.0.0"
    folder.mkdir(parents=True)
    features = tfds.features.FeaturesDict({"image": tfds.features.Image(shape=(None, None, 3))})
    split = tfds.core.SplitInfo(
        name="train",
        shard_lengths=[in_a_shard] * (count // in_a_shard),
        num_bytes=0,
        filename_template=tfds.core.ShardedFileTemplate(
            data_dir=folder, dataset_name=ARRAY_RECORD_NAME, split="train", filetype_suffix="array_record"
        ),
    )
    first, *others = sorted(split.filepaths)
    examples = [features.serialize_example({"image": str(source)}) for source in sources]
    writer = ArrayRecordWriter(os.fspath(first), "group_size:1")  # as TFDS does
    for i in range(in_a_shard):
        writer.write(examples[i % len(examples)])
    writer.close()
    for other in others:
        shutil.copyfile(first, other)
    tfds.folder_dataset.write_metadata(data_dir=folder, features=features, split_infos=[split], check_data=False)
