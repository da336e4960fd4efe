"""20 training steps, bit for bit: `python interrupted_run.py straight FOLDER`, then `... continued FOLDER`.

The first process trains 20 steps, and another model 10 steps, which it saves. The second one continues from there.
Each leaves the states of its models and some samples in FOLDER.
"""

import sys
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from helpers.small_gans import adam, batches, compiled, image_networks, state
from keras_gen.models import WGANDiv


def new_model(seed=0):
    model = WGANDiv(*image_networks(seed), sampling="interpolate_pooled", discriminator_steps=2, ema_momentum=0.9)
    return compiled(model, adam)


def keep(name, model):
    np.savez(folder / f"{name}.npz", **state(model), samples=model.sample(5, seed=3))


def train(model, first_step, last_step):
    model.fit(batches(first_step, last_step), verbose=0)


mode, folder = sys.argv[1], Path(sys.argv[2])
tf.config.experimental.enable_op_determinism()

if mode == "straight":
    model = new_model()
    keep("untrained", model)
    train(model, 0, 20)
    keep("straight", model)

    model = new_model()
    train(model, 0, 10)
    keep("interrupted", model)
    model.save(folder / "model.keras")
    model.save_weights(folder / "model.weights.h5")
else:
    keep("untrained_again", new_model())

    model = keras.models.load_model(folder / "model.keras")
    keep("loaded", model)
    train(model, 10, 20)
    keep("loaded_and_continued", model)

    model = new_model(seed=99)  # every initial weight differs, so that what is not loaded shows
    model.load_weights(folder / "model.weights.h5")
    keep("weights_loaded", model)
    train(model, 10, 20)
    keep("weights_loaded_and_continued", model)
