"""Image data sets of TensorFlow Datasets (TFDS)."""

import contextlib
import hashlib
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds
from absl import logging
from google.protobuf import json_format, message
from tensorflow_datasets.core import constants, dataset_info

from keras_gen.datasets import images as images_lib
from keras_gen.datasets.hosts import answers
from keras_gen.datasets.images import EncodedImages, Images
from keras_gen.datasets.sizes import too_small
from keras_gen.datasets.splits import hold_out_tenth, mixed_order
from keras_gen.datasets.tfds_features import foreign_class
from keras_gen.errors import InputError
from keras_gen.utils.files import cache_folder, replacing, special_file

VARYING_SIZE = 64  # default image_size where image sizes differ
_NAME = re.compile(r"\w+(/[\w.\-]+)?(:\d+\.\d+\.\d+)?")  # name[/config][:version]
_AT_ONCE = 1_000  # records that a thread reads in turn
# What damaged files raise in Python, ArrayRecord, Protocol Buffers and TFRecord.
_DAMAGE = (
    *(ValueError, LookupError, OSError, RuntimeError),
    *(json_format.ParseError, message.DecodeError, tf.errors.OpError),
)


def list_names() -> list[str]:
    """The names of TFDS's own data sets."""
    return tfds.list_builders(with_community_datasets=False)


def find_builder(name: str, data_dir: str | None) -> tfds.core.DatasetBuilder | None:
    """The TFDS builder of a data set, or None if TFDS has neither its code nor its files.

    Raises:
        InputError: The data set has no such config or version, its description is damaged or names code of others, or
            its own code fails.
    """
    if not _NAME.fullmatch(name):
        return None
    folder = _folder(name, data_dir)
    special = special_file(folder)
    if special is not None:
        raise InputError(f"{special} is no file; remove it, or prepare {name} again in another data_dir")
    foreign = foreign_class(folder)
    if foreign is not None:
        raise InputError(
            f"{folder} has features of the class {foreign}, whose code would be run; only TFDS's own are read"
        )
    try:
        return tfds.builder(name, data_dir=data_dir)
    except tfds.core.DatasetNotFoundError:
        return None
    except Exception as error:  # it reads stored files, and runs the code of any data set
        _check_descriptions(name, data_dir)
        if isinstance(error, (ValueError, AssertionError)):
            raise InputError(f"the TFDS data set of {name!r} has no such config or version") from error
        if folder.exists():
            raise _damaged(folder, error) from error
        raise InputError(f"the code of the TFDS data set {name!r} fails: {_first_line(error)}") from error


def _check_descriptions(name: str, data_dir: str | None) -> None:
    """Raises InputError if the stored description of any version of the data set cannot be read."""
    for path in _folder(name, data_dir).rglob(constants.DATASET_INFO_FILENAME):
        with _naming_damage(path.parent):
            if not dataset_info.read_from_json(path).version:
                raise ValueError(f"{path.name} describes nothing")


def _folder(name: str, data_dir: str | None) -> Path:
    """Where TFDS stores all configs and versions of a data set."""
    return Path(data_dir or constants.DATA_DIR).expanduser() / re.split("[/:]", name)[0]


def _damaged(folder: str | os.PathLike, error: Exception) -> InputError:
    return InputError(f"{folder} is damaged ({_first_line(error)}); remove it and prepare it again")


@contextlib.contextmanager
def _naming_damage(folder: str | os.PathLike) -> Iterator[None]:
    """Turns errors caused by damaged files into an InputError that names their folder."""
    try:
        yield
    except InputError:
        raise
    except _DAMAGE as error:
        raise _damaged(folder, error) from error


def is_prepared(builder: tfds.core.DatasetBuilder) -> bool:
    """Whether the data set is stored; TFDS moves it into place as a whole."""
    return builder.data_path.exists()


def prepared(make_builder: Callable[[], tfds.core.DatasetBuilder]) -> tfds.core.DatasetBuilder:
    """The builder of a data set that is stored, downloaded first if necessary.

    Raises:
        InputError: The data set is not stored and cannot be prepared here, or it is damaged.
    """
    builder = make_builder()
    if is_prepared(builder):
        with _naming_damage(builder.data_path):
            if not dataset_info.dataset_info_path(builder.data_path).exists():  # TFDS would take it for an empty set
                raise FileNotFoundError(f"{constants.DATASET_INFO_FILENAME} is missing")
        return builder
    _check_downloadable(builder)
    if not sys.stderr.isatty():  # where a bar would be a line for each of its steps
        tfds.disable_progress_bar()
    try:
        builder.download_and_prepare(
            file_format="array_record",  # random access, whatever the size
            download_config=tfds.download.DownloadConfig(try_download_gcs=False),
        )
    except Exception as error:  # it runs the code of any data set
        # Another process may have finished the same preparation first.
        if not is_prepared(builder):
            raise InputError(f"cannot prepare {builder.name} in {builder.data_path}: {_first_line(error)}") from error
    return make_builder()


def _check_downloadable(builder: tfds.core.DatasetBuilder) -> None:
    """Raises InputError unless every host that the files come from answers within seconds.

    TFDS itself would try for more than three minutes.
    """
    where = f"{builder.name} is not prepared in {builder.data_dir}"
    how = f"run `tfds build {builder.name} --file_format=array_record`"
    if builder.MANUAL_DOWNLOAD_INSTRUCTIONS:
        raise InputError(
            f"{where} and its files must be downloaded by hand: {how}, which says where from, "
            "and give the folder it wrote as data_dir"
        )
    urls = {urlsplit(url).netloc: url for url in builder.url_infos or ()}
    for host, url in urls.items():
        if not answers(url):
            raise InputError(
                f"{where} and {host} does not answer: {how} on a machine with a network, "
                "and give the folder it wrote as data_dir"
            )


def read(builder: tfds.core.DatasetBuilder, split: str, image_size: int | None) -> Images:
    """One split of a stored data set.

    The test images are TFDS's split "test", or else "validation", or else every tenth image of "train". Sets up to
    `images.IN_MEMORY_LIMIT` are decoded now; in larger ones each image is read on demand, and the labels are read once
    and kept in the cache folder.

    Raises:
        InputError: The data set has no 8-bit grey or colour images, no training split, images smaller than
            `image_size`, damaged files, or is large and stored in a format without random access.
    """
    image_key, label_key = _feature_keys(builder)
    image_shape = _image_shape(builder, image_key, image_size)
    source, order = _choose_split(builder, split)
    is_small = len(order) * int(np.prod(image_shape)) <= images_lib.IN_MEMORY_LIMIT
    labels = num_classes = None
    with _naming_damage(builder.data_path):
        records = _records(builder, source, is_small)
        if label_key:
            labels = _labels(builder, source, records, label_key, is_small)[order]
            num_classes = builder.info.features[label_key].num_classes

    def read_image(i: int) -> bytes:
        with _naming_damage(builder.data_path):
            return _feature(records[order[i]], image_key).bytes_list.value[0]

    return EncodedImages(
        name=builder.name,
        split=split,
        image_shape=image_shape,
        labels=labels,
        num_classes=num_classes,
        size=len(order),
        read=read_image,
        describe=lambda i: f"{order[i]} of {builder.info.full_name} ({source})",
    ).in_memory_if_small()


def _feature_keys(builder: tfds.core.DatasetBuilder) -> tuple[str, str | None]:
    """The names of the image and the label (or None) in an example."""
    features = builder.info.features
    image_keys = [key for key, f in features.items() if isinstance(f, tfds.features.Image)]
    if not image_keys:
        raise InputError(f"{builder.name} is not an image data set: it has {', '.join(features)}")
    image_key = "image" if "image" in image_keys else image_keys[0]
    label_key = (builder.info.supervised_keys or (None, "label"))[1]
    if not isinstance(dict(features).get(label_key), tfds.features.ClassLabel):
        label_key = None
    return image_key, label_key


def _image_shape(builder: tfds.core.DatasetBuilder, image_key: str, image_size: int | None) -> tuple[int, int, int]:
    feature = builder.info.features[image_key]
    height, width, channels = feature.shape
    if feature.np_dtype != np.uint8 or channels not in (1, 3):
        raise InputError(
            f"{builder.name} has {feature.np_dtype.__name__} images of {channels} channels; "
            "only uint8 with 1 or 3 can be used"
        )
    native = min(height, width) if height and width else None
    if native and image_size and image_size > native:
        raise too_small(
            image_size,
            f"the images of {builder.name} have {width}x{height} pixels",
            native,
            f"use padded:{builder.name}",
        )
    size = image_size or native or VARYING_SIZE
    return size, size, channels


def _choose_split(builder: tfds.core.DatasetBuilder, split: str) -> tuple[str, np.ndarray]:
    """The name of TFDS's split, and the numbers of the records to use, in order."""
    splits = builder.info.splits
    if "train" not in splits:
        raise InputError(f"{builder.name} has no split 'train', only {', '.join(splits)}")
    test = next((name for name in ("test", "validation") if name in splits), None)
    source = test if test and split == "test" else "train"
    count = splits[source].num_examples
    # TFDS shuffles what it writes by default.
    order = mixed_order(count) if builder.info.disable_shuffling else np.arange(count)
    return source, order if test else hold_out_tenth(order, split)


def _records(builder: tfds.core.DatasetBuilder, split: str, is_small: bool) -> Sequence[bytes]:
    """The serialized examples of a split in their stored order."""
    file_format = builder.info.file_format.value
    if file_format == "array_record":
        records = builder.as_data_source(split, deserialize_method=tfds.decode.DeserializeMethod.RAW_BYTES)
        if not is_small:
            return records
        starts = range(0, len(records), _AT_ONCE)  # one by one takes many times as long
        parts = (range(start, min(start + _AT_ONCE, len(records))) for start in starts)
        return [record for part in parts for record in records.__getitems__(part)]
    if file_format == "tfrecord" and is_small:
        files = [str(path) for path in builder.info.splits[split].filepaths]
        return list(tf.data.TFRecordDataset(files).as_numpy_iterator())
    raise InputError(
        f"{builder.name} in {builder.data_dir} is stored as {file_format}, which is read from the "
        "start only; prepare it again in another data_dir with "
        f"`tfds build {builder.name} --file_format=array_record`"
    )


def _labels(
    builder: tfds.core.DatasetBuilder, source: str, records: Sequence[bytes], label_key: str, is_small: bool
) -> np.ndarray:
    """The labels of all records of a split, int64 [n]; those of a large set are read once and kept in the cache."""

    def read(start: int) -> list[int]:
        rows = range(start, min(start + _AT_ONCE, len(records)))
        return [_feature(records[i], label_key).int64_list.value[0] for i in rows]

    starts = range(0, len(records), _AT_ONCE)
    if is_small:
        return np.array([label for start in starts for label in read(start)])
    files = [os.stat(path) for path in builder.info.splits[source].filepaths]
    identity = repr((os.fspath(builder.data_path), source, label_key, [(f.st_size, f.st_mtime_ns) for f in files]))
    cache = cache_folder() / f"labels-{hashlib.sha256(os.fsencode(identity)).hexdigest()[:16]}.npy"
    with contextlib.suppress(Exception):  # damage takes many forms; reading the labels again repairs all of them
        labels = np.load(cache, allow_pickle=False) if cache.is_file() else None
        if labels is not None and labels.shape == (len(records),) and labels.dtype == np.int64:
            return labels
    logging.warning("reading the labels of %d images of %s; this is done once", len(records), builder.info.full_name)
    with ThreadPoolExecutor() as pool:
        labels = np.array([label for part in pool.map(read, starts) for label in part], np.int64)
    try:
        with replacing(cache) as aside:
            np.save(aside, labels)
    except OSError as error:
        logging.warning("the labels of %s cannot be cached, so each run reads them again: %s", builder.name, error)
    return labels


def _feature(record: bytes, key: str) -> tf.train.Feature:
    return tf.train.Example.FromString(record).features.feature[key]


def _first_line(error: Exception) -> str:
    return re.sub(r"\{\{.*?\}\} ", "", str(error).strip().split("\n")[0])  # TensorFlow's names of nodes
