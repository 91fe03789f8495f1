"""One record of a regression stream: predict, score, learn, on a target scaled as it goes.

Rows of the outer gate are those of ``categorical``; the row of the prototypes is never active.
Shapes: N records, D features, A = 1 + D, M groups, K leaves.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from .additive import find_bins, learn_additive_mean, predict_additive_mean
from .boosted import learn_boosted_mean, predict_boosted_mean
from .categorical import LEARN, PREDICT, State, fill_leaf_weights
from .compiled import linked
from .linear import learn_linear_mean, predict_linear_mean
from .nearest import learn_memory, predict_memory_mean
from .pool import learn_pool_mean, predict_pool_mean
from .region_learning import learn_regions_mean
from .regions import predict_regions_mean
from .scaling import believed, learn_scale, scale_record, scaled_value

__all__ = ["run_means"]

Floats = npt.NDArray[np.float64]

LARGEST = 10.0


@linked
def run_means(
    state: State,
    target_3: Floats,
    x_ND: Floats,
    y_N: Floats,
    mode: int,
    moments_N2: Floats,
    loss_N: Floats,
    weight_NK: Floats,
) -> None:
    """Predict every record's mean and deviation and, where asked, score it and learn from it.

    The loss is the Gaussian's, in nats. ``target_3`` holds the running count, mean and variance of
    the target; experts work on the target less that mean over that deviation, cut at 10. ``mode``
    is that of ``categorical.run_classes``; a record whose ``y_N`` is NaN is only predicted.
    """
    scale, linear, regions, memory, _, additive, boosted, pool, records_1, laplace_2, z_A = state
    mean_T = pool.mean_T
    laplace_outer, laplace_inner = laplace_2[0] == 1, laplace_2[1] == 1
    row = 2 + regions.born_G.size
    with_linear, with_regions = pool.active_M[0] > 0.0, pool.active_M[2] > 0.0
    with_memory, with_additive, with_boosted = (
        pool.active_M[row],
        pool.active_M[row + 2],
        pool.active_M[row + 4],
    )
    for n in range(x_ND.shape[0]):
        x_D = x_ND[n]
        centre, spread = target_scale(target_3)
        if mode != LEARN:
            scale_record(scale, x_D, z_A)
            find_bins(additive, z_A)
            if with_linear:
                predict_linear_mean(linear, z_A, mean_T, 0)
            if with_regions:
                predict_regions_mean(regions, laplace_inner, z_A, mean_T, 2)
            if with_memory > 0.0:
                mean_T[row] = predict_memory_mean(memory, z_A, centre, spread)
            if with_additive > 0.0:
                predict_additive_mean(additive, mean_T, row + 2)
            if with_boosted > 0.0:
                predict_boosted_mean(boosted, z_A, mean_T, row + 4)
            mean, variance = predict_pool_mean(pool, laplace_outer, z_A)
            moments_N2[n, 0] = centre + spread * mean
            moments_N2[n, 1] = spread * math.sqrt(variance)
            fill_leaf_weights(pool, regions.born_G, regions.gate_GE, weight_NK[n])
        if mode == PREDICT or math.isnan(y_N[n]):
            continue
        y = y_N[n]
        loss_N[n] = gaussian_loss(y, moments_N2[n, 0], moments_N2[n, 1])
        u = min(max((y - centre) / spread, -LARGEST), LARGEST)
        learn_pool_mean(pool, laplace_outer, z_A, u)
        if with_linear:
            learn_linear_mean(linear, z_A, u, mean_T, 0)
        if with_regions:
            learn_regions_mean(regions, laplace_inner, z_A, u, mean_T, 2, records_1[0])
        learn_memory(memory, z_A, believed(target_3[0], target_3[1], target_3[2], y))
        if with_additive > 0.0:
            learn_additive_mean(additive, u, mean_T, row + 2)
        if with_boosted > 0.0:
            learn_boosted_mean(boosted, z_A, u, additive.bin_D, additive.edge_DH)
        learn_scale(scale, x_D)
        _, target_3[1], target_3[2] = scaled_value(target_3[0], target_3[1], target_3[2], y)
        target_3[0] += 1.0
        records_1[0] += 1


@linked
def target_scale(target_3: Floats) -> tuple[float, float]:
    """Running mean and standard deviation of the target; a deviation of 1 while it has not varied yet."""
    deviation = math.sqrt(max(target_3[2], 0.0))
    return target_3[1], deviation if deviation > 1e-12 * (1.0 + abs(target_3[1])) else 1.0


@linked
def gaussian_loss(y: float, mean: float, deviation: float) -> float:
    """-log N(y; mean, deviation^2) in nats, finite for any finite input."""
    deviation = max(deviation, 1e-150)
    miss = min(abs(y - mean) / deviation, 1e150)
    return 0.5 * math.log(2.0 * math.pi) + math.log(deviation) + 0.5 * miss * miss
