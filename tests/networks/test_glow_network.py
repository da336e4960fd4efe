"""What does not fit Glow's flow is named; its flow is among those of tests/layers/test_flows.py."""

import pytest

from keras_gen.errors import InputError
from keras_gen.networks import glow


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"squeeze_first": False}, "g_level_0: 1 channels have no halves; squeeze first"),
        ({"depths": []}, "levels=0: must be a whole number of at least 1"),
        ({"depths": [1, 1.5]}, r"depths\[1\]=1.5"),
        ({"shape": (None, None, 3)}, r"shape=\(None, None, 3\): give \(height, width, channels\)"),
        ({"width": 0}, "width=0"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(InputError, match=message):
        glow(**{"shape": (8, 8, 1), "depths": [1], "width": 2, "name": "g"} | arguments)
