"""Equations (1) to (3) of the post on the VAE and mutual information, as numbers of random models.

On a finite joint distribution all expectations are sums. In a linear-Gaussian model all logarithms are quadratic, so
that the mean over a few points with the right mean and covariance is the expectation. The quantities are those of
`reproductions.studies.identity.QUANTITIES`.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp
from scipy.special import rel_entr

from keras_gen.losses import mutual_information

if TYPE_CHECKING:
    from reproductions.studies.identity import Settings

tfd = tfp.distributions


def identities(n: SimpleNamespace) -> dict[str, float]:
    """Left side less right side of each equation, in nats; all but rounding is an error."""
    return {
        "loss less H(x) is (1)": n.loss - n.entropy - n.joint_kl,
        "(1) is (2)": n.joint_kl - (n.prior_term - n.information_term),
        "(3): the information term is I less the misfit": n.information_term - (n.information - n.misfit),
        "the prior term is I plus KL(p(z) ‖ q(z))": n.prior_term - (n.information + n.marginal_kl),
    }


def finite(random: np.random.RandomState, best_decoder: bool) -> dict[str, float]:
    """Five values of x, four of z; the joint distribution is that of 500 counted pairs."""
    counts = 1 + random.multinomial(480, random.dirichlet(np.full(20, 0.3))).reshape(5, 4)
    joint = counts / counts.sum()
    x, z = joint.sum(axis=1, keepdims=True), joint.sum(axis=0)
    prior = random.dirichlet(np.ones(4))
    decoder = joint / z if best_decoder else random.dirichlet(np.ones(5), size=4).T  # q(x|z) [x, z]
    log_likelihoods = np.repeat(np.log(decoder).ravel(), counts.ravel())
    entropy = -(x * np.log(x)).sum()
    prior_term = (x * rel_entr(joint / x, prior)).sum()
    return {
        "loss": prior_term - log_likelihoods.mean(),
        "entropy": entropy,
        "joint_kl": rel_entr(joint, prior * decoder).sum(),
        "prior_term": prior_term,
        "information_term": mutual_information.barber_agakov(log_likelihoods, entropy),
        "information": rel_entr(joint, x * z).sum(),
        "misfit": (z * rel_entr(joint / z, decoder)).sum(),
        "marginal_kl": rel_entr(z, prior).sum(),
    }


def linear_gaussian(random: np.random.RandomState, best_decoder: bool) -> dict[str, float]:
    """Data of three dimensions; z of two, with mean W x + b and a diagonal covariance; the decoder linear as well."""
    mean, root = random.normal(size=3), random.normal(size=(3, 3))
    weights, bias, noise = random.normal(size=(2, 3)) / 2, random.normal(size=2) / 2, random.uniform(0.1, 1.0, size=2)
    data = _gaussian(mean, root @ root.T)
    covariance = data.covariance().numpy()
    cross = covariance @ weights.T
    joint = _gaussian(
        np.concatenate([mean, weights @ mean + bias]),
        np.block([[covariance, cross], [cross.T, weights @ cross + np.diag(noise)]]),
    )
    marginal = _gaussian(joint.mean()[3:], joint.covariance()[3:, 3:])
    # p(x|z) = N(gain z + shift, rest)
    gain = cross @ np.linalg.inv(marginal.covariance())
    shift, rest = mean - gain @ marginal.mean().numpy(), covariance - gain @ cross.T
    if best_decoder:
        slopes, offset, spread = gain, shift, rest
    else:
        slopes, offset = gain + random.normal(size=(3, 2)) / 3, shift + random.normal(size=3) / 3
        spread = np.diag(random.uniform(0.5, 2.0, size=3))

    def encoder(x: np.ndarray) -> tfd.Distribution:
        return tfd.MultivariateNormalDiag(x @ weights.T + bias, np.sqrt(noise))

    def decoder(z: np.ndarray) -> tfd.Distribution:
        return _gaussian(z @ slopes.T + offset, spread)

    def posterior(z: np.ndarray) -> tfd.Distribution:
        return _gaussian(z @ gain.T + shift, rest)

    prior = _gaussian(np.zeros(2), np.eye(2))
    decoders_joint = _gaussian(
        np.concatenate([offset, np.zeros(2)]),
        np.block([[slopes @ slopes.T + spread, slopes], [slopes.T, np.eye(2)]]),
    )
    x, z = np.split(_points(joint), [3], axis=1)
    log_likelihoods = decoder(z).log_prob(x)
    prior_term = tf.reduce_mean(encoder(x).kl_divergence(prior))
    return {
        "loss": prior_term - tf.reduce_mean(log_likelihoods),
        "entropy": data.entropy(),
        "joint_kl": joint.kl_divergence(decoders_joint),
        "prior_term": prior_term,
        "information_term": mutual_information.barber_agakov(log_likelihoods, data.entropy()),
        "information": marginal.entropy() - encoder(mean).entropy(),
        "misfit": tf.reduce_mean(posterior(_points(marginal)).kl_divergence(decoder(_points(marginal)))),
        "marginal_kl": marginal.kl_divergence(prior),
    }


def _gaussian(mean: np.ndarray, covariance: np.ndarray) -> tfd.Distribution:
    return tfd.MultivariateNormalTriL(mean, tf.linalg.cholesky(tf.constant(covariance, tf.float64)))


def _points(distribution: tfd.Distribution) -> np.ndarray:
    """2n points with the distribution's mean and covariance: over them the mean of a quadratic is its expectation."""
    mean, root = distribution.mean().numpy(), np.linalg.cholesky(distribution.covariance())
    steps = np.sqrt(len(mean)) * root.T
    return np.concatenate([mean + steps, mean - steps])


FAMILIES = {"finite": finite, "linear_gaussian": linear_gaussian}


def perform(settings: Settings, data_dir: str | None) -> dict:
    """The quantities of one random model, in nats, and the largest error of the equations."""
    del data_dir
    found = FAMILIES[settings.family](np.random.RandomState(settings.seed), settings.best_decoder)
    numbers = {name: float(value) for name, value in found.items()}
    errors = identities(SimpleNamespace(**numbers))
    return {"nats": numbers, "errors": errors, "largest_error": max(map(abs, errors.values()))}
