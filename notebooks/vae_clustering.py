# %% [markdown]
# # One-step clustering: a VAE with a discrete latent
#
# A VAE is trained, then its codes are clustered: two steps. The post (2018-09-17) does both at once, with a classifier p(y|z) beside the decoder and a Gaussian
# q(z|y) for each cluster:
#
# $$E_{z \sim p(z|x)}\Big[ -\log q(x|z) + \sum_y p(y|z) \log\frac{p(z|x)}{q(z|y)} + KL(p(y|z) \| q(y)) \Big] \tag{5}$$

# %%
import os

import keras_gen
from keras_gen.layers import GaussianLikelihood
from keras_gen.models import ClusteringVAE
from keras_gen.networks import autoencoder
from keras_gen.optimizers import Adam
from reproductions.reporting.notebooks import curves, lines_of, picture, verdicts

STEPS = int(os.environ.get("STEPS", "3000"))

# %%
lines_of(ClusteringVAE.objective, ClusteringVAE.log_ratio)

# %% [markdown]
# The author's one step begins with all clusters in one place. A warm start, which trains as a plain VAE first and finds the clusters in its codes, is quicker and no longer one step.

# %%
train, test = (keras_gen.datasets.load("mnist_5k", split) for split in ("train", "test"))
model = ClusteringVAE(
    autoencoder.encoder(train.image_shape, 20, (16, 32)),
    autoencoder.decoder(train.image_shape, 20, (16, 32), "images"),
    autoencoder.classifier(20, num_clusters=10),
    GaussianLikelihood(1.6),
    warm_up_steps=STEPS // 2,
)
model.compile(Adam(2e-3))
start = keras_gen.callbacks.InitialClusters(train.to_array(), "gaussian_mixture")
batches = keras_gen.datasets.batches(train, batch_size=100)
history = model.fit(
    batches, steps_per_epoch=max(1, STEPS // 20), epochs=min(20, STEPS), shuffle=False, verbose=0, callbacks=[start]
).history
curves({name: history[name] for name in ("reconstruction", "alignment", "balance")})

# %% [markdown]
# A row of samples for each cluster, and the share of test images whose label is the most frequent one of their cluster.

# %%
picture([image for cluster in range(10) for image in model.sample_cluster(cluster, 10).numpy()], columns=10)

# %%
scores = keras_gen.metrics.clustering_scores(test.labels, model.cluster(test.to_array()).numpy())
print(f"purity {scores['purity']:.3f}")

# %%
verdicts("vae_clustering")
