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
from .categorical import State, fill_leaf_weights
from .compiled import compiled
from .linear import learn_linear_mean, predict_linear_mean
from .nearest import learn_memory, predict_memory_mean
from .pool import learn_pool_mean, predict_pool_mean
from .regions import learn_region_mean, predict_region_mean
from .scaling import learn_scale, scale_record, scaled_value

__all__ = ["learn_mean", "predict_mean", "predict_means", "step_means"]

Floats = npt.NDArray[np.float64]

LARGEST = 10.0


@compiled
def predict_mean(state: State, target_3: Floats, x_D: Floats, moments_2: Floats) -> None:
    """Mean and standard deviation of one record's target, in the target's unit. Only scratch is written.

    ``target_3`` holds the running count, mean and variance of the target.
    """
    z_A = state.z_A
    scale_record(state.scale, x_D, z_A)
    active_M = state.pool.active_M
    mean_T = state.pool.mean_T
    groups = state.regions.born_G.size
    centre, spread = _target_scale(target_3)
    if active_M[0] + active_M[1] > 0.0:
        predict_linear_mean(state.linear, z_A, mean_T, 0)
    for g in range(groups):
        if active_M[2 + g] > 0.0:
            predict_region_mean(state.regions, g, state.laplace_2[1] == 1, z_A, mean_T, 2 + g)
    row = 2 + groups
    if active_M[row] > 0.0:
        mean_T[row] = predict_memory_mean(state.memory, z_A, centre, spread)
    if active_M[row + 2] > 0.0 or active_M[row + 4] > 0.0:
        find_bins(state.additive, z_A)
    if active_M[row + 2] > 0.0:
        predict_additive_mean(state.additive, mean_T, row + 2)
    if active_M[row + 4] > 0.0:
        predict_boosted_mean(state.boosted, z_A, mean_T, row + 4)
    mean, variance = predict_pool_mean(state.pool, state.laplace_2[0] == 1, z_A)
    moments_2[0] = centre + spread * mean
    moments_2[1] = spread * math.sqrt(variance)


@compiled
def _target_scale(target_3: Floats) -> tuple[float, float]:
    """Running mean and standard deviation of the target; 1 while it has not varied yet."""
    deviation = math.sqrt(max(target_3[2], 0.0))
    return target_3[1], deviation if deviation > 1e-12 * (1.0 + abs(target_3[1])) else 1.0


@compiled
def learn_mean(state: State, target_3: Floats, x_D: Floats, y: float) -> None:
    """Learn from the record that ``predict_mean`` has just predicted, with the scratch it left."""
    z_A = state.z_A
    active_M = state.pool.active_M
    mean_T = state.pool.mean_T
    groups = state.regions.born_G.size
    record = state.records_1[0]
    centre, spread = _target_scale(target_3)
    u = min(max((y - centre) / spread, -LARGEST), LARGEST)
    learn_pool_mean(state.pool, state.laplace_2[0] == 1, z_A, u)
    if active_M[0] + active_M[1] > 0.0:
        learn_linear_mean(state.linear, z_A, u, mean_T, 0)
    for g in range(groups):
        if active_M[2 + g] > 0.0:
            learn_region_mean(state.regions, g, state.laplace_2[1] == 1, z_A, u, mean_T[2 + g], record)
    row = 2 + groups
    learn_memory(state.memory, z_A, y)
    if active_M[row + 2] > 0.0:
        learn_additive_mean(state.additive, u, mean_T, row + 2)
    if active_M[row + 4] > 0.0:
        learn_boosted_mean(state.boosted, z_A, u, state.additive.bin_D, state.additive.edge_DH)
    learn_scale(state.scale, x_D)
    error = min(max(y - target_3[1], -1e150), 1e150)
    _, target_3[1], target_3[2] = scaled_value(target_3[0], target_3[1], target_3[2], target_3[1] + error)
    target_3[0] += 1.0
    state.records_1[0] += 1


@compiled
def predict_means(state: State, target_3: Floats, x_ND: Floats, moments_N2: Floats, weight_NK: Floats) -> None:
    """Mean and deviation, and leaf weights (0 columns: not wanted), of many records, without learning."""
    for n in range(x_ND.shape[0]):
        predict_mean(state, target_3, x_ND[n], moments_N2[n])
        if weight_NK.shape[1] > 0:
            fill_leaf_weights(state, weight_NK[n])


@compiled
def step_means(
    state: State,
    target_3: Floats,
    x_ND: Floats,
    y_N: Floats,
    moments_N2: Floats,
    loss_N: Floats,
    weight_NK: Floats,
) -> None:
    """Predict, score, then learn every record in order; the loss is the Gaussian's, in nats."""
    for n in range(x_ND.shape[0]):
        predict_mean(state, target_3, x_ND[n], moments_N2[n])
        if weight_NK.shape[1] > 0:
            fill_leaf_weights(state, weight_NK[n])
        deviation = max(moments_N2[n, 1], 1e-150)
        miss = min(abs(y_N[n] - moments_N2[n, 0]) / deviation, 1e150)
        loss_N[n] = 0.5 * math.log(2.0 * math.pi) + math.log(deviation) + 0.5 * miss * miss
        learn_mean(state, target_3, x_ND[n], y_N[n])
