"""Where and when a local expert is born: far from all others, or where the group was badly wrong.

Shapes: E experts of a group, A = 1 + features; see ``regions``.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from .compiled import inlined, linked
from .regions import Regions

__all__ = ["bear", "vacancy"]

Floats = npt.NDArray[np.float64]

REBIRTH_GAP = 20


@linked
def vacancy(
    born: int,
    most: int,
    rebirth_usage: float,
    waited: int,
    surprised: bool,
    features: int,
    distance_E: Floats,
    usage_E: Floats,
) -> int:
    """The expert to be born (again) at this record, or -1.

    While fewer than ``most`` live: far from every centre, and not too soon after the last birth. Later:
    the group was surprised and an expert serves less than ``rebirth_usage`` of its even share.
    """
    if born < most:
        if born == 0:
            return 0
        nearest = distance_E[0]
        for e in range(1, born):
            nearest = min(nearest, distance_E[e])
        return born if waited >= 1 + born // 2 and nearest > 0.2 * math.sqrt(features) else -1
    if not surprised or waited < REBIRTH_GAP:
        return -1
    idle = 0
    for e in range(born):
        if usage_E[e] < usage_E[idle]:
            idle = e
    return idle if usage_E[idle] < rebirth_usage / born else -1


@inlined
def bear(regions: Regions, g: int, slot: int, laplace: bool, z_A: Floats, prior: float, record: int) -> None:
    """Put an expert on the record, with bias, coefficients and variance of its nearest neighbour."""
    born = regions.born_G[g]
    parent = -1
    for e in range(born):
        if e != slot and (parent < 0 or regions.distance_GE[g, e] < regions.distance_GE[g, parent]):
            parent = e
    scale = regions.scale_G[g]
    norm = 0.0
    for a in range(1, z_A.size):
        regions.centre_GEA[g, slot, a] = z_A[a] if laplace else scale * z_A[a]
        norm += z_A[a] * z_A[a]
    bias = 0.0
    if parent >= 0:
        bias = regions.bias_GE[g, parent]
        if not laplace:
            for a in range(1, z_A.size):
                bias += regions.centre_GEA[g, parent, a] ** 2 / (2.0 * scale)
        for c in range(regions.logit_C.size):
            for a in range(z_A.size):
                regions.weight_GECA[g, slot, c, a] = regions.weight_GECA[g, parent, c, a]
        regions.variance_GE[g, slot] = regions.variance_GE[g, parent]
    regions.bias_GE[g, slot] = bias if laplace else bias - 0.5 * scale * norm
    regions.usage_GE[g, slot] = 1.0 / regions.bias_GE.shape[1]
    second = g - (regions.born_G.size - regions.curvature_SEQQ.shape[0])
    if second >= 0:
        for a in range(regions.curvature_SEQQ.shape[2]):
            for b in range(regions.curvature_SEQQ.shape[2]):
                regions.curvature_SEQQ[second, slot, a, b] = prior if a == b else 0.0
    regions.birth_record_G[g] = record
    if slot == born:
        regions.born_G[g] += 1
