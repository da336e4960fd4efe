"""Learning rates that rise at first, and fall in the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras

# To which part of itself a rate falls.
DECAYED = 0.01


def schedule(
    rate: float, warmup_steps: int = 0, decay_steps: int = 0, updates: int = 1
) -> float | keras.optimizers.schedules.LearningRateSchedule:
    """A learning rate, or its rise to the value and, along a cosine, its fall to a hundredth, where it stays.

    Args:
        rate: The value.
        warmup_steps: Steps of the rise; 0 for none.
        decay_steps: Steps of the fall, after those; 0 for none.
        updates: Updates that the optimiser makes in a step.
    """
    from keras.optimizers import schedules

    rise, fall = warmup_steps * updates, decay_steps * updates
    if fall:
        target = rate if rise else None
        return schedules.CosineDecay(rate / (rise or 1), fall, DECAYED, warmup_target=target, warmup_steps=rise)
    return schedules.PolynomialDecay(rate / rise, rise, rate) if rise else rate
