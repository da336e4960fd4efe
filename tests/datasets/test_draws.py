import numpy as np
import pytest
import tensorflow_probability as tfp

from keras_gen import datasets
from keras_gen.errors import InputError

NORMAL = tfp.distributions.MultivariateNormalDiag([1.0, -2.0], [0.5, 3.0])


def taken(count, **arguments):
    return np.stack(list(datasets.draws(NORMAL, batch_size=500, **arguments).take(count).as_numpy_iterator()))


def test_they_have_the_distributions_moments():
    rows = taken(40, seed=3).reshape(-1, 2)
    assert rows.dtype == np.float32
    # 20,000 draws: four standard errors of the mean, and of the deviation
    np.testing.assert_array_less(np.abs(rows.mean(0) - [1, -2]), 4 * np.array([0.5, 3]) / np.sqrt(20_000))
    np.testing.assert_array_less(np.abs(rows.std(0) - [0.5, 3]), 4 * np.array([0.5, 3]) / np.sqrt(40_000))


def test_a_batch_depends_on_seed_and_step_alone():
    made = taken(4, seed=3)
    np.testing.assert_array_equal(taken(2, seed=3, first_step=2), made[2:])
    assert len(np.unique(np.concatenate([made, taken(4, seed=4)]).reshape(-1, 2), axis=0)) == 8 * 500


def test_bad_arguments():
    with pytest.raises(InputError, match="batch_size=0"):
        datasets.draws(NORMAL, 0)
    with pytest.raises(InputError, match="first_step=-1"):
        datasets.draws(NORMAL, 4, first_step=-1)
