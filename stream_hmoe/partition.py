"""A frozen gate: how one region group divided the inputs at one moment, as a function of the input alone.

Evidence about a model that learns needs something that stands still. A partition is a copy of one
group's inner gate and of the scale of the features; it never learns.

Shapes: N records, D features, E experts of the group.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from .kernels.scaling import LARGEST
from .learner import Learner
from .settings import Settings

__all__ = ["Partition", "watched_group"]

Floats = npt.NDArray[np.float64]


def watched_group(settings: Settings) -> int:
    """The region group whose leaves stand for the model: the one of middle scale."""
    scales = [region.scale for region in settings.regions]
    middle = statistics.median_high(scales)
    return max(group for group, scale in enumerate(scales) if scale == middle)


class Partition:
    """The gate of one region group as it stood when this was made.

    Args:
        learner: the model; it must have learned something. It is not kept.
        group: which of its region groups.
    """

    def __init__(self, learner: Learner, group: int) -> None:
        regions, scale = learner.state.regions, learner.state.scale
        born = int(regions.born_G[group])
        first = learner.topology.group_of.index(2) + group * regions.bias_GE.shape[1]
        self.leaves = learner.topology.leaves[first : first + max(born, 1)]
        self.is_laplace = bool(learner.state.laplace_2[1])
        self.kappa = float(regions.scale_G[group])
        self.cutoff = float(regions.cutoff_1[0])
        self._centre_ED = regions.centre_GEA[group, :born, 1:].copy()
        self._bias_E = regions.bias_GE[group, :born].copy()
        self._mean_D = scale.mean_D.copy()
        deviation_D = np.sqrt(np.maximum(scale.variance_D, 0.0))
        is_still_D = deviation_D <= 1e-12 * (1.0 + np.abs(self._mean_D))
        self._deviation_D = np.where(is_still_D, np.inf, deviation_D)

    def scaled(self, x_ND: Floats) -> Floats:
        """The records in the units of the gate: standard deviations, missing values 0, features of later none."""
        z_ND = (x_ND[:, : self._mean_D.size] - self._mean_D) / self._deviation_D
        return np.nan_to_num(np.clip(z_ND, -LARGEST, LARGEST), nan=0.0)

    def weights(self, x_ND: Floats) -> Floats:
        """Gate weights (N, E) of encoded records (N, D); rows sum to 1."""
        if not len(self._bias_E):
            return np.ones((len(x_ND), 1))
        z_ND = self.scaled(x_ND)
        product_NE = z_ND @ self._centre_ED.T
        if self.is_laplace:
            square_NE = (z_ND**2).sum(axis=1)[:, None] + (self._centre_ED**2).sum(axis=1) - 2.0 * product_NE
            logit_NE = self._bias_E - self.kappa * np.sqrt(np.maximum(square_NE, 0.0))
        else:
            logit_NE = self._bias_E + product_NE
        gate_NE = np.exp(logit_NE - logit_NE.max(axis=1, keepdims=True))
        gate_NE /= gate_NE.sum(axis=1, keepdims=True)
        gate_NE[gate_NE < self.cutoff] = 0.0
        return gate_NE / gate_NE.sum(axis=1, keepdims=True)

    def state_dict(self) -> dict[str, Any]:
        """All of it."""
        return {
            "leaves": list(self.leaves),
            "is_laplace": self.is_laplace,
            "kappa": self.kappa,
            "cutoff": self.cutoff,
            "centre_ED": self._centre_ED.copy(),
            "bias_E": self._bias_E.copy(),
            "mean_D": self._mean_D.copy(),
            "deviation_D": self._deviation_D.copy(),
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Partition:
        """The partition of which ``state_dict`` was taken."""
        partition = cls.__new__(cls)
        partition.leaves = tuple(state["leaves"])
        partition.is_laplace, partition.kappa = bool(state["is_laplace"]), float(state["kappa"])
        partition.cutoff = float(state["cutoff"])
        partition._centre_ED = np.array(state["centre_ED"], dtype=np.float64)
        partition._bias_E = np.array(state["bias_E"], dtype=np.float64)
        partition._mean_D = np.array(state["mean_D"], dtype=np.float64)
        partition._deviation_D = np.array(state["deviation_D"], dtype=np.float64)
        return partition
