"""How a group learns: responsibilities, the gate's exact gradient, the experts' weighted steps, births.

Shapes: G groups, E experts of a group, C classes, A = 1 + features; see ``regions``.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from .births import bear, vacancy
from .compiled import linked
from .regions import Regions
from .steps import move, normalised_step, shift, turned_step

__all__ = ["gaussian_shares", "learn_regions", "learn_regions_mean"]

Floats = npt.NDArray[np.float64]

PRIOR = 10.0
PRIOR_MEAN = 1.0
USAGE_RATE = 0.002
REBIRTH_LIKELIHOOD = 0.2
REBIRTH_SQUARE = 9.0
VARIANCE_FLOOR = 1e-4
VARIANCE_RATE = 0.02
LEAST_SCALE, LARGEST_SCALE = 0.1, 100.0


@linked
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
        if laplace and regions.scale_step_G[g] > 0.0:
            _move_scale(regions, g, distance_E, gate_E)
        bias_step = regions.bias_step_G[g]
        _move_gate(
            laplace,
            born,
            step_size,
            bias_step,
            gate_E,
            regions.share_E,
            distance_E,
            z_A,
            usage_E,
            bias_E,
            centre_EA,
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
        most, rebirth_usage = regions.most_G[g], regions.rebirth_usage_G[g]
        surprised = likelihood < REBIRTH_LIKELIHOOD
        slot = vacancy(born, most, rebirth_usage, waited, surprised, z_A.size - 1, distance_E, usage_E)
        if slot >= 0:
            bear(regions, g, slot, laplace, z_A, PRIOR, record)
            if slot < born:
                for c in range(regions.logit_C.size):
                    for a in range(z_A.size):
                        regions.weight_GECA[g, slot, c, a] = 0.0
                regions.weight_GECA[g, slot, y, 0] = 2.0


@linked
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
        gaussian_shares(born, u, gate_E, regions.mean_GE[g], regions.variance_GE[g], regions.share_E)
        if laplace and regions.scale_step_G[g] > 0.0:
            _move_scale(regions, g, distance_E, gate_E)
        bias_step = regions.bias_step_G[g]
        _move_gate(
            laplace,
            born,
            step_size,
            bias_step,
            gate_E,
            regions.share_E,
            distance_E,
            z_A,
            usage_E,
            bias_E,
            centre_EA,
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
        waited = record - regions.birth_record_G[g]
        most, rebirth_usage = regions.most_G[g], regions.rebirth_usage_G[g]
        slot = vacancy(born, most, rebirth_usage, waited, surprised, z_A.size - 1, distance_E, usage_E)
        if slot >= 0:
            bear(regions, g, slot, laplace, z_A, PRIOR_MEAN, record)


@linked
def gaussian_shares(
    born: int, u: float, gate_E: Floats, mean_E: Floats, variance_E: Floats, share_E: Floats
) -> float:
    """h_e proportional to g_e N(u; mean_e, variance_e) -> log of their sum times sqrt(2 pi).

    A miss counts at most 10 deviations.
    """
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
    return largest + math.log(total) if born > 0 else largest


@linked
def _move_scale(regions: Regions, g: int, distance_E: Floats, gate_E: Floats) -> None:
    """log kappa += step d log p / d kappa = -step sum_e (h_e - g_e) distance_e.

    Not along log kappa, whose slope is larger by kappa and would have to be cut, which is a bias.
    """
    slope = 0.0
    for e in range(regions.born_G[g]):
        if gate_E[e] > 0.0:
            slope -= (regions.share_E[e] - gate_E[e]) * distance_E[e]
    scale = regions.scale_G[g] * math.exp(regions.scale_step_G[g] * slope)
    regions.scale_G[g] = min(max(scale, LEAST_SCALE), LARGEST_SCALE)


@linked
def _move_gate(
    laplace: bool,
    born: int,
    step: float,
    bias_step: float,
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
        bias_E[e] += bias_step * surplus
        amount = step * surplus
        if laplace:
            amount = amount / distance_E[e] if distance_E[e] > 1e-6 else 0.0
            for a in range(1, z_A.size):
                centre_EA[e, a] += amount * (z_A[a] - centre_EA[e, a])
        else:
            for a in range(1, z_A.size):
                centre_EA[e, a] += amount * z_A[a]
