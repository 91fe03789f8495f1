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
    "learn_regions",
    "learn_regions_mean",
    "predict_regions",
    "predict_regions_mean",
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
    "cutoff_1": Axes("1", 1e-2),
    "gate_GE": scratch("GE"),
    "distance_GE": scratch("GE"),
    "probability_GEC": scratch("GEC"),
    "mean_GE": scratch("GE"),
    "share_E": scratch("E"),
    "logit_C": scratch("C"),
    "turned_A": scratch("A"),
}


@compiled
def inner_gate(
    laplace: bool,
    scale: float,
    cutoff: float,
    born: int,
    centre_EA: Floats,
    bias_E: Floats,
    z_A: Floats,
    distance_E: Floats,
    gate_E: Floats,
) -> None:
    """Gate weights of one group's experts; those below the cutoff become 0 and the rest sum to 1.

    The distance from every centre is kept: under the Laplace gate it is part of the logit, under
    both it decides where an expert may be born (a softmax gate's centre is a_e / kappa).
    """
    largest = -1e300
    for e in range(born):
        square = 0.0
        logit = bias_E[e]
        if laplace:
            for a in range(1, z_A.size):
                difference = centre_EA[e, a] - z_A[a]
                square += difference * difference
            distance_E[e] = math.sqrt(square)
            logit -= scale * distance_E[e]
        else:
            slope = 0.0
            for a in range(1, z_A.size):
                difference = centre_EA[e, a] / scale - z_A[a]
                square += difference * difference
                slope += centre_EA[e, a] * z_A[a]
            distance_E[e] = math.sqrt(square)
            logit += slope
        gate_E[e] = logit
        largest = max(largest, logit)
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
def predict_regions(regions: Regions, laplace: bool, z_A: Floats, probability_TC: Floats, first: int) -> None:
    """p(y = c | x) = sum_e g_e softmax(W_e z)_c of every group; uniform before any expert is born."""
    weight_GECA = regions.weight_GECA
    probability_GEC = regions.probability_GEC
    logit_C = regions.logit_C
    classes = logit_C.size
    for g in range(regions.born_G.size):
        born = regions.born_G[g]
        gate_E = regions.gate_GE[g]
        scale, cutoff = regions.scale_G[g], regions.cutoff_1[0]
        centre_EA, bias_E, distance_E = regions.centre_GEA[g], regions.bias_GE[g], regions.distance_GE[g]
        inner_gate(laplace, scale, cutoff, born, centre_EA, bias_E, z_A, distance_E, gate_E)
        for c in range(classes):
            probability_TC[first + g, c] = 0.0 if born > 0 else 1.0 / classes
        for e in range(born):
            if gate_E[e] == 0.0:
                continue
            for c in range(classes):
                total = 0.0
                for a in range(z_A.size):
                    total += weight_GECA[g, e, c, a] * z_A[a]
                logit_C[c] = total
            softmax(logit_C, probability_GEC[g, e])
            for c in range(classes):
                probability_TC[first + g, c] += gate_E[e] * probability_GEC[g, e, c]


@compiled
def predict_regions_mean(regions: Regions, laplace: bool, z_A: Floats, mean_T: Floats, first: int) -> None:
    """Mean sum_e g_e eta_e' z of every group, each expert kept within 10 standard deviations."""
    for g in range(regions.born_G.size):
        born = regions.born_G[g]
        gate_E = regions.gate_GE[g]
        scale, cutoff = regions.scale_G[g], regions.cutoff_1[0]
        centre_EA, bias_E, distance_E = regions.centre_GEA[g], regions.bias_GE[g], regions.distance_GE[g]
        inner_gate(laplace, scale, cutoff, born, centre_EA, bias_E, z_A, distance_E, gate_E)
        mean_T[first + g] = 0.0
        for e in range(born):
            if gate_E[e] > 0.0:
                prediction = min(max(dot(regions.weight_GECA[g, e, 0], z_A), -10.0), 10.0)
                regions.mean_GE[g, e] = prediction
                mean_T[first + g] += gate_E[e] * prediction


@compiled
def learn_regions(
    regions: Regions, laplace: bool, z_A: Floats, y: int, probability_TC: Floats, first: int, record: int
) -> None:
    """One step of every group's gate and experts on its -log p(y|x), then a birth where one is due.

    Responsibilities h_e = g_e p_e(y) / sum_e g_e p_e(y).
    """
    first_order = regions.born_G.size - regions.curvature_SEQQ.shape[0]
    second_order = regions.curvature_SEQQ.shape[2] == z_A.size
    for g in range(regions.born_G.size):
        born, gate_E, step_size = (
            regions.born_G[g],
            regions.gate_GE[g],
            regions.centre_step_G[g] * regions.scale_G[g],
        )
        usage_E, bias_E, centre_EA = regions.usage_GE[g], regions.bias_GE[g], regions.centre_GEA[g]
        distance_E = regions.distance_GE[g]
        likelihood = max(probability_TC[first + g, y], 1e-12)
        for e in range(born):
            regions.share_E[e] = gate_E[e] * regions.probability_GEC[g, e, y] / likelihood
        _move_gate(
            laplace, born, step_size, gate_E, regions.share_E, distance_E, z_A, usage_E, bias_E, centre_EA
        )
        for e in range(born):
            share = regions.share_E[e]
            if share < regions.cutoff_1[0] or gate_E[e] == 0.0:
                continue
            p_C = regions.probability_GEC[g, e]
            weight_CA = regions.weight_GECA[g, e]
            if g >= first_order and second_order:
                R_AA = regions.curvature_SEQQ[g - first_order, e]
                step = turned_step(R_AA, z_A, share, regions.forgetting_G[g], PRIOR, 0.25, regions.turned_A)
                move(weight_CA, step, y, p_C, regions.turned_A)
            else:
                move(weight_CA, normalised_step(share * regions.step_G[g], z_A, 0.25), y, p_C, z_A)
        waited = record - regions.birth_record_G[g]
        slot = _vacancy(born, waited, likelihood < REBIRTH_LIKELIHOOD, z_A.size - 1, distance_E, usage_E)
        if slot >= 0:
            _bear(regions, g, slot, laplace, z_A, PRIOR, record)
            if slot < born:
                for c in range(regions.logit_C.size):
                    for a in range(z_A.size):
                        regions.weight_GECA[g, slot, c, a] = 0.0
                regions.weight_GECA[g, slot, y, 0] = 2.0


@compiled
def learn_regions_mean(
    regions: Regions, laplace: bool, z_A: Floats, u: float, mean_T: Floats, first: int, record: int
) -> None:
    """The same for Gaussian experts: h_e from N(u; mean_e, variance_e), least squares weighted by h_e."""
    first_order = regions.born_G.size - regions.curvature_SEQQ.shape[0]
    second_order = regions.curvature_SEQQ.shape[2] == z_A.size
    for g in range(regions.born_G.size):
        born, gate_E, step_size = (
            regions.born_G[g],
            regions.gate_GE[g],
            regions.centre_step_G[g] * regions.scale_G[g],
        )
        usage_E, bias_E, centre_EA = regions.usage_GE[g], regions.bias_GE[g], regions.centre_GEA[g]
        distance_E = regions.distance_GE[g]
        _gaussian_shares(born, u, gate_E, regions.mean_GE[g], regions.variance_GE[g], regions.share_E)
        _move_gate(
            laplace, born, step_size, gate_E, regions.share_E, distance_E, z_A, usage_E, bias_E, centre_EA
        )
        for e in range(born):
            share = regions.share_E[e]
            if share < regions.cutoff_1[0] or gate_E[e] == 0.0:
                continue
            residual = u - regions.mean_GE[g, e]
            variance = regions.variance_GE[g, e]
            variance += VARIANCE_RATE * share * (residual * residual - variance)
            regions.variance_GE[g, e] = max(variance, VARIANCE_FLOOR)
            weight_A = regions.weight_GECA[g, e, 0]
            if g >= first_order and second_order:
                R_AA = regions.curvature_SEQQ[g - first_order, e]
                step = turned_step(
                    R_AA, z_A, share, regions.forgetting_G[g], PRIOR_MEAN, 1.0, regions.turned_A
                )
                shift(weight_A, step * residual, regions.turned_A)
            else:
                shift(weight_A, normalised_step(share * regions.step_G[g], z_A, 1.0) * residual, z_A)
        square = (u - mean_T[first + g]) ** 2
        surprised = square > REBIRTH_SQUARE * regions.error_G[g]
        regions.error_G[g] += 0.01 * (square - regions.error_G[g])
        slot = _vacancy(
            born, record - regions.birth_record_G[g], surprised, z_A.size - 1, distance_E, usage_E
        )
        if slot >= 0:
            _bear(regions, g, slot, laplace, z_A, PRIOR_MEAN, record)


@compiled
def _gaussian_shares(
    born: int, u: float, gate_E: Floats, mean_E: Floats, variance_E: Floats, share_E: Floats
) -> None:
    """h_e proportional to g_e N(u; mean_e, variance_e); a miss counts at most 10 deviations."""
    largest = -1e300
    for e in range(born):
        share_E[e] = 0.0
        if gate_E[e] > 0.0:
            miss = min((u - mean_E[e]) ** 2 / variance_E[e], 100.0)
            share_E[e] = math.log(gate_E[e]) - 0.5 * (math.log(variance_E[e]) + miss)
            largest = max(largest, share_E[e])
    total = 0.0
    for e in range(born):
        if gate_E[e] > 0.0:
            share_E[e] = math.exp(share_E[e] - largest)
            total += share_E[e]
    for e in range(born):
        share_E[e] /= total


@compiled
def _move_gate(
    laplace: bool,
    born: int,
    step: float,
    gate_E: Floats,
    share_E: Floats,
    distance_E: Floats,
    z_A: Floats,
    usage_E: Floats,
    bias_E: Floats,
    centre_EA: Floats,
) -> None:
    """Usage, then b += step (h - g) and a += step (h - g) d logit / d a (0 at a Laplace centre).

    ``step`` is the centre's step size times kappa.
    """
    for e in range(born):
        usage_E[e] += USAGE_RATE * (gate_E[e] - usage_E[e])
        if gate_E[e] == 0.0:
            continue
        surplus = share_E[e] - gate_E[e]
        bias_E[e] += BIAS_STEP * surplus
        amount = step * surplus
        if laplace:
            amount = amount / distance_E[e] if distance_E[e] > 1e-6 else 0.0
            for a in range(1, z_A.size):
                centre_EA[e, a] += amount * (z_A[a] - centre_EA[e, a])
        else:
            for a in range(1, z_A.size):
                centre_EA[e, a] += amount * z_A[a]


@compiled
def _vacancy(
    born: int, waited: int, surprised: bool, features: int, distance_E: Floats, usage_E: Floats
) -> int:
    """The expert to be born (again) at this record, or -1.

    While the group is not full: far from every centre, and not too soon after the last birth. When
    it is full: the group was surprised and an expert serves less than a tenth of its even share.
    """
    experts = usage_E.size
    if born < experts:
        if born == 0:
            return 0
        nearest = distance_E[0]
        for e in range(1, born):
            nearest = min(nearest, distance_E[e])
        return born if waited >= 1 + born // 2 and nearest > 0.2 * math.sqrt(features) else -1
    if not surprised or waited < REBIRTH_GAP:
        return -1
    idle = 0
    for e in range(experts):
        if usage_E[e] < usage_E[idle]:
            idle = e
    return idle if usage_E[idle] < REBIRTH_USAGE / experts else -1


@compiled
def _bear(regions: Regions, g: int, slot: int, laplace: bool, z_A: Floats, prior: float, record: int) -> None:
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
