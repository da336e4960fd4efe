"""Tests of `keras_gen/models/deep_infomax.py`.

What it shares with other encoders is in `test_information_encoder.py`.
"""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.special import log_expit

from helpers import small_encoders as small
from helpers.small_gans import data
from keras_gen.errors import InputError
from keras_gen.losses.mutual_information import jensen_shannon
from keras_gen.models import DeepInfoMax
from keras_gen.networks import infomax

IMAGES = data(8, small.IMAGE_SHAPE)


def numpy_terms(model):
    """Both brackets of the post's loss and the KL, from scores of one pair at a time."""
    feature_map, mean, log_variance = (output.numpy().astype("float64") for output in model.encoder(IMAGES))
    noise = model.normal(8, (small.LATENT_DIM,), "posterior").numpy()
    codes = mean + np.exp(log_variance / 2) * noise
    kl = (mean**2 + np.exp(log_variance) - log_variance - 1).sum(axis=1).mean() / 2
    x = {"image_code": IMAGES, "code_code": codes}[model.global_pairs]

    def bracket(discriminator, x, stream):
        others = codes[small.partners(model.uniform(8, (), f"{stream}/shuffle").numpy())]
        joint, shuffled = (discriminator((x, z[:, np.newaxis])).numpy().astype("float64") for z in (codes, others))
        return log_expit(joint).mean() + log_expit(-shuffled).mean()  # E_P[log sigma(T)] + E_Q[log(1 - sigma(T))]

    local = bracket(model.local_discriminator, feature_map, "local")
    return bracket(model.global_discriminator, x, "global"), local, kl


class TestTerms:
    @pytest.mark.parametrize("global_pairs", ["image_code", "code_code"])
    @pytest.mark.parametrize("kl_reduction", ["sum", "mean"])
    def test_against_numpy(self, global_pairs, kl_reduction):
        model = small.deep_infomax(
            seed=3, alpha=0.7, beta=1.3, gamma=0.2, global_pairs=global_pairs, kl_reduction=kl_reduction
        )
        loss, terms = model.objective(tf.constant(IMAGES))
        of_image, of_map, kl = numpy_terms(model)
        gamma = 0.2 / (small.LATENT_DIM if kl_reduction == "mean" else 1)
        expected = -0.7 * of_image - 1.3 * of_map + gamma * kl
        assert float(loss) == float(terms["loss"]) == pytest.approx(expected, rel=1e-5)
        found = {name: float(terms[name]) for name in ("global_information", "local_information", "prior_kl")}
        # JS(P, Q) from its variational bound; float32 sums
        assert found["global_information"] == pytest.approx(of_image / 2 + np.log(2), rel=1e-4, abs=1e-5)
        assert found["local_information"] == pytest.approx(of_map / 2 + np.log(2), rel=1e-4, abs=1e-5)
        assert found["prior_kl"] == pytest.approx(kl, rel=1e-4)
        assert set(terms) == {"loss", *found}

    @pytest.mark.parametrize("weight", ["alpha", "beta", "gamma"])
    def test_a_term_of_weight_zero_is_left_out(self, weight):
        term = {"alpha": "global_information", "beta": "local_information", "gamma": "prior_kl"}[weight]
        model = small.compiled(small.deep_infomax(**{weight: 0.0}))
        assert term not in model.term_names()
        terms = model.train_step(tf.constant(IMAGES))
        assert tuple(terms) == model.term_names()
        assert len(terms) == 3

    def test_no_network_is_asked_for_that_is_not_used(self):
        local_only = DeepInfoMax(small.encoder(), None, small.local_discriminator(), alpha=0.0)
        global_only = DeepInfoMax(small.encoder(), small.image_discriminator(), None, beta=0.0)
        for model in (local_only, global_only):
            small.compiled(model).train_step(tf.constant(IMAGES))

    def test_an_epoch_moves_every_network(self):
        model = small.compiled(small.deep_infomax())
        before = [weight.numpy() for weight in model.trainable_variables]
        model.fit(tf.data.Dataset.from_tensors(tf.constant(IMAGES)).repeat(3), verbose=0)
        for weight, value in zip(model.trainable_variables, before, strict=True):
            assert not np.array_equal(weight.numpy(), value), weight.path

    def test_its_defaults_are_the_authors_weights_and_the_posts_formula(self):
        model = small.deep_infomax()
        assert (model.alpha, model.beta, model.gamma) == (0.5, 1.5, 0.01)
        assert (model.global_pairs, model.kl_reduction) == ("image_code", "sum")


class TestHellinger:
    def test_against_numpy(self):
        model = small.deep_infomax(seed=3, alpha=0.7, beta=1.3, gamma=0.0, divergence="hellinger")
        feature_map, mean, log_variance = (output.numpy().astype("float64") for output in model.encoder(IMAGES))
        codes = mean + np.exp(log_variance / 2) * model.normal(8, (small.LATENT_DIM,), "posterior").numpy()

        def bracket(discriminator, x, stream):
            others = codes[small.partners(model.uniform(8, (), f"{stream}/shuffle").numpy())]
            joint, shuffled = (discriminator((x, z[:, None])).numpy().astype("float64") for z in (codes, others))
            return (1 - np.exp(-joint)).mean() + (1 - np.exp(shuffled)).mean()

        of_image = bracket(model.global_discriminator, IMAGES, "global")
        of_map = bracket(model.local_discriminator, feature_map, "local")
        loss, terms = model.objective(tf.constant(IMAGES))
        assert float(loss) == pytest.approx(-0.7 * of_image - 1.3 * of_map, rel=1e-5)
        assert float(terms["global_information"]) == pytest.approx(of_image, rel=1e-4, abs=1e-6)
        assert float(terms["local_information"]) == pytest.approx(of_map, rel=1e-4, abs=1e-6)

    def test_of_pairs_that_are_told_apart_it_is_2(self):
        model = small.deep_infomax(divergence="hellinger")
        told_apart = model.bracket(tf.fill([8, 1], 30.0), tf.fill([8, 1], -30.0))
        assert float(model.estimate(told_apart)) == pytest.approx(2, abs=1e-6)


class TestAdversarialPrior:
    def test_what_each_side_minimises(self):
        """The loss less its prior term, plus gamma times the bracket, to the encoder; minus the bracket to T_3."""
        gamma, images = 0.3, tf.constant(IMAGES)
        model = small.deep_infomax(seed=3, gamma=gamma, prior_discriminator=small.prior_discriminator(seed=3))
        without = DeepInfoMax(
            model.encoder, model.global_discriminator, model.local_discriminator, gamma=0.0, seed=model.seed
        )
        with tf.GradientTape(persistent=True) as tape:
            loss, terms = model.objective(images)
            information, _ = without.objective(images)
            z = model.draw(model.gaussian(model.encoder(images, training=True)))
            drawn = model.normal(8, (small.LATENT_DIM,), "prior")
            of_prior, of_codes = model.prior_discriminator(drawn), model.prior_discriminator(z)
            bracket = tf.reduce_mean(tf.math.log_sigmoid(of_prior)) + tf.reduce_mean(tf.math.log_sigmoid(-of_codes))
            of_encoder = information + gamma * bracket
        expected = log_expit(of_prior.numpy()).mean() + log_expit(-of_codes.numpy()).mean()
        assert float(loss) == float(terms["loss"]) == pytest.approx(float(information) - expected, rel=1e-5)
        assert float(terms["prior_js"]) == pytest.approx(expected / 2 + np.log(2), abs=1e-6)
        assert "prior_kl" not in terms and model.term_names() == tuple(terms)
        sides = (
            (of_encoder, model.encoder.trainable_variables, 1),
            (bracket, model.prior_discriminator.trainable_variables, -1),
        )
        for wanted, variables, sign in sides:
            found = tape.gradient(loss, [variable.value for variable in variables])
            for one, other in zip(found, tape.gradient(wanted, [v.value for v in variables]), strict=True):
                np.testing.assert_allclose(one, sign * other, rtol=1e-4, atol=1e-6)

    def test_it_comes_back(self, tmp_path):
        model = small.compiled(
            small.deep_infomax(divergence="hellinger", prior_discriminator=small.prior_discriminator())
        )
        model.train_step(tf.constant(IMAGES))
        model.save(tmp_path / "model.keras")
        loaded = keras.models.load_model(tmp_path / "model.keras")
        for one, other in zip(loaded.weights, model.weights, strict=True):
            np.testing.assert_array_equal(one.numpy(), other.numpy(), err_msg=one.path)
        assert float(loaded.objective(tf.constant(IMAGES))[0]) == float(model.objective(tf.constant(IMAGES))[0])

    @pytest.mark.slow
    @pytest.mark.traced
    def test_training_brings_the_codes_to_the_prior(self):
        """Codes that begin with a mean of 3 end with mean and deviation of N(0, I), to a fifth."""
        encoder = small.encoder()
        encoder.get_layer("mean").bias.assign([3.0] * small.LATENT_DIM)
        model = small.compiled(
            DeepInfoMax(
                encoder,
                small.image_discriminator(),
                None,
                alpha=0.01,
                beta=0.0,
                gamma=0.3,
                prior_discriminator=small.prior_discriminator((64, 64)),
            ),
            keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(2e-3, 2000), beta_1=0.0),
        )
        images = data(256, small.IMAGE_SHAPE)
        model.fit(tf.data.Dataset.from_tensors(images).repeat(), steps_per_epoch=2000, verbose=0)
        codes = model.posterior(images).sample(20, seed=0).numpy().reshape(-1, small.LATENT_DIM)
        np.testing.assert_allclose(codes.mean(axis=0), 0, atol=0.2)
        np.testing.assert_allclose(codes.std(axis=0), 1, atol=0.2)


@pytest.fixture(scope="module")
def trained_on_noise():
    """Discriminators that were trained on codes that know nothing of the images."""
    found = {}
    for pairs in ("image_code", "code_code"):
        discriminator = small.code_discriminator((32,)) if pairs == "code_code" else small.image_discriminator((32,))
        model = DeepInfoMax(
            small.encoder_of_noise(), discriminator, small.local_discriminator((32,)), global_pairs=pairs, gamma=0.0
        )
        small.compiled(model, keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(5e-3, 150)))
        images = tf.data.Dataset.from_tensor_slices(data(64, small.IMAGE_SHAPE)).repeat().batch(64)
        model.fit(images, steps_per_epoch=150, verbose=0)
        # Fresh noise in every step, fresh images.
        fresh = tf.constant(np.random.RandomState(1).uniform(-1, 1, (500, *small.IMAGE_SHAPE)).astype("float32"))
        objective = tf.function(lambda model=model, fresh=fresh: model.objective(fresh)[1])
        rows = []
        for _ in range(20):
            model.step.assign_add(1)
            rows.append({name: float(value) for name, value in objective().items()})
        found[pairs] = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    return found


class TestInformation:
    @pytest.mark.slow
    @pytest.mark.parametrize("term", ["global_information", "local_information"])
    def test_codes_of_noise_have_none(self, trained_on_noise, term):
        """No T does better than zero in the mean, and the trained one is near zero: below by what it overfitted."""
        values = trained_on_noise["image_code"][term]
        assert -0.03 < values.mean() < 4 * values.std() / np.sqrt(len(values))

    @pytest.mark.slow
    def test_the_authors_pairs_see_information_in_noise(self, trained_on_noise):
        """The pair (z, z) tells itself from (z, z') whether or not z knows its image."""
        assert trained_on_noise["code_code"]["global_information"].mean() > 0.3
        assert trained_on_noise["code_code"]["local_information"].mean() < 0.01

    def test_it_never_exceeds_log_2(self):
        """Discriminators with enormous weights: in the mean over both kinds of pairs they are right, or very wrong."""
        model = small.deep_infomax()
        for scale in (30, 1000):
            for network in (model.global_discriminator, model.local_discriminator):
                network.set_weights([scale * weight for weight in network.get_weights()])
            _, terms = model.objective(tf.constant(IMAGES))
            for name in ("global_information", "local_information"):
                assert np.isfinite(terms[name]) and float(terms[name]) <= np.log(2) + 1e-6
            certain = jensen_shannon(tf.fill([8, 1], float(scale)), tf.fill([8, 1], -float(scale)))
            assert float(certain) == pytest.approx(np.log(2), abs=1e-6)

    @pytest.mark.slow
    @pytest.mark.traced
    def test_training_finds_it(self):
        """Sixteen images four times each: T_1 comes near log 2, and T_2 tells from a patch whose code it is."""
        prototypes = np.sign(np.random.RandomState(0).normal(size=(16, *small.IMAGE_SHAPE))).astype("float32")
        model = small.compiled(
            DeepInfoMax(
                infomax.encoder(small.IMAGE_SHAPE, 8, (8,), (16,), batch_norm=False),
                infomax.image_discriminator(small.IMAGE_SHAPE, 8, (8,), (32, 32)),
                infomax.local_discriminator((4, 4, 8), 8, (32, 32)),
                alpha=1.0,
                gamma=1e-3,
            ),
            keras.optimizers.Adam(1e-2),
        )
        images = tf.data.Dataset.from_tensors(np.tile(prototypes, (4, 1, 1, 1))).repeat()
        history = model.fit(images, steps_per_epoch=25, epochs=8, verbose=0).history
        assert history["global_information"][0] < 0.1 and history["global_information"][-1] > 0.45
        assert history["local_information"][0] < 0.03 and history["local_information"][-1] > 0.1


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"alpha": -0.1}, "alpha=-0.1: must be a finite number of at least 0"),
        ({"beta": float("inf")}, "beta=inf"),
        ({"gamma": -1}, "gamma=-1: must be a finite number of at least 0"),
        ({"alpha": 0, "beta": 0}, "alpha=0, beta=0: there is no information to maximise"),
        ({"global_pairs": "zz"}, "global_pairs='zz': choose one of image_code, code_code"),
        ({"kl_reduction": "max"}, "kl_reduction='max': choose one of sum, mean"),
        ({"divergence": "kl"}, "divergence='kl': choose one of js, hellinger"),
        (
            {"prior_discriminator": infomax.prior_discriminator(4)},
            r"prior_discriminator takes \(4,\) and gives \(1,\); it must take codes \(3,\) and give one score, \(1,\)",
        ),
    ],
)
def test_bad_arguments(wrong, message):
    with pytest.raises(InputError, match=message):
        small.deep_infomax(**wrong)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"alpha": 0.0}, "global_discriminator: with alpha=0 it would not be trained; leave it out, or raise alpha"),
        ({"beta": 0.0}, "local_discriminator: with beta=0 it would not be trained"),
        ({"gamma": 0.0}, "prior_discriminator: with gamma=0 it would not be trained"),
        ({"kl_reduction": "mean"}, "kl_reduction='mean': with a prior_discriminator there is no KL"),
    ],
)
def test_what_would_have_no_effect(arguments, message):
    discriminators = {
        "global_discriminator": small.image_discriminator(),
        "local_discriminator": small.local_discriminator(),
        "prior_discriminator": small.prior_discriminator(),
    }
    small.deep_infomax(**discriminators)
    with pytest.raises(InputError, match=f"^{message}"):
        small.deep_infomax(**discriminators, **arguments)


def without_feature_map(encoder):
    return keras.Model(encoder.input, encoder.outputs[1:])


@pytest.mark.parametrize(
    ("networks", "arguments", "message"),
    [
        (
            lambda: (small.encoder(), infomax.image_discriminator(small.IMAGE_SHAPE, 4), small.local_discriminator()),
            {},
            r"global_discriminator takes rows of \(8, 8, 1\) and \(None, 4\); it is given \(8, 8, 1\) and codes",
        ),
        (
            lambda: (small.encoder(), small.image_discriminator(), small.local_discriminator()),
            {"global_pairs": "code_code"},
            r"global_discriminator takes rows of \(8, 8, 1\) and .* it is given \(3,\) and codes",
        ),
        (
            lambda: (small.encoder(), small.image_discriminator(), infomax.local_discriminator((4, 4, 7), 3)),
            {},
            r"local_discriminator takes rows of \(4, 4, 7\) and \(None, 3\); it is given \(4, 4, 4\)",
        ),
        (
            lambda: (small.encoder(), None, small.local_discriminator()),
            {},
            "global_discriminator=None: alpha=0.5 needs one",
        ),
        (
            lambda: (small.encoder(), small.image_discriminator(), None),
            {},
            "local_discriminator=None: beta=1.5 needs one",
        ),
        (
            lambda: (
                without_feature_map(small.encoder()),
                small.image_discriminator(),
                small.local_discriminator(),
            ),
            {},
            "needs a feature map",
        ),
    ],
)
def test_networks_that_do_not_fit(networks, arguments, message):
    with pytest.raises(InputError, match=message):
        DeepInfoMax(*networks(), **arguments)
