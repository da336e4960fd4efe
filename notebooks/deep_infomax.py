# %% [markdown]
# # Deep InfoMax: features without reconstruction
#
# One recognises a banknote without being able to draw one. The post (2018-10-02, after Hjelm et al. 2018, arXiv 1808.06670) trains an encoder so that a
# discriminator can tell an image with its own code from an image with another's, as a whole and place by place of the feature map:
#
# $$\min_{p(z|x), T_1, T_2} -\alpha\,(E_P[\log\sigma(T_1)] + E_Q[\log(1 - \sigma(T_1))])
#   - \frac{\beta}{hw} \sum_{ij} (E_P[\log\sigma(T_2)] + E_Q[\log(1 - \sigma(T_2))]) + \gamma\, E_x[KL(p(z|x) \| q(z))]$$

# %%
import os

import numpy as np

import keras_gen
from keras_gen.models import DeepInfoMax
from keras_gen.networks import infomax
from keras_gen.optimizers import Adam
from reproductions.reporting.notebooks import curves, lines_of, picture, verdicts

STEPS = int(os.environ.get("STEPS", "1000"))

# %%
lines_of(DeepInfoMax.objective)

# %%
train, test = (keras_gen.datasets.load("mnist_5k", split) for split in ("train", "test"))
encoder = infomax.encoder(train.image_shape, latent_dim=32, map_widths=(16, 32), code_widths=(32,))
model = DeepInfoMax(
    encoder,
    infomax.image_discriminator(train.image_shape, latent_dim=32, map_widths=(16, 32), widths=(64, 64)),
    infomax.local_discriminator(encoder.output_shape[0][1:], latent_dim=32, widths=(64, 64)),
    gamma=0.001,
)
model.compile(Adam(1e-3))
batches = keras_gen.datasets.batches(train, batch_size=64)
history = model.fit(
    batches, steps_per_epoch=max(1, STEPS // 10), epochs=min(10, STEPS), shuffle=False, verbose=0
).history
curves({name: history[name] for name in ("global_information", "local_information")})

# %% [markdown]
# Do codes retrieve by meaning? Each row begins with a test image; the nine nearest training images follow.

# %%
queries = test.to_array(8)
nearest, _ = model.neighbors(model.encode(queries), model.encode(train.to_array()), 9)
found = train.to_array()[nearest.numpy()]
picture(np.concatenate([queries[:, None], found], axis=1).reshape(-1, *train.image_shape), columns=10)

# %%
verdicts("deep_infomax")
