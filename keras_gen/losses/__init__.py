"""Losses: functions of tensors that know no network."""

from keras_gen.losses import adversarial, gradient_penalties, gradient_sampling
from keras_gen.losses.adversarial import AdversarialLoss, NonSaturating, Wasserstein
from keras_gen.losses.gradient_penalties import (
    GradientPenalty,
    OneSidedPenalty,
    PowerPenalty,
    TwoSidedPenalty,
)

__all__ = [
    "AdversarialLoss",
    "GradientPenalty",
    "NonSaturating",
    "OneSidedPenalty",
    "PowerPenalty",
    "TwoSidedPenalty",
    "Wasserstein",
    "adversarial",
    "gradient_penalties",
    "gradient_sampling",
]
