# %% [markdown]
# # f-VAEs: a flow as the VAE's posterior
#
# A VAE blurs because its posterior is a Gaussian, and a flow such as Glow is sharp and very large. The post (2018-09-21, after Su and Wu 2018, arXiv 1809.05861)
# puts a flow on the VAE's code: with $v = E(x) + \sigma_1 u$ and $z = F(v)$ the loss is
#
# $$E_{u \sim N(0, I)}\Big[\frac{\|x - G(v)\|^2}{2 \sigma_2^2} + \frac{\|F(v)\|^2}{2} - \log\Big|\det \frac{\partial F}{\partial v}\Big| - d_u \log\sigma_1 + d_x \log\sigma_2\Big]
#   \tag{18}$$

# %%
import os

import keras_gen
from keras_gen import networks
from keras_gen.models import FVAE
from keras_gen.optimizers import Adam
from reproductions.reporting.notebooks import curves, lines_of, picture, verdicts

STEPS = int(os.environ.get("STEPS", "2000"))

# %%
lines_of(FVAE.noisy_code, FVAE.elbo_terms, FVAE.objective)

# %%
images = keras_gen.datasets.load("padded:mnist_5k")
sizes = {"stages": 2, "depth": 3, "width": 64}
encoder = networks.f_vae.encoder(images.image_shape, **sizes)
decoder = networks.f_vae.decoder(images.image_shape, **sizes)
flow = networks.glow(encoder.output_shape[1:], depths=[4, 4], width=64, squeeze_first=False)
model = FVAE(encoder, decoder, flow, sigma_1=0.5, sigma_2=0.2, sigma_rate=0.1, clip_norm=1_000.0)
model.compile(Adam(1e-3))
batches = keras_gen.datasets.batches(images, batch_size=32)
history = model.fit(
    batches, steps_per_epoch=max(1, STEPS // 10), epochs=min(10, STEPS), shuffle=False, verbose=0
).history
curves({name: history[name] for name in ("sigma_1", "sigma_2")})

# %% [markdown]
# Above images of the data, below what the decoder makes of their codes; then samples at temperature 0.8. So short a training makes strokes rather than digits.

# %%
test = keras_gen.datasets.load("padded:mnist_5k", "test").to_array(8)
picture([*test, *model.reconstruct(test).numpy()], columns=8)

# %%
picture(model.sample(32, seed=0, temperature=0.8), columns=8)

# %%
verdicts("f_vae")
