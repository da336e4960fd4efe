"""Predicts the seconds of a training step on many GPUs from what one computes and exchanges."""

import math
from dataclasses import dataclass

from benchmarks.exchange import Exchange


@dataclass(frozen=True)
class Gpu:
    """The speed of a GPU.

    Attributes:
        rate: Floating-point operations per second, in convolutions and matrix products.
        noise_rate: Random numbers per second.
    """

    rate: float
    noise_rate: float


@dataclass(frozen=True)
class Network:
    """The slowest link of a ring of GPUs.

    Attributes:
        name: Its name.
        bandwidth: Bytes per second, in each direction.
        latency: Seconds per hop.
    """

    name: str
    bandwidth: float
    latency: float


@dataclass(frozen=True)
class Prediction:
    """Seconds of the parts of a step; nothing overlaps."""

    computing: float
    noise: float
    gradients: float
    statistics: float
    gathered: float

    @property
    def step(self) -> float:
        """The whole step."""
        return self.computing + self.noise + self.gradients + self.statistics + self.gathered

    @property
    def efficiency(self) -> float:
        """The part of the step in which a GPU does what one GPU alone would do for these rows."""
        return (self.computing + self.noise) / self.step


def predict(exchange: Exchange, replicas: int, network: Network, gpu: Gpu, share: float = 1.0) -> Prediction:
    """The step of one of several replicas, each of which draws the noise of its own rows only.

    Args:
        exchange: What was counted for one replica.
        replicas: Number of replicas n.
        network: The network between them.
        gpu: The GPU of each.
        share: Rows per replica, relative to those that were counted.
    """
    return Prediction(
        computing=share * exchange.operations / gpu.rate,
        noise=share * exchange.noise / gpu.noise_rate,
        gradients=sum(all_reduce(size, replicas, network) for size in exchange.gradients),
        statistics=sum(all_reduce(size, replicas, network) for size in exchange.statistics),
        gathered=sum(all_gather(share * size, replicas, network) for size in exchange.gathered)
        + sum(all_reduce(replicas * share * size, replicas, network) for size in exchange.returned),
    )


def all_reduce(size: float, replicas: int, network: Network) -> float:
    """Each GPU sends 2 (n - 1)/n of the tensor's bytes round the ring.

    Where latency counts, NCCL goes up and down a tree instead: 2 log2(n) hops.
    """
    sent = 2 * (replicas - 1) / replicas * size
    return sent / network.bandwidth + 2 * hops(replicas) * network.latency


def all_gather(size: float, replicas: int, network: Network) -> float:
    """Each GPU passes on what n - 1 GPUs contribute."""
    return (replicas - 1) * size / network.bandwidth + hops(replicas) * network.latency


def hops(replicas: int) -> int:
    """Hops from the root of a tree of that many nodes to its leaves."""
    return math.ceil(math.log2(replicas))
