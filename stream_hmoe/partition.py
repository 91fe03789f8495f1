"""A frozen gate: how one region group divided the inputs at one moment, as a function of the input alone.

Evidence about a model that learns needs something that stands still. A partition is a copy of one
group's inner gate and of the scale of the features; it never learns.

Shapes: N records, D features, E experts of the group.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .kernels.scaling import LARGEST
from .learner import Learner
from .replay import widened
from .settings import Settings

__all__ = ["Partition", "watched_group"]

Floats = npt.NDArray[np.float64]


def watched_group(settings: Settings) -> int:
    """The region group whose leaves stand for the model: the one of middle scale."""
    scales = [region.scale for region in settings.regions]
    middle = statistics.median_high(scales)
    return max(group for group, scale in enumerate(scales) if scale == middle)


@dataclass(frozen=True, slots=True, eq=False)
class Partition:
    """The gate of one region group as it stood when this was made.

    Args:
        leaves: names of the E experts; one name that stands for all when none is born yet.
        is_laplace: Laplace gate; otherwise softmax.
        kappa: scale of a Laplace gate, per standard deviation.
        cutoff: weights below it are 0.
        centre_ED: (E, D) centres, or slopes of a softmax gate.
        bias_E: (E,) biases.
        mean_D: (D,) mean of every feature.
        deviation_D: (D,) its standard deviation; infinite for one that has not varied.
    """

    leaves: tuple[str, ...]
    is_laplace: bool
    kappa: float
    cutoff: float
    centre_ED: Floats
    bias_E: Floats
    mean_D: Floats
    deviation_D: Floats

    @classmethod
    def of(cls, learner: Learner, group: int) -> Partition:
        """Copy the gate of a learner's region group."""
        regions, scale = learner.state.regions, learner.state.scale
        born = int(regions.born_G[group])
        first = learner.topology.group_of.index(2) + group * regions.bias_GE.shape[1]
        deviation_D = np.sqrt(np.maximum(scale.variance_D, 0.0))
        is_still_D = deviation_D <= 1e-12 * (1.0 + np.abs(scale.mean_D))
        return cls(
            leaves=learner.topology.leaves[first : first + max(born, 1)],
            is_laplace=bool(learner.state.laplace_2[1]),
            kappa=float(regions.scale_G[group]),
            cutoff=float(regions.cutoff_1[0]),
            centre_ED=regions.centre_GEA[group, :born, 1:].copy(),
            bias_E=regions.bias_GE[group, :born].copy(),
            mean_D=scale.mean_D.copy(),
            deviation_D=np.where(is_still_D, np.inf, deviation_D),
        )

    def scaled(self, x_ND: Floats) -> Floats:
        """The records in standard deviations; missing values are 0, later features are left out."""
        x_ND = widened(x_ND, max(x_ND.shape[1], self.mean_D.size))
        z_ND = (x_ND[:, : self.mean_D.size] - self.mean_D) / self.deviation_D
        return np.nan_to_num(np.clip(z_ND, -LARGEST, LARGEST), nan=0.0)

    def weights(self, x_ND: Floats) -> Floats:
        """Gate weights (N, E) of encoded records (N, D); rows sum to 1."""
        if not len(self.bias_E):
            return np.ones((len(x_ND), 1))
        z_ND = self.scaled(x_ND)
        product_NE = z_ND @ self.centre_ED.T
        if self.is_laplace:
            square_NE = (z_ND**2).sum(axis=1)[:, None] + (self.centre_ED**2).sum(axis=1) - 2.0 * product_NE
            logit_NE = self.bias_E - self.kappa * np.sqrt(np.maximum(square_NE, 0.0))
        else:
            logit_NE = self.bias_E + product_NE
        gate_NE = np.exp(logit_NE - logit_NE.max(axis=1, keepdims=True))
        gate_NE /= gate_NE.sum(axis=1, keepdims=True)
        gate_NE[gate_NE < self.cutoff] = 0.0
        kept_NE: Floats = gate_NE / gate_NE.sum(axis=1, keepdims=True)
        return kept_NE

    def state_dict(self) -> dict[str, Any]:
        """All of it."""
        return {name: getattr(self, name) for name in self.__slots__} | {"leaves": list(self.leaves)}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Partition:
        """The partition of which ``state_dict`` was taken."""
        return cls(**{**state, "leaves": tuple(state["leaves"])})
