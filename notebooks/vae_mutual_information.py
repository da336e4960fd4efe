# %% [markdown]
# # VAE = prior term - mutual information
#
# The post (2018-10-10) splits the VAE's joint divergence differently:
#
# $$KL\big(\tilde p(x) p(z|x) \,\|\, q(z) q(x|z)\big) = E_x\big[KL(p(z|x) \| q(z))\big] - E\Big[\log \frac{q(x|z)}{\tilde p(x)}\Big] \tag{2}$$
#
# With a decoder of unlimited capacity the second expectation is the mutual information I(x, z). So an encoder can be trained without a decoder, if the
# information is estimated otherwise, such as by InfoNCE:
#
# $$\min_{p(z|x)} \; E_x\big[KL(p(z|x) \| q(z))\big] - I(x, z) \tag{3}$$

# %%
import os

import numpy as np

import keras_gen
from keras_gen.models import VAE, DecoderFreeVAE
from keras_gen.networks import infomax
from keras_gen.optimizers import Adam
from reproductions.reporting.notebooks import curves, lines_of, verdicts

STEPS = int(os.environ.get("STEPS", "1000"))

# %% [markdown]
# The two losses, term by term.

# %%
lines_of(VAE.objective, DecoderFreeVAE.objective)

# %%
train, test = (keras_gen.datasets.load("mnist_5k", split) for split in ("train", "test"))
model = DecoderFreeVAE(
    infomax.encoder(train.image_shape, latent_dim=16, map_widths=(16, 32), code_widths=(32,)),
    infomax.image_discriminator(train.image_shape, latent_dim=16, map_widths=(16, 32), widths=(64, 64)),
    estimator="info_nce",
    num_shuffles=31,
    information_weight=4.0,
)
model.compile(Adam(1e-3))
batches = keras_gen.datasets.batches(train, batch_size=64)
history = model.fit(
    batches, steps_per_epoch=max(1, STEPS // 10), epochs=min(10, STEPS), shuffle=False, verbose=0
).history
curves({name: history[name] for name in ("prior_kl", "information")})

# %% [markdown]
# The information cannot exceed log 32 = 3.5 nats with 31 shuffles. Do the codes know the digit? The share of test images whose nearest training code has their label:

# %%
codes, test_codes = (model.encode(split.to_array()) for split in (train, test))
nearest, _ = model.neighbors(test_codes, codes, 1)
print(f"{np.mean(train.labels[nearest[:, 0].numpy()] == test.labels):.3f}")

# %%
verdicts("vae_mutual_information")
