"""`reproductions/families/rates.py`."""

import pytest

from reproductions import wgan_div
from reproductions.families.rates import schedule

HALF_WAY = 0.5 * (0.01 + 0.99 * 0.5)  # of a cosine from 0.5 to its hundredth


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ({"warmup_steps": 10}, {0: 0.05, 5: 0.275, 10: 0.5, 1000: 0.5}),
        ({"decay_steps": 100}, {0: 0.5, 50: HALF_WAY, 100: 0.005, 1000: 0.005}),
        (
            {"warmup_steps": 10, "decay_steps": 100},
            {0: 0.05, 5: 0.275, 10: 0.5, 60: HALF_WAY, 110: 0.005, 1000: 0.005},
        ),
        ({"decay_steps": 100, "updates": 5}, {0: 0.5, 250: HALF_WAY, 500: 0.005}),
    ],
)
def test_a_rate_on_its_way(steps, expected):
    rate = schedule(0.5, **steps)
    assert {step: float(rate(step)) for step in expected} == pytest.approx(expected)


def test_a_constant_rate_is_a_number():
    assert schedule(0.5) == 0.5


def test_both_rates_of_a_gan_fall_over_the_same_steps():
    c = wgan_div.PRESETS["smoke"].replace({"decay_steps": 100, "discriminator_steps": 5, "generator_steps": 2})
    model = wgan_div.build(c, (8, 8, 1), 1)
    for optimizer, updates in ((model.discriminator_optimizer, 500), (model.generator_optimizer, 200)):
        rate = optimizer._learning_rate
        assert float(rate(0)) == pytest.approx(2e-4)
        assert float(rate(updates // 2)) == pytest.approx(2e-4 * (0.01 + 0.99 * 0.5))
        assert float(rate(updates)) == pytest.approx(2e-6)
