"""The whole learner as it is at one moment, as a torch module of batches.

It computes what ``Learner.predict`` computes, from copies of the learner's arrays; it cannot learn. No branch
depends on the data, so that it can be exported.

Shapes: B batch, D features, A = 1 + D, M groups, G region groups, E experts of a region group, T = M + pools,
C outputs (classes; 1 for a mean), K leaves.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from stream_hmoe.frozen.linear import FrozenLinear
from stream_hmoe.frozen.nearest import frozen_memory, frozen_prototypes
from stream_hmoe.frozen.part import Part, Silent
from stream_hmoe.frozen.pool import FrozenPool
from stream_hmoe.frozen.regions import FrozenRegions
from stream_hmoe.frozen.rules import FrozenAdditive, FrozenBoosted
from stream_hmoe.frozen.scaling import FrozenScale
from stream_hmoe.kernels.gaussian import target_scale
from stream_hmoe.kernels.pool import LEAST_VARIANCE
from stream_hmoe.learner import Learner

__all__ = ["FrozenMixture"]

FIRST_REGIONS, AFTER_REGIONS = 2, 6


class FrozenMixture(Part):
    """A learner's prediction, frozen.

    Equal to ``Learner.predict`` but for the order of sums. A record that lies on the border of a tree, or of
    the cutoff of a gate, to the last bits may fall on its other side.

    Args:
        learner: what to copy.

    Raises:
        ValueError: the learner knows no feature or no class yet.
    """

    group_K: Tensor
    centre: Tensor
    spread: Tensor
    least_variance: Tensor

    def __init__(self, learner: Learner) -> None:
        super().__init__()
        if learner.num_features == 0 or learner.num_outputs == 0:
            raise ValueError(
                "the model knows no feature or no class yet: it has to learn before it is frozen"
            )
        state, pool = learner.state, learner.state.pool
        self.is_class = is_class = learner.task == "classification"
        self.num_features, self.num_outputs = learner.num_features, learner.num_outputs
        laplace_outer, laplace_inner = (bool(kind) for kind in state.laplace_2)
        groups, experts = state.regions.bias_GE.shape
        self.scale = FrozenScale(state.scale)
        self.regions = FrozenRegions(state.regions, laplace_inner, is_class)
        after = FIRST_REGIONS + groups
        parts: dict[int, tuple[Part, int]] = {
            0: (FrozenLinear(state.linear, is_class), 2),
            after: (frozen_memory(state.memory, learner.target_3, self.num_outputs, is_class), 1),
            after + 1: (frozen_prototypes(state.prototypes), 1),
            after + 2: (FrozenAdditive(state.additive, is_class), 2),
            after + 4: (FrozenBoosted(state.boosted, is_class), 2),
        }
        silent = {row: Silent(rows, self.num_outputs, is_class) for row, (_, rows) in parts.items()}
        chosen = [part if pool.active_M[row] else silent[row] for row, (part, _) in parts.items()]
        self.before, *after_regions = chosen
        self.after = nn.ModuleList(after_regions)
        self.pool = FrozenPool(pool, laplace_outer, is_class)
        leaves_M = np.ones(pool.active_M.size, np.int64)
        leaves_M[FIRST_REGIONS:after] = experts
        centre, spread = target_scale(learner.target_3)
        self.hold(group_K=np.repeat(np.arange(leaves_M.size), leaves_M))
        self.hold(centre=centre, spread=spread, least_variance=LEAST_VARIANCE)

    def forward(self, x_BD: Tensor) -> tuple[Tensor, Tensor]:
        """Predict every record by itself.

        Args:
            x_BD: (B, D) encoded records, float64; NaN is missing.

        Returns:
            (B, C) class probabilities, or (B, 2) mean and standard deviation; and (B, K) leaf weights.
        """
        z_BA = self.scale(x_BD)
        answer_BGC, inner_BGE = self.regions(z_BA)
        answer_BMC = torch.cat([self.before(z_BA), answer_BGC, *(part(z_BA) for part in self.after)], 1)
        answer_BTC, gate_BT = self.pool.with_pools(answer_BMC), self.pool.gate(z_BA)
        weight_BK = self.pool.group_weights(gate_BT)[:, self.group_K]
        inner_BK = functional.pad(inner_BGE.flatten(1), (FIRST_REGIONS, AFTER_REGIONS), value=1.0)
        if self.is_class:
            predicted = (gate_BT.unsqueeze(1) @ answer_BTC).squeeze(1)
        else:
            predicted = self._moments(gate_BT, answer_BTC.squeeze(2))
        return predicted, weight_BK * inner_BK

    def example(self) -> tuple[Tensor]:
        """Return an input, (2, D), as exporters want one to trace."""
        return (torch.zeros(2, self.num_features, dtype=torch.float64),)

    def _moments(self, gate_BT: Tensor, mean_BT: Tensor) -> Tensor:
        mean_B = (gate_BT * mean_BT).sum(1)
        square_B = (gate_BT * (self.pool.variance_T + mean_BT.square())).sum(1)
        variance_B = (square_B - mean_B.square()).clamp(min=self.least_variance)
        return torch.stack([self.centre + self.spread * mean_B, self.spread * variance_B.sqrt()], 1)
