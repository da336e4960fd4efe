# %% [markdown]
# # WGAN-div: a Wasserstein critic without a Lipschitz constraint
#
# A WGAN's critic must be Lipschitz, and clipping or WGAN-GP's penalty see to that only roughly. The post (2018-11-07, after Wu et al. 2018,
# arXiv 1712.01026) keeps the difference of means and subtracts a power of the critic's slope. The maximum is a divergence for almost any distribution r of the
# points where the slope is measured, so that nothing needs to be constrained:
#
# $$W_{k,p}[p, q] = \max_T \; E_p[T(x)] - E_q[T(x)] - k\, E_r\big[\|\nabla T(x)\|^p\big] \tag{9}$$

# %%
import os

import keras_gen
from keras_gen.models import WGANDiv
from keras_gen.optimizers import Adam
from reproductions.reporting.notebooks import curves, lines_of, picture, verdicts

STEPS = int(os.environ.get("STEPS", "2000"))  # some minutes on two cores

# %% [markdown]
# The loss, as it stands in `keras_gen/models/wgan_div.py`: first what the critic minimises, then the generator.

# %%
lines_of(WGANDiv.discriminator_terms, WGANDiv.generator_loss)

# %% [markdown]
# Digits, and the post's k = 2, p = 6.

# %%
images = keras_gen.datasets.load("mnist_5k")
dcgan = keras_gen.networks.dcgan
model = WGANDiv(
    dcgan.generator(images.image_shape, latent_dim=64, width=16),
    dcgan.discriminator(images.image_shape, width=16),
    k=2.0,
    p=6.0,
    ema_momentum=0.999,
)
model.compile(Adam(5e-4, beta_1=0.5), Adam(2e-3, beta_1=0.5))
batches = keras_gen.datasets.batches(images, batch_size=64)
history = model.fit(
    batches, steps_per_epoch=max(1, STEPS // 20), epochs=min(20, STEPS), shuffle=False, verbose=0
).history

# %%
curves({name: history[name] for name in ("wasserstein_divergence", "gradient_penalty")})

# %% [markdown]
# At the optimum the penalty is 1/(p - 1) = 1/5 of the divergence: of all multiples of T the best one balances the two. Samples:

# %%
picture(model.sample(64, seed=0))

# %% [markdown]
# What the recorded runs say of the post's claims:

# %%
verdicts("wgan_div")
