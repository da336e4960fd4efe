"""Samples with TensorFlow alone: `python -I sample_with_tensorflow_alone.py SAVED_MODEL SAMPLES.npz`."""

import sys

for name in ("keras", "keras_gen", "tensorflow_probability", "tf_keras"):
    sys.modules[name] = None  # makes every import of it fail

import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

model = tf.saved_model.load(sys.argv[1])
latents = np.random.RandomState(0).randn(4, 3).astype("float32")
try:
    model.sample(0, 0)
    error = "none"
except tf.errors.InvalidArgumentError as exception:
    error = str(exception)
np.savez(
    sys.argv[2],
    seed_3=model.sample(5, 3),
    seed_3_again=model.sample(5, 3),
    seed_4=model.sample(5, 4),
    one=model.sample(1, 3),
    thousand=model.sample(1000, 3),
    signature=model.signatures["sample"](num_samples=tf.constant(5), seed=tf.constant(3)).popitem()[1],
    decoded=model.decode(latents),
    decoded_by_signature=model.signatures["decode"](latents=tf.constant(latents)).popitem()[1],
    error=error,
)
