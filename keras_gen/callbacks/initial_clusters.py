"""Initial clusters of a model that clusters, found in its codes after a warm-up."""

import keras
import numpy as np
import tensorflow as tf
from sklearn.cluster import KMeans
from sklearn.mixture import GaussianMixture

from keras_gen.checks import check_choice
from keras_gen.errors import InputError
from keras_gen.utils.activity import activity

METHODS = ("k_means", "gaussian_mixture")
RESTARTS = 5
# Images per call of the encoder, and codes per update of the classifier.
AT_ONCE = 500
BATCH = 100


class InitialClusters(keras.callbacks.Callback):
    """Clusters the codes after `warm_up_steps`, sets mu_y to the cluster means and trains p(y|z) on the clusters.

    It serves `ClusteringVAE`, and `DeepEmbeddedClustering`, which has no p(y|z) to be trained; there the optimiser
    begins anew, since the loss is another one from then on.

    It acts before the first step after the warm-up. A run that is continued from just that point finds the same
    clusters again, because they depend on the codes and the seed alone.

    Args:
        images: float32 [n, height, width, channels] in [-1, 1], with at least as many images as clusters.
        method: `k_means` or `gaussian_mixture` (full covariances).
        seed: Seed of the clustering and of the order in which the classifier sees the codes.
        classifier_epochs: Passes of the classifier over the codes.

    Raises:
        InputError: There is no such method.
    """

    def __init__(self, images: np.ndarray, method: str = "k_means", seed: int = 0, classifier_epochs: int = 5):
        super().__init__()
        check_choice("method", method, METHODS)
        self.images = images
        self.method = method
        self.seed = seed
        self.classifier_epochs = classifier_epochs

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Checks that the model has clusters.

        Raises:
            InputError: It has none.
        """
        if not hasattr(self.model, "warm_up_steps"):
            name, advice = type(self.model).__name__, "leave this callback out; it is for ClusteringVAE and such models"
            raise InputError(f"InitialClusters: {name} has no clusters; {advice}")

    def on_train_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        """Sets the clusters when the warm-up is over.

        Raises:
            InputError: There are fewer images than clusters.
        """
        if int(self.model.step.numpy()) != self.model.warm_up_steps:
            return
        with activity("looking for the initial clusters"):
            self._set_clusters(self.model.num_clusters)

    def _set_clusters(self, count: int) -> None:
        if len(self.images) < count:
            raise InputError(f"{len(self.images)} images cannot show {count} clusters; give at least {count}")
        parts = [self.images[start : start + AT_ONCE] for start in range(0, len(self.images), AT_ONCE)]
        codes = np.concatenate([np.asarray(self.model.encode(part)) for part in parts])
        flat = codes.reshape(len(codes), -1).astype(np.float64)
        if self.method == "k_means":
            found = KMeans(count, n_init=RESTARTS, random_state=self.seed).fit(flat)
            means = found.cluster_centers_
        else:
            found = GaussianMixture(count, n_init=RESTARTS, random_state=self.seed).fit(flat)
            means = found.means_
        self.model.means.assign(means.reshape(self.model.means.shape))
        if hasattr(self.model, "classifier"):
            self._teach(codes, found.predict(flat))
        else:
            _begin_anew(self.model.optimizer)

    def _teach(self, codes: np.ndarray, clusters: np.ndarray) -> None:
        """Trains p(y|z) on the codes by cross-entropy."""
        # On a copy, which comes out the same on every replica and worker: same codes, same initial weights.
        classifier, optimizer = keras.models.clone_model(self.model.classifier), keras.optimizers.Adam()
        classifier.set_weights(self.model.classifier.get_weights())
        variables = classifier.trainable_variables
        optimizer.build(variables)
        random = np.random.RandomState(self.seed)

        @tf.function(reduce_retracing=True)
        def step(z: tf.Tensor, y: tf.Tensor) -> None:
            with tf.GradientTape() as tape:
                logits = tf.cast(classifier(z, training=True), tf.float32)
                loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits))
            optimizer.apply(tape.gradient(loss, [variable.value for variable in variables]), variables)

        for _ in range(self.classifier_epochs):
            order = random.permutation(len(codes))
            for start in range(0, len(order), BATCH):
                rows = order[start : start + BATCH]
                step(tf.constant(codes[rows]), tf.constant(clusters[rows]))
        self.model.classifier.set_weights(classifier.get_weights())


def _begin_anew(optimizer: keras.optimizers.Optimizer) -> None:
    """Zeroes steps and moments: another loss begins, beside whose gradients those of the warm-up are huge."""
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)  # of one that scales losses
    for variable in optimizer.variables:
        if variable is not optimizer.learning_rate:
            variable.assign(tf.zeros_like(variable.value))
