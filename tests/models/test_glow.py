import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

from helpers.small_flow_models import IMAGE_SHAPE, fit_inputs, images, trained_glow
from keras_gen.errors import InputError, NonFiniteLossError
from keras_gen.models import Glow

tfb, tfd = tfp.bijectors, tfp.distributions


@pytest.fixture(scope="module")
def glow():
    return trained_glow()


class TestDensity:
    def test_encode_and_decode_are_inverse(self, glow):
        x = images(4, seed=3)
        np.testing.assert_allclose(glow.decode(glow.encode(x)), x, atol=1e-4)

    def test_log_prob_is_that_of_the_transformed_normal(self, glow):
        x = images(2, seed=4)
        with tf.GradientTape() as tape:
            tape.watch(x)
            z = glow.encode(x)
        jacobian = tf.reshape(tape.batch_jacobian(z, x), [2, z.shape[1], -1]).numpy().astype("float64")
        expected = tfd.Normal(0.0, 1.0).log_prob(z).numpy().sum(1) + np.linalg.slogdet(jacobian)[1]
        # sums of 64 float32 numbers of size 1 to 10
        np.testing.assert_allclose(glow.log_prob(x), expected, atol=1e-3)

    def test_log_prob_is_that_of_tfp(self, glow):
        """The flow as a TFP bijector, from images to the prior."""
        distribution = tfd.TransformedDistribution(glow.prior, tfb.Invert(glow.flow.as_bijector()))
        assert distribution.event_shape == IMAGE_SHAPE
        x = images(5, seed=4)
        np.testing.assert_allclose(distribution.log_prob(x), glow.log_prob(x), rtol=1e-6)
        z = glow.latents(3, 0)
        np.testing.assert_allclose(tf.clip_by_value(distribution.bijector.forward(z), -1, 1), glow.decode(z), atol=1e-6)

    def test_bits_per_dimension_of_a_known_density(self):
        """A flow that is the identity, so that p is N(0, I) on [-1, 1]."""
        model = Glow(IMAGE_SHAPE, levels=1, depth=1, width=2)
        x = images(64)
        log_prob = tfd.Normal(0.0, 1.0).log_prob(x).numpy().sum((1, 2, 3))
        expected = -(log_prob + 64 * np.log(2 / 255)) / (64 * np.log(2))
        # the noise moves log p by x u, of deviation 64^0.5 / 255 at most: 7e-4 bits, five of them
        np.testing.assert_allclose(model.bits_per_dimension(x, seed=1), expected, atol=4e-3)

    def test_the_loss_is_the_bound(self):
        model = Glow(IMAGE_SHAPE, levels=2, depth=1, width=2, input_noise="none")
        x = images(8)
        loss, terms = model.objective(x, None)
        assert float(loss) == pytest.approx(-float(np.mean(model.log_prob(x))), rel=1e-5)
        assert float(terms["negative_log_likelihood"]) == float(loss)
        per_value = float(loss) / (64 * np.log(2)) + np.log2(255 / 2)
        assert float(terms["bits_per_dimension"]) == pytest.approx(per_value, rel=1e-5)


class TestTraining:
    def test_the_first_batch_starts_act_norm_once(self):
        model = trained_glow(act_norm_from_data=True, steps=0)
        assert model.awaits_data
        model.compile(keras.optimizers.SGD(0.0))
        model.fit(fit_inputs(8), verbose=0)
        assert not model.awaits_data
        # the first act norm sees squeezed images: its output has mean 0 and variance 1, but for the noise of one value
        norm = model.flow.levels[0].layers[1]
        squeezed = tf.nn.space_to_depth(next(iter(fit_inputs(8))), 2)
        y = norm.forward(squeezed)[0].numpy()
        np.testing.assert_allclose(y.mean((0, 1, 2)), 0, atol=0.02)
        np.testing.assert_allclose(y.std((0, 1, 2)), 1, atol=0.02)
        before = norm.log_scale.numpy()
        model.initialize(0.2 - 0.7 * images(8, seed=9))
        np.testing.assert_array_equal(norm.log_scale, before)

    @pytest.mark.parametrize("call", [((None, 2), {}), ((), {"batch_size": 2})])
    def test_the_first_batch_of_an_array_starts_act_norm(self, call):
        """However its size is given: the rows behind it, much larger, would give a smaller scale."""
        arguments, named = call
        rows = np.concatenate([0.1 * images(2), images(6, seed=1)])
        model = trained_glow(act_norm_from_data=True, steps=0)
        model.compile(keras.optimizers.SGD(0.0))
        model.fit(rows, *arguments, **named, shuffle=False, verbose=0)
        expected = trained_glow(act_norm_from_data=True, steps=0)
        expected.initialize(rows[:2])
        found, scale = (of.flow.levels[0].layers[1].log_scale.numpy() for of in (model, expected))
        np.testing.assert_array_equal(found, scale)

    def test_the_first_batch_of_all_replicas_starts_act_norm(self, two_replicas):
        scales = {}
        for strategy in (tf.distribute.get_strategy(), two_replicas):
            with strategy.scope():
                model = Glow(IMAGE_SHAPE, levels=1, depth=1, width=2, act_norm_from_data=True)
                model.compile(keras.optimizers.SGD(0.0))
            batches = tf.data.Dataset.from_tensors(images(8)).map(
                lambda x: x * tf.reshape(tf.range(8.0) / 8, [8, 1, 1, 1])
            )
            rows = batches.unbatch().batch(8 // strategy.num_replicas_in_sync)
            distributed = strategy.distribute_datasets_from_function(lambda context, rows=rows: rows)
            model.fit(distributed, steps_per_epoch=1, verbose=0)
            scales[strategy.num_replicas_in_sync] = model.flow.levels[0].layers[1].log_scale.numpy()
        # Two unlike halves: those of one alone would give other scales.
        np.testing.assert_allclose(scales[2], scales[1], rtol=1e-5)

    @pytest.mark.parametrize("noise", ["uniform", "gaussian", "none"])
    def test_the_input_noise(self, noise):
        model = Glow(IMAGE_SHAPE, levels=1, depth=1, width=2, input_noise=noise, noise_scale=0.5)
        model.compile(keras.optimizers.SGD(0.0))
        seen = []
        objective = model.objective
        model.objective = lambda x, u: (seen.append(x), objective(x, u))[1]
        x = images(2000)
        model.train_step(x)
        added = (seen[0] - x).numpy()
        # 128,000 draws: five standard errors of the mean are 0.007, of the deviation 0.005
        assert added.mean() == pytest.approx(0, abs=0.007)
        deviation = {"uniform": 0.5 / np.sqrt(12), "gaussian": 0.5, "none": 0.0}[noise]
        assert added.std() == pytest.approx(deviation, abs=0.005)
        if noise == "uniform":
            assert np.abs(added).max() == pytest.approx(0.25, abs=1e-3)

    def test_the_gradient_is_clipped(self):
        moved = {}
        for clip_norm in (None, 1e-3):
            model = Glow(IMAGE_SHAPE, levels=1, depth=1, width=2, clip_norm=clip_norm)
            model.compile(keras.optimizers.SGD(1.0))
            before = model.get_weights()
            model.train_step(images(4))
            moves = [after - start for after, start in zip(model.get_weights(), before, strict=True)]
            # the counter of steps moved by 1
            moved[clip_norm] = np.sqrt(sum(np.sum(move.astype("float64") ** 2) for move in moves) - 1)
        assert moved[None] > 0.1
        assert moved[1e-3] == pytest.approx(1e-3, rel=1e-3)

    def test_it_stops_and_names_the_first_layer(self):
        model = Glow(IMAGE_SHAPE, levels=2, depth=2, width=2, coupling="affine", mixing="convolution")
        model.compile(keras.optimizers.SGD(0.0))
        for layer in (model.flow.levels[0].layers[6], model.flow.levels[1].layers[3]):
            bias = layer.network.layers[-1].bias
            bias.assign(tf.fill(bias.shape, np.nan))
        with pytest.raises(NonFiniteLossError, match=r"log-det of \S*level_0_step_1_coupling is not finite at step 1"):
            model.fit(fit_inputs(4), verbose=0)

    def test_an_affine_map_is_named_without_its_neighbour(self):
        model = Glow(IMAGE_SHAPE, levels=2, depth=1, width=2, mixing="convolution")
        model.compile(keras.optimizers.SGD(0.0))
        model.flow.levels[1].layers[2].factors.assign(np.full((8, 8), np.nan))
        with pytest.raises(NonFiniteLossError, match=r"log-det of \S*level_1_step_0_convolution is not finite"):
            model.train_step(images(4))

    @pytest.mark.traced
    def test_maximum_likelihood_finds_a_gaussian(self):
        """A flow of act norms and permutations can fit independent pixels, whose density is known."""
        random = np.random.RandomState(0)
        mean, deviation = random.uniform(-0.5, 0.5, (2, 2, 1)), random.uniform(0.1, 0.3, (2, 2, 1))
        x = (mean + deviation * random.randn(4000, 2, 2, 1)).astype("float32")
        model = Glow((2, 2, 1), levels=1, depth=1, width=4, input_noise="none", act_norm_from_data=True)
        model.compile(keras.optimizers.Adam(1e-2))
        model.fit(tf.data.Dataset.from_tensor_slices(x).batch(1000), epochs=20, verbose=0)
        entropy = np.sum(np.log(deviation) + 0.5 * np.log(2 * np.pi * np.e))
        # the fit to 4000 rows: within a standard error of the entropy, (4/2/4000)^0.5, times five, and its overfit
        assert -float(np.mean(model.log_prob(tf.constant(x)))) == pytest.approx(entropy, abs=0.12)


class TestUse:
    def test_the_temperature(self, glow):
        np.testing.assert_array_equal(glow.sample(3, seed=1), glow.sample(3, seed=1, temperature=1.0))
        cold = glow.sample(3, seed=1, temperature=0.0).numpy()
        np.testing.assert_allclose(cold, np.broadcast_to(glow.decode(tf.zeros([1, 64])), cold.shape), atol=1e-5)
        expected = glow.decode(0.5 * glow.latents(3, 1))
        np.testing.assert_allclose(glow.sample(3, seed=1, temperature=0.5), expected, atol=1e-5)

    def test_lines(self, glow):
        start, end = images(2, seed=5), images(2, seed=6)
        line = glow.interpolate(start, end, 5)
        assert line.shape == (2, 5, *IMAGE_SHAPE)
        np.testing.assert_allclose(line[:, 0], start, atol=1e-4)
        np.testing.assert_allclose(line[:, -1], end, atol=1e-4)
        middle = glow.decode(0.5 * (glow.encode(start) + glow.encode(end)))
        np.testing.assert_allclose(line[:, 2], middle, atol=1e-4)

    def test_sheets_of_four(self, glow):
        corners = images(4, seed=7)
        sheet = glow.interpolate_four(corners[tf.newaxis], 3)[0]
        assert sheet.shape == (9, *IMAGE_SHAPE)
        np.testing.assert_allclose(tf.gather(sheet, [0, 2, 6, 8]), corners, atol=1e-4)
        between = glow.decode(0.5 * (glow.encode(corners[:2]) + glow.encode(corners[2:])))
        np.testing.assert_allclose(tf.gather(sheet, [3, 5]), between, atol=1e-4)

    @pytest.mark.slow
    def test_export(self, glow, tmp_path):
        glow.export(tmp_path / "glow")
        loaded = tf.saved_model.load(str(tmp_path / "glow"))
        assert set(loaded.signatures) >= set(glow.endpoints())
        x = images(3)
        np.testing.assert_allclose(loaded.sample(3, 1), glow.sample(3, 1), atol=1e-4)
        at_temperature = glow.sample(3, 1, temperature=0.7)
        np.testing.assert_allclose(loaded.sample_at_temperature(3, 1, 0.7), at_temperature, atol=1e-4)
        np.testing.assert_allclose(loaded.decode(loaded.encode(x)), x, atol=1e-4)
        np.testing.assert_allclose(loaded.log_prob(x), glow.log_prob(x), rtol=1e-5)
        np.testing.assert_allclose(loaded.bits_per_dimension(x, 3), glow.bits_per_dimension(x, 3), rtol=1e-5)
        np.testing.assert_allclose(loaded.interpolate(x, x[::-1], 3), glow.interpolate(x, x[::-1], 3), atol=1e-4)
        assert loaded.interpolate_four(tf.stack([images(4)]), 2).shape == (1, 4, *IMAGE_SHAPE)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"image_shape": (12, 12, 1), "levels": 3}, "Squeeze 'glow_level_2_squeeze': blocks of 2x2 do not divide"),
        ({"image_shape": (None, None, 3)}, r"image_shape=\(None, None, 3\): give \(height, width, channels\)"),
        ({"image_shape": (16, 16)}, r"image_shape=\(16, 16\)"),
        ({"levels": 0}, "levels=0: must be a whole number of at least 1"),
        ({"levels": 1.5}, "levels=1.5"),
        ({"depth": 0}, "depth=0"),
        ({"depth": 1.5}, "depth=1.5"),
        ({"width": 0}, "width=0"),
        ({"coupling": "quadratic"}, "coupling='quadratic': choose one of additive, affine"),
        ({"mixing": "none"}, "mixing='none'"),
        ({"input_noise": "salt"}, "input_noise='salt'"),
        ({"noise_scale": -1.0}, "noise_scale=-1.0"),
        ({"clip_norm": 0.0}, "clip_norm=0.0"),
    ],
)
def test_bad_arguments(arguments, message):
    sizes = {"image_shape": (16, 16, 1), "levels": 2, "depth": 1, "width": 2}
    with pytest.raises(InputError, match=message):
        Glow(**sizes | arguments)


def test_bad_calls(glow):
    with pytest.raises(InputError, match="temperature=-0.1: must be a finite number of at least 0"):
        glow.sample(2, temperature=-0.1)
    with pytest.raises(InputError, match="num_samples=0"):
        glow.sample(0)
    with pytest.raises(InputError, match="num_points=1"):
        glow.interpolate(images(1), images(1), 1)
    with pytest.raises(InputError, match=r"^images: shape \(2, 4, 4, 1\); give \[n, 8, 8, 1\]"):
        glow.log_prob(tf.zeros([2, 4, 4, 1]))
