"""Tests of `keras_gen/models/f_gan.py`; the divergences and the loss are tested in `tests/losses`."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from helpers.small_gans import LATENT_DIM, batches, compiled, data, image_networks, vector_networks
from keras_gen.errors import InputError
from keras_gen.losses import FDivergence, PowerPenalty, f_divergences
from keras_gen.losses.f_divergences import Divergence, Interval
from keras_gen.losses.f_gan import ORDERS
from keras_gen.models import FGAN, GAN

# A user's own: half of the integral of (p - q)^2 / q, with another T than the post's.
HALF_CHI_SQUARED = Divergence(
    name="half_chi_squared",
    f=lambda u: (u**2 - 1) / 2,
    derivative=lambda u: u,
    conjugate=lambda t: (t**2 + 1) / 2,
    activation=lambda x: Interval(lower=0.0).inside(tf.nn.softplus(x)),
    domain=Interval(lower=0.0),
)


@pytest.fixture
def half_chi_squared(monkeypatch):
    monkeypatch.setattr(f_divergences, "_DIVERGENCES", dict(f_divergences._DIVERGENCES))
    return f_divergences.register(HALF_CHI_SQUARED)


def scores(model, x):
    return model.discriminator(x).numpy().astype("float64")


# float32 sums of 16 rows
CLOSE = {"rel": 1e-5, "abs": 1e-6}


class TestTerms:
    @pytest.mark.parametrize("order", ["real_fake", "fake_real"])
    def test_of_a_step_with_the_kl_divergence(self, order):
        """Equations (18) and (19) of the post in NumPy."""
        model = compiled(FGAN(*vector_networks(), "kl", order))
        real = tf.constant(data(16, (2,)))
        fake = model.generator(model.normal(16, (LATENT_DIM,), "discriminator/0/latents"))
        latents = model.normal(16, (LATENT_DIM,), "generator/0/latents")
        t_real, t_fake = scores(model, real), scores(model, fake)
        next_fake = model.generator(latents)

        terms = {name: float(term) for name, term in model.train_step(real).items()}

        if order == "real_fake":
            bound = np.mean(t_real) - np.mean(np.exp(t_fake - 1))
            generator_loss = -np.mean(np.exp(scores(model, next_fake) - 1))
        else:  # D of (19) is high on fakes
            bound = np.mean(-t_fake) - np.mean(np.exp(-t_real - 1))
            generator_loss = np.mean(-scores(model, next_fake))
        assert list(terms) == ["discriminator_loss", "generator_loss", "divergence_bound"]
        assert terms["divergence_bound"] == pytest.approx(bound, **CLOSE)
        assert terms["discriminator_loss"] == pytest.approx(-bound, **CLOSE)
        assert terms["generator_loss"] == pytest.approx(generator_loss, **CLOSE)

    def test_the_bound_leaves_the_penalty_out(self):
        model = compiled(FGAN(*vector_networks(), "js", gradient_penalty=PowerPenalty(3.0, 2.0, "real")))
        real, fake = tf.constant(data(8, (2,))[:4]), tf.constant(data(8, (2,))[4:])
        _, terms = model.discriminator_objective(real, fake, (real,))
        expected = f_divergences.JS.bound(scores(model, real), scores(model, fake))
        assert float(terms["divergence_bound"]) == pytest.approx(float(expected), **CLOSE)
        assert float(terms["gradient_penalty"]) > 1e-3
        assert model.term_names() == ("discriminator_loss", "generator_loss", "gradient_penalty", "divergence_bound")

    def test_of_an_epoch(self):
        model = compiled(FGAN(*image_networks(), "hellinger"))
        history = model.fit(batches(0, 3), verbose=0).history
        assert set(history) == set(model.term_names())
        assert history["divergence_bound"][0] == -history["discriminator_loss"][0] != 0


class TestLoss:
    @pytest.mark.parametrize("name", f_divergences.names())
    @pytest.mark.parametrize("order", ORDERS)
    def test_it_is_equations_14_and_15(self, name, order):
        """With g(T) from the table's own g and activation, in float64."""
        model, divergence = FGAN(*vector_networks(), name, order), f_divergences.get(name)
        t_real, t_fake = (tf.constant([[0.3], [-1.2], [0.9]]), tf.constant([[-0.4], [1.1], [0.2]]))
        real, fake = (np.asarray(t, "float64") for t in (t_real, t_fake))
        one, other = (real, fake) if order == "real_fake" else (-fake, -real)
        reached, conjugates = divergence.activation(one), divergence.conjugate(divergence.activation(other))
        bound = np.mean(reached) - np.mean(conjugates)
        in_g = -np.mean(conjugates) if order == "real_fake" else np.mean(reached)
        loss, terms = model.discriminator_terms(t_real, t_fake, None)
        assert float(loss) == pytest.approx(-bound, **CLOSE)
        assert float(terms["divergence_bound"]) == pytest.approx(bound, **CLOSE)
        assert float(model.generator_loss(t_fake, None)) == pytest.approx(in_g, **CLOSE)

    @pytest.mark.parametrize("name", f_divergences.names())
    @pytest.mark.parametrize("order", ORDERS)
    @pytest.mark.parametrize("non_saturating", [False, True])
    def test_it_is_that_of_the_free_combination(self, name, order, non_saturating):
        model, loss = FGAN(*vector_networks(), name, order, non_saturating), FDivergence(name, order, non_saturating)
        t_real, t_fake = tf.constant([[0.3], [-1.2], [0.9]]), tf.constant([[-0.4], [1.1], [0.2]])
        assert float(model.discriminator_terms(t_real, t_fake, None)[0]) == loss.discriminator_loss(t_real, t_fake)
        assert float(model.generator_loss(t_fake, None)) == loss.generator_loss(t_fake)


class TestTraining:
    # All losses are held against the equations above: each divergence and each kind of loss need train but once.
    @pytest.mark.parametrize(
        "name, order, non_saturating",
        [
            *((name, "real_fake", False) for name in f_divergences.names()),
            ("kl", "real_fake", True),
            ("kl", "fake_real", False),
            ("kl", "fake_real", True),
        ],
    )
    def test_every_divergence_moves_both_networks(self, name, order, non_saturating):
        model = compiled(FGAN(*vector_networks(), name, order, non_saturating))
        before = [weight.numpy() for weight in model.trainable_variables]
        for images in batches(0, 2, shape=(2,)):
            terms = model.train_step(images)
        assert np.isfinite(list(terms.values())).all()
        for weight, value in zip(model.trainable_variables, before, strict=True):
            assert np.isfinite(weight.numpy()).all()
            if not (name == "total_variation" and weight.path.endswith("bias")):
                assert not np.array_equal(weight.numpy(), value), weight.path

    def test_sgan_is_the_standard_gan(self):
        model = compiled(FGAN(*vector_networks(), "sgan", non_saturating=True))
        standard = compiled(GAN(*vector_networks()))
        for each in (model, standard):
            each.fit(batches(0, 4, shape=(2,)), verbose=0)
        for one, other in zip(model.trainable_variables, standard.trainable_variables, strict=True):
            # one gradient in two forms of the same float32 numbers
            np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=1e-5, atol=1e-6)

    def test_a_divergence_of_the_users_own(self, half_chi_squared, tmp_path):
        """T comes to know real vectors from the fakes of a fixed G, and the model comes back."""
        model = compiled(FGAN(*vector_networks(), half_chi_squared), lambda: keras.optimizers.SGD(0.1))
        real = tf.constant(data(64, (2,)) + [1, 0], tf.float32)
        update = tf.function(lambda: model.train_discriminator(real, "a")["divergence_bound"])
        bounds = [float(update()) for _ in range(100)]
        assert bounds[-1] > max(0.1, bounds[0])
        model.save(tmp_path / "model.keras")
        assert keras.models.load_model(tmp_path / "model.keras").divergence is half_chi_squared

    def test_one_that_is_not_registered_does_not_load(self, tmp_path):
        compiled(FGAN(*vector_networks(), HALF_CHI_SQUARED)).save(tmp_path / "model.keras")
        with pytest.raises(InputError, match="divergence='half_chi_squared': choose one of .*, or register your own"):
            keras.models.load_model(tmp_path / "model.keras")


def test_its_defaults_are_the_posts():
    model = FGAN(*vector_networks())
    assert (model.divergence.name, model.order, model.non_saturating) == ("kl", "real_fake", False)


@pytest.mark.parametrize(
    "wrong, message",
    [
        ({"divergence": "chi"}, "divergence='chi': choose one of total_variation, kl, "),
        ({"order": "reverse"}, "order='reverse': choose one of real_fake, fake_real"),
    ],
)
def test_bad_arguments(wrong, message):
    with pytest.raises(InputError, match=message):
        FGAN(*vector_networks(), **wrong)
