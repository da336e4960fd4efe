"""Tests of `keras_gen/models/clustering_vae.py`."""

import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from scipy import stats
from scipy.special import log_softmax, logsumexp, rel_entr

from helpers.small_gans import data
from keras_gen.callbacks import InitialClusters
from keras_gen.errors import InputError
from keras_gen.layers import GaussianLikelihood
from keras_gen.models import VAE, ClusteringVAE
from keras_gen.networks import autoencoder

tfd = tfp.distributions
IMAGE_SHAPE = (4, 4, 1)
LATENT_DIM, NUM_CLUSTERS = 2, 3
ROUNDING = 1e-6
RANDOM = np.random.RandomState(0)
MEANS = RANDOM.normal(size=(NUM_CLUSTERS, LATENT_DIM)).astype("float32")
IMAGES = data(16, IMAGE_SHAPE)
NOISE = RANDOM.normal(size=(16, LATENT_DIM)).astype("float32")


def new_model(seed=0, **arguments):
    """A model of 4x4 images with three clusters."""
    model = ClusteringVAE(
        autoencoder.dense_encoder(IMAGE_SHAPE, LATENT_DIM, widths=(8,), seed=seed),
        autoencoder.dense_decoder(IMAGE_SHAPE, LATENT_DIM, widths=(8,), seed=seed),
        autoencoder.classifier(LATENT_DIM, NUM_CLUSTERS, width=8, seed=seed),
        **{"likelihood": GaussianLikelihood(0.5)} | arguments,
    )
    model.means.assign(MEANS)
    return model


def compiled(model):
    model.compile(keras.optimizers.Adam(0.01))
    return model


def objective(model, images=IMAGES, noise=NOISE):
    loss, terms = model.objective(tf.constant(images), tf.constant(noise))
    return float(loss), {name: float(term) for name, term in terms.items()}


# The discrete model: x, z and y each take a few values, so that (2) is a sum.

X_TABLE = RANDOM.dirichlet(np.ones(4))  # p~(x)
Z_GIVEN_X = RANDOM.dirichlet(np.ones(3), size=4)  # p(z|x)
Y_GIVEN_Z = RANDOM.dirichlet(np.ones(2), size=3)  # p(y|z)
X_GIVEN_Z = RANDOM.dirichlet(np.ones(4), size=3)  # q(x|z)
Z_GIVEN_Y = RANDOM.dirichlet(np.ones(3), size=2)  # q(z|y)


class DiscreteModel(ClusteringVAE):
    """`ClusteringVAE` with tables for its distributions; z is one of three, as a one-hot vector."""

    def posterior(self, x, training=False):
        return tfd.OneHotCategorical(probs=tf.matmul(x, tf.constant(Z_GIVEN_X, tf.float32)), dtype=tf.float32)

    def reparameterize(self, posterior, noise):
        below = tf.cumsum(posterior.probs, axis=1) < tfd.Normal(0.0, 1.0).cdf(noise[:, :1])
        return tf.one_hot(tf.reduce_sum(tf.cast(below, tf.int32), axis=1), 3)

    def likelihood(self, z, training=False):
        return tfd.OneHotCategorical(probs=tf.matmul(z, tf.constant(X_GIVEN_Z, tf.float32)), dtype=tf.float32)

    @property
    def components(self):
        return tfd.OneHotCategorical(probs=tf.constant(Z_GIVEN_Y, tf.float32), dtype=tf.float32)

    def log_membership(self, z, training=False):
        return tf.math.log(tf.matmul(z, tf.constant(Y_GIVEN_Z, tf.float32)))


def test_with_two_discrete_latents_the_loss_is_equation_2():
    """The mean over draws of z against the sum over x, z and y; the draws are quantiles, evenly spaced."""
    one_hot_x, one_hot_z = keras.Input((4,)), keras.Input((3,))  # networks of these shapes, unused
    model = DiscreteModel(
        keras.Model(one_hot_x, [keras.layers.Dense(3)(one_hot_x) for _ in range(2)]),
        keras.Model(one_hot_z, keras.layers.Dense(4)(one_hot_z)),
        keras.Model(one_hot_z, keras.layers.Dense(2)(one_hot_z)),
    )
    count = 20_000
    quantiles = stats.norm.ppf((np.arange(count) + 0.5) / count)
    noise = np.tile(quantiles[:, None], (1, 3)).astype("float32")
    found = 0
    for i, x in enumerate(np.eye(4, dtype="float32")):
        loss, terms = objective(model, np.tile(x, (count, 1)), noise)
        assert loss == pytest.approx(terms["negative_elbo"], rel=1e-6)
        found += X_TABLE[i] * loss
    # KL(p(x, z, y) || q(x, z, y)), equation (2), with (3) for the factors; axes x, z, y
    p = X_TABLE[:, None, None] * Z_GIVEN_X[:, :, None] * Y_GIVEN_Z
    q = X_GIVEN_Z.T[:, :, None] * Z_GIVEN_Y.T * 0.5
    entropy = -np.sum(X_TABLE * np.log(X_TABLE))
    # the quantiles miss each probability by at most 1/count, the logarithms are of order 1
    assert found == pytest.approx(rel_entr(p, q).sum() + entropy, abs=5e-4)


def by_numpy(model):
    """Terms (i) to (iii) by their formulas, with everything that the three networks give."""
    mean, log_variance = (np.asarray(part, float) for part in model.encoder(IMAGES))
    z = mean + np.exp(log_variance / 2) * NOISE
    decoded = np.asarray(model.decoder(z.astype("float32")), float)
    log_p = log_softmax(np.asarray(model.classifier(z.astype("float32")), float), axis=1)
    p, means = np.exp(log_p), model.means.numpy().astype(float)
    squares = ((IMAGES - decoded) ** 2).sum(axis=(1, 2, 3))
    if model.ratio == "sampled":
        # (8): -½ Σ log sigma² - ½ |noise|² + ½ |z - mu_y|²; the constants of both densities cancel
        distances = ((z[:, None] - means) ** 2).sum(axis=2)
        ratios = (distances - (NOISE**2).sum(axis=1, keepdims=True) - log_variance.sum(axis=1, keepdims=True)) / 2
    else:
        distances = ((mean[:, None] - means) ** 2).sum(axis=2)
        ratios = (distances + (np.exp(log_variance) - log_variance - 1).sum(axis=1, keepdims=True)) / 2
    return {
        "reconstruction": np.mean(squares / (2 * 0.5) + 16 / 2 * np.log(2 * np.pi * 0.5)),
        "alignment": np.mean((p * ratios).sum(axis=1)),
        "balance": np.mean((p * (log_p + np.log(NUM_CLUSTERS))).sum(axis=1)),
    }


@pytest.mark.parametrize("ratio", ["sampled", "analytic"])
def test_the_terms_are_those_of_numpy(ratio):
    model = new_model(ratio=ratio, balance_weight=0.4, beta=2.0)
    loss, terms = objective(model)
    expected = by_numpy(model)
    for name, value in expected.items():
        assert terms[name] == pytest.approx(value, rel=1e-5, abs=1e-5), name
    assert terms["negative_elbo"] == pytest.approx(sum(expected.values()), rel=1e-5)
    assert loss == pytest.approx(
        expected["reconstruction"] + 2 * (expected["alignment"] + 0.4 * expected["balance"]), rel=1e-5
    )


def test_the_weight_0_drops_the_balance():
    loss, terms = objective(new_model(balance_weight=0.0))
    assert loss == pytest.approx(terms["reconstruction"] + terms["alignment"], rel=1e-6)
    assert terms["balance"] > 1e-4


@pytest.mark.parametrize("ratio", ["sampled", "analytic"])
def test_the_names_of_the_clusters_do_not_matter(ratio):
    model = new_model(ratio=ratio)
    before, clusters = objective(model), model.cluster(IMAGES).numpy()
    order = np.array([2, 0, 1])  # new cluster i is old cluster order[i]
    *hidden, kernel, bias = model.classifier.get_weights()
    model.classifier.set_weights([*hidden, kernel[:, order], bias[order]])
    model.means.assign(MEANS[order])
    loss, terms = objective(model)
    assert loss == pytest.approx(before[0], rel=1e-6)
    assert terms == pytest.approx(before[1], rel=1e-5, abs=1e-6)
    np.testing.assert_array_equal(order[model.cluster(IMAGES)], clusters)


def test_the_sampled_and_the_analytic_ratio_agree_in_the_mean_over_draws():
    """For memberships that do not depend on z; where they do, the first version's loss is another one."""
    sampled, analytic = (new_model(ratio=ratio) for ratio in ("sampled", "analytic"))
    for model in (sampled, analytic):
        weights = model.classifier.get_weights()
        model.classifier.set_weights([0 * weights[0], *weights[1:-1], np.array([0.3, -0.2, 1.0])])
    images, noise = np.repeat(IMAGES[:1], 40_000, axis=0), np.random.RandomState(1).normal(size=(40_000, LATENT_DIM))
    found = objective(sampled, images, noise.astype("float32"))[1]["alignment"]
    # each draw scatters by about 2 nats
    assert found == pytest.approx(objective(analytic, images[:1], NOISE[:1])[1]["alignment"], abs=5 * 2 / 200)


def test_the_prior_is_the_uniform_mixture():
    z = np.random.RandomState(0).normal(size=(10, LATENT_DIM)).astype("float32")
    parts = [stats.multivariate_normal(mean).logpdf(z) for mean in MEANS]
    model = new_model()
    np.testing.assert_allclose(model.prior.log_prob(z), logsumexp(parts, axis=0) - np.log(3), rtol=1e-5)
    np.testing.assert_allclose(
        np.mean(model.latents(20_000, 0), axis=0), MEANS.mean(axis=0), atol=5 * 1.5 / np.sqrt(20_000)
    )


def test_it_is_evaluated():
    model = compiled(new_model())
    found = model.evaluate(IMAGES, batch_size=16, verbose=0, return_dict=True)
    _, expected = objective(model, noise=model.normal(16, model.latent_shape, "posterior"))
    assert found == {name: pytest.approx(value, rel=1e-5) for name, value in expected.items()}


def test_while_it_warms_up_it_is_a_plain_vae():
    """With all means at 0 and memberships that sum to 1, (ii) is the VAE's divergence, estimated at z."""
    model = new_model(warm_up_steps=3, balance_weight=0.0, ratio="analytic")
    vae = VAE(model.encoder, model.decoder, GaussianLikelihood(0.5))
    assert objective(model)[0] == pytest.approx(objective(vae)[0], rel=1e-6)
    model.step.assign(3)
    assert objective(model)[0] > objective(vae)[0] + 0.01


@pytest.fixture(scope="module")
def trained():
    """A model of images of three kinds, far apart; the images, and their kinds."""
    model = compiled(new_model(means_initializer="zeros", warm_up_steps=50))
    images, kinds = three_kinds()
    model.fit(
        tf.data.Dataset.from_tensors(images).repeat(),
        steps_per_epoch=50,
        epochs=6,
        shuffle=False,
        verbose=0,
        callbacks=[InitialClusters(images, seed=1)],
    )
    return model, images, kinds


class TestTraining:
    def test_it_finds_the_kinds(self, trained):
        model, images, kinds = trained
        found = model.cluster(images).numpy()
        assert found.dtype == np.int32
        assert {tuple(np.unique(found[kinds == kind])) for kind in range(3)} == {(0,), (1,), (2,)}

    def test_samples_of_a_cluster_are_of_its_kind(self, trained):
        model, images, kinds = trained
        for kind in range(3):
            cluster = int(model.cluster(images[kinds == kind][:1])[0])
            samples = model.sample_cluster(cluster, 200, seed=2).numpy()
            assert samples.shape == (200, *IMAGE_SHAPE)
            centres = np.stack([images[kinds == other].mean(axis=0) for other in range(3)])
            distances = ((samples[:, None] - centres) ** 2).sum(axis=(2, 3, 4))
            assert np.mean(distances.argmin(axis=1) == kind) > 0.9

    @pytest.mark.slow
    def test_endpoints(self, trained, tmp_path):
        model, images, _ = trained
        model.export(tmp_path / "saved_model")
        loaded = tf.saved_model.load(tmp_path / "saved_model")
        assert set(model.endpoints()) <= set(loaded.signatures)
        np.testing.assert_array_equal(loaded.cluster(images), model.cluster(images))
        np.testing.assert_allclose(loaded.sample_cluster(2, 5, 1), model.sample_cluster(2, 5, 1), atol=ROUNDING)
        np.testing.assert_allclose(model.sample_cluster(2, 9, 1)[:5], model.sample_cluster(2, 5, 1), atol=ROUNDING)
        assert np.abs(loaded.sample_cluster(2, 5, 1) - loaded.sample_cluster(2, 5, 2)).max() > 1e-3
        np.testing.assert_allclose(loaded.sample(5, 1), model.sample(5, 1), atol=ROUNDING)
        for wrong in (-1, 3):
            with pytest.raises(tf.errors.InvalidArgumentError, match="cluster: must be from 0 to 2"):
                loaded.sample_cluster(wrong, 5, 1)

    def test_it_comes_back(self, trained, tmp_path):
        model, images, _ = trained
        model.save(tmp_path / "model.keras")
        loaded = keras.models.load_model(tmp_path / "model.keras")
        assert type(loaded) is ClusteringVAE and loaded.compiled and loaded.warm_up_steps == 50
        np.testing.assert_array_equal(loaded.means.numpy(), model.means.numpy())
        np.testing.assert_array_equal(loaded.cluster(images), model.cluster(images))
        # Graphs that were traced for other batch sizes may round a sum differently.
        np.testing.assert_allclose(loaded.log_prob(images[:4], 3), model.log_prob(images[:4], 3), rtol=1e-6)
        other = new_model(ratio="analytic", balance_weight=0.0, beta=3.0, means_initializer="ones")
        again = ClusteringVAE.from_config(other.get_config())
        assert (again.ratio, again.balance_weight, again.beta) == ("analytic", 0.0, 3.0)
        assert np.all(again.means.numpy() == 1)


def three_kinds():
    """60 images of three patterns with a little noise, and their kinds."""
    random = np.random.RandomState(0)
    patterns = random.choice([-0.9, 0.9], size=(3, *IMAGE_SHAPE))
    kinds = np.repeat([0, 1, 2], 20)
    return np.clip(patterns[kinds] + random.normal(0, 0.05, (60, *IMAGE_SHAPE)), -1, 1).astype("float32"), kinds


class TestInitialClusters:
    @pytest.mark.parametrize("method", ["k_means", "gaussian_mixture"])
    def test_the_means_are_those_of_the_kinds_and_the_classifier_knows_them(self, method):
        model = new_model()
        images, kinds = three_kinds()
        callback = InitialClusters(images, method, seed=0, classifier_epochs=200)
        callback.set_model(model)
        callback.on_train_batch_begin(0)
        codes, clusters = model.encode(images).numpy(), model.cluster(images).numpy()
        for kind in range(3):
            cluster = clusters[kinds == kind][0]
            assert np.all(clusters[kinds == kind] == cluster)
            np.testing.assert_allclose(model.means.numpy()[cluster], codes[kinds == kind].mean(axis=0), atol=1e-4)

    def test_only_once_it_has_warmed_up(self):
        model = new_model(warm_up_steps=4)
        callback = InitialClusters(IMAGES)
        callback.set_model(model)
        for step, moves in ((0, False), (3, False), (5, False), (4, True)):
            model.step.assign(step)
            callback.on_train_batch_begin(0)
            assert (not np.array_equal(model.means.numpy(), MEANS)) == moves

    @pytest.mark.slow
    def test_a_run_continued_from_the_end_of_the_warm_up_finds_the_same_clusters(self, tmp_path):
        images, _ = three_kinds()

        def trained_to(model, first, last):
            dataset = tf.data.Dataset.from_tensors(images).repeat()
            model.fit(
                dataset,
                steps_per_epoch=4,
                initial_epoch=first,
                epochs=last,
                shuffle=False,
                verbose=0,
                callbacks=[InitialClusters(images)],
            )
            return model

        straight = trained_to(compiled(new_model(warm_up_steps=4)), 0, 2)
        trained_to(compiled(new_model(warm_up_steps=4)), 0, 1).save_weights(tmp_path / "model.weights.h5")
        continued = compiled(new_model(seed=7, warm_up_steps=4))
        continued.load_weights(tmp_path / "model.weights.h5")
        trained_to(continued, 1, 2)
        for expected, found in zip(straight.variables, continued.variables, strict=True):
            np.testing.assert_allclose(found.numpy(), expected.numpy(), atol=1e-5, err_msg=expected.path)

    def test_a_warm_up_may_end_within_an_epoch(self):
        images, _ = three_kinds()
        model = compiled(new_model(warm_up_steps=3))
        dataset = tf.data.Dataset.from_tensors(images).repeat()
        model.fit(dataset, steps_per_epoch=4, verbose=0, shuffle=False, callbacks=[InitialClusters(images)])
        # One step of Adam later they are still near the codes' means, and far from where they were.
        assert np.abs(model.means.numpy() - MEANS).max() > 0.1

    def test_a_model_without_clusters(self):
        model = VAE(autoencoder.dense_encoder(IMAGE_SHAPE, 2), autoencoder.dense_decoder(IMAGE_SHAPE, 2))
        model.compile("adam")
        with pytest.raises(InputError, match="InitialClusters: VAE has no clusters"):
            model.fit(IMAGES, verbose=0, callbacks=[InitialClusters(IMAGES)])

    def test_fewer_images_than_clusters(self):
        callback = InitialClusters(IMAGES[:2])
        callback.set_model(new_model())
        with pytest.raises(InputError, match="2 images cannot show 3 clusters"):
            callback.on_train_batch_begin(0)
        with pytest.raises(InputError, match="method='spectral': choose one of k_means, gaussian_mixture"):
            InitialClusters(IMAGES, "spectral")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"ratio": "exact"}, "ratio='exact': choose one of sampled, analytic"),
        ({"balance_weight": -1.0}, "balance_weight=-1.0"),
        ({"warm_up_steps": -1}, "warm_up_steps=-1"),
        ({"beta": -1.0}, "beta=-1.0"),
    ],
)
def test_bad_arguments(wrong, message):
    with pytest.raises(InputError, match=message):
        new_model(**wrong)


def test_a_classifier_that_does_not_fit():
    networks = autoencoder.dense_encoder(IMAGE_SHAPE, 2), autoencoder.dense_decoder(IMAGE_SHAPE, 2)
    with pytest.raises(InputError, match=r"codes have shape \(2,\), the classifier takes \(3,\)"):
        ClusteringVAE(*networks, autoencoder.classifier(3, 10))
    with pytest.raises(InputError, match=r"the classifier gives \(1,\)"):
        ClusteringVAE(*networks, autoencoder.classifier(2, 1))


@pytest.mark.parametrize("cluster", [-1, 3])
def test_there_is_no_such_cluster(cluster):
    with pytest.raises(InputError, match=f"cluster: must be from 0 to 2, got {cluster}$"):
        new_model().sample_cluster(cluster, 1)
    with pytest.raises(InputError, match="num_samples=0"):
        new_model().sample_cluster(0, 0)
