# %% [markdown]
# # f-GAN: a GAN for every divergence
#
# Any convex f with f(1) = 0 makes a divergence, and its convex conjugate g a bound that a network can climb. The post (2018-09-29, after Nowozin et al. 2016,
# arXiv 1606.00709) derives a GAN for each:
#
# $$D_f(P \| Q) = \max_T \; E_p[T(x)] - E_q[g(T(x))] \tag{12, 13}$$

# %%
import os

import keras_gen
from keras_gen.losses import f_divergences
from keras_gen.models import FGAN
from keras_gen.optimizers import Adam
from reproductions.reporting.notebooks import lines_of, picture, verdicts

STEPS = int(os.environ.get("STEPS", "2000"))

# %%
lines_of(f_divergences.Divergence.bound, FGAN.discriminator_terms, FGAN.generator_loss)

# %% [markdown]
# The divergences, and a fake of Kullback and Leibler's beside one of the squared Hellinger distance, with the loss that does not saturate.

# %%
print(", ".join(f_divergences.names()))
images = keras_gen.datasets.load("mnist_5k")


def samples(divergence):
    dcgan = keras_gen.networks.dcgan
    networks = (
        dcgan.generator(images.image_shape, latent_dim=64, width=16),
        dcgan.discriminator(images.image_shape, width=16),
    )
    model = FGAN(*networks, divergence, non_saturating=True, ema_momentum=0.999)
    model.compile(Adam(1e-3, beta_1=0.5), Adam(1e-3, beta_1=0.5))
    model.fit(keras_gen.datasets.batches(images, 64), steps_per_epoch=STEPS, shuffle=False, verbose=0)
    return model.sample(64, seed=0)


# %%
picture(samples("kl"))

# %%
picture(samples("hellinger"))

# %%
verdicts("f_gan")
