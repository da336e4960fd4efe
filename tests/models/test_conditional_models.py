"""Models of images and their classes: whose labels go where, what is drawn, and what is refused.

That they come back from files, go on and train on replicas is tested of every model in `test_contract.py` and
`test_replicas.py`.
"""

import keras
import numpy as np
import pytest
import tensorflow as tf

from helpers.quick import slow_unless
from helpers.replicated_runs import clustering_vae, untrained, vae
from helpers.small_conditional_models import (
    NUM_CLASSES,
    conditional_image_networks,
    conditional_vector_networks,
    labelled_batches,
)
from helpers.small_gans import IMAGE_SHAPE, LATENT_DIM, compiled, data, image_networks, state, vector_networks
from keras_gen.callbacks import SampleSheets
from keras_gen.errors import InputError
from keras_gen.layers import ConditionalBatchNormalization
from keras_gen.losses import OneSidedPenalty, PowerPenalty, R1Penalty, TwoSidedPenalty, adversarial
from keras_gen.models import FGAN, GAN, RSGAN, VAE, WGAN, WGANGP, WGANDiv
from keras_gen.models.classes import of_batch
from keras_gen.models.priors import standard_normal

PENALTIES = {
    "none": None,
    **{kind.__name__: kind() for kind in (PowerPenalty, TwoSidedPenalty, OneSidedPenalty, R1Penalty)},
}
LABELS = np.array([0, 2, 1, 1, 0, 2, 0, 1])
X = data(8, (2,))
every_model = pytest.mark.parametrize(
    "name", slow_unless(["conditional_gan"], ["conditional_gan", "conditional_vae", "conditional_glow"])
)


def one_hot(labels):
    return np.eye(NUM_CLASSES, dtype="float32")[labels]


def vector_gan(kind=GAN, *networks, **arguments):
    return compiled(kind(*(networks or conditional_vector_networks()), num_classes=NUM_CLASSES, **arguments))


def in_another_order(inputs):
    """Networks whose inputs are made of (data, labels)."""
    return (keras.Model(inputs(*network.inputs), network.outputs[0]) for network in conditional_vector_networks())


def of_maps():
    """A generator whose latents are maps, beside labels."""
    maps, labels = keras.Input((2, 2, 4)), keras.Input((NUM_CLASSES,))
    hidden = keras.layers.Concatenate()([keras.layers.Flatten()(maps), labels])
    return keras.Model([maps, labels], keras.layers.Dense(2)(hidden))


@pytest.fixture(scope="module")
def image_gan():
    """One whose classes differ."""
    model = GAN(*conditional_image_networks(), num_classes=NUM_CLASSES, ema_momentum=0.5)
    for layer in model.average_generator.layers:
        if isinstance(layer, ConditionalBatchNormalization):
            layer.gamma.assign(np.random.RandomState(0).uniform(0.5, 2, layer.gamma.shape))
    return model


class TestWhoseLabels:
    """Which classes each image is generated and scored with."""

    @staticmethod
    def record(model):
        """Classes and first numbers of what is generated and scored, as they come."""
        generated, scored = [], []
        generate, score = model.generate, model.score

        def recorded_generate(batch_size, stream, *classes, **kwargs):
            generated.append((stream, classes[0].numpy()))
            return generate(batch_size, stream, *classes, **kwargs)

        def recorded_score(x, *classes, **kwargs):
            scored.append((np.asarray(x), classes[0].numpy()))
            return score(x, *classes, **kwargs)

        model.generate, model.score = recorded_generate, recorded_score
        return generated, scored

    def test_updates_of_the_discriminator_have_those_of_the_real_images(self):
        model = vector_gan(WGANGP, discriminator_steps=2)
        generated, scored = self.record(model)
        model.train_step((X, LABELS))
        for i in range(2):  # every second row
            own = one_hot(LABELS[i::2])
            stream, classes = generated[i]
            assert stream == f"discriminator/{i}/latents"
            np.testing.assert_array_equal(classes, own)
            of_update = scored[3 * i : 3 * i + 3]  # real, fake and what lies between
            np.testing.assert_array_equal(of_update[0][0], X[i::2])
            for _, classes in of_update:
                np.testing.assert_array_equal(classes, own)

    def test_updates_of_the_generator_draw_them(self):
        model = vector_gan(generator_steps=2)
        generated, scored = self.record(model)
        model.train_step((data(600, (2,)), np.zeros(600, int)))
        drawn = [classes for stream, classes in generated if stream.startswith("generator")]
        for classes, (_, with_classes) in zip(drawn, scored[-2:], strict=True):
            np.testing.assert_array_equal(with_classes, classes)
            # The share of a class has the deviation sqrt(2/9 / 600) = 0.019: five of it.
            np.testing.assert_allclose(classes.mean(0), 1 / 3, atol=5 * 0.019)
        assert not np.array_equal(*drawn)

    def test_relativistic_updates_of_the_generator_have_those_of_their_real_images(self):
        model = vector_gan(RSGAN)
        generated, scored = self.record(model)
        model.train_step((X, LABELS))
        (_, classes) = generated[-1]
        np.testing.assert_array_equal(classes, one_hot(LABELS[1::2]))
        np.testing.assert_array_equal(scored[-1][0], X[1::2])
        np.testing.assert_array_equal(scored[-1][1], classes)

    @pytest.mark.parametrize(("sampling", "partner"), [("interpolate_real_fake", 1), ("interpolate_within_class", 0)])
    def test_interpolates_between_classes_and_within(self, sampling, partner):
        """Of pairs of neighbours with different labels the partner of a real image is the other's fake, or its own."""
        model = vector_gan(gradient_penalty=TwoSidedPenalty(sampling=sampling))
        _, scored = self.record(model)
        model.train_discriminator(tf.constant(X), "a", tf.constant(one_hot(LABELS)))
        (real, _), (fake, _), (points, classes) = scored
        np.testing.assert_array_equal(classes, one_hot(LABELS))
        end = fake[np.arange(8) ^ partner]
        share = ((points - end) * (real - end)).sum(1) / ((real - end) ** 2).sum(1)
        assert ((share >= 0) & (share <= 1)).all()
        np.testing.assert_allclose(points, end + share[:, np.newaxis] * (real - end), atol=1e-5)

    @pytest.mark.parametrize("kind", [GAN, WGAN, RSGAN])
    def test_evaluation_takes_them(self, kind):
        model = vector_gan(kind)
        generated, _ = self.record(model)
        model.test_step((X, LABELS))
        ((_, classes),) = generated
        np.testing.assert_array_equal(classes, one_hot(LABELS))


def trained(model):
    """Trains both networks for a step, which must move them and give finite terms."""
    before = {network: network.get_weights() for network in (model.generator, model.discriminator)}
    terms = model.train_step((X, LABELS))
    assert np.isfinite(list(terms.values())).all()
    for network, weights in before.items():
        assert any(not np.array_equal(*pair) for pair in zip(weights, network.get_weights(), strict=True))


@pytest.mark.parametrize("penalty", slow_unless(["R1Penalty"], PENALTIES))
@pytest.mark.parametrize("loss", slow_unless(["hinge"], adversarial.names()))
def test_every_loss_with_every_penalty_trains_it(loss, penalty):
    trained(vector_gan(GAN, adversarial_loss=loss, gradient_penalty=PENALTIES[penalty]))


@pytest.mark.parametrize("kind", [WGANDiv, FGAN])
def test_the_posts_own_losses_train_it(kind):
    trained(vector_gan(kind))


@pytest.mark.parametrize("how", slow_unless(["persistent"], ["persistent", "from_ones", "projection"]))
def test_spectral_normalization_trains_it(how):
    networks = conditional_image_networks(batch_norm=True, spectral_normalization=how, pooling="flatten")
    model = compiled(GAN(*networks, "hinge", num_classes=NUM_CLASSES))
    ((images, labels),) = labelled_batches(0, 1, 8, IMAGE_SHAPE)
    assert np.isfinite(list(model.train_step((images, labels)).values())).all()


def test_labels_in_any_form_that_a_network_takes():
    """Whole numbers [n] and [n, 1]: the weights are the same, so are the images."""
    one, other = (vector_gan(GAN, *conditional_vector_networks(shape)) for shape in ((), (1,)))
    latents = one.latents(6, 0)
    np.testing.assert_array_equal(one.decode(latents), other.decode(latents))
    assert len(np.unique(one.decode(tf.concat([tf.zeros([3, LATENT_DIM]), tf.eye(3)], 1)), axis=0)) == 3


class TestSampling:
    @every_model
    def test_each_class_in_turn_or_as_asked(self, name):
        model = untrained(name)
        in_turn = model.latents(7, 3)
        np.testing.assert_array_equal(in_turn, model.latents(7, 3, [0, 1, 2, 0, 1, 2, 0]))
        np.testing.assert_array_equal(in_turn[:4], model.latents(4, 3))

    @pytest.mark.slow
    def test_samples_are_of_these_latents(self, image_gan):
        for labels in (None, [2, 2, 0, 1]):
            expected = image_gan.decode(image_gan.latents(4, 3, labels))
            np.testing.assert_allclose(image_gan.sample(4, 3, labels), expected, atol=1e-6)
        np.testing.assert_allclose(image_gan.sample_class(4, 3, 2), image_gan.sample(4, 3, [2] * 4), atol=1e-6)

    def test_classes_have_the_same_noise_and_other_images(self, image_gan):
        latents = [image_gan.latents(4, 3, np.full(4, label)) for label in range(NUM_CLASSES)]
        for label, rows in enumerate(latents):
            np.testing.assert_array_equal(rows[:, :LATENT_DIM], latents[0][:, :LATENT_DIM])
            np.testing.assert_array_equal(rows[:, LATENT_DIM:], one_hot(np.full(4, label)))
        assert np.abs(image_gan.sample_class(4, 3, 1) - image_gan.sample_class(4, 3, 2)).max() > 1e-3

    def test_saved_model(self, image_gan, tmp_path):
        image_gan.export(tmp_path / "saved_model")
        sampler = tf.saved_model.load(tmp_path / "saved_model")
        np.testing.assert_allclose(sampler.sample_class(4, 3, 1), image_gan.sample_class(4, 3, 1), atol=1e-6)
        np.testing.assert_allclose(sampler.sample(4, 3), image_gan.sample(4, 3), atol=1e-6)
        with pytest.raises(tf.errors.InvalidArgumentError, match="label: must be from 0 to 2"):
            sampler.sample_class(4, 3, 3)

    def test_a_sheet_has_a_row_per_class(self, image_gan, tmp_path):
        sheet = SampleSheets(tmp_path, every=1).draw(image_gan)
        # Images of 16 pixels are magnified four times, and two pixels separate them.
        assert sheet.shape == (3 * 66 - 2, 10 * 66 - 2, 1)
        expected = np.rint((image_gan.sample_class(10, 0, 2)[9].numpy() + 1) * 127.5)
        found = sheet[2 * 66 :: 4, 9 * 66 :: 4].astype(float)
        np.testing.assert_allclose(found, expected, atol=1)

    def test_models_without_classes_have_none(self):
        model = untrained("gan")
        assert "sample_class" not in model.endpoints()
        for draw in (lambda: model.sample(2, 0, [0, 1]), lambda: model.sample_class(2, 0, 1)):
            with pytest.raises(InputError, match="this model has no classes; .*build it with num_classes$"):
                draw()

    @pytest.mark.parametrize("name", ["gan", "vae", "glow", "f_vae"])
    def test_latents_of_models_without_classes_have_no_labels(self, name):
        model = untrained(name)
        assert model.latents(3, 0, labels=None).shape[0] == 3
        with pytest.raises(InputError, match="^labels: this model has no classes; leave them out, or build it"):
            model.latents(3, 0, labels=[0, 1, 7])


class TestBadInput:
    @every_model
    @pytest.mark.parametrize(
        ("labels", "message"),
        [
            ([0, 1], "there are 2 labels for num_samples = 3; give one label per sample"),
            ([0, 1, 3], "labels from 0 to 3; must be from 0 to 2"),
            ([-1, 0, 1], "labels from -1 to 1; must be from 0 to 2"),
            ([0, 1, 2**32], "labels from 0 to 4294967296; must be from 0 to 2"),
            ([0, 1, 1_000_000], "labels from 0 to 1000000; must be from 0 to 2"),
            ([0.0, 1.0, 2.0], r"labels have shape \(3,\) and dtype float32; give whole numbers \[n\] from 0 to 2"),
            (np.eye(3, dtype=int), r"labels have shape \(3, 3\) and dtype int64; give whole numbers"),
            (["a", "b", "c"], r"labels have shape \(3,\) and dtype string; give whole numbers"),
            ([[0, 1], [2]], "labels must be an array of numbers; give whole numbers"),
        ],
    )
    def test_labels_of_samples(self, name, labels, message):
        with pytest.raises(InputError, match=f"^{message}"):
            untrained(name).sample(3, 0, labels=labels)

    @every_model
    @pytest.mark.parametrize(
        ("label", "message"),
        [
            (3, "label=3: must be from 0 to 2"),
            (np.int64(2**32), "label=4294967296: must be from 0 to 2"),
            (tf.constant(1.7), "label=1.7: give a whole number"),
            ([1, 2], r"label=\[1, 2\]: give a whole number"),
        ],
    )
    def test_a_class_that_is_not_there(self, name, label, message):
        with pytest.raises(InputError, match=f"^{message}$"):
            untrained(name).sample_class(2, 0, label)

    @every_model
    @pytest.mark.parametrize("as_data_set", [False, True], ids=["array", "data set"])
    @pytest.mark.parametrize(
        ("targets", "message"),
        [
            ((), "a batch has no labels; with num_classes=3 give pairs (images, labels)"),
            ((LABELS + 1,), "labels from 1 to 3; must be from 0 to 2"),
            ((LABELS - 1,), "labels from -1 to 1; must be from 0 to 2"),
            ((LABELS * 1.0,), "labels have shape (8,) and dtype float32; give whole numbers [n] from 0 to 2"),
            ((one_hot(LABELS),), "labels have shape (8, 3) and dtype float32; give whole numbers [n] from 0 to 2"),
        ],
        ids=["none", "too large", "too small", "floats", "one-hot"],
    )
    def test_labels_of_a_batch(self, name, as_data_set, targets, message):
        model = untrained(name)
        before = state(model)
        shape = (2,) if name != "conditional_glow" else model.data_shape
        batch = (data(8, shape), *(target.astype("float32" if target.dtype.kind == "f" else int) for target in targets))
        model.run_eagerly = True
        given = (tf.data.Dataset.from_tensors(batch if targets else batch[0]),) if as_data_set else batch
        for call in (model.fit, model.evaluate):
            with pytest.raises(InputError) as error:
                call(*given, **({} if as_data_set else {"batch_size": 8}), verbose=0)
            assert str(error.value) == message
        for key, value in state(model).items():
            np.testing.assert_array_equal(value, before[key])

    def test_labels_whose_shape_only_the_graph_knows(self):
        """In a step that was traced for both [n] and [n, 1], and of a data set that does not say it."""
        models = vector_gan(), vector_gan()
        for model, column in zip(models, (LABELS[:, None], LABELS), strict=True):
            for labels in (LABELS, column, LABELS):
                model.fit(X, labels, batch_size=8, shuffle=False, verbose=0)
        of_mixed, of_vectors = map(state, models)
        for key, value in of_mixed.items():
            np.testing.assert_array_equal(value, of_vectors[key])

        signature = tf.TensorSpec([None, 2]), tf.TensorSpec(None, tf.int64)

        def silent(labels):
            return tf.data.Dataset.from_generator(lambda: iter([(X, labels)]), output_signature=signature)

        model = vector_gan()
        for call in (model.fit, model.evaluate):
            call(silent(LABELS[:, None]), verbose=0)
            with pytest.raises(InputError, match=r"^labels have shape .8,? 3.*; give whole numbers \[n\] from 0 to 2$"):
                call(silent(one_hot(LABELS).astype(int)), verbose=0)
        rows = tf.function(lambda *batch: of_batch(NUM_CLASSES, batch)[0], input_signature=signature)
        np.testing.assert_array_equal(rows(X, LABELS[:, None]), one_hot(LABELS))
        with pytest.raises(tf.errors.InvalidArgumentError, match=r"InputError: labels have shape\] \[8 3\]"):
            rows(X, one_hot(LABELS).astype(int))

    def test_single_batches(self):
        model = vector_gan()
        for call in (model.train_on_batch, model.test_on_batch):
            with pytest.raises(InputError, match="^labels from 1 to 3; must be from 0 to 2$"):
                call(X, LABELS + 1)
        with pytest.raises(InputError, match="^x has 8 images and y 7 labels; give one label per image$"):
            model.fit(X, LABELS[:-1], verbose=0)
        for call in (model.fit, model.evaluate):
            for labels, message in (
                (LABELS.astype(str), "y: text was given; give whole numbers, such as numpy.unique"),
                (LABELS.astype(object), "y: the array holds objects; give numbers, such as y.astype"),
                (LABELS.tolist(), r"y: a list of 8 was given; give one array, such as numpy.array\(y\)$"),
                (1, r"y: 1 was given; give one label per image, an array \[n\]$"),
            ):
                with pytest.raises(InputError, match=f"^{message}"):
                    call(X, labels, verbose=0)

    def test_batches_by_name_or_of_text(self):
        model = vector_gan()
        by_name = tf.data.Dataset.from_tensors({"image": X, "label": LABELS})
        message = "a batch is a dict with 'image', 'label'; give images or pairs"
        for call in (model.fit, model.evaluate):
            with pytest.raises(InputError, match=rf"^{message}.*lambda row: \(row\['image'\], row\['label'\]\)\)$"):
                call(by_name, verbose=0)
            with pytest.raises(InputError, match="^labels of a batch: text was given; give whole numbers"):
                call(iter([(X, LABELS.astype(str))]), verbose=0)

    def test_labels_of_validation(self):
        model = vector_gan()
        with pytest.raises(InputError, match="^labels from 1 to 3"):
            model.fit(X, LABELS, validation_data=(X, LABELS + 1), verbose=0)
        with pytest.raises(InputError, match="^labels from 0 to 3"):
            model.fit(X, [*LABELS[:-1], 3] * np.ones(8, int), validation_split=0.25, verbose=0)

    @pytest.mark.parametrize(
        ("make", "message"),
        [
            (lambda: GAN(*vector_networks(), num_classes=3), "the generator takes 1 input; with num_classes=3"),
            (
                lambda: GAN(conditional_vector_networks()[0], vector_networks()[1], num_classes=3),
                "the discriminator takes 1 input; with num_classes=3 it must take two, its data and their labels$",
            ),
            (lambda: GAN(*conditional_vector_networks()), "the generator takes 2 inputs, .* give num_classes"),
            (lambda: GAN(*conditional_image_networks(), num_classes=4), r"the generator takes labels \[n, 3\]; with"),
            (
                lambda: GAN(*conditional_vector_networks(), num_classes=4),
                r"the generator embeds 3 labels; with num_classes=4 give Embedding\(4, ...\)",
            ),
            (lambda: GAN(*conditional_vector_networks(), num_classes=1), "num_classes=1: must be a whole number of at"),
            (
                lambda: WGANGP(*image_networks(), sampling="interpolate_within_class"),
                "sampling='interpolate_within_class': this model has no classes; give num_classes",
            ),
            (
                lambda: GAN(*vector_networks(), gradient_penalty=TwoSidedPenalty(1.0, "interpolate_within_class")),
                "sampling='interpolate_within_class': this model has no classes",
            ),
            (
                lambda: vae(VAE, prior=lambda shape: standard_normal(shape), num_classes=3),
                "prior: with num_classes there is one for every class",
            ),
            (lambda: vae(VAE, num_classes="3"), "num_classes='3': must be a whole number of at least 2"),
            (
                lambda: clustering_vae(num_classes=3),
                "num_classes: ClusteringVAE has no classes; leave it out; the adversarial models, VAE,",
            ),
            (
                lambda: GAN(*in_another_order(lambda data, labels: [labels, data]), num_classes=3),
                r"the generator takes its labels first; give .*: keras.Model\(\[latents, labels\], ...\)$",
            ),
            (
                lambda: GAN(*in_another_order(lambda data, labels: {x.name: x for x in (data, labels)}), num_classes=3),
                r"the generator takes its inputs in a dict, which Keras sorts by name; give a list: keras.Model\(",
            ),
            (
                lambda: GAN(of_maps(), conditional_vector_networks()[1], num_classes=3),
                r"the generator takes latents \[n, 2, 2, 4\]; with num_classes=3 it must take vectors \[n, l",
            ),
            (lambda: vae(VAE, num_classes=2.5), "num_classes=2.5: must be a whole number of at least 2"),
        ],
    )
    def test_models_that_cannot_be(self, make, message):
        with pytest.raises(InputError, match=f"^{message}"):
            make()

    def test_neighbours_on_replicas(self, two_replicas):
        with two_replicas.scope():
            model = vector_gan(WGANGP)
        odd = tf.data.Dataset.from_tensors((data(6, (2,)), LABELS[:6]))
        with pytest.raises(InputError, match="^sampling='interpolate_real_fake' pairs neighbours: .* not 3$"):
            model.fit(odd, verbose=0)


class TestClassPriors:
    def test_of_a_vae_in_closed_form(self):
        model = vae(num_classes=NUM_CLASSES)
        means = np.random.RandomState(0).randn(NUM_CLASSES, LATENT_DIM).astype("float32")
        model.class_prior.means.assign(means)
        posterior = model.posterior(tf.constant(X))
        mean, deviation = posterior.mean().numpy(), posterior.stddev().numpy()
        # KL(N(m, s^2) || N(mu, 1)), summed over the numbers
        expected = 0.5 * ((mean - means[LABELS]) ** 2 + deviation**2 - 2 * np.log(deviation) - 1).sum(1)
        _, terms = model.objective(tf.constant(X), tf.zeros([8, LATENT_DIM]), tf.constant(one_hot(LABELS)))
        assert float(terms["kl"]) == pytest.approx(expected.mean(), rel=1e-5)

    def test_of_glow_is_of_the_channels_of_its_last_level(self):
        model = untrained("conditional_glow")
        random = np.random.RandomState(0)
        model = type(model).from_config(model.get_config())
        *positions, channels = model.flow.last_shape
        last = np.prod(positions) * channels
        assert model.class_prior.means.shape == (NUM_CLASSES, channels) and channels < last < model.latent_shape[0]
        means, logs = random.randn(2, NUM_CLASSES, channels).astype("float32")
        model.class_prior.means.assign(means)
        model.class_prior.log_deviations.assign(logs)
        x = tf.constant(data(8, model.data_shape))
        z, log_det = (found.numpy() for found in model.flow.forward(x))
        maps = z[:, :last].reshape(8, *positions, channels)
        of_rows = LABELS[:, np.newaxis, np.newaxis]
        z[:, :last] = ((maps - means[of_rows]) / np.exp(logs[of_rows])).reshape(8, last)
        log_prob = -0.5 * (z**2 + np.log(2 * np.pi)).sum(1) - np.prod(positions) * logs[LABELS].sum(1) + log_det
        loss, _ = model.objective(x, None, tf.constant(one_hot(LABELS)))
        assert float(loss) == pytest.approx(-log_prob.mean(), rel=1e-5)

    def test_temperature_scales_the_deviations(self):
        model = untrained("conditional_glow")
        labels = [1, 1, 2]
        cold, half, whole = (model.latents(3, 0, labels, temperature).numpy() for temperature in (0.0, 0.5, 1.0))
        np.testing.assert_array_equal(cold[0], cold[1])
        np.testing.assert_allclose(half - cold, (whole - cold) / 2, atol=1e-6)
        expected = model.decode(half)
        np.testing.assert_allclose(model.sample(3, 0, labels, 0.5), expected, atol=1e-5)


def test_interpolation_between_classes(image_gan):
    """A one-hot row that lies between two classes is the mean of their scales and shifts, not one of the two."""
    latents = image_gan.latents(1, 0, np.array([0])).numpy()
    latents[:, LATENT_DIM:] = [0.5, 0.5, 0]
    between = image_gan.decode(latents)
    for label in range(2):
        assert np.abs(between - image_gan.sample_class(1, 0, label)).max() > 1e-4
