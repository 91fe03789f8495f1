"""The region groups: local linear experts under inner gates.

Shapes: B batch, D features, A = 1 + D, G groups, E experts of a group, V = most experts that live in any
group, C outputs.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from stream_hmoe.frozen.nearest import distance
from stream_hmoe.frozen.part import Part, answers
from stream_hmoe.kernels.exponential import LOWEST
from stream_hmoe.kernels.regions import Regions

__all__ = ["FrozenRegions"]


class FrozenRegions(Part):
    """``sum_e g_e softmax(W_e z)`` of every group, or ``sum_e g_e w_e' z`` in a regression.

    A group without experts yet has one here that knows nothing: this is how the learner treats it.

    Args:
        regions: the learner's.
        laplace: whether the inner gates are Laplace gates, else softmax.
        is_class: whether classes are predicted.
    """

    centre_GVD: Tensor
    bias_GV: Tensor
    scale_G1: Tensor
    weight_GVCA: Tensor
    is_live_GV: Tensor
    cutoff: Tensor
    lowest: Tensor

    def __init__(self, regions: Regions, laplace: bool, is_class: bool) -> None:
        super().__init__()
        self.laplace, self.is_class = laplace, is_class
        self.slots = regions.bias_GE.shape[1]
        cutoff = float(regions.cutoff_1[0])
        live = max(int(regions.born_G.max()), 1)
        is_born_GV = np.arange(live) < regions.born_G[:, None]
        self.hold(
            centre_GVD=regions.centre_GEA[:, :live, 1:],
            bias_GV=np.where(is_born_GV, regions.bias_GE[:, :live], 0.0),
            scale_G1=regions.scale_G[:, None],
            weight_GVCA=np.where(is_born_GV[..., None, None], regions.weight_GECA[:, :live], 0.0),
            is_live_GV=np.arange(live) < np.maximum(regions.born_G, 1)[:, None],
            cutoff=cutoff,
            lowest=math.log(cutoff) if cutoff > 0.0 else LOWEST,
        )

    def gate(self, z_BA: Tensor) -> Tensor:
        """Return the inner gate weights (B, G, V); those below the cutoff are 0, the rest sum to 1."""
        logit_BGV = torch.where(self.is_live_GV, self._logits(z_BA), -math.inf)
        below_BGV = logit_BGV - logit_BGV.amax(2, keepdim=True)
        weight_BGV = torch.where(below_BGV > self.lowest, below_BGV.exp(), 0.0)
        least_BG1 = (self.cutoff * weight_BGV.sum(2, keepdim=True)).clamp(max=1.0)
        weight_BGV = torch.where(weight_BGV < least_BG1, 0.0, weight_BGV)
        return weight_BGV / weight_BGV.sum(2, keepdim=True)

    def _logits(self, z_BA: Tensor) -> Tensor:
        groups, live, _ = self.centre_GVD.shape
        row_XD = self.centre_GVD.flatten(0, 1)
        if self.laplace:
            return self.bias_GV - self.scale_G1 * distance(row_XD, z_BA).reshape(-1, groups, live)
        return self.bias_GV + functional.linear(z_BA[:, 1:], row_XD).reshape(-1, groups, live)

    def forward(self, z_BA: Tensor) -> tuple[Tensor, Tensor]:
        """Return the answers (B, G, C) and the inner gate weights (B, G, E)."""
        gate_BGV = self.gate(z_BA)
        score_BX = functional.linear(z_BA, self.weight_GVCA.flatten(0, 2))
        answer_BGVC = answers(score_BX.reshape(-1, *self.weight_GVCA.shape[:3]), self.is_class)
        answer_BGC = (gate_BGV.unsqueeze(2) @ answer_BGVC).squeeze(2)
        return answer_BGC, functional.pad(gate_BGV, (0, self.slots - gate_BGV.shape[2]))
