"""A small classifier like LeNet-5, whose hidden layer serves as image features."""

import keras
from keras import layers

from keras_gen.checks import check_counts, check_map_shape
from keras_gen.errors import InputError
from keras_gen.networks import initializers

SMALLEST = 8  # pixels of a side


def lenet(
    image_shape: tuple[int, int, int],
    num_classes: int,
    feature_dim: int = 64,
    kernel_regularizer: keras.Regularizer | None = None,
    seed: int = 0,
) -> keras.Model:
    """Network from images in [-1, 1] to logits, through a hidden layer named `features`.

    After LeNet-5 (LeCun et al. 1998, "Gradient-based learning applied to document recognition", section II.B), with
    more filters, ReLU and max pooling. Every stage halves the image; there are two, and more for larger images, until
    the shorter side has at most eight pixels. The features keep LeNet-5's tanh: bounded features do not die in
    training, and images unlike the training set do not land so far out that a single one would widen the whole set.

    All layers compute in float32, whatever the global dtype policy, since distances between features depend on it.

    Args:
        image_shape: (height, width, channels), with at least 8 x 8 pixels.
        num_classes: Number of logits.
        feature_dim: Number of features.
        kernel_regularizer: Regulariser of every kernel.
        seed: Seed of the initial weights.

    Raises:
        InputError: The image has fewer than 8 x 8 pixels, or a number is below 1.
    """
    check_map_shape("image_shape", image_shape)
    check_counts(num_classes=num_classes, feature_dim=feature_dim)
    if min(image_shape[:2]) < SMALLEST:
        raise InputError(f"image_shape={tuple(image_shape)}: give at least {SMALLEST}x{SMALLEST} pixels")
    seeds = initializers.seeds("lenet", seed)

    def weights() -> dict:
        return {
            "kernel_initializer": keras.initializers.GlorotUniform(next(seeds)),
            "kernel_regularizer": kernel_regularizer,
            "dtype": "float32",
        }

    images = keras.Input(image_shape, dtype="float32")
    x = layers.Conv2D(16, 5, padding="same", activation="relu", **weights())(images)
    x = layers.MaxPooling2D(2, dtype="float32")(x)
    for _ in range(_num_stages(image_shape) - 1):
        x = layers.Conv2D(32, 5, padding="same", activation="relu", **weights())(x)
        x = layers.MaxPooling2D(2, dtype="float32")(x)
    x = layers.Flatten(dtype="float32")(x)
    x = layers.Dense(feature_dim, activation="tanh", name="features", **weights())(x)
    logits = layers.Dense(num_classes, name="logits", **weights())(x)
    return keras.Model(images, logits, name="lenet")


def _num_stages(image_shape: tuple[int, int, int]) -> int:
    stages = 2
    while min(image_shape[:2]) // 2**stages > 8:
        stages += 1
    return stages
