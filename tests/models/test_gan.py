import keras
import numpy as np
import pytest
import tensorflow as tf

from helpers.quick import slow_unless
from helpers.small_gans import (
    BATCH_SIZE,
    IMAGE_SHAPE,
    LATENT_DIM,
    adam,
    arguments,
    batches,
    compiled,
    data,
    image_networks,
    state,
    vector_networks,
)
from keras_gen.errors import InputError
from keras_gen.losses import OneSidedPenalty, PowerPenalty, R1Penalty, TwoSidedPenalty, adversarial, gradient_sampling
from keras_gen.models import GAN
from keras_gen.networks import mlp
from keras_gen.regularizers import SpectralNorm


def vectors(count):
    return tf.constant(data(count, (2,)))


class TestAnyLossWithAnyPenalty:
    @pytest.mark.parametrize("loss", slow_unless(("wasserstein", "non_saturating"), adversarial.names()))
    @pytest.mark.parametrize("penalty", [None, PowerPenalty(), TwoSidedPenalty(), OneSidedPenalty(), R1Penalty()])
    def test_it_trains(self, loss, penalty):
        self.train(GAN(*vector_networks(), loss, penalty))

    @pytest.mark.parametrize("sampling", [one for one in gradient_sampling.SAMPLINGS if "class" not in one])
    def test_it_trains_with_any_sampling(self, sampling):
        self.train(GAN(*vector_networks(), "non_saturating", PowerPenalty(sampling=sampling)))

    @staticmethod
    def train(model):
        compiled(model)
        before = [weight.numpy() for weight in model.trainable_variables]
        for images in batches(0, 2, shape=(2,)):
            terms = model.train_step(images)
        assert np.isfinite(list(terms.values())).all()
        for weight, value in zip(model.trainable_variables, before, strict=True):
            assert np.isfinite(weight.numpy()).all()
            if not weight.path.endswith("bias"):  # losses of differences have no gradient in the last one
                assert not np.array_equal(weight.numpy(), value), weight.path


class TestTrainStep:
    def test_every_update_has_its_own_rows_and_its_own_noise(self):
        model = compiled(GAN(*vector_networks(), discriminator_steps=3, generator_steps=2))
        seen, streams, draws = [], [], []
        train_discriminator, normal = model.train_discriminator, model.normal

        def recorded_update(real, stream):
            seen.append(real.numpy())
            return train_discriminator(real, stream)

        def recorded_normal(num_rows, row_shape, stream):
            streams.append(stream)
            draws.append(normal(num_rows, row_shape, stream).numpy())
            return draws[-1]

        model.train_discriminator, model.normal = recorded_update, recorded_normal
        images = vectors(12)
        model.train_step(images)

        # Every third row, so that each half of the batch holds half of an update's rows.
        assert len(seen) == 3
        for i, real in enumerate(seen):
            np.testing.assert_array_equal(real, images[i::3])

        assert len(set(streams)) == len(streams) == 5
        assert {draw.shape for draw in draws} == {(4, LATENT_DIM)}
        assert len(np.unique(draws)) == 5 * 4 * LATENT_DIM

    def test_updates_are_counted(self):
        model = compiled(GAN(*vector_networks(), discriminator_steps=3, generator_steps=2))
        for images in batches(0, 4, batch_size=6, shape=(2,)):
            model.train_step(images)
        assert int(model.discriminator_optimizer.iterations) == 4 * 3
        assert int(model.generator_optimizer.iterations) == 4 * 2
        assert int(model.step) == 4

    def test_each_update_trains_its_own_network(self):
        model = compiled(GAN(*vector_networks()))
        generator, discriminator = model.generator.get_weights(), model.discriminator.get_weights()
        model.train_discriminator(vectors(4), "a")
        for one, other in zip(model.generator.get_weights(), generator, strict=True):
            np.testing.assert_array_equal(one, other)
        assert not np.array_equal(model.discriminator.get_weights()[0], discriminator[0])

        discriminator = model.discriminator.get_weights()
        model.train_generator(4, "b")
        for one, other in zip(model.discriminator.get_weights(), discriminator, strict=True):
            np.testing.assert_array_equal(one, other)
        assert not np.array_equal(model.generator.get_weights()[0], generator[0])

    def test_regularizers_of_the_discriminator_count(self):
        def updated(strength):
            generator, _ = vector_networks()
            regularizer = SpectralNorm(strength, power_iterations=200)
            layer = keras.layers.Dense(
                4, kernel_regularizer=regularizer, kernel_initializer=keras.initializers.HeNormal(0)
            )
            score = keras.layers.Dense(1, kernel_initializer=keras.initializers.HeNormal(1))
            discriminator = keras.Sequential([keras.Input((2,)), layer, score])
            model = GAN(generator, discriminator)
            model.compile(keras.optimizers.SGD(0.1), keras.optimizers.SGD(0.1))
            before = layer.kernel.numpy()
            terms = model.train_discriminator(vectors(4), "a")
            return before, layer.kernel.numpy(), float(terms["discriminator_loss"])

        before, without, loss = updated(0.0)
        again, charged, same_loss = updated(0.3)
        np.testing.assert_array_equal(again, before)
        # d sigma^2 = 2 sigma u v^T
        left, sigma, right = np.linalg.svd(before)
        expected = without - 0.1 * 0.3 * 2 * sigma[0] * np.outer(left[:, 0], right[0])
        np.testing.assert_allclose(charged, expected, rtol=0, atol=1e-6)
        assert same_loss == loss  # which holds the adversarial part alone

    def test_epsilon_is_uniform_and_one_an_image(self):
        seen = []

        def recorded(num_rows, row_shape, stream):
            seen.append(uniform(num_rows, row_shape, stream).numpy())
            return seen[-1]

        model = compiled(GAN(*vector_networks(), gradient_penalty=TwoSidedPenalty()))
        uniform, model.uniform = model.uniform, recorded
        model.train_discriminator(vectors(10_000), "a")
        (noise,) = seen
        assert noise.shape == (10_000, *gradient_sampling.NOISE_SHAPE)
        # Kolmogorov and Smirnov, n = 30,000: exceeded once in 130,000; a normal number's gap is 0.5.
        gaps = np.sort(noise.ravel()) - np.arange(30_000) / 30_000
        assert np.abs(gaps).max() < 2.5 / np.sqrt(30_000)

    def test_labels_are_ignored(self):
        images = data(2 * BATCH_SIZE)
        labels = np.arange(2 * BATCH_SIZE)
        models = [compiled(GAN(*image_networks())) for _ in range(2)]
        for model, arrays in zip(models, (images, (images, labels)), strict=True):
            model.fit(tf.data.Dataset.from_tensor_slices(arrays).batch(BATCH_SIZE), verbose=0)
        for name, value in state(models[0]).items():
            # one computation twice, whose float32 sums may come in another order
            np.testing.assert_allclose(state(models[1])[name], value, atol=1e-6, err_msg=name)

    def test_a_last_batch_may_be_smaller(self):
        model = compiled(GAN(*vector_networks(), discriminator_steps=2))
        model.fit(tf.data.Dataset.from_tensor_slices(data(14, (2,))).batch(8), verbose=0)
        assert int(model.step) == 2
        assert all(np.isfinite(weight.numpy()).all() for weight in model.weights)

    def test_optimizers_by_name(self):
        model = GAN(*vector_networks())
        model.compile("sgd", "sgd")
        assert isinstance(model.generator_optimizer, keras.optimizers.SGD)
        assert model.generator_optimizer is not model.discriminator_optimizer

    def test_default_optimizers_are_those_of_dcgan(self):
        model = GAN(*vector_networks())
        model.compile()
        for optimizer in (model.generator_optimizer, model.discriminator_optimizer):
            assert isinstance(optimizer, keras.optimizers.Adam)
            assert float(optimizer.learning_rate) == pytest.approx(2e-4)
            assert optimizer.beta_1 == 0.5


class TestReports:
    @pytest.mark.parametrize("penalty", [None, PowerPenalty()])
    def test_their_names(self, penalty):
        model = compiled(GAN(*vector_networks(), gradient_penalty=penalty))
        expected = ["discriminator_loss", "generator_loss", *(["gradient_penalty"] if penalty else [])]
        assert [metric.name for metric in model.metrics] == list(model.term_names()) == expected
        history = model.fit(batches(0, 2, shape=(2,)), verbose=0).history
        assert list(history) == expected

    def test_they_are_means_over_the_epoch(self):
        model, twin = (compiled(GAN(*vector_networks(), gradient_penalty=PowerPenalty(0.5, 2.0))) for _ in range(2))
        history = model.fit(batches(0, 3, shape=(2,)), epochs=2, verbose=0).history
        for epoch in range(2):
            losses = []
            for images in batches(0, 3, shape=(2,)):
                twin.reset_metrics()
                losses.append(twin.train_step(images))
            for name, values in history.items():
                expected = np.mean([terms[name] for terms in losses])
                assert values[epoch] == pytest.approx(expected, rel=1e-5, abs=1e-7), name

    def test_the_loss_contains_the_penalty(self):
        model = compiled(GAN(*vector_networks(), "wasserstein", PowerPenalty(k=3.0, p=2.0, sampling="real")))
        real, fake = vectors(4), vectors(8)[4:]
        loss, terms = model.discriminator_objective(real, fake, (real,))
        assert float(terms["discriminator_loss"]) == float(loss)
        expected = np.mean(model.score(fake)) - np.mean(model.score(real)) + float(terms["gradient_penalty"])
        assert float(loss) == pytest.approx(expected, rel=1e-6)
        assert float(terms["gradient_penalty"]) > 0


class TestSaving:
    def test_everything_comes_back(self, tmp_path):
        model = GAN(
            *image_networks(),
            adversarial_loss="wasserstein",
            gradient_penalty=OneSidedPenalty(3.0, "fake"),
            discriminator_steps=2,
            generator_steps=3,
            ema_momentum=0.9,
            seed=7,
            name="mine",
        )
        model.compile(adam(), keras.optimizers.RMSprop(1e-4), steps_per_execution=2)
        model.fit(batches(0, 2), verbose=0)
        model.save(tmp_path / "model.keras")
        loaded = keras.models.load_model(tmp_path / "model.keras")

        assert type(loaded) is GAN and loaded.compiled
        assert arguments(loaded) == arguments(model)
        assert loaded.name == "mine" and loaded.seed == 7 and int(loaded.step) == 2
        assert isinstance(loaded.generator_optimizer, keras.optimizers.Adam)
        assert isinstance(loaded.discriminator_optimizer, keras.optimizers.RMSprop)
        assert loaded.steps_per_execution == 2
        loaded_state = state(loaded)
        for name, value in state(model).items():
            np.testing.assert_array_equal(loaded_state[name], value, err_msg=name)

    def test_an_uncompiled_model_comes_back_too(self, tmp_path):
        model = GAN(*vector_networks())
        model.save(tmp_path / "model.keras")
        loaded = keras.models.load_model(tmp_path / "model.keras")
        np.testing.assert_array_equal(loaded.sample(3), model.sample(3))
        assert not loaded.compiled


class TestBadInput:
    def test_images_of_another_shape(self):
        model = compiled(GAN(*image_networks()))
        with pytest.raises(InputError, match=r"images have shape \(8, 8, 1\), the discriminator takes \(16, 16, 1\)"):
            model.fit(batches(0, 1, shape=(8, 8, 1)), verbose=0)

    def test_one_optimizer_for_both_networks(self):
        both = adam()
        with pytest.raises(InputError, match="are one object; give each its own"):
            GAN(*vector_networks()).compile(both, both)

    def test_images_of_another_type(self):
        model = compiled(GAN(*vector_networks()))
        with pytest.raises(InputError, match=r"images have dtype uint8; give float32 in \[-1, 1\]"):
            model.fit(tf.data.Dataset.from_tensors(tf.zeros([4, 2], tf.uint8)), verbose=0)

    def test_a_batch_that_does_not_divide(self):
        model = compiled(GAN(*vector_networks(), discriminator_steps=3))
        with pytest.raises(InputError, match="a batch of 8 images does not divide into discriminator_steps=3"):
            model.fit(batches(0, 1, shape=(2,)), verbose=0)

    @pytest.mark.parametrize(
        "networks, message",
        [
            (lambda: (mlp(LATENT_DIM, 3), mlp(2, 1)), r"makes \(3,\), the discriminator takes \(2,\)"),
            (lambda: (mlp(LATENT_DIM, 2), mlp(2, 3)), r"gives \(None, 3\), not one score per image"),
            (lambda: (mlp(LATENT_DIM, 2), keras.Sequential([keras.layers.Dense(1)])), "discriminator has no shapes"),
        ],
    )
    def test_networks_that_do_not_fit(self, networks, message):
        with pytest.raises(InputError, match=message):
            GAN(*networks())

    @pytest.mark.parametrize(
        "wrong, message",
        [
            ({"discriminator_steps": 0}, "discriminator_steps=0"),
            ({"generator_steps": -1}, "generator_steps=-1"),
            ({"adversarial_loss": "hinged"}, "adversarial_loss='hinged'"),
        ],
    )
    def test_arguments(self, wrong, message):
        with pytest.raises(InputError, match=message):
            GAN(*vector_networks(), **wrong)


def test_the_images_of_the_networks_have_the_shape_of_the_data():
    model = GAN(*image_networks())
    assert model.latent_shape == (LATENT_DIM,)
    assert model.sample(2).shape == (2, *IMAGE_SHAPE)
