"""What Glow's flow is made of; what does not fit is named. Its map is among those of tests/layers/test_flows.py."""

import numpy as np
import pytest

from keras_gen.errors import InputError
from keras_gen.keras_privates import all_layers
from keras_gen.layers.flows import AffineCoupling
from keras_gen.networks import glow
from keras_gen.networks.coupling import coupling_network
from keras_gen.utils import noise


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"squeeze_first": False}, "g_level_0: 1 channels have no halves; squeeze first"),
        ({"depths": []}, "levels=0: must be a whole number of at least 1"),
        ({"depths": [1, 1.5]}, r"depths\[1\]=1.5"),
        ({"shape": (None, None, 3)}, r"shape=\(None, None, 3\): give \(height, width, channels\)"),
        ({"width": 0}, "width=0"),
        ({"scale": "exp"}, "scale='exp': choose one of exp_tanh, sigmoid"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(InputError, match=message):
        glow(**{"shape": (8, 8, 1), "depths": [1], "width": 2, "name": "g"} | arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"initializer": "foo"}, "initializer='foo': choose one of he_normal, glorot_uniform"),
        ({"shape": (8, 8)}, r"shape=\(8, 8\): give \(height, width, channels\)"),
        ({"outputs": 0}, "outputs=0: must be a whole number of at least 1"),
        ({"width": 0}, "width=0: must be a whole number of at least 1"),
    ],
)
def test_bad_arguments_of_its_couplings_network(arguments, message):
    with pytest.raises(InputError, match=f"^{message}"):
        coupling_network(**{"shape": (8, 8, 1), "outputs": 2, "width": 2} | arguments)


def test_the_inverse_of_affine_couplings_is_finite_whatever_their_networks_give():
    """Far from data, networks give anything; each of the 8 steps then multiplies by e^2 at most."""
    flow = glow((8, 8, 1), depths=[8], width=2, coupling="affine")
    for coupling in all_layers(flow):
        if isinstance(coupling, AffineCoupling):
            coupling.network.layers[-1].bias.assign([0.0, 0.0, -1e3, -1e3])  # shifts, and what gives the scales
    z = noise.normal([64, 64], seed=(1, 2))
    x = np.abs(flow.inverse(z))
    assert 1 < x.max() / np.abs(z).max() <= np.exp(2.0 * 8)
