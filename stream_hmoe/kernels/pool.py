"""The outer gate: which group answers, which groups are pooled, and how both are learned.

Each of M groups gives a prediction. L pools combine them (log-linearly for classes, linearly for
means) with learned weights; pools differ in how fast they learn. The outer gate weighs the M groups
and the L pools for each record:

    logit_i = log w_i + z_i(x),   z_i = -kappa ||a_i - z|| (Laplace) or a_i' z (softmax)

w_i is a performance-tracked prior (fixed share: Bayes tempered by eta, then a share alpha spread
evenly), a_i follows the exact gradient h_i - g_i. A pool's mass belongs to the groups it pools, in
proportion to the size of their weights, so that gate weights always speak of experts.

Source: fixed share, Herbster and Warmuth (1998); log-linear pooling, Genest and Zidek (1986).

Shapes: M groups, L pools, T = M + L, C classes, A = 1 + features.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .arrays import Axes, scratch
from .compiled import inlined, linked
from .steps import softmax, turned_step

__all__ = [
    "POOL_AXES",
    "Pool",
    "learn_pool",
    "learn_pool_mean",
    "predict_pool",
    "predict_pool_mean",
    "spread_pool_mass",
]

Floats = npt.NDArray[np.float64]

SHARE = 0.005
TEMPER = 0.5
LEAST_LIKELIHOOD = 1e-4
FLOOR = 0.02
SCALE = 1.0
CENTRE_STEP = 0.05
SLOPE_STEP = 0.01
ERROR_RATE = 0.01
LEAST_VARIANCE = 1e-6
PRIOR = 1.0


class Pool(NamedTuple):
    """Outer gate (log prior, centres), pool weights and curvature, running squared errors; then scratch."""

    active_M: Floats
    log_prior_T: Floats
    centre_TA: Floats
    weight_LM: Floats
    rate_L: Floats
    curvature_LMM: Floats
    variance_T: Floats

    probability_TC: Floats
    mean_T: Floats
    score_MC: Floats
    logit_C: Floats
    gate_T: Floats
    share_T: Floats
    distance_T: Floats
    turned_M: Floats
    weight_M: Floats


POOL_AXES = {
    "active_M": Axes("M", 1.0),
    "log_prior_T": Axes("T"),
    "centre_TA": Axes("TA"),
    "weight_LM": Axes("LM"),
    "rate_L": Axes("L"),
    "curvature_LMM": Axes("LMM"),
    "variance_T": Axes("T", 1.0),
    "probability_TC": scratch("TC"),
    "mean_T": scratch("T"),
    "score_MC": scratch("MC"),
    "logit_C": scratch("C"),
    "gate_T": scratch("T"),
    "share_T": scratch("T"),
    "distance_T": scratch("T"),
    "turned_M": scratch("M"),
    "weight_M": scratch("M"),
}


@inlined
def outer_gate(pool: Pool, laplace: bool, z_A: Floats) -> None:
    """Weights of the active groups and the pools for this record, into ``gate_T``."""
    groups = pool.active_M.size
    largest = -1e300
    for t in range(pool.gate_T.size):
        total = 0.0
        if laplace:
            for a in range(1, z_A.size):
                total += (pool.centre_TA[t, a] - z_A[a]) ** 2
            pool.distance_T[t] = math.sqrt(total)
            total = -SCALE * pool.distance_T[t]
        else:
            for a in range(1, z_A.size):
                total += pool.centre_TA[t, a] * z_A[a]
        logit = pool.log_prior_T[t] + total
        if t < groups and pool.active_M[t] == 0.0:
            logit = -1e300
        pool.gate_T[t] = logit
        largest = max(largest, logit)
    total = 0.0
    for t in range(pool.gate_T.size):
        pool.gate_T[t] = math.exp(pool.gate_T[t] - largest)
        total += pool.gate_T[t]
    for t in range(pool.gate_T.size):
        pool.gate_T[t] /= total


@inlined
def spread_pool_mass(pool: Pool) -> None:
    """Gate weight of every group with the pools' mass handed to what they pool, into ``weight_M``."""
    groups = pool.active_M.size
    for m in range(groups):
        pool.weight_M[m] = pool.gate_T[m]
    for pooled in range(pool.rate_L.size):
        size = 0.0
        active = 0.0
        for m in range(groups):
            size += pool.active_M[m] * abs(pool.weight_LM[pooled, m])
            active += pool.active_M[m]
        for m in range(groups):
            say = abs(pool.weight_LM[pooled, m]) / size if size > 0.0 else 1.0 / active
            pool.weight_M[m] += pool.gate_T[groups + pooled] * pool.active_M[m] * say


@inlined
def predict_pool(pool: Pool, laplace: bool, z_A: Floats, probability_C: Floats) -> None:
    """p = sum_i g_i p_i over groups and pools; a pool is softmax_c of sum_m w_m (log p_mc - mean_c)."""
    groups = pool.active_M.size
    classes = probability_C.size
    floor = FLOOR / classes
    for m in range(groups):
        if pool.active_M[m] == 0.0:
            continue
        mean = 0.0
        for c in range(classes):
            pool.score_MC[m, c] = math.log(pool.probability_TC[m, c] * (1.0 - FLOOR) + floor)
            mean += pool.score_MC[m, c] / classes
        for c in range(classes):
            pool.score_MC[m, c] -= mean
    for pooled in range(pool.rate_L.size):
        for c in range(classes):
            pool.logit_C[c] = 0.0
        for m in range(groups):
            weight = pool.weight_LM[pooled, m] * pool.active_M[m]
            for c in range(classes):
                pool.logit_C[c] += weight * pool.score_MC[m, c]
        softmax(pool.logit_C, pool.probability_TC[groups + pooled])
    outer_gate(pool, laplace, z_A)
    for c in range(classes):
        probability_C[c] = 0.0
    for t in range(pool.gate_T.size):
        gate = pool.gate_T[t]
        for c in range(classes):
            probability_C[c] += gate * pool.probability_TC[t, c]


@inlined
def learn_pool(pool: Pool, laplace: bool, z_A: Floats, y: int, likelihood: float) -> None:
    """Exact gradients for the pools and the outer centres, tempered fixed share for the prior."""
    groups = pool.active_M.size
    classes = pool.logit_C.size
    for pooled in range(pool.rate_L.size):
        p_C = pool.probability_TC[groups + pooled]
        for m in range(groups):
            slope = pool.score_MC[m, y]
            for c in range(classes):
                slope -= p_C[c] * pool.score_MC[m, c]
            pool.weight_LM[pooled, m] += pool.rate_L[pooled] * slope * pool.active_M[m]
    for t in range(pool.gate_T.size):
        share = pool.gate_T[t] * pool.probability_TC[t, y] / max(likelihood, 1e-9)
        _move_centre(pool.centre_TA[t], pool.distance_T[t], laplace, share - pool.gate_T[t], z_A)
        pool.log_prior_T[t] += TEMPER * math.log(max(pool.probability_TC[t, y], LEAST_LIKELIHOOD))
    _share_prior(pool.log_prior_T, pool.active_M)


@inlined
def predict_pool_mean(pool: Pool, laplace: bool, z_A: Floats) -> tuple[float, float]:
    """Mean and variance of the mixture of groups and pools (scaled target); pools are linear in the means."""
    groups = pool.active_M.size
    for pooled in range(pool.rate_L.size):
        total = 0.0
        for m in range(groups):
            total += pool.weight_LM[pooled, m] * pool.mean_T[m] * pool.active_M[m]
        pool.mean_T[groups + pooled] = min(max(total, -10.0), 10.0)
    outer_gate(pool, laplace, z_A)
    mean = 0.0
    square = 0.0
    for t in range(pool.gate_T.size):
        mean += pool.gate_T[t] * pool.mean_T[t]
        square += pool.gate_T[t] * (pool.variance_T[t] + pool.mean_T[t] * pool.mean_T[t])
    return mean, max(square - mean * mean, LEAST_VARIANCE)


@inlined
def learn_pool_mean(pool: Pool, laplace: bool, z_A: Floats, u: float) -> None:
    """Recursive least squares for the pools; Gaussian likelihoods for prior and centres.

    A squared miss counts at most 40 variances.
    """
    groups = pool.active_M.size
    for pooled in range(pool.rate_L.size):
        residual = u - pool.mean_T[groups + pooled]
        step = turned_step(
            pool.curvature_LMM[pooled],
            pool.mean_T[:groups],
            1.0,
            pool.rate_L[pooled],
            PRIOR,
            1.0,
            pool.turned_M,
        )
        for m in range(groups):
            pool.weight_LM[pooled, m] += step * residual * pool.turned_M[m] * pool.active_M[m]
    largest = -1e300
    for t in range(pool.gate_T.size):
        miss = (u - pool.mean_T[t]) ** 2
        fit = -0.5 * (math.log(pool.variance_T[t]) + min(miss / pool.variance_T[t], 40.0))
        pool.log_prior_T[t] += TEMPER * fit
        largest = max(largest, fit)
        pool.variance_T[t] = max(
            pool.variance_T[t] + ERROR_RATE * (min(miss, 100.0) - pool.variance_T[t]), LEAST_VARIANCE
        )
        pool.share_T[t] = fit
    total = 0.0
    for t in range(pool.gate_T.size):
        pool.share_T[t] = pool.gate_T[t] * math.exp(pool.share_T[t] - largest)
        total += pool.share_T[t]
    for t in range(pool.gate_T.size):
        surplus = pool.share_T[t] / total - pool.gate_T[t]
        _move_centre(pool.centre_TA[t], pool.distance_T[t], laplace, surplus, z_A)
    _share_prior(pool.log_prior_T, pool.active_M)


@linked
def _move_centre(centre_A: Floats, distance: float, laplace: bool, surplus: float, z_A: Floats) -> None:
    """a_i += step (h_i - g_i) d z_i / d a_i."""
    if laplace:
        if distance > 1e-6:
            amount = CENTRE_STEP * SCALE * surplus / distance
            for a in range(1, z_A.size):
                centre_A[a] += amount * (z_A[a] - centre_A[a])
    else:
        for a in range(1, z_A.size):
            centre_A[a] += SLOPE_STEP * surplus * z_A[a]


@linked
def _share_prior(log_prior_T: Floats, active_M: Floats) -> None:
    """Normalise the prior over what is active and spread a share of it evenly (fixed share)."""
    groups = active_M.size
    largest = -1e300
    size = 0.0
    for t in range(log_prior_T.size):
        if t >= groups or active_M[t] > 0.0:
            largest = max(largest, log_prior_T[t])
            size += 1.0
    for t in range(log_prior_T.size):
        log_prior_T[t] = math.exp(log_prior_T[t] - largest) if t >= groups or active_M[t] > 0.0 else 0.0
    # A loop of its own: with the look at the shorter active_M in it, the order of the sum, and so its last
    # bit, would depend on how far apart the two arrays happen to lie in memory.
    total = 0.0
    for t in range(log_prior_T.size):
        total += log_prior_T[t]
    for t in range(log_prior_T.size):
        log_prior_T[t] = math.log((1.0 - SHARE) * log_prior_T[t] / total + SHARE / size)
