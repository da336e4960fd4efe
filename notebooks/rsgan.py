# %% [markdown]
# # RSGAN: real images in the generator's step too
#
# A standard GAN's generator never sees a real image while it is updated. The post (2018-10-22, after Jolicoeur-Martineau 2018, arXiv 1807.00734) lets the
# discriminator tell *which of two* is real, and the generator then moves against real images:
#
# $$T = \arg\min_T \; -E[\log\sigma(T(x_r) - T(x_f))] \tag{7}$$
# $$G = \arg\min_G \; E[h(T(x_f) - T(x_r))] \tag{8}$$

# %%
import os

import keras_gen
from keras_gen.models import GAN, RSGAN
from keras_gen.optimizers import Adam
from reproductions.reporting.notebooks import lines_of, picture, verdicts

STEPS = int(os.environ.get("STEPS", "2000"))

# %%
lines_of(RSGAN.discriminator_terms, RSGAN.generator_loss)

# %% [markdown]
# The same networks, rates and batches for RSGAN and for a standard GAN.

# %%
images = keras_gen.datasets.load("mnist_5k")


def trained(kind):
    dcgan = keras_gen.networks.dcgan
    networks = (
        dcgan.generator(images.image_shape, latent_dim=64, width=16),
        dcgan.discriminator(images.image_shape, width=16),
    )
    model = kind(*networks, ema_momentum=0.999)
    model.compile(Adam(1e-3, beta_1=0.5), Adam(1e-3, beta_1=0.5))
    model.fit(keras_gen.datasets.batches(images, 64), steps_per_epoch=STEPS, shuffle=False, verbose=0)
    return model


# %%
picture(trained(RSGAN).sample(64, seed=0))

# %% [markdown]
# And the standard GAN:

# %%
picture(trained(GAN).sample(64, seed=0))

# %%
verdicts("rsgan")
