"""Claims that no study looks at yet."""

from reproductions.harness.claim import Above, Claim

LIPSCHITZ = (
    Claim(
        key="L3",
        topic="an SN step is cheaper",
        sentence="A step with spectral normalisation is cheaper than one of WGAN-GP.",
        # The times of other studies are of a machine that did other work: their noise exceeds the effect.
        statistic="time of a step, WGAN-GP's over that with spectral normalisation, alternating on a machine with "
        "nothing else to do",
        rule=Above(1),
    ),
)
