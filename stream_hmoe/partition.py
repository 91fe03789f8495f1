"""A frozen gate: how one region group divided the inputs at one moment, as a function of the input alone.

Evidence about a model that learns needs something that stands still.

Shapes: N records, D features, E experts of the group.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from .kernels.frozen_gates import FrozenGates, freeze_gates, inner_weights, make_frozen
from .learner import Learner
from .replay import widened
from .settings import Settings

__all__ = ["Partition", "region_leaves", "watched_group"]

Floats = npt.NDArray[np.float64]

FIRST_REGIONS = 2


def watched_group(settings: Settings) -> int:
    """The region group whose leaves stand for the model: the last one of middle scale."""
    scales = [region.scale for region in settings.regions]
    middle = statistics.median_high(scales)
    return max(group for group, scale in enumerate(scales) if scale == middle)


def region_leaves(learner: Learner, group: int) -> tuple[str, ...]:
    """Names of the leaves of a region group, whether its experts are born or not."""
    leaves = zip(learner.topology.leaves, learner.topology.group_of, strict=True)
    return tuple(leaf for leaf, group_of in leaves if group_of == FIRST_REGIONS + group)


class Partition:
    """The gate of one region group, frozen.

    Args:
        leaves: names of the E experts.
        frozen: the gate.
    """

    def __init__(self, leaves: tuple[str, ...], frozen: FrozenGates) -> None:
        self.leaves = leaves
        self._frozen = frozen

    @property
    def live(self) -> int:
        """How many of the leaves can have weight: the first ones."""
        return max(1, int(self._frozen.born_S[0]))

    @classmethod
    def of(cls, learner: Learner, group: int) -> Partition:
        """Copy the gate of a learner's region group as it is now."""
        laplace = bool(learner.state.laplace_2[1])
        frozen = freeze_gates(learner.state.scale, learner.state.regions, laplace, [group])
        return cls(region_leaves(learner, group), frozen)

    def weights(self, x_ND: Floats) -> Floats:
        """Gate weights (N, E) of encoded records (N, D); features that came later are left out."""
        width = self._frozen.mean_D.size
        seen_ND = np.ascontiguousarray(widened(x_ND[:, :width], width))
        weight_N1E = np.empty((len(x_ND), 1, len(self.leaves)))
        inner_weights(self._frozen, seen_ND, weight_N1E, np.empty(len(x_ND)))
        return weight_N1E[:, 0]

    def state_dict(self) -> dict[str, Any]:
        """All of it."""
        arrays = {name: array.copy() for name, array in self._frozen._asdict().items()}
        return {"leaves": list(self.leaves), "frozen": arrays}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Partition:
        """The partition of which ``state_dict`` was taken."""
        leaves, arrays = tuple(state["leaves"]), state["frozen"]
        frozen = make_frozen(1, len(leaves), len(arrays["mean_D"]))
        for name, array in arrays.items():
            getattr(frozen, name)[...] = array
        return cls(leaves, frozen)
