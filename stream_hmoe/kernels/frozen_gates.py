"""The inner gates of some region groups as they were at one moment: weights of any record, without experts.

Shapes: N records, D features, A = 1 + D, S gates, E experts of a gate.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .arrays import Axes, allocate, scratch
from .compiled import Entry, compiled
from .regions import UNBORN, Regions, inner_gate
from .scaling import Scale, scale_record

__all__ = ["FROZEN_AXES", "FrozenGates", "freeze_gates", "inner_weights", "make_frozen", "run_inner_weights"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


class FrozenGates(NamedTuple):
    """Copies of what the inner gates and the scale were; see ``regions`` and ``scaling``."""

    count_D: Floats
    mean_D: Floats
    variance_D: Floats
    centre_SEA: Floats
    bias_SE: Floats
    scale_S: Floats
    born_S: Integers
    cutoff_1: Floats
    laplace_1: Integers

    z_A: Floats
    distance_E: Floats


FROZEN_AXES = {
    "count_D": Axes("D"),
    "mean_D": Axes("D"),
    "variance_D": Axes("D"),
    "centre_SEA": Axes("SEA"),
    "bias_SE": Axes("SE", UNBORN),
    "scale_S": Axes("S", 1.0),
    "born_S": Axes("S", 0, np.int64),
    "cutoff_1": Axes("1"),
    "laplace_1": Axes("1", 0, np.int64),
    "z_A": scratch("A"),
    "distance_E": scratch("E"),
}


def make_frozen(gates: int, experts: int, features: int) -> FrozenGates:
    """Room for frozen gates."""
    return allocate(
        FrozenGates, FROZEN_AXES, {"D": features, "A": 1 + features, "S": gates, "E": experts, "1": 1}
    )


def freeze_gates(scale: Scale, regions: Regions, laplace: bool, groups: Sequence[int]) -> FrozenGates:
    """Copy the inner gates of some groups.

    Args:
        scale: running moments of the features.
        regions: the region groups.
        laplace: whether their gates are Laplace gates (else softmax).
        groups: which of them.
    """
    chosen = list(groups)
    frozen = make_frozen(len(chosen), regions.bias_GE.shape[1], scale.mean_D.size)
    for name in ("count_D", "mean_D", "variance_D"):
        getattr(frozen, name)[:] = getattr(scale, name)
    for name in ("centre_GEA", "bias_GE", "scale_G", "born_G"):
        getattr(frozen, name.replace("G", "S"))[:] = getattr(regions, name)[chosen]
    frozen.cutoff_1[:] = regions.cutoff_1
    frozen.laplace_1[:] = int(laplace)
    return frozen


@compiled
def run_inner_weights(frozen: FrozenGates, x_ND: Floats, weight_NSE: Floats, nearest_N: Floats) -> None:
    """Inner weights of every gate, and the distance from the nearest of all prototypes.

    A gate without experts gives all weight to the first one.

    Args:
        frozen: the gates.
        x_ND: encoded records; NaN is missing.
        weight_NSE: filled.
        nearest_N: filled, in running standard deviations; infinity where there is no prototype.
    """
    scale = Scale(frozen.count_D, frozen.mean_D, frozen.variance_D)
    z_A, distance_E = frozen.z_A, frozen.distance_E
    laplace = frozen.laplace_1[0] == 1
    for n in range(x_ND.shape[0]):
        scale_record(scale, x_ND[n], z_A)
        nearest_N[n] = np.inf
        for s in range(frozen.born_S.size):
            born, gate_E = frozen.born_S[s], weight_NSE[n, s]
            for e in range(gate_E.size):
                gate_E[e] = 0.0
            if born == 0:
                gate_E[0] = 1.0
                continue
            inner_gate(
                laplace,
                frozen.scale_S[s],
                frozen.cutoff_1[0],
                born,
                frozen.centre_SEA[s],
                frozen.bias_SE[s],
                z_A,
                distance_E,
                gate_E,
            )
            for e in range(born):
                nearest_N[n] = min(nearest_N[n], distance_E[e])


inner_weights = Entry(run_inner_weights)
