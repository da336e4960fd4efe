"""What a Keras user does with a model, of every public model: it works as in Keras, or one line says what to do.

The models are the `RUNS` of `helpers/replicated_runs.py`, as in `test_contract.py`.
"""

import functools
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from helpers.quick import slow_unless
from helpers.replicated_runs import BATCH_SIZE, RUNS, untrained
from helpers.small_conditional_models import NUM_CLASSES
from helpers.small_flow_models import new_f_vae
from helpers.small_gans import compiled, data, image_networks, state, vector_networks
from keras_gen import datasets
from keras_gen.errors import InputError
from keras_gen.losses import AdversarialLoss, NonSaturating, TwoSidedPenalty
from keras_gen.models import GAN, RSGAN, VAE, ClusteringVAE, DeepInfoMax, WGANDiv
from keras_gen.models.checked_data import checked_batches, scales_pixels
from keras_gen.networks import autoencoder, dcgan, glow, infomax, lenet

ROOT = Path(__file__).parents[2]
OF_IMAGES = [name for name, run in RUNS.items() if len(run.shape) == 3]

every_run = pytest.mark.parametrize("name", RUNS)
# One of each kind of model. What is said of the others comes from the same lines.
KINDS = ("wgan_div", "gradient_penalized", "vae", "clustering_vae", "deep_infomax", "glow", "f_vae", "conditional_gan")


def rows(name, count=BATCH_SIZE, low=-1.0, high=1.0):
    """Data of a run in a range, as the arguments of `fit` and `evaluate`."""
    x = low + (data(count, RUNS[name].shape) + 1) / 2 * (high - low)
    x = x.astype("float32")
    x.flat[:2] = low, high
    if name.startswith("conditional"):
        return x, np.arange(count) % NUM_CLASSES
    return (x, x**2) if name == "gradient_penalized" else (x,)


def weights(model):
    return {key: value for key, value in state(model).items() if key.startswith("model/")}


def assert_same(model, before):
    for key, value in weights(model).items():
        np.testing.assert_array_equal(value, before[key], err_msg=key)


def as_data_set(arrays, size=BATCH_SIZE):
    return tf.data.Dataset.from_tensor_slices(arrays if len(arrays) > 1 else arrays[0]).batch(size)


@pytest.mark.parametrize("name", slow_unless(("wgan_div", "decoder_free_vae", "glow"), OF_IMAGES))
class TestRangeOfPixels:
    @pytest.mark.parametrize("low, high", [(0, 255), (-127.5, 127.5), (0, 65535)])
    def test_pixels_that_are_not_scaled_are_refused(self, name, low, high):
        model, before = untrained(name), weights(untrained(name))
        advice = "give -1 to 1, which of 8-bit pixels is x / 127.5 - 1"
        message = f"^images have pixels from {low} to {high}; {re.escape(advice)}$"
        given = rows(name, low=low, high=high)
        for act in (model.fit, model.evaluate):
            with pytest.raises(InputError, match=message):
                act(given[0], verbose=0)
        if high == 255:
            for act in (model.fit, model.evaluate):
                with pytest.raises(InputError, match=message):
                    act(as_data_set(given), verbose=0)
        assert_same(model, before)

    def test_a_single_batch(self, name):
        model, before = untrained(name), weights(untrained(name))
        given = rows(name, low=0, high=255)
        for act in (model.train_on_batch, model.test_on_batch):
            with pytest.raises(InputError, match="^images have pixels from 0 to 255; give -1 to 1"):
                act(*given)
            with pytest.raises(InputError, match="^sample_weight: all images count alike here"):
                act(*rows(name), sample_weight=np.ones(BATCH_SIZE, "float32"))
        assert_same(model, before)

    def test_pixels_from_0_to_1_are_a_warning(self, name):
        model = untrained(name)
        given = rows(name, low=0, high=1)
        for x in (given[0], as_data_set(given)):
            with pytest.warns(UserWarning, match="^images have pixels from 0 to 1; .* give 2 \\* x - 1$"):
                next(iter(checked_batches(x, model.data_checks)))

    def test_standardised_pixels_are_a_warning(self, name):
        model = untrained(name)
        given = rows(name, low=-2.0, high=2.5)
        for x in (given[0], as_data_set(given)):
            with pytest.warns(UserWarning, match="^images have pixels far outside -1 to 1, as standardised ones do"):
                next(iter(checked_batches(x, model.data_checks)))
        next(iter(checked_batches(rows(name, low=-1.2, high=1.2)[0], model.data_checks)))  # a little noise is none


class TestNetworksThatScale:
    """A network that begins by scaling its images may be given any; one that ends by scaling may not."""

    SHAPE = (8, 8, 1)
    IMAGES = np.random.RandomState(0).uniform(0, 255, (4, *SHAPE)).astype("float32")

    def vae(self, encoder, kind="decoder"):
        return VAE(encoder, getattr(autoencoder, kind)(self.SHAPE, 2, (4,)))

    @pytest.mark.parametrize("kind", ["decoder", "dense_decoder"])
    def test_one_that_ends_so(self, kind):
        encoder = autoencoder.encoder(self.SHAPE, 2, (4,))
        model = self.vae(encoder, kind)
        assert any(isinstance(layer, keras.layers.Rescaling) for layer in model.decoder.layers)
        with pytest.raises(InputError, match="^images have pixels from .*; give -1 to 1"):
            model.evaluate(self.IMAGES, verbose=0)

    def test_one_that_begins_so(self):
        encoder = autoencoder.encoder(self.SHAPE, 2, (4,))
        x = keras.Input(self.SHAPE)
        scaled = keras.layers.Rescaling(1 / 127.5, offset=-1.0)(x)
        assert scales_pixels(self.vae(keras.Model(x, encoder(scaled))))
        inner = keras.Sequential([keras.Input(self.SHAPE), keras.layers.Rescaling(1 / 127.5, offset=-1.0)])
        assert scales_pixels(self.vae(keras.Model(x, encoder(inner(x)))))
        assert not scales_pixels(self.vae(encoder))

    def test_one_that_takes_labels_too(self):
        images, labels = keras.Input(self.SHAPE), keras.Input((NUM_CLASSES,))
        pixels = keras.layers.Flatten()(keras.layers.Rescaling(1 / 127.5, offset=-1.0)(images))
        embedded = keras.layers.Dense(4)(labels)  # at the same depth as the scaling, or before it
        score = keras.layers.Dense(1)(keras.layers.Concatenate()([pixels, embedded]))
        network = keras.Model([labels, images], score)
        assert scales_pixels(keras.Model([labels, images], network([labels, images])))


def test_what_is_no_image_may_have_any_range():
    model = RUNS["vae"].new_model()
    model.evaluate(255 * np.abs(data(8, (2,))), verbose=0)
    volumes = tf.constant(255 * np.abs(data(2, (4, 4, 2))))
    assert model.data_checks(volumes)[-1] is None


@pytest.mark.parametrize("name", slow_unless(KINDS, RUNS))
class TestEvaluation:
    def test_on_held_out_rows(self, name):
        """The mean over rows: that of the parts, each with its number of rows. The model stays as it is."""
        model, before = untrained(name), weights(untrained(name))
        if name in ("wgan_gp", "conditional_gan", "rsgan_all", "rsgan_average", "decoder_free_vae", "deep_infomax"):
            parts = [BATCH_SIZE]  # these losses are no means over rows
        else:
            parts = [BATCH_SIZE, BATCH_SIZE // 2]
        given = rows(name, sum(parts))
        ends = np.cumsum(parts)
        apart = [
            model.evaluate(*(x[end - size : end] for x in given), verbose=0, return_dict=True, batch_size=size)
            for end, size in zip(ends, parts, strict=True)
        ]
        together = model.evaluate(*given, verbose=0, return_dict=True, batch_size=BATCH_SIZE)
        assert set(together) == set(model.term_names())
        for term, value in together.items():
            assert np.isfinite(value)
            assert value == pytest.approx(np.average([one[term] for one in apart], weights=parts), rel=1e-4, abs=1e-6)
        assert_same(model, before)


@pytest.mark.parametrize(
    "name", ["wgan_div_adam", *(pytest.param(name, marks=pytest.mark.slow) for name in ("vae", "gradient_penalized"))]
)
def test_validation_in_fit(name):
    given, (held_out, *targets) = rows(name, 4 * BATCH_SIZE), rows(name, BATCH_SIZE)
    sizes = {"batch_size": BATCH_SIZE, "verbose": 0, "epochs": 2}
    for validation in (
        {"validation_split": 0.25},
        {"validation_data": (held_out, *targets)},
        {"validation_data": as_data_set((held_out, *targets))},
    ):
        model = RUNS[name].new_model()
        history = model.fit(*given, **sizes, **validation).history
        assert set(history) == {*model.term_names(), *(f"val_{term}" for term in model.term_names())}
        if "validation_data" in validation:
            expected = model.evaluate(held_out, *targets, verbose=0, return_dict=True)
            for term, value in expected.items():
                assert history[f"val_{term}"][-1] == pytest.approx(value, rel=1e-5), term


def test_a_gan_s_losses_on_held_out_images():
    """Against the scores of networks at inference."""
    model, images = untrained("gan"), rows("gan")[0]
    fake = model.generator(model.normal(BATCH_SIZE, model.latent_shape, "test/latents"), training=False)
    real_scores = model.discriminator(images, training=False).numpy()
    fake_scores = model.discriminator(fake, training=False).numpy()
    seen = model.evaluate(images, verbose=0, return_dict=True)
    softplus = functools.partial(np.logaddexp, 0)
    expected = softplus(-real_scores).mean() + softplus(fake_scores).mean()
    assert seen["discriminator_loss"] == pytest.approx(expected, rel=1e-5)
    assert seen["generator_loss"] == pytest.approx(softplus(-fake_scores).mean(), rel=1e-5)


@every_run
class TestArguments:
    def test_of_compile(self, name):
        model = untrained(name)
        again = type(model).from_config(model.get_config())
        arguments = {"metrics": ["mae"], "weighted_metrics": ["mae"]}
        if name != "gradient_penalized":
            arguments |= {"loss": "mse", "loss_weights": [1.0]}
        for argument, value in arguments.items():
            with pytest.raises(InputError, match=f"^({argument}|metrics): "):
                again.compile(**{argument: value})

    def test_weights_of_samples_and_classes(self, name):
        model = untrained(name)
        given = rows(name)
        ones = np.ones(BATCH_SIZE, "float32")
        for arguments in ({"sample_weight": ones}, {"class_weight": {0: 1.0}}):
            with pytest.raises(InputError, match=f"^{next(iter(arguments))}: all images count alike here"):
                model.fit(*given, verbose=0, **arguments)
        with pytest.raises(InputError, match="^sample_weight: all images count alike here"):
            model.evaluate(*given, verbose=0, sample_weight=ones)
        with pytest.raises(InputError, match="sample weights"):
            model.train_step((given[0], given[-1], ones))

    def test_of_export_and_save(self, name, tmp_path):
        model = untrained(name)
        file = tmp_path / "file"
        file.write_text("")
        with pytest.raises(InputError, match=f"^{re.escape(str(file))} is a file; give a folder to export to$"):
            model.export(file)
        with pytest.raises(InputError, match="^format='keras': choose one of tf_saved_model, onnx, litert$"):
            model.export(tmp_path / "model", format="keras")
        for endpoints in ([], "decode"):
            with pytest.raises(InputError, match=r"^endpoints=.*: give a list of names, or leave it out for all$"):
                model.export(tmp_path / "model", endpoints=endpoints)
        for format in ("tf_saved_model", "onnx"):
            with pytest.raises(InputError, match=r"^endpoints: draw is none of this model; .*choose from \w+"):
                model.export(tmp_path / "model", format=format, endpoints=["draw"])
        with pytest.raises(InputError, match="^options: only for format='tf_saved_model'; leave it out$"):
            model.export(tmp_path / "model", format="onnx", options=None)
        with pytest.raises(InputError, match="^input_signature: "):
            model.export(tmp_path / "model", input_signature=[])
        with pytest.raises(InputError, match="model.h5: .* give a name that ends in .keras$"):
            model.save(tmp_path / "model.h5")
        assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("name", ["wgan_div_adam", "deep_infomax", "gradient_penalized"])
def test_a_saved_model_as_a_layer(name, tmp_path):
    """Without an endpoint it is `call`."""
    model = untrained(name)
    model.export(tmp_path / "model", format="tf_saved_model", verbose=False)
    layer = keras.layers.TFSMLayer(tmp_path / "model")
    specs = {**model.endpoints()}
    _, (spec,) = next(specs[name] for name in ("decode", "encode", "predict") if name in specs)
    x = data(3, spec.shape[1:])
    np.testing.assert_allclose(layer(x), model(x), rtol=1e-5, atol=1e-6)


@pytest.mark.slow
def test_a_file_says_what_to_import(tmp_path):
    """Keras prints all of a file whose class it does not know; the last words are what a reader needs."""
    kinds = ["wgan_div_adam", "gradient_penalized", "vae"]
    for name in kinds:
        RUNS[name].new_model().save(tmp_path / f"{name}.keras")
    keras.models.load_model(tmp_path / "vae.keras", compile=False).save(tmp_path / "vae.keras")
    program = """
        import keras
        for path in sys.argv[1:]:
            try:
                keras.models.load_model(path)
            except TypeError as error:
                print(str(error)[-80:].strip("}"))
        import keras_gen
        print(*(keras.models.load_model(path).compiled for path in sys.argv[1:]))
    """
    command = [sys.executable, "-c", f"import sys{textwrap.dedent(program)}"]
    paths = [tmp_path / f"{name}.keras" for name in kinds]
    done = subprocess.run([*command, *paths], capture_output=True, text=True, cwd=ROOT, check=True)
    *failures, compiled = done.stdout.splitlines()
    assert len(failures) == len(kinds) and compiled == "True True False"
    assert all(words.endswith("'import keras_gen before keras.models.load_model'") for words in failures)


class TestLossScales:
    @pytest.mark.parametrize(
        "name", ["wgan_div_adam", "vae", "gradient_penalized", pytest.param("glow", marks=pytest.mark.slow)]
    )
    def test_steps_are_those_without_a_scale(self, name):
        """A power of two is exact, so that the bits are too, also where the gradient is clipped."""
        plain = RUNS[name].new_model()
        names = [argument for argument in plain._optimizer_names]
        loss = {"loss": "mse"} if name == "gradient_penalized" else {}
        states = []
        for optimizer in (
            lambda: keras.optimizers.SGD(0.01),
            lambda: keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.01), initial_scale=1024.0),
            lambda: keras.optimizers.SGD(0.01, loss_scale_factor=1024.0),
        ):
            model = RUNS[name].new_model()
            model.compile(**{argument: optimizer() for argument in names}, **loss)
            model.fit(RUNS[name].batches(model, 0, 2), verbose=0)
            states.append([weight.numpy() for weight in model.trainable_variables])
        for scaled in states[1:]:
            for one, other in zip(states[0], scaled, strict=True):
                np.testing.assert_allclose(other, one, rtol=1e-5, atol=1e-7)

    def test_mixed_float16_scales_by_itself(self):
        keras.config.set_dtype_policy("mixed_float16")
        try:
            model = GAN(*vector_networks())
            model.compile(keras.optimizers.SGD(0.01), keras.optimizers.SGD(0.01))
            assert isinstance(model.generator_optimizer, keras.optimizers.LossScaleOptimizer)
            before = [weight.numpy() for weight in model.trainable_variables]
            model.fit(data(8, (2,)), verbose=0)
        finally:
            keras.config.set_dtype_policy("float32")
        twin = GAN(*vector_networks())
        twin.compile(keras.optimizers.SGD(0.01), keras.optimizers.SGD(0.01))
        twin.fit(data(8, (2,)), verbose=0, shuffle=False)
        moved = [np.abs(weight - old).max() for weight, old in zip(model.trainable_variables, before, strict=True)]
        expected = [np.abs(weight - old).max() for weight, old in zip(twin.trainable_variables, before, strict=True)]
        np.testing.assert_allclose(moved, expected, rtol=0.05, atol=1e-6)  # half precision has eleven bits


class TestOptimizersOfTwoNetworks:
    def test_optimizer_names_the_two(self):
        message = "^optimizer: GAN trains two networks; give generator_optimizer and discriminator_optimizer$"
        with pytest.raises(InputError, match=message):
            GAN(*vector_networks()).compile(optimizer="adam")

    def test_one_as_other_models_take_it(self):
        model = GAN(*vector_networks())
        with pytest.warns(
            UserWarning, match="^this is the generator's optimizer alone: .* give discriminator_optimizer"
        ):
            model.compile("sgd")
        assert [type(one).__name__ for one in model.optimizer.optimizers] == ["SGD", "Adam"]

    def test_a_misspelt_argument(self):
        message = "^generator_optimiser: GAN.compile has no such argument; it takes generator_optimizer, discriminator"
        with pytest.raises(InputError, match=message):
            GAN(*vector_networks()).compile(generator_optimiser="adam")
        with pytest.raises(InputError, match="VAE.compile has no such argument; it takes optimizer$"):
            RUNS["vae"].new_model().compile(generator_optimizer="adam")

    def test_a_schedule_sets_each_rate(self):
        model = GAN(*vector_networks())
        model.compile(keras.optimizers.SGD(0.4), keras.optimizers.SGD(0.2))
        halved = keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2)
        history = model.fit(data(8, (2,)), epochs=2, verbose=0, callbacks=[halved]).history
        assert float(model.generator_optimizer.learning_rate) == pytest.approx(0.1)
        assert float(model.discriminator_optimizer.learning_rate) == pytest.approx(0.05)
        assert sum(key.startswith("learning_rate_") for key in history) == 2

    def test_a_plateau_lowers_each_rate(self):
        model = GAN(*vector_networks())
        model.compile(keras.optimizers.SGD(0.4), keras.optimizers.SGD(0.2))
        lowered = keras.callbacks.ReduceLROnPlateau("generator_loss", 0.5, patience=1, mode="min", min_delta=100.0)
        model.fit(data(8, (2,)), epochs=2, verbose=0, callbacks=[lowered])
        assert float(model.generator_optimizer.learning_rate) == pytest.approx(0.2)
        assert float(model.discriminator_optimizer.learning_rate) == pytest.approx(0.1)

    def test_averages_of_each(self):
        """After `fit` the weights are the averages, also without the callback, which evaluates by them."""

        def new():
            model = GAN(*vector_networks())
            sgds = [keras.optimizers.SGD(0.1, use_ema=ema, ema_momentum=0.9) for ema in (True, False)]
            model.compile(*sgds)
            return model

        model = new()
        model.fit(data(8, (2,)), verbose=0, callbacks=[keras.callbacks.SwapEMAWeights()])
        weights = model.generator.trainable_variables
        averages = model.generator_optimizer._model_variables_moving_average
        for weight, average in zip(weights, averages, strict=True):
            np.testing.assert_allclose(weight, average, rtol=1e-5, atol=1e-7)
        raw, twin = GAN(*vector_networks()), new()
        raw.compile(keras.optimizers.SGD(0.1), keras.optimizers.SGD(0.1))
        x = data(8, (2,))
        start = raw.generator.get_weights()
        raw.fit(x, verbose=0)
        twin.fit(x, verbose=0)
        # One step: Keras's average begins at the first weights that it sees, before or after that step.
        for first, now, mean in zip(start, raw.generator.get_weights(), twin.generator.get_weights(), strict=True):
            close = [np.allclose(mean, 0.9 * first + 0.1 * now, atol=1e-6), np.allclose(mean, now, atol=1e-6)]
            assert any(close)


class TestWrongParts:
    def test_a_loss_that_forgets_its_mean(self):
        class Forgetful(NonSaturating):
            def generator_loss(self, fake_scores):
                return tf.nn.softplus(-fake_scores)

        model = compiled(GAN(*vector_networks(), Forgetful()))
        with pytest.raises(InputError, match=r"^a loss has shape \(.*1\); it must be one number, a mean"):
            model.fit(data(8, (2,)), verbose=0)

    @pytest.mark.parametrize(
        "loss, message",
        [
            (
                keras.losses.BinaryCrossentropy(),
                "BinaryCrossentropy: give an AdversarialLoss, or one of",
            ),
            (keras.losses.BinaryCrossentropy, "BinaryCrossentropy: give an AdversarialLoss"),
            (["wasserstein"], "list: give an AdversarialLoss"),
            (NonSaturating, r"NonSaturating: give NonSaturating\(\), an instance"),
            (AdversarialLoss, r"AdversarialLoss: give AdversarialLoss\(\), an instance"),
        ],
    )
    def test_what_is_no_adversarial_loss(self, loss, message):
        with pytest.raises(InputError, match=f"^adversarial_loss={message}"):
            GAN(*vector_networks(), loss)

    @pytest.mark.parametrize("penalty", [10.0, TwoSidedPenalty, "two_sided"])
    def test_what_is_no_penalty(self, penalty):
        for kind in (GAN, RSGAN):
            with pytest.raises(InputError, match="^gradient_penalty=.*: give a GradientPenalty, such as"):
                kind(*vector_networks(), gradient_penalty=penalty)

    @pytest.mark.parametrize(
        "last",
        [
            lambda: [keras.layers.Dense(1, "sigmoid")],
            lambda: [keras.layers.Dense(1), keras.layers.Activation("sigmoid")],
            lambda: [keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, "sigmoid")])],
            lambda: [keras.layers.Dense(1, "hard_sigmoid")],
        ],
    )
    def test_a_discriminator_that_ends_in_a_sigmoid(self, last):
        discriminator = keras.Sequential([keras.Input((2,)), *last()])
        model = compiled(GAN(vector_networks()[0], discriminator))
        for act in (model.fit, model.evaluate):
            with pytest.raises(InputError, match="^the discriminator ends in a (hard_)?sigmoid, .* leave it out$"):
                act(data(8, (2,)), verbose=0)
        assert model.sample(2).shape == (2, 2)  # what was saved with one still samples

    @pytest.mark.parametrize("wrap", ["functional", "sequential"])
    def test_a_subclass_that_is_wrapped_trains(self, wrap):
        class Scores(keras.Model):
            def __init__(self):
                super().__init__()
                self.dense = keras.layers.Dense(1)

            def call(self, x):
                return self.dense(x)

        generator, _ = vector_networks()
        x = keras.Input((2,))
        network = keras.Model(x, Scores()(x)) if wrap == "functional" else keras.Sequential([x, Scores()])
        model = compiled(GAN(generator, network))
        model.fit(data(8, (2,)), verbose=0)
        assert np.isfinite(model.evaluate(data(8, (2,)), verbose=0)).all()

    def test_other_networks_that_give_probabilities_for_logits(self):
        def network(inputs, outputs, last=None):
            return keras.Sequential([keras.Input((inputs,)), keras.layers.Dense(outputs, last)])

        x = keras.Input((2,))
        encoder = keras.Model(x, [keras.layers.Dense(1)(x), keras.layers.Dense(1)(x)])
        black_and_white = np.sign(data(8, (2,)))
        wrong = {
            "the decoder ends in a sigmoid, but the Bernoulli likelihood takes its logits": VAE(
                encoder, network(1, 2, "sigmoid"), "bernoulli"
            ),
            r"the classifier ends in a softmax, but p\(y\|z\) takes its logits": ClusteringVAE(
                encoder, network(1, 2), network(1, 3, "softmax")
            ),
        }
        for message, model in wrong.items():
            model.compile()
            for act in (model.fit, model.evaluate):
                with pytest.raises(InputError, match=message):
                    act(black_and_white, verbose=0)

    @pytest.mark.parametrize("last", ["sigmoid", "relu"])
    def test_a_generator_without_dark_pixels_is_a_warning(self, last):
        _, discriminator = image_networks()
        layers = [keras.layers.Dense(256), keras.layers.Reshape((16, 16, 1)), keras.layers.Activation(last)]
        model = compiled(GAN(keras.Sequential([keras.Input((3,)), *layers]), discriminator))
        with pytest.warns(UserWarning, match=f"the generator ends in a {last}, which is never below 0, .* in tanh"):
            model.evaluate(data(8, (16, 16, 1)), verbose=0)

    def test_networks_without_shapes(self):
        generator, discriminator = vector_networks()
        with pytest.raises(InputError, match=r"^the generator has no shapes yet; begin it with keras.Input\(shape\)$"):
            GAN(keras.Sequential([keras.layers.Dense(2)]), discriminator)

        class Custom(keras.Model):
            def __init__(self):
                super().__init__()
                self.dense = keras.layers.Dense(2)

            def call(self, x):
                return self.dense(x)

        custom = Custom()
        message = r"^the generator, a Custom, does not know its shapes; give keras.Model\(x, generator\(x\)\)"
        with pytest.raises(InputError, match=message):
            GAN(custom, discriminator)
        x = keras.Input((3,))
        model = compiled(GAN(keras.Model(x, custom(x)), discriminator))  # the remedy works
        model.fit(data(8, (2,)), verbose=0)
        with pytest.raises(InputError, match="^the encoder, a Custom, does not know its shapes"):
            DeepInfoMax(Custom(), None, None)
        with pytest.raises(InputError, match="^the decoder, a Custom, does not know its shapes"):
            VAE(autoencoder.dense_encoder((2,), 3, (4,)), Custom())

    def test_networks_of_two_inputs(self):
        a, b = keras.Input((3,)), keras.Input((4,))
        network = keras.Model([a, b], keras.layers.Dense(2)(keras.layers.Concatenate()([a, b])))
        with pytest.raises(InputError, match="^the generator takes 2 inputs, but it is given one; .* join them"):
            GAN(network, vector_networks()[1])


class TestDropout:
    def new_model(self):
        generator, _ = vector_networks()
        layers = [keras.Input((2,)), keras.layers.Dense(8, "tanh"), keras.layers.Dropout(0.5, seed=1)]
        return compiled(GAN(generator, keras.Sequential([*layers, keras.layers.Dense(1)])))

    @pytest.mark.parametrize("whole", [True, False])
    def test_masks_go_on_after_a_file(self, tmp_path, whole):
        x = data(8, (2,))
        model = self.new_model()
        model.fit(x, verbose=0)
        if whole:
            model.save(tmp_path / "model.keras")
            again = keras.models.load_model(tmp_path / "model.keras")
        else:
            model.save_weights(tmp_path / "model.weights.h5")
            again = self.new_model()
            again.load_weights(tmp_path / "model.weights.h5")
        model.train_step(tf.constant(x))
        again.train_step(tf.constant(x))
        for key, value in state(model).items():
            np.testing.assert_array_equal(state(again)[key], value, err_msg=key)

    def test_a_generator_with_it_has_an_average(self):
        layers = [keras.Input((3,)), keras.layers.Dropout(0.5), keras.layers.Dense(2)]
        model = compiled(GAN(keras.Sequential(layers), vector_networks()[1], ema_momentum=0.9))
        model.fit(data(8, (2,)), verbose=0)


class TestLastBatches:
    def test_without_rows(self):
        model = untrained("wgan_div_adam")
        for act in (model.fit, model.evaluate):
            with pytest.raises(InputError, match="^an array of 0 images was given"):
                act(data(0, (2,)), verbose=0)
            with pytest.raises(InputError, match="^x: no images were given"):
                act(verbose=0)
            with pytest.raises(InputError, match="^the data set has no batches; if drop_remainder=True dropped"):
                act(tf.data.Dataset.from_tensor_slices(data(3, (2,))).batch(4, drop_remainder=True), verbose=0)
            empty_then_good = tf.data.Dataset.from_tensor_slices(data(8, (2,))).batch(4).map(lambda x: x[:0])
            with pytest.raises(InputError, match="^a batch has no rows"):
                act(empty_then_good, verbose=0)

    @pytest.mark.parametrize("act", ["fit", pytest.param("evaluate", marks=pytest.mark.slow)])
    def test_on_replicas(self, two_replicas, act):
        with two_replicas.scope():
            model = compiled(GAN(*vector_networks()))
        before = weights(model)
        act = getattr(model, act)
        x = tf.data.Dataset.from_tensor_slices(data(12, (2,)))
        for bad, message in (
            (x.batch(8), "^the last batch may be smaller, and 2 replicas must have equal shares; use batch"),
            (x.batch(3, drop_remainder=True), "^a batch has 3 rows, and 2 replicas must have equal shares"),
            (tf.data.Dataset.from_tensors(data(1, (2,))), "^a batch has 1 rows, and 2 replicas"),
            (data(13, (2,)), "^13 images in batches of 8 make a batch of 5, which does not divide evenly over 2"),
            (data(12, (2,))[:1], "^1 images in batches of 8 make a batch of 1, which"),
        ):
            sizes = {"batch_size": 8} if isinstance(bad, np.ndarray) else {}
            with pytest.raises(InputError, match=message):
                act(bad, verbose=0, **sizes)
        steps = {"steps_per_epoch": 3} if act == model.fit else {"steps": 3}
        with pytest.raises(InputError, match="^a batch of 7 rows does not divide evenly over 2 replicas"):
            act(x.take(7).batch(8).repeat(), verbose=0, **steps)
        assert_same(model, before)
        act(data(12, (2,)), verbose=0, batch_size=8)  # shares of 4 and of 2


def test_data_without_an_end():
    model = untrained("wgan_div_adam")
    endless = tf.data.Dataset.from_tensor_slices(data(8, (2,))).batch(4).repeat()
    for act, argument in ((model.fit, "steps_per_epoch"), (model.evaluate, "steps")):
        with pytest.raises(InputError, match=f"^the data set never ends; give {argument}$"):
            act(endless, verbose=0)
    with pytest.raises(InputError, match="^the data set never ends; give validation_steps$"):
        model.fit(data(8, (2,)), validation_data=endless, verbose=0)


def test_what_is_no_data():
    model = untrained("wgan_div")
    with pytest.raises(InputError, match=r"^x: give batches .* keras_gen.datasets.batches\(images, batch_size=64\)$"):
        model.fit(datasets.load("digits", "test"))
    with pytest.raises(InputError, match=r"^x='pictures': give images; keras_gen.datasets.load\('folder:PATH'\)"):
        model.fit("pictures")
    with pytest.raises(InputError, match="^images: a ndarray was given; give what load returned"):
        datasets.batches(data(8, (8, 8, 1)), batch_size=4)


def test_numbers_that_are_texts():
    with pytest.raises(InputError, match="p='6': the Wasserstein divergence needs a finite power"):
        WGANDiv(*vector_networks(), p="6")
    vae = untrained("vae")
    with pytest.raises(InputError, match="beta='1': must be"):
        VAE(vae.encoder, vae.decoder, "gaussian", beta="1")


def test_a_list_of_images():
    """Keras would take each image for an input, and shuffle the rows of all of them alike."""
    model = untrained("gan")
    for act in (model.fit, model.evaluate):
        with pytest.raises(InputError, match=r"^x: a list of 3 was given; give one array, such as numpy.stack\(x\)"):
            act(list(rows("gan", 3)[0]), verbose=0)


@pytest.mark.slow
@pytest.mark.parametrize("act", ["fit", "evaluate"])
def test_data_that_is_dealt_out_already(two_replicas, act):
    """Its first batch is looked at, for it can no longer be checked on its way."""
    with two_replicas.scope():
        model = compiled(GAN(*vector_networks()))
    before = weights(model)
    act = getattr(model, act)
    rows, damaged = data(8, (2,)), data(8, (2,))
    damaged[7, 1] = np.nan
    for x, size, message in (
        (damaged, 8, "^images contain NaN or infinite pixels$"),
        (rows, 7, "^replicas have 4, 3 images, and must have equal shares; use batch"),
        (rows[:0], 8, "^the data set has no batches"),
    ):
        dealt = two_replicas.experimental_distribute_dataset(tf.data.Dataset.from_tensor_slices(x).batch(size))
        with pytest.raises(InputError, match=message):
            act(dealt, verbose=0)
    assert_same(model, before)
    dealt = two_replicas.experimental_distribute_dataset(tf.data.Dataset.from_tensor_slices(rows).batch(4))
    act(dealt, verbose=0)


class TestSettingsOfKeras:
    @pytest.fixture(autouse=True)
    def settings(self):
        yield
        keras.config.set_image_data_format("channels_last")
        keras.config.set_floatx("float32")

    @pytest.mark.parametrize(
        "make",
        [
            image_networks,
            lambda: autoencoder.encoder((8, 8, 1), 3, widths=(4,)),
            lambda: infomax.encoder((8, 8, 1), 3, (4,), (5,)),
            lambda: lenet((8, 8, 1), 10),
            lambda: glow((8, 8, 1), [1], width=4),
            new_f_vae,
            lambda: dcgan.discriminator((16, 16, 1), width=4),
        ],
    )
    def test_channels_first(self, make):
        keras.config.set_image_data_format("channels_first")
        with pytest.raises(InputError, match="^Keras is set to channels_first, but images here are"):
            make()

    def test_of_a_model(self):
        networks = vector_networks()
        keras.config.set_image_data_format("channels_first")
        with pytest.raises(InputError, match="^Keras is set to channels_first"):
            WGANDiv(*networks)
        keras.config.set_image_data_format("channels_last")
        keras.config.set_floatx("float64")
        with pytest.raises(InputError, match="^Keras is set to floatx=float64, but weights here are float32"):
            WGANDiv(*networks)


@pytest.mark.parametrize("name", ["wgan_div_adam", "vae", "gradient_penalized"])
def test_other_ways_of_data(name):
    """A generator and a `PyDataset`, checked like the rest."""
    model = untrained(name)
    good, bad = rows(name), rows(name)
    bad[0].flat[0] = np.nan

    class Batches(keras.utils.PyDataset):
        def __len__(self):
            return 1

        def __getitem__(self, index):
            return bad if len(bad) > 1 else bad[0]

    with pytest.raises(InputError, match="^images contain NaN"):
        model.evaluate(Batches(), verbose=0)
    with pytest.raises(InputError, match="^images contain NaN"):
        model.evaluate((batch if len(batch) > 1 else batch[0] for batch in (good, bad)), verbose=0)
    model.evaluate((batch if len(batch) > 1 else batch[0] for batch in (good, good)), verbose=0)
