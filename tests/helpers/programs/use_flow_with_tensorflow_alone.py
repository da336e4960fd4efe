"""Uses an exported flow with TensorFlow alone: `python -I use_flow_with_tensorflow_alone.py SAVED_MODEL FOLDER`.

It reads FOLDER/images.npy, four images, and leaves FOLDER/found.npz.
"""

import sys

for name in ("keras", "keras_gen", "tensorflow_probability", "tf_keras"):
    sys.modules[name] = None  # makes every import of it fail

import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

folder = sys.argv[2]
model = tf.saved_model.load(sys.argv[1])
x = tf.constant(np.load(f"{folder}/images.npy"))


def error_of(function, *arguments):
    try:
        function(*arguments)
    except tf.errors.InvalidArgumentError as error:
        return str(error)
    return "none"


codes = model.encode(x)
np.savez(
    f"{folder}/found.npz",
    cool=model.sample_at_temperature(3, 1, 0.7),
    codes=codes,
    decoded=model.decode(codes),
    bits=model.bits_per_dimension(x, 2, 5),
    lines=model.interpolate(x, x[::-1], 3),
    sheet=model.interpolate_four(x[tf.newaxis], 2),
    no_codes=model.encode(x[:0]),
    no_lines=model.interpolate(x[:0], x[:0], 3),
    error_infinite=error_of(model.sample_at_temperature, 1, 0, float("inf")),
    error_cold=error_of(model.sample_at_temperature, 1, 0, -1.0),
    error_one_point=error_of(model.interpolate, x, x, 1),
    error_counts=error_of(model.interpolate, x, x[:1], 3),
)
