"""What the contests of flows and VAEs look at in a trained model: its samples at temperatures of 0.7 to 1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

# The post's usual one is 0.8.
TEMPERATURES = (0.7, 0.8, 0.9, 1.0)


def examine(model: Any, train: Any, test: Any, features: Any, configuration: Any) -> tuple[dict, np.ndarray]:
    """Distance and sharpness of samples by temperature; a row of samples each. A VAE is drawn at 1 alone."""
    from reproductions.experiments import flow_pictures

    return flow_pictures.temperatures(model, train, test, features, configuration, TEMPERATURES)
