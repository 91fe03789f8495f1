"""Encoded records on the scale that the learner would put them on next.

Shapes: B batch, D features, A = 1 + D.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from stream_hmoe.frozen.part import Part
from stream_hmoe.kernels.scaling import LARGEST, SLOWEST_RATE, Scale

__all__ = ["FrozenScale"]

LARGEST_ERROR = 1e150
FLAT = 1e-12


class FrozenScale(Part):
    """Each feature less its running mean, over its running deviation, both with the record in them.

    Every record is taken as the next one: it moves the moments it is scaled by, and no other record's.

    Args:
        scale: the learner's.
    """

    rate_D: Tensor
    mean_D: Tensor
    variance_D: Tensor
    most: Tensor
    flat: Tensor

    def __init__(self, scale: Scale) -> None:
        super().__init__()
        rate_D = np.maximum(1.0 / (scale.count_D + 1.0), SLOWEST_RATE)
        self.hold(rate_D=rate_D, mean_D=scale.mean_D, variance_D=scale.variance_D)
        self.hold(most=LARGEST_ERROR, flat=FLAT)

    def forward(self, x_BD: Tensor) -> Tensor:
        """Return (B, A): a constant 1, then every feature on one scale; a missing value (NaN) becomes 0."""
        error_BD = (x_BD - self.mean_D).clamp(-self.most, self.most)
        mean_BD = self.mean_D + self.rate_D * error_BD
        rest_BD = x_BD - mean_BD
        change_BD = error_BD * rest_BD.clamp(-self.most, self.most) - self.variance_D
        deviation_BD = (self.variance_D + self.rate_D * change_BD).clamp(min=0.0).sqrt()
        is_flat = deviation_BD <= self.flat * (1.0 + mean_BD.abs())
        z_BD = (rest_BD / deviation_BD).clamp(-LARGEST, LARGEST)
        z_BD = torch.where(is_flat | x_BD.isnan(), 0.0, z_BD)
        return functional.pad(z_BD, (1, 0), value=1.0)
