"""The outer gate over groups and pools, and the pools' answers.

Shapes: B batch, A = 1 + features, M groups, L pools, T = M + L, C outputs.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from stream_hmoe.frozen.nearest import distance
from stream_hmoe.frozen.part import Part, answers
from stream_hmoe.kernels.pool import FLOOR, SCALE, Pool

__all__ = ["FrozenPool"]


class FrozenPool(Part):
    """Weighs the answers of the groups and of the pools, which combine groups with fixed weights.

    Args:
        pool: the learner's.
        laplace: whether the outer gate is a Laplace gate, else softmax.
        is_class: whether classes are predicted.
    """

    centre_TD: Tensor
    log_prior_T: Tensor
    weight_LM: Tensor
    say_LM: Tensor
    variance_T: Tensor
    kept: Tensor
    floor: Tensor

    def __init__(self, pool: Pool, laplace: bool, is_class: bool) -> None:
        super().__init__()
        self.laplace, self.is_class = laplace, is_class
        is_silent_T = np.concatenate([pool.active_M == 0.0, np.zeros(pool.rate_L.size, bool)])
        weight_LM = pool.weight_LM * pool.active_M
        size_L1 = np.abs(weight_LM).sum(1, keepdims=True)
        with np.errstate(invalid="ignore"):
            say_LM = np.where(size_L1 > 0.0, np.abs(weight_LM) / size_L1, pool.active_M / pool.active_M.sum())
        self.hold(
            centre_TD=pool.centre_TA[:, 1:],
            log_prior_T=np.where(is_silent_T, -math.inf, pool.log_prior_T),
            weight_LM=weight_LM,
            say_LM=say_LM,
            variance_T=pool.variance_T,
            kept=1.0 - FLOOR,
            floor=FLOOR / pool.probability_TC.shape[1],
        )

    def gate(self, z_BA: Tensor) -> Tensor:
        """Return the weights (B, T) of groups and pools."""
        if self.laplace:
            logit_BT = -SCALE * distance(self.centre_TD, z_BA)
        else:
            logit_BT = functional.linear(z_BA[:, 1:], self.centre_TD)
        return (self.log_prior_T + logit_BT).softmax(1)

    def with_pools(self, answer_BMC: Tensor) -> Tensor:
        """Return the answers of groups and pools, (B, T, C)."""
        if not self.is_class:
            return torch.cat([answer_BMC, answers(self.weight_LM @ answer_BMC, False)], 1)
        score_BMC = (answer_BMC * self.kept + self.floor).log()
        score_BMC = score_BMC - score_BMC.mean(2, keepdim=True)
        return torch.cat([answer_BMC, answers(self.weight_LM @ score_BMC, True)], 1)

    def group_weights(self, gate_BT: Tensor) -> Tensor:
        """Return the weights of the groups, (B, M), with the pools' mass handed to what they pool."""
        groups = self.say_LM.shape[1]
        return gate_BT[:, :groups] + gate_BT[:, groups:] @ self.say_LM
