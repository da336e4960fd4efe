"""What a conditional network takes beside its data."""

import keras

from keras_gen.checks import check_num_classes


def class_inputs(num_classes: int | None) -> list[keras.KerasTensor]:
    """An input of one-hot rows [batch, num_classes]; none for a network without classes.

    Raises:
        InputError: The number of classes is not a whole number of at least 2.
    """
    check_num_classes(num_classes)
    return [] if num_classes is None else [keras.Input((num_classes,), name="classes")]
