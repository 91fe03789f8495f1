"""The mixture of experts itself: groups of local linear experts, each group with its own inner gate.

Inner gate of a group with scale kappa, over its experts e, on scaled features z (without the constant):

    Laplace  logit_e = b_e - kappa ||a_e - z||        softmax  logit_e = b_e + a_e' z

Prototypes a_e are born on records; they and the biases then follow the exact gradient of the group's
log-likelihood (h_e - g_e times the slope of the logit), and the experts learn from their share h_e.
Experts whose weight is below the cutoff are skipped. An expert that hardly serves any more is born
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
from .compiled import inlined, linked
from .exponential import exponential
from .steps import dot, softmax

__all__ = [
    "REGION_AXES",
    "Regions",
    "inner_gate",
    "predict_regions",
    "predict_regions_mean",
]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

UNBORN = -1e9


class Regions(NamedTuple):
    """Gates (centre, bias, scale), experts (weight, variance, inverse curvature) and usage.

    ``centre_GEA`` has a leading constant column that stays 0, so that it lines up with z. Experts are
    born until ``most_G`` live; then one that serves less than ``rebirth_usage_G`` of its even share may
    be born again. The second block is scratch that every prediction overwrites.
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
    most_G: Integers
    rebirth_usage_G: Floats
    scale_step_G: Floats
    bias_step_G: Floats

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
    "most_G": Axes("G", 0, np.int64),
    "rebirth_usage_G": Axes("G", 0.1),
    "scale_step_G": Axes("G"),
    "bias_step_G": Axes("G", 0.1),
    "gate_GE": scratch("GE"),
    "distance_GE": scratch("GE"),
    "probability_GEC": scratch("GEC"),
    "mean_GE": scratch("GE"),
    "share_E": scratch("E"),
    "logit_C": scratch("C"),
    "turned_A": scratch("A"),
}


@linked
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

    The largest stays whatever the cutoff: more experts than 1 / cutoff may all have less than it.

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
        weight = exponential(gate_E[e] - largest)
        gate_E[e] = weight if gate_E[e] - largest > lowest else 0.0
    for e in range(born):
        total += gate_E[e]
    least = min(cutoff * total, 1.0)
    kept = 0.0
    for e in range(born):
        if gate_E[e] < least:
            gate_E[e] = 0.0
        kept += gate_E[e]
    for e in range(born):
        gate_E[e] /= kept


@inlined
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


@inlined
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
