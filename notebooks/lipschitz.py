# %% [markdown]
# # Lipschitz constraints: what bounds a critic's slope
#
# Insensitivity to small changes of the input is a small Lipschitz constant, and of a linear layer that is the spectral norm of its matrix. The post (2018-10-07)
# finds it by power iteration,
#
# $$v \leftarrow \frac{W^\top u}{\|W^\top u\|}, \quad u \leftarrow \frac{W v}{\|W v\|}, \quad \|W\|_2 \approx u^\top W v, \tag{15}$$
#
# and uses it in three ways: as a regulariser, as the division of every kernel (spectral normalisation), and beside WGAN-GP's penalty on slopes.

# %%
import os

import keras_gen
from keras_gen.layers import SpectralNormalization
from keras_gen.losses import Wasserstein
from keras_gen.metrics import lipschitz_bound
from keras_gen.models import GAN
from keras_gen.optimizers import Adam
from reproductions.reporting.notebooks import curves, lines_of, picture, verdicts

STEPS = int(os.environ.get("STEPS", "2000"))

# %%
lines_of(SpectralNormalization.normalized_kernel)

# %% [markdown]
# A WGAN whose critic is spectrally normalised: its Lipschitz constant is bounded, without a penalty in the loss.

# %%
images = keras_gen.datasets.load("mnist_5k")
dcgan = keras_gen.networks.dcgan
critic = dcgan.discriminator(images.image_shape, width=16, spectral_normalization="persistent")
generator = dcgan.generator(images.image_shape, latent_dim=64, width=16)
model = GAN(generator, critic, Wasserstein(), ema_momentum=0.999)
model.compile(Adam(5e-4, beta_1=0.5), Adam(2e-3, beta_1=0.5))
batches = keras_gen.datasets.batches(images, batch_size=64)
history = model.fit(
    batches, steps_per_epoch=max(1, STEPS // 20), epochs=min(20, STEPS), shuffle=False, verbose=0
).history
print(f"no two images differ in their scores by more than {lipschitz_bound(critic):.2f} times their distance")

# %%
curves(history)

# %%
picture(model.sample(64, seed=0))

# %%
verdicts("lipschitz")
