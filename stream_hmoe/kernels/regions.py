"""The mixture of experts itself: groups of local linear experts, each group with its own inner gate.

Inner gate of a group with scale kappa, over its experts e, on scaled features z (without the constant):

    Laplace  logit_e = b_e - kappa ||a_e - z||        softmax  logit_e = b_e + a_e' z

Prototypes a_e are born on records; they and the biases then follow the exact gradient of the group's
log-likelihood (h_e - g_e times the slope of the logit), and the experts learn from their share h_e.
Experts whose weight is below ``CUTOFF`` are skipped. An expert that hardly serves any more is born
again where the group was badly wrong.

Shapes: G groups, E experts of a group, C classes, A = 1 + features, S groups with second-order
experts (the last S of the G), Q = A or 0.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .arrays import Axes, scratch
from .compiled import compiled
from .steps import dot, move, normalised_step, shift, softmax, turned_step

__all__ = [
    "REGION_AXES",
    "Regions",
    "inner_gate",
    "learn_region",
    "learn_region_mean",
    "predict_region",
    "predict_region_mean",
]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

UNBORN = -1e9
BIAS_STEP = 0.1
PRIOR = 10.0
PRIOR_MEAN = 1.0
USAGE_RATE = 0.002
REBIRTH_GAP = 20
REBIRTH_USAGE = 0.1
REBIRTH_LIKELIHOOD = 0.2
REBIRTH_SQUARE = 9.0
VARIANCE_FLOOR = 1e-4
VARIANCE_RATE = 0.02


class Regions(NamedTuple):
    """Gates (centre, bias, scale), experts (weight, variance, inverse curvature) and usage.

    ``centre_GEA`` has a leading constant column that stays 0, so that it lines up with z. The
    second block is scratch that every prediction overwrites.
    """

    centre_GEA: Floats
    bias_GE: Floats
    scale_G: Floats
    weight_GECA: Floats
    variance_GE: Floats
    curvature_SEQQ: Floats
    usage_GE: Floats
    step_G: Floats
    centre_step_G: Floats
    forgetting_G: Floats
    born_G: Integers
    birth_record_G: Integers
    error_G: Floats
    cutoff_1: Floats

    gate_GE: Floats
    distance_GE: Floats
    probability_GEC: Floats
    mean_GE: Floats
    share_E: Floats
    logit_C: Floats
    turned_A: Floats


REGION_AXES = {
    "centre_GEA": Axes("GEA"),
    "bias_GE": Axes("GE", UNBORN),
    "scale_G": Axes("G", 1.0),
    "weight_GECA": Axes("GECA"),
    "variance_GE": Axes("GE", 1.0),
    "curvature_SEQQ": Axes("SEQQ"),
    "usage_GE": Axes("GE"),
    "step_G": Axes("G", 1.0),
    "centre_step_G": Axes("G", 0.05),
    "forgetting_G": Axes("G", 0.99),
    "born_G": Axes("G", 0, np.int64),
    "birth_record_G": Axes("G", -100, np.int64),
    "error_G": Axes("G", 1.0),
    "cutoff_1": Axes("1", 1e-3),
    "gate_GE": scratch("GE"),
    "distance_GE": scratch("GE"),
    "probability_GEC": scratch("GEC"),
    "mean_GE": scratch("GE"),
    "share_E": scratch("E"),
    "logit_C": scratch("C"),
    "turned_A": scratch("A"),
}


@compiled
def inner_gate(regions: Regions, g: int, laplace: bool, z_A: Floats) -> int:
    """Gate weights of group g's experts into ``gate_GE``; returns the expert nearest to the record.

    The distance from every centre is kept: under the Laplace gate it is part of the logit, under
    both it decides where an expert may be born (a softmax centre is a_e / kappa).
    """
    scale = regions.scale_G[g]
    nearest = -1
    largest = -1e300
    for e in range(regions.born_G[g]):
        square = 0.0
        slope = 0.0
        centre_A = regions.centre_GEA[g, e]
        if laplace:
            for a in range(1, z_A.size):
                square += (centre_A[a] - z_A[a]) ** 2
        else:
            for a in range(1, z_A.size):
                square += (centre_A[a] / scale - z_A[a]) ** 2
                slope += centre_A[a] * z_A[a]
        distance = math.sqrt(square)
        regions.distance_GE[g, e] = distance
        if nearest < 0 or distance < regions.distance_GE[g, nearest]:
            nearest = e
        logit = regions.bias_GE[g, e] + (-scale * distance if laplace else slope)
        regions.gate_GE[g, e] = logit
        largest = max(largest, logit)
    _normalise(regions.gate_GE[g], regions.born_G[g], largest, regions.cutoff_1[0])
    return nearest


@compiled
def _normalise(gate_E: Floats, born: int, largest: float, cutoff: float) -> None:
    """exp and divide by the sum; weights below the cutoff become 0 and the rest sum to 1."""
    lowest = math.log(cutoff) if cutoff > 0.0 else -700.0
    total = 0.0
    for e in range(born):
        gate_E[e] = math.exp(gate_E[e] - largest) if gate_E[e] - largest > lowest else 0.0
        total += gate_E[e]
    kept = 0.0
    for e in range(born):
        if gate_E[e] < cutoff * total:
            gate_E[e] = 0.0
        kept += gate_E[e]
    for e in range(born):
        gate_E[e] /= kept


@compiled
def predict_region(regions: Regions, g: int, laplace: bool, z_A: Floats, probability_C: Floats) -> None:
    """p(y = c | x) = sum_e g_e softmax(W_e z)_c of one group; uniform before any expert is born."""
    inner_gate(regions, g, laplace, z_A)
    born = regions.born_G[g]
    for c in range(probability_C.size):
        probability_C[c] = 0.0 if born > 0 else 1.0 / probability_C.size
    for e in range(born):
        weight = regions.gate_GE[g, e]
        if weight == 0.0:
            continue
        for c in range(probability_C.size):
            regions.logit_C[c] = dot(regions.weight_GECA[g, e, c], z_A)
        softmax(regions.logit_C, regions.probability_GEC[g, e])
        for c in range(probability_C.size):
            probability_C[c] += weight * regions.probability_GEC[g, e, c]


@compiled
def predict_region_mean(regions: Regions, g: int, laplace: bool, z_A: Floats, mean_M: Floats, m: int) -> float:
    """Mean of one group's Gaussian mixture into ``mean_M[m]``; returns its variance."""
    inner_gate(regions, g, laplace, z_A)
    mean = 0.0
    square = 0.0
    for e in range(regions.born_G[g]):
        weight = regions.gate_GE[g, e]
        if weight == 0.0:
            continue
        prediction = min(max(dot(regions.weight_GECA[g, e, 0], z_A), -10.0), 10.0)
        regions.mean_GE[g, e] = prediction
        mean += weight * prediction
        square += weight * (regions.variance_GE[g, e] + prediction * prediction)
    mean_M[m] = mean
    return max(square - mean * mean, VARIANCE_FLOOR) if regions.born_G[g] > 0 else 1.0


@compiled
def learn_region(
    regions: Regions, g: int, laplace: bool, z_A: Floats, y: int, likelihood: float, record: int
) -> None:
    """One step of gate and experts on -log p(y|x) of the group, then a birth where one is due."""
    born = regions.born_G[g]
    second = g - (regions.born_G.size - regions.curvature_SEQQ.shape[0])
    for e in range(born):
        weight = regions.gate_GE[g, e]
        regions.usage_GE[g, e] += USAGE_RATE * (weight - regions.usage_GE[g, e])
        if weight == 0.0:
            continue
        share = weight * regions.probability_GEC[g, e, y] / max(likelihood, 1e-12)
        _move_gate(regions, g, e, laplace, share - weight, z_A)
        if share < regions.cutoff_1[0]:
            continue
        weight_CA = regions.weight_GECA[g, e]
        if second >= 0 and regions.curvature_SEQQ.shape[2] == z_A.size:
            R_AA = regions.curvature_SEQQ[second, e]
            step = turned_step(R_AA, z_A, share, regions.forgetting_G[g], PRIOR, 0.25, regions.turned_A)
            move(weight_CA, step, y, regions.probability_GEC[g, e], regions.turned_A)
        else:
            move(weight_CA, normalised_step(share * regions.step_G[g], z_A, 0.25), y, regions.probability_GEC[g, e], z_A)
    slot = _vacancy(regions, g, z_A, likelihood < REBIRTH_LIKELIHOOD, record)
    if slot >= 0:
        again = slot < born
        _bear(regions, g, slot, laplace, z_A, PRIOR, record)
        if again:
            regions.weight_GECA[g, slot] = 0.0
            regions.weight_GECA[g, slot, y, 0] = 2.0


@compiled
def learn_region_mean(regions: Regions, g: int, laplace: bool, z_A: Floats, u: float, mean: float, record: int) -> None:
    """The same for Gaussian experts: responsibilities h_e, recursive least squares weighted by h_e."""
    born = regions.born_G[g]
    second = g - (regions.born_G.size - regions.curvature_SEQQ.shape[0])
    _gaussian_shares(regions, g, u)
    for e in range(born):
        weight = regions.gate_GE[g, e]
        share = regions.share_E[e]
        regions.usage_GE[g, e] += USAGE_RATE * (weight - regions.usage_GE[g, e])
        if weight == 0.0:
            continue
        _move_gate(regions, g, e, laplace, share - weight, z_A)
        if share < regions.cutoff_1[0]:
            continue
        residual = u - regions.mean_GE[g, e]
        variance = regions.variance_GE[g, e]
        regions.variance_GE[g, e] = max(variance + VARIANCE_RATE * share * (residual * residual - variance), VARIANCE_FLOOR)
        weight_A = regions.weight_GECA[g, e, 0]
        if second >= 0 and regions.curvature_SEQQ.shape[2] == z_A.size:
            R_AA = regions.curvature_SEQQ[second, e]
            step = turned_step(R_AA, z_A, share, regions.forgetting_G[g], PRIOR_MEAN, 1.0, regions.turned_A)
            shift(weight_A, step * residual, regions.turned_A)
        else:
            shift(weight_A, normalised_step(share * regions.step_G[g], z_A, 1.0) * residual, z_A)
    square = (u - mean) ** 2
    surprised = square > REBIRTH_SQUARE * regions.error_G[g]
    regions.error_G[g] += 0.01 * (square - regions.error_G[g])
    slot = _vacancy(regions, g, z_A, surprised, record)
    if slot >= 0:
        _bear(regions, g, slot, laplace, z_A, PRIOR_MEAN, record)


@compiled
def _gaussian_shares(regions: Regions, g: int, u: float) -> None:
    """h_e proportional to g_e N(u; mean_e, variance_e), by the largest log term; a miss counts at most 10 sd."""
    largest = -1e300
    for e in range(regions.born_G[g]):
        regions.share_E[e] = 0.0
        if regions.gate_GE[g, e] > 0.0:
            variance = regions.variance_GE[g, e]
            miss = min((u - regions.mean_GE[g, e]) ** 2 / variance, 100.0)
            regions.share_E[e] = math.log(regions.gate_GE[g, e]) - 0.5 * (math.log(variance) + miss)
            largest = max(largest, regions.share_E[e])
    total = 0.0
    for e in range(regions.born_G[g]):
        if regions.gate_GE[g, e] > 0.0:
            regions.share_E[e] = math.exp(regions.share_E[e] - largest)
            total += regions.share_E[e]
    for e in range(regions.born_G[g]):
        regions.share_E[e] /= total


@compiled
def _move_gate(regions: Regions, g: int, e: int, laplace: bool, surplus: float, z_A: Floats) -> None:
    """b += step (h - g); a += step (h - g) d logit / d a, which is 0 for a Laplace centre at the record."""
    regions.bias_GE[g, e] += BIAS_STEP * surplus
    scale = regions.scale_G[g]
    if laplace:
        distance = regions.distance_GE[g, e]
        if distance <= 1e-6:
            return
        amount = regions.centre_step_G[g] * surplus * scale / distance
        for a in range(1, z_A.size):
            regions.centre_GEA[g, e, a] += amount * (z_A[a] - regions.centre_GEA[g, e, a])
    else:
        amount = regions.centre_step_G[g] * surplus * scale
        for a in range(1, z_A.size):
            regions.centre_GEA[g, e, a] += amount * z_A[a]


@compiled
def _vacancy(regions: Regions, g: int, z_A: Floats, surprised: bool, record: int) -> int:
    """The expert to be born (again) at this record, or -1.

    While the group is not full: far from every centre, and not too soon after the last birth. When
    it is full: the group was surprised and an expert serves less than a tenth of its even share.
    """
    born = regions.born_G[g]
    waited = record - regions.birth_record_G[g]
    experts = regions.bias_GE.shape[1]
    if born < experts:
        if born == 0:
            return 0
        nearest = regions.distance_GE[g, 0]
        for e in range(1, born):
            nearest = min(nearest, regions.distance_GE[g, e])
        far = 0.2 * math.sqrt(z_A.size - 1.0)
        return born if waited >= 1 + born // 2 and nearest > far else -1
    if not surprised or waited < REBIRTH_GAP:
        return -1
    idle = 0
    for e in range(experts):
        if regions.usage_GE[g, e] < regions.usage_GE[g, idle]:
            idle = e
    return idle if regions.usage_GE[g, idle] < REBIRTH_USAGE / experts else -1


@compiled
def _bear(regions: Regions, g: int, slot: int, laplace: bool, z_A: Floats, prior: float, record: int) -> None:
    """Put an expert's centre on the record, with the bias, coefficients and variance of its nearest neighbour."""
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
        regions.weight_GECA[g, slot] = regions.weight_GECA[g, parent]
        regions.variance_GE[g, slot] = regions.variance_GE[g, parent]
    regions.bias_GE[g, slot] = bias if laplace else bias - 0.5 * scale * norm
    regions.usage_GE[g, slot] = 1.0 / regions.bias_GE.shape[1]
    second = g - (regions.born_G.size - regions.curvature_SEQQ.shape[0])
    if second >= 0:
        for a in range(regions.curvature_SEQQ.shape[2]):
            regions.curvature_SEQQ[second, slot, a] = 0.0
            regions.curvature_SEQQ[second, slot, a, a] = prior
    regions.birth_record_G[g] = record
    if slot == born:
        regions.born_G[g] += 1
