"""Constant experts under Laplace gates on records: the memory, and the prototypes.

Shapes: B batch, D features, A = 1 + D, N places, C outputs.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from stream_hmoe.frozen.part import Part, Silent, answers
from stream_hmoe.kernels.gaussian import target_scale
from stream_hmoe.kernels.nearest import FARTHEST_LOGIT, SCALE, UNIFORM, Memory, Prototypes

__all__ = ["Nearest", "distance", "frozen_memory", "frozen_prototypes"]

Floats = npt.NDArray[np.float64]


def distance(place_ND: Tensor, z_BA: Tensor) -> Tensor:
    """Return the Euclidean distance (B, N) of every record from every place.

    From differences, not from products: near a place those would lose half of the digits.
    """
    return torch.cdist(z_BA[:, 1:], place_ND, compute_mode="donot_use_mm_for_euclid_dist")


class Nearest(Part):
    """``sum_n w_n value_n`` with ``w_n`` falling as exp(-kappa d_n), and a little weight on not knowing.

    Args:
        place_ND: (N, D) where the experts stand, N above 0.
        value_NC: (N, C) what each says.
        is_class: whether classes are predicted.
    """

    place_ND: Tensor
    value_NC: Tensor
    unknown: Tensor
    uniform: Tensor
    reach: Tensor

    def __init__(self, place_ND: Floats, value_NC: Floats, is_class: bool) -> None:
        super().__init__()
        self.is_class = is_class
        self.hold(place_ND=place_ND, value_NC=value_NC)
        unknown = UNIFORM / value_NC.shape[1] if is_class else 0.0
        self.hold(unknown=unknown, uniform=UNIFORM, reach=FARTHEST_LOGIT / SCALE)

    def forward(self, z_BA: Tensor) -> Tensor:
        """Return the answer (B, 1, C)."""
        farther_BN = distance(self.place_ND, z_BA)
        farther_BN = farther_BN - farther_BN.amin(1, keepdim=True)
        weight_BN = torch.where(farther_BN < self.reach, (-SCALE * farther_BN).exp(), 0.0)
        total_B1 = self.uniform + weight_BN.sum(1, keepdim=True)
        answer_BC = (self.unknown + weight_BN @ self.value_NC) / total_B1
        return (answer_BC if self.is_class else answers(answer_BC, False)).unsqueeze(1)


def frozen_memory(memory: Memory, target_3: Floats, outputs: int, is_class: bool) -> Part:
    """The records remembered so far, with one-hot classes or targets on the running scale."""
    target_N = memory.target_N[: memory.count_1[0]]
    if is_class:
        value_NC = np.eye(outputs)[target_N.astype(np.int64)]
    else:
        centre, spread = target_scale(target_3)
        value_NC = (target_N[:, None] - centre) / spread
    return _frozen(memory.record_AN, value_NC, is_class)


def frozen_prototypes(prototypes: Prototypes) -> Part:
    """The prototypes born so far, with the class frequencies they served."""
    return _frozen(prototypes.centre_AV, prototypes.frequency_VC[: prototypes.count_1[0]], True)


def _frozen(place_AN: npt.NDArray[Any], value_NC: Floats, is_class: bool) -> Part:
    live, outputs = value_NC.shape
    return Nearest(place_AN[1:, :live].T, value_NC, is_class) if live else Silent(1, outputs, is_class)
