"""Tests of the divergences against their integrals in the post's table, which share nothing with the code's f."""

import copy

import numpy as np
import pytest
import tensorflow as tf
from scipy import optimize, special, stats
from scipy.spatial.distance import jensenshannon

from keras_gen.errors import InputError
from keras_gen.losses import f_divergences
from keras_gen.losses.f_divergences import Divergence, Interval

LOG2 = np.log(2)
INF = np.inf

LE_CAM_DOMAIN = Interval(-3.0, 1.0)
LE_CAM = Divergence(  # a user's own, as in the module's docstring
    name="le_cam",
    f=lambda u: (u - 1) ** 2 / (u + 1),
    derivative=lambda u: 1 - 4 / (u + 1) ** 2,
    conjugate=lambda t: 4 - t - 4 * tf.sqrt(1 - t),
    activation=lambda x: LE_CAM_DOMAIN.inside(2 * tf.tanh(x) - 1),
    domain=LE_CAM_DOMAIN,
)

INTEGRANDS = {
    "total_variation": lambda p, q: np.abs(p - q) / 2,
    "kl": lambda p, q: p * np.log(p / q),
    "reverse_kl": lambda p, q: q * np.log(q / p),
    "pearson": lambda p, q: (q - p) ** 2 / p,
    "neyman": lambda p, q: (p - q) ** 2 / q,
    "hellinger": lambda p, q: (np.sqrt(p) - np.sqrt(q)) ** 2,
    "jeffreys": lambda p, q: (p - q) * np.log(p / q),
    "js": lambda p, q: (p * np.log(2 * p / (p + q)) + q * np.log(2 * q / (p + q))) / 2,
    "sgan": lambda p, q: p * np.log(p / (p + q)) + q * np.log(4 * q / (p + q)),
    "le_cam": lambda p, q: (p - q) ** 2 / (p + q),
}
DOMAINS = {
    "total_variation": Interval(-0.5, 0.5, closed=True),
    "kl": Interval(-INF, INF),
    "reverse_kl": Interval(-INF, 0),
    "pearson": Interval(-INF, 1),
    "neyman": Interval(-2, INF),
    "hellinger": Interval(-INF, 1),
    "jeffreys": Interval(-INF, INF),
    "js": Interval(-INF, LOG2 / 2),
    "sgan": Interval(-INF, 0),
    "le_cam": Interval(-3, 1),
}

DIVERGENCES = [*map(f_divergences.get, f_divergences.names()), LE_CAM]
every_divergence = pytest.mark.parametrize("divergence", DIVERGENCES, ids=lambda divergence: divergence.name)
every_smooth_divergence = pytest.mark.parametrize(
    "divergence", [d for d in DIVERGENCES if d.name != "total_variation"], ids=lambda divergence: divergence.name
)


def f(divergence):
    """f(u) = q f(p/q) at p = u, q = 1."""
    return lambda u: INTEGRANDS[divergence.name](u, 1.0)


def gradient(function, x):
    """The derivative, number by number."""
    x = tf.convert_to_tensor(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        value = function(x)
    return tape.gradient(value, x).numpy()


def ratios(largest=20.0, count=40):
    """Ratios u on both sides of 1, none of them 1."""
    return np.exp(np.linspace(-np.log(largest), np.log(largest), count))


def test_every_name_is_tested():
    assert {*f_divergences.names(), "le_cam"} == set(INTEGRANDS) == set(DOMAINS)


class TestF:
    @every_divergence
    def test_its_integral_is_the_posts(self, divergence):
        p, q = np.random.RandomState(0).uniform(0.1, 3, (2, 20))
        # float64 sums of a few numbers of order 1
        np.testing.assert_allclose(q * divergence.f(p / q), INTEGRANDS[divergence.name](p, q), rtol=1e-12, atol=1e-14)

    @every_divergence
    def test_it_is_convex_and_zero_at_one(self, divergence):
        assert float(divergence.f(tf.constant(1.0, tf.float64))) == pytest.approx(0, abs=1e-15)
        u, v = np.random.RandomState(0).uniform(0.01, 5, (2, 100))
        chord, middle = (divergence.f(u) + divergence.f(v)) / 2, divergence.f((u + v) / 2)
        assert np.min(chord - middle) > -1e-12
        if divergence.name != "total_variation":
            assert np.max(chord - middle) > 1e-3  # strictly: zero only at P = Q (3)

    @every_divergence
    def test_its_derivative(self, divergence):
        u = ratios()
        step = 1e-5 * u
        difference = (f(divergence)(u + step) - f(divergence)(u - step)) / (2 * step)
        # truncation of order 1e-10 u^2 f''', rounding of order 1e-16 / 1e-5
        np.testing.assert_allclose(divergence.derivative(u), difference, rtol=1e-7, atol=1e-8)
        np.testing.assert_allclose(gradient(divergence.f, u), difference, rtol=1e-7, atol=1e-8)


class TestDomain:
    @every_divergence
    def test_it_is_the_posts(self, divergence):
        assert divergence.domain == DOMAINS[divergence.name]

    @every_divergence
    def test_the_derivative_covers_it(self, divergence):
        slopes = np.asarray(divergence.derivative(ratios(1e3, 1000)))
        assert (np.diff(slopes) >= 0).all()
        assert contains(divergence.domain, slopes).all()
        for end, ratio in ((divergence.domain.lower, 1e-100), (divergence.domain.upper, 1e100)):
            slope = float(divergence.derivative(tf.constant(ratio, tf.float64)))
            if np.isinf(end):  # the slowest grow like log(u) / 2
                assert np.sign(slope) == np.sign(end) and abs(slope) > 100
            else:
                assert slope == pytest.approx(end, abs=1e-12)

    def test_inside(self):
        numbers = tf.constant([-INF, -1.0, 0.25, 1.0, INF])
        below_one = Interval(upper=1.0).inside(numbers).numpy()
        np.testing.assert_array_equal(below_one[1:3], [-1, 0.25])
        assert np.isfinite(below_one[0]) and below_one[0] < -1e38
        assert (below_one[3:] == np.float32(1 - 2**-24)).all()
        tiny = Interval(lower=0.0).inside(numbers).numpy()[:2]
        assert (tiny > 0).all() and (tiny < 1e-37).all() and np.isfinite(tf.math.log(tf.constant(tiny))).all()
        np.testing.assert_array_equal(Interval(-1, 1, closed=True).inside(numbers), [-1, -1, 0.25, 1, 1])


def contains(domain, numbers):
    if domain.closed:
        return (domain.lower <= numbers) & (numbers <= domain.upper)
    return (domain.lower < numbers) & (numbers < domain.upper)


class TestConjugate:
    @every_divergence
    def test_it_is_the_supremum(self, divergence):
        """g(t) = max_u (t u - f(u)) by Brent's method over log u."""
        for t in self.slopes(divergence):
            best = optimize.minimize_scalar(
                lambda log_u, t=t: f(divergence)(np.exp(log_u)) - t * np.exp(log_u),
                bounds=(-20, 20),
                method="bounded",
                options={"xatol": 1e-10},
            )
            # Brent stops within 1e-8 |log u| of the best u, where total variation has a kink of slope 1.
            value = float(divergence.conjugate(tf.constant(t, tf.float64)))
            assert value == pytest.approx(-best.fun, rel=1e-6, abs=1e-6), t

    @staticmethod
    def slopes(divergence):
        if divergence.name == "total_variation":
            return np.linspace(-0.5, 0.5, 11)
        return np.asarray(divergence.derivative(ratios(count=10)))

    @every_smooth_divergence
    def test_its_slope_is_the_best_u(self, divergence):
        u = ratios()
        # 1 - f'(u) cancels 3 digits of Pearson's at u = 20
        np.testing.assert_allclose(gradient(divergence.conjugate, divergence.derivative(u)), u, rtol=1e-10)

    @every_smooth_divergence
    def test_its_second_derivative(self, divergence):
        """g''(f'(u)) = 1 / f''(u), f'' by central differences of f'."""
        u = ratios()
        step = 1e-5 * u
        curvature = np.asarray(divergence.derivative(u + step) - divergence.derivative(u - step)) / (2 * step)
        with tf.GradientTape() as tape:
            t = tf.convert_to_tensor(divergence.derivative(u))
            tape.watch(t)
            with tf.GradientTape() as inner:
                inner.watch(t)
                value = divergence.conjugate(t)
            slope = inner.gradient(value, t)
        np.testing.assert_allclose(tape.gradient(slope, t), 1 / curvature, rtol=1e-6)

    @pytest.mark.parametrize("dtype, rtol", [("float32", 1e-5), ("float64", 1e-12)])
    def test_jeffreys_far_out(self, dtype, rtol):
        """SciPy's Wright omega function is W(e^y), where e^y may overflow, as it does in float32 at t = -88."""
        t = np.concatenate([-np.logspace(4, -2, 50), [0], np.linspace(0.01, 50, 50)])
        w = special.wrightomega(1 - t)
        conjugate = f_divergences.JEFFREYS.conjugate
        # terms of order 1 cancel around t = 0
        np.testing.assert_allclose(conjugate(tf.constant(t, dtype)), w + 1 / w + t - 2, rtol=rtol, atol=rtol)
        np.testing.assert_allclose(gradient(conjugate, tf.constant(t, dtype)), 1 / w, rtol=rtol)


class TestActivation:
    scores = np.linspace(-50, 50, 2001).astype("float32")

    @every_divergence
    def test_it_maps_into_the_domain_and_onto_it(self, divergence):
        t = divergence.activation(tf.constant(self.scores)).numpy()
        assert contains(divergence.domain, t.astype("float64")).all()
        for end, number in ((divergence.domain.lower, t[0]), (divergence.domain.upper, t[-1])):
            if np.isinf(end):  # the slowest, Jensen and Shannon's, falls like x / 2
                assert np.sign(number) == np.sign(end) and abs(number) > 24
            else:
                assert number == pytest.approx(end, abs=1e-6)

    @every_divergence
    def test_it_rises(self, divergence):
        assert (np.diff(divergence.activation(np.linspace(-15, 15, 301))) > 0).all()

    @every_divergence
    def test_values_and_gradients_are_finite(self, divergence):
        functions = [
            divergence.activation,
            divergence.activated_conjugate,
            lambda x: divergence.conjugate(divergence.activation(x)),
        ]
        for function in functions:
            for values in (function(tf.constant(self.scores)).numpy(), gradient(function, self.scores)):
                assert values.dtype == np.float32
                assert np.isfinite(values).all()

    @every_divergence
    def test_the_simple_form_is_the_conjugate_of_the_activation(self, divergence):
        x = np.linspace(-15, 15, 101)

        def composed(x):
            return divergence.conjugate(divergence.activation(x))

        # float64, of which 1 - T leaves 9 digits at x = 15
        np.testing.assert_allclose(divergence.activated_conjugate(x), composed(x), rtol=1e-8)
        np.testing.assert_allclose(gradient(divergence.activated_conjugate, x), gradient(composed, x), rtol=1e-8)

    @pytest.mark.parametrize(
        "name, activation",
        [
            ("total_variation", lambda x: np.tanh(x) / 2),
            ("kl", lambda x: x),
            ("reverse_kl", lambda x: -np.exp(-x)),
            ("pearson", lambda x: 1 - np.exp(-x)),
            ("neyman", lambda x: np.exp(x / 2) - 2),
            ("hellinger", lambda x: 1 - np.exp(-x)),
            ("jeffreys", lambda x: x),
            ("js", lambda x: LOG2 / 2 - np.log(1 + np.exp(-x)) / 2),
            ("sgan", lambda x: -np.log(1 + np.exp(-x))),
        ],
    )
    def test_it_is_the_posts_with_inputs_that_rise(self, name, activation):
        x = np.linspace(-5, 5, 21)
        np.testing.assert_allclose(f_divergences.get(name).activation(x), activation(x), rtol=1e-12, atol=1e-15)


class TestBoundOnGaussians:
    """The integrals over a grid, which for these functions, smooth and small at its ends, are exact to 1e-6."""

    x = np.linspace(-15, 15, 30_001)
    p, q = stats.norm.pdf(x, 0.5, 1.0), stats.norm.pdf(x, 0.0, 1.2)

    @classmethod
    def integral(cls, values):
        return np.trapezoid(values, cls.x)

    @pytest.fixture(params=[False, True], ids=["p_q", "q_p"])
    def densities(self, request):
        return (self.q, self.p) if request.param else (self.p, self.q)

    def bound(self, divergence, densities, t):
        p, q = densities
        return self.integral(p * t - q * divergence.conjugate(t))

    def best(self, divergence, densities):
        p, q = densities
        return divergence.domain.inside(divergence.derivative(p / q))

    @every_divergence
    def test_at_the_best_t_it_is_the_divergence(self, divergence, densities):
        expected = self.integral(INTEGRANDS[divergence.name](*densities))
        assert expected > 0.01
        value = self.bound(divergence, densities, self.best(divergence, densities))
        assert value == pytest.approx(expected, abs=1e-6)

    @every_divergence
    def test_elsewhere_it_is_less(self, divergence, densities):
        expected = self.integral(INTEGRANDS[divergence.name](*densities))
        best = self.best(divergence, densities)
        random = np.random.RandomState(0)
        for _ in range(5):
            a, b, c = random.normal(size=3)
            other = divergence.activation(a + b * np.sin(3 * self.x) + c * self.x / 5)
            for weight in (0.03, 0.3, 1.0):
                value = self.bound(divergence, densities, (1 - weight) * best + weight * other)
                assert value < expected - 1e-5

    def test_closed_forms(self):
        """Of N(m, s^2) and N(0, r^2), with m = 1/2, s = 1, r = 1.2."""
        kl = np.log(1.2) + (1 + 0.25) / (2 * 1.44) - 0.5
        reverse_kl = -np.log(1.2) + (1.44 + 0.25) / 2 - 0.5
        affinity = np.sqrt(2 * 1.2 / (1 + 1.44)) * np.exp(-0.25 / (4 * (1 + 1.44)))
        closed_forms = {"kl": kl, "reverse_kl": reverse_kl, "jeffreys": kl + reverse_kl, "hellinger": 2 - 2 * affinity}
        for name, expected in closed_forms.items():
            value = self.integral(self.q * f_divergences.get(name).f(self.p / self.q))
            assert value == pytest.approx(expected, rel=1e-9), name


class TestBoundOnThreePoints:
    p, q = np.array([1, 2, 5]), np.array([4, 3, 1])  # in eighths

    @every_divergence
    def test_trained_scores_reach_the_divergence(self, divergence):
        def loss(scores):
            scores = tf.constant(scores)
            with tf.GradientTape() as tape:
                tape.watch(scores)
                value = -divergence.bound(tf.repeat(scores, self.p), tf.repeat(scores, self.q))
            return value.numpy(), tape.gradient(value, scores).numpy()

        best = optimize.minimize(loss, np.zeros(3), jac=True, method="BFGS", options={"gtol": 1e-6})
        expected = np.sum(INTEGRANDS[divergence.name](self.p / 8, self.q / 8))
        # BFGS stops where the slope is 1e-6; total variation's best scores lie at infinity, where it is as small
        assert -best.fun == pytest.approx(expected, abs=2e-6)

    def test_jensen_and_shannons_is_scipys(self):
        p, q = self.p / 8, self.q / 8
        expected = jensenshannon(p, q) ** 2
        assert np.sum(q * f_divergences.JS.f(p / q)) == pytest.approx(expected, rel=1e-12)
        assert np.sum(q * f_divergences.SGAN.f(p / q)) == pytest.approx(2 * expected, rel=1e-12)


@pytest.mark.parametrize(
    "name, largest", [("js", LOG2), ("hellinger", 2.0), ("total_variation", 1.0), ("sgan", 2 * LOG2)]
)
def test_scores_that_separate_reach_the_largest_divergence(name, largest):
    value = f_divergences.get(name).bound(tf.constant([50.0, 40.0]), tf.constant([-50.0, -40.0]))
    assert float(value) == pytest.approx(largest, rel=1e-6)


class TestRegistry:
    @pytest.fixture(autouse=True)
    def restored(self, monkeypatch):
        monkeypatch.setattr(f_divergences, "_DIVERGENCES", dict(f_divergences._DIVERGENCES))

    def test_names(self):
        for name in f_divergences.names():
            assert f_divergences.get(name).name == name
        assert f_divergences.get(LE_CAM) is LE_CAM

    def test_an_unknown_name_lists_what_there_is(self):
        message = r"divergence='le_cam': choose one of total_variation, kl, .*, js, sgan, or register your own"
        with pytest.raises(InputError, match=message):
            f_divergences.get("le_cam")

    def test_your_own(self):
        assert f_divergences.register(LE_CAM) is LE_CAM
        assert f_divergences.get("le_cam") is LE_CAM
        assert f_divergences.names()[-1] == "le_cam"

    def test_a_taken_name(self):
        false_kl = Divergence("kl", LE_CAM.f, LE_CAM.derivative, LE_CAM.conjugate, LE_CAM.activation, LE_CAM.domain)
        with pytest.raises(InputError, match="name='kl' is taken"):
            f_divergences.register(false_kl)
        assert f_divergences.get("kl") is f_divergences.KL
        # It would be saved as the other.
        with pytest.raises(InputError, match="^name='kl' is that of another divergence; give yours another$"):
            f_divergences.get(false_kl)
        assert f_divergences.get(copy.deepcopy(f_divergences.KL)) == f_divergences.KL
