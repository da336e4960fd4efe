"""Tests of `keras_gen/models/priors.py`: draws that are TFP's, but for their noise."""

import inspect

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from scipy import stats

from keras_gen.models import FVAE, VAE, ClusteringVAE, priors
from keras_gen.utils.noise import stream_seed

tfd = tfp.distributions
WEIGHTS = np.array([0.2, 0.5, 0.3])
MEANS = np.array([[-3.0, 0.0], [0.0, 2.0], [4.0, -1.0]])
DEVIATIONS = np.array([[0.5, 1.0], [0.3, 0.4], [1.0, 0.2]])


def mixture(components=None):
    """A mixture of three, Gaussians if no others are given."""
    gaussians = tfd.Independent(tfd.Normal(MEANS.astype("float32"), DEVIATIONS.astype("float32")), 1)
    return tfd.MixtureSameFamily(tfd.Categorical(probs=WEIGHTS.astype("float32")), components or gaussians)


@pytest.mark.parametrize(
    "prior",
    [
        priors.standard_normal((3, 2)),
        tfd.Independent(tfd.Normal([1.0, -2.0], [0.5, 3.0]), 1),
        tfd.MultivariateNormalDiag([1.0, -2.0], [0.5, 3.0]),
    ],
)
def test_a_gaussian_is_drawn_as_tfp_draws_it(prior):
    expected = prior.sample(1000, seed=tf.cast(stream_seed(5, "sample"), tf.int32))
    # the normals of two generators of the same bits differ in the last places
    np.testing.assert_allclose(priors.draw(prior, 1000, 5), expected, atol=2e-5)


class TestMixture:
    def test_its_distribution(self):
        """Along each axis by the test of Kolmogorov and Smirnov, and both axes by the covariance."""
        draws = priors.draw(mixture(), 20_000, 1).numpy()
        for axis in range(2):

            def cumulative(x, axis=axis):
                return stats.norm(MEANS[:, axis], DEVIATIONS[:, axis]).cdf(x[:, np.newaxis]) @ WEIGHTS

            assert stats.kstest(draws[:, axis], cumulative).pvalue > 1e-3
        mean = WEIGHTS @ MEANS
        squares = np.einsum("k,ki,kj->ij", WEIGHTS, MEANS, MEANS) + np.diag(WEIGHTS @ DEVIATIONS**2)
        # products of deviations have deviations of about 10: five standard errors of 20,000
        np.testing.assert_allclose(np.cov(draws.T), squares - np.outer(mean, mean), atol=0.35)

    def test_the_first_of_many_are_those_of_a_few_and_the_seed_decides(self):
        many = priors.draw(mixture(), 1000, 3).numpy()
        np.testing.assert_array_equal(many[:7], priors.draw(mixture(), 7, 3))
        assert not np.any(many[:7] == priors.draw(mixture(), 7, 4))

    def test_in_a_graph(self):
        draw = tf.function(lambda count, seed: priors.draw(mixture(), count, seed))
        np.testing.assert_allclose(draw(tf.constant(9), tf.constant(3)), priors.draw(mixture(), 9, 3), atol=1e-6)


def test_another_distribution_is_sampled_by_tfp():
    laplace = tfd.Independent(tfd.Laplace([0.0, 1.0], 1.0), 1)
    for prior in (laplace, mixture(tfd.Independent(tfd.Laplace(MEANS.astype("float32"), 1.0), 1))):
        draws = priors.draw(prior, 10, 2)
        assert draws.shape == (10, 2)
        np.testing.assert_array_equal(draws, priors.draw(prior, 10, 2))


def test_log_prob_takes_the_same_number_of_draws_in_every_model():
    defaults = {inspect.signature(kind.log_prob).parameters["num_draws"].default for kind in (VAE, ClusteringVAE, FVAE)}
    defaults.add(inspect.signature(FVAE.bits_per_dimension).parameters["num_draws"].default)
    assert len(defaults) == 1
