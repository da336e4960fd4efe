# %% [markdown]
# # Your own loss in twenty lines
#
# An adversarial loss is two methods, whatever penalty, normalisation, classes or number of updates go with it. Here is a margin loss that is not in the library: the
# discriminator pays where a real image does not score above +1 or a fake one below -1, squared.

# %%
import os

import keras_gen  # first: it keeps TensorFlow's notices off the screen

STEPS = int(os.environ.get("STEPS", "2000"))

# %%
import tensorflow as tf

from keras_gen.losses import AdversarialLoss, R1Penalty
from keras_gen.models import GAN
from keras_gen.optimizers import Adam
from reproductions.reporting.notebooks import curves, lines_of, picture


# %%
class SquaredHinge(AdversarialLoss):
    """E_p[max(0, 1 - T)^2] + E_q[max(0, 1 + T)^2], and -E_q[T]."""

    def discriminator_loss(self, real_scores, fake_scores):
        return tf.reduce_mean(tf.nn.relu(1 - real_scores) ** 2) + tf.reduce_mean(tf.nn.relu(1 + fake_scores) ** 2)

    def generator_loss(self, fake_scores):
        return -tf.reduce_mean(fake_scores)


# %% [markdown]
# Everything else is there already: `fit`, saving, resuming, replicas, export. What the model adds to your two lines:

# %%
lines_of(GAN.discriminator_terms, GAN.generator_loss)

# %%
images = keras_gen.datasets.load("mnist_5k")
dcgan = keras_gen.networks.dcgan
model = GAN(
    dcgan.generator(images.image_shape, latent_dim=64, width=16),
    dcgan.discriminator(images.image_shape, width=16),
    SquaredHinge(),
    R1Penalty(0.5),
    ema_momentum=0.999,
)
model.compile(Adam(1e-3, beta_1=0.5), Adam(1e-3, beta_1=0.5))
batches = keras_gen.datasets.batches(images, batch_size=64)
history = model.fit(
    batches, steps_per_epoch=max(1, STEPS // 20), epochs=min(20, STEPS), shuffle=False, verbose=0
).history
curves(history)

# %%
picture(model.sample(64, seed=0))

# %% [markdown]
# A loss that needs more than two scores, such as a penalty of its own or pairs of images, is a subclass of `AdversarialModel`: see *Adding a paper* in `CONTRIBUTING.md`.
