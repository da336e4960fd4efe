"""One of several workers of a training run: `python worker.py RESULT.npz`, with TF_CONFIG in the environment."""

import sys
from pathlib import Path

import numpy as np
import tensorflow as tf

strategy = tf.distribute.MultiWorkerMirroredStrategy()  # before anything else touches TensorFlow

sys.path.insert(0, str(Path(__file__).parents[1]))

from small_gans import batches, compiled, image_networks, state  # noqa: E402

from keras_gen.models import WGANDiv  # noqa: E402

with strategy.scope():
    model = compiled(WGANDiv(*image_networks(), ema_momentum=0.9))
history = model.fit(batches(0, 20), verbose=0).history
np.savez(sys.argv[1], **state(model), **{name: values[0] for name, values in history.items()})
