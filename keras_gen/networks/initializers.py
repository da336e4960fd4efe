"""Seeds of initial weights, as a pure function of one seed."""

import zlib
from collections.abc import Iterator


def seeds(network: str, seed: int) -> Iterator[int]:
    """One seed per layer, different for every network, layer and seed.

    Args:
        network: The network's name, so that two networks with the same seed start differently.
        seed: The seed of the network.

    Yields:
        Seeds in [0, 2^31), for the layers in the order in which they are made.
    """
    layer = 0
    while True:
        yield zlib.crc32(f"{network}/{seed}/{layer}".encode()) % 2**31
        layer += 1
