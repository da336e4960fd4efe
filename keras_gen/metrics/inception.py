"""Features of Keras's InceptionV3, where its ImageNet weights are available."""

import hashlib
import os
from pathlib import Path

import keras
import tensorflow as tf

from keras_gen.errors import InputError
from keras_gen.metrics.features import ImageFeatures, weights_hash

WEIGHTS_FILE = "inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5"
MD5 = "bcbd6486424b2319ff4ef7d526e38f63"  # of the file, by which Keras knows it
SIDE = 299  # pixels


def inception_features() -> ImageFeatures:
    """The 2,048 features of the last pooling layer of `keras.applications.InceptionV3`.

    Images of any size, with one or three channels, are resized to 299 x 299 (bilinear). Nothing is downloaded: the
    weights must be where Keras would put them, in `$KERAS_HOME/models` (by default `~/.keras/models`). They are not the
    weights of Heusel et al. 2017, so a distance on these features is not comparable with a published FID.

    Raises:
        InputError: The file is missing, damaged, or another.
    """
    path = Path(os.environ.get("KERAS_HOME", "~/.keras")).expanduser() / "models" / WEIGHTS_FILE
    if not path.is_file():
        raise InputError(f"no InceptionV3 weights: put Keras's file {WEIGHTS_FILE} into {path.parent}")
    _check_file(path)
    inception = _inception_in_float32()
    try:
        inception.load_weights(path)
    except (OSError, ValueError, KeyError) as error:
        raise _other_weights(path) from error

    def network(images: tf.Tensor) -> tf.Tensor:
        colours = images * tf.ones(3)  # one grey channel becomes three
        return inception(tf.image.resize(colours, (SIDE, SIDE)), training=False)

    description = {
        "network": "InceptionV3 (keras.applications)",
        "data_set": "ImageNet",
        "image_shape": [SIDE, SIDE, 3],
        "feature_dim": inception.output_shape[-1],
        "weights_hash": weights_hash(inception),
    }
    return ImageFeatures(network, (None, None, None), "InceptionV3 features", description, batch_size=50)


def _check_file(path: Path) -> None:
    """Checks that the file is Keras's: other weights of these shapes would give other distances, or NaN."""
    try:
        with open(path, "rb") as file:
            found = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); replace it with Keras's file") from error
    if found != MD5:
        raise _other_weights(path)


def _other_weights(path: Path) -> InputError:
    return InputError(f"{path} is damaged, or holds other weights than InceptionV3's; replace it with Keras's file")


def _inception_in_float32() -> keras.Model:
    """The network without its weights, in float32, which it takes from the global policy only."""
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        return keras.applications.InceptionV3(include_top=False, weights=None, pooling="avg")
    finally:
        keras.config.set_dtype_policy(policy)
