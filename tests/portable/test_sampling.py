"""Latents drawn in NumPy and in JavaScript, against those of the models and against each other."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from helpers.replicated_runs import untrained
from keras_gen.models import priors
from keras_gen.portable import sampling
from keras_gen.utils import noise

ROOT = Path(__file__).parents[2]
STREAMS = ([0, 0], [7, 4044060355], [-1, 5], [2**31 - 1, -250906941])
# A normal number is at most 5.7, whose last bit is 4.8e-7; TensorFlow rounds logarithm, root and sine in between.
ROUNDING = 1e-6
# Python and JavaScript compute in float64 and round once: libraries of sines may differ in that one bit.
LAST_BIT = 5e-7

# Of the library Random123, by the paper's authors: counter, key, block.
KNOWN_ANSWERS = [
    ([0] * 4, [0] * 2, [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
    ([0xFFFFFFFF] * 4, [0xFFFFFFFF] * 2, [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]),
    (
        [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],
        [0xA4093822, 0x299F31D0],
        [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1],
    ),
]


def gaussian(shape):
    """N(mu, sigma²) with a mean and a deviation for each number."""
    size = int(np.prod(shape))
    mean, deviation = np.arange(size, dtype="float32").reshape(shape), np.linspace(0.1, 2, size, dtype="float32")
    return tfd.Independent(tfd.Normal(mean, deviation.reshape(shape)), len(shape))


def mixture(shape):
    """Three Gaussians with different probabilities, means and deviations."""
    means = np.random.RandomState(0).randn(3, *shape).astype("float32")
    components = tfd.Independent(tfd.Normal(means, np.abs(means) + 0.1), len(shape))
    return tfd.MixtureSameFamily(tfd.Categorical(probs=[0.2, 0.5, 0.3]), components)


PRIORS = {f"{make.__name__}_{len(shape)}": make(shape) for make in (gaussian, mixture) for shape in ((3,), (2, 2, 1))}
GENERATIVE = ("gan", "wgan_gp", "vae", "clustering_vae", "clustering_vae_warmed_up", "glow", "f_vae")


class TestNumPy:
    @pytest.mark.parametrize("counter, key, block", KNOWN_ANSWERS)
    def test_the_papers_known_answers(self, counter, key, block):
        np.testing.assert_array_equal(sampling.philox(np.array([counter], np.uint32), key), [block])

    @pytest.mark.parametrize("seed, stream", STREAMS)
    @pytest.mark.parametrize("shape", [(1,), (5,), (3, 7), (0, 2), (1001,)])
    def test_noise_is_that_of_the_library(self, seed, stream, shape):
        given = tf.constant([seed, stream], tf.int64)
        np.testing.assert_array_equal(sampling.uniform(shape, seed, stream), noise.uniform(shape, given))
        numbers = sampling.normal(shape, seed, stream)
        assert numbers.dtype == np.float32
        np.testing.assert_allclose(numbers, noise.normal(shape, given), rtol=0, atol=ROUNDING)

    @pytest.mark.parametrize("name", GENERATIVE)
    def test_latents_are_the_models(self, name):
        model = untrained(name)
        prior = json.loads(json.dumps(model.prior_in_numbers()))
        for count, seed in ((5, 7), (1, -3)):
            expected = model.latents(count, seed).numpy()
            drawn = sampling.latents(prior, count, seed)
            assert drawn.shape == expected.shape and drawn.dtype == np.float32
            np.testing.assert_allclose(drawn, expected, rtol=0, atol=ROUNDING)

    @pytest.mark.parametrize("prior", PRIORS.values(), ids=PRIORS)
    def test_of_any_gaussians(self, prior):
        drawn = sampling.latents(priors.in_numbers(prior), 200, seed=3)
        np.testing.assert_allclose(drawn, priors.draw(prior, 200, 3), rtol=1e-6, atol=2e-6)

    def test_of_one_cluster(self):
        model = untrained("clustering_vae")
        prior = model.prior_in_numbers()
        for cluster in range(3):
            latents = sampling.latents(prior, 4, seed=7, cluster=cluster)
            found = model.decode(latents)
            np.testing.assert_allclose(found, model.sample_cluster(cluster, 4, 7), rtol=1e-5, atol=1e-5)

    def test_at_a_temperature(self):
        model = untrained("glow")
        latents = sampling.latents(model.prior_in_numbers(), 4, seed=7, temperature=0.7)
        np.testing.assert_allclose(latents, 0.7 * model.latents(4, 7), atol=ROUNDING)

    def test_what_cannot_be_drawn_is_said(self):
        normal, clusters = (untrained(name).prior_in_numbers() for name in ("gan", "clustering_vae"))
        other = priors.in_numbers(tfd.Independent(tfd.Laplace(tf.zeros(2), 1.0), 1))
        assert other == {"kind": "Independent", "shape": [2]}
        for message, prior, arguments in (
            ("the prior is 'Independent', which only keras_gen can draw from", other, {}),
            ("num_samples=0: must be at least 1", normal, {"num_samples": 0}),
            (
                "temperature=0.5: .* and only to a model with a flow",
                normal,
                {"temperature": 0.5},
            ),
            ("cluster=0: this model has no such cluster", normal, {"cluster": 0}),
            ("cluster=3: this model has no such cluster", clusters, {"cluster": 3}),
        ):
            with pytest.raises(ValueError, match=message):
                sampling.latents(prior, **{"num_samples": 2, **arguments})

    def test_it_needs_numpy_alone(self, tmp_path):
        shutil.copy(sampling.__file__, tmp_path)
        program = (
            "import sys; sys.path.insert(0, sys.argv[1]); import sampling\n"
            "assert not {'tensorflow', 'keras', 'keras_gen'} & set(sys.modules)\n"
            "print(sampling.normal((2,), 7, 5).tolist())"
        )
        command = [sys.executable, "-I", "-c", program, tmp_path]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert json.loads(done.stdout) == sampling.normal((2,), 7, 5).tolist()


@pytest.fixture(scope="module")
def javascript(tmp_path_factory):
    """Calls functions of philox.js in one process of Node."""
    if shutil.which("node") is None:
        pytest.skip("JavaScript is tested where Node is: install Debian's package nodejs")
    folder = tmp_path_factory.mktemp("node")
    shutil.copy(ROOT / "reproductions" / "site" / "philox.js", folder / "philox.mjs")
    shutil.copy(Path(__file__).parent / "programs" / "latents.mjs", folder)

    def called(*calls):
        given = json.dumps([{"name": name, "args": args} for name, *args in calls])
        command = ["node", folder / "latents.mjs"]
        done = subprocess.run(command, input=given, capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    return called


class TestJavaScript:
    def test_it_draws_what_numpy_draws(self, javascript):
        described = {name: priors.in_numbers(prior) for name, prior in PRIORS.items()}
        described |= {name: untrained(name).prior_in_numbers() for name in ("gan", "glow", "clustering_vae")}
        calls = [("philox", counter, key) for counter, key, _ in KNOWN_ANSWERS]
        expected = [block for *_, block in KNOWN_ANSWERS]
        for seed, stream in STREAMS:
            calls += [("uniform", 1001, seed, stream), ("normal", 1001, seed, stream)]
            expected += [sampling.uniform((1001,), seed, stream), sampling.normal((1001,), seed, stream)]
        for name, prior in described.items():
            for options in ({}, {"seed": 7}, *([{"cluster": 2}] if name == "clustering_vae" else [])):
                calls.append(("latents", prior, 50, options))
                expected.append(sampling.latents(prior, 50, **options))
        calls.append(("latents", described["glow"], 3, {"temperature": 0.7}))
        expected.append(sampling.latents(described["glow"], 3, temperature=0.7))
        for call, found, numbers in zip(calls, javascript(*calls), expected, strict=True):
            tolerance = 0 if call[0] in ("philox", "uniform") else LAST_BIT
            np.testing.assert_allclose(found, np.ravel(numbers), rtol=1e-7, atol=tolerance, err_msg=str(call)[:200])

    def test_what_cannot_be_drawn_is_said(self, javascript):
        normal = untrained("gan").prior_in_numbers()
        calls = [
            ("latents", {"kind": "Independent", "shape": [2]}, 2),
            ("latents", normal, 0),
            ("latents", normal, 2, {"temperature": 0.5}),
            ("latents", normal, 2, {"cluster": 0}),
            ("latents", normal, 2, {"seed": 0.5}),
        ]
        assert javascript(*calls) == [
            "the prior is 'Independent', which only keras_gen can draw from",
            "numSamples: must be at least 1",
            "temperature: give a number of at least 0, and only to a model with a flow",
            "cluster=0: this model has no such cluster",
            "seed: must be a whole number",
        ]
