"""One record of a classification stream: predict, score, learn.

Rows of the outer gate, in order: two linear experts, the G region groups, memory, prototypes, two
additive experts, the boosted ensembles. Shapes: N records, D features, A = 1 + D, C classes,
M groups, K leaves.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .additive import Additive, find_bins, learn_additive, predict_additive
from .boosted import Boosted, learn_boosted, predict_boosted
from .compiled import compiled
from .linear import Linear, learn_linear, predict_linear
from .nearest import Memory, Prototypes, learn_memory, learn_prototypes, predict_memory, predict_prototypes
from .pool import Pool, learn_pool, predict_pool, spread_pool_mass
from .regions import Regions, learn_region, predict_region
from .scaling import Scale, learn_scale, scale_record

__all__ = ["State", "fill_leaf_weights", "learn_class", "predict_class", "predict_classes", "step_classes"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


class State(NamedTuple):
    """Every part of the model; ``records_1`` counts what was learned, ``laplace_2`` is (outer, inner)."""

    scale: Scale
    linear: Linear
    regions: Regions
    memory: Memory
    prototypes: Prototypes
    additive: Additive
    boosted: Boosted
    pool: Pool
    records_1: Integers
    laplace_2: Integers
    z_A: Floats


@compiled
def predict_class(state: State, x_D: Floats, probability_C: Floats) -> None:
    """Class probabilities of one record. Only scratch is written."""
    z_A = state.z_A
    scale_record(state.scale, x_D, z_A)
    active_M = state.pool.active_M
    probability_TC = state.pool.probability_TC
    groups = state.regions.born_G.size
    if active_M[0] + active_M[1] > 0.0:
        predict_linear(state.linear, z_A, state.pool.logit_C, probability_TC, 0)
    for g in range(groups):
        if active_M[2 + g] > 0.0:
            predict_region(state.regions, g, state.laplace_2[1] == 1, z_A, probability_TC[2 + g])
    row = 2 + groups
    if active_M[row] > 0.0:
        predict_memory(state.memory, z_A, probability_TC[row])
    if active_M[row + 1] > 0.0:
        predict_prototypes(state.prototypes, z_A, probability_TC[row + 1])
    if active_M[row + 2] > 0.0 or active_M[row + 4] > 0.0:
        find_bins(state.additive, z_A)
    if active_M[row + 2] > 0.0:
        predict_additive(state.additive, probability_TC, row + 2)
    if active_M[row + 4] > 0.0:
        predict_boosted(state.boosted, z_A, probability_TC, row + 4)
    predict_pool(state.pool, state.laplace_2[0] == 1, z_A, probability_C)


@compiled
def learn_class(state: State, x_D: Floats, y: int, probability_C: Floats) -> None:
    """Learn from the record that ``predict_class`` has just predicted, with the scratch it left."""
    z_A = state.z_A
    active_M = state.pool.active_M
    probability_TC = state.pool.probability_TC
    groups = state.regions.born_G.size
    record = state.records_1[0]
    learn_pool(state.pool, state.laplace_2[0] == 1, z_A, y, probability_C[y])
    if active_M[0] + active_M[1] > 0.0:
        learn_linear(state.linear, z_A, y, probability_TC, 0)
    for g in range(groups):
        if active_M[2 + g] > 0.0:
            likelihood = probability_TC[2 + g, y]
            learn_region(state.regions, g, state.laplace_2[1] == 1, z_A, y, likelihood, record)
    row = 2 + groups
    learn_memory(state.memory, z_A, float(y))
    if active_M[row + 1] > 0.0:
        learn_prototypes(state.prototypes, z_A, y, probability_TC[row + 1], record)
    if active_M[row + 2] > 0.0:
        learn_additive(state.additive, y, probability_TC, row + 2)
    if active_M[row + 4] > 0.0:
        learn_boosted(state.boosted, z_A, y, state.additive.bin_D, state.additive.edge_DH)
    learn_scale(state.scale, x_D)
    state.records_1[0] += 1


@compiled
def predict_classes(state: State, x_ND: Floats, probability_NC: Floats, weight_NK: Floats) -> None:
    """Class probabilities and leaf weights (0 columns: not wanted) of many records, without learning."""
    for n in range(x_ND.shape[0]):
        predict_class(state, x_ND[n], probability_NC[n])
        if weight_NK.shape[1] > 0:
            fill_leaf_weights(state, weight_NK[n])


@compiled
def step_classes(
    state: State, x_ND: Floats, y_N: Integers, probability_NC: Floats, loss_N: Floats, weight_NK: Floats
) -> None:
    """Predict, score, then learn every record in order."""
    for n in range(x_ND.shape[0]):
        predict_class(state, x_ND[n], probability_NC[n])
        if weight_NK.shape[1] > 0:
            fill_leaf_weights(state, weight_NK[n])
        loss_N[n] = -math.log(max(probability_NC[n, y_N[n]], 1e-300))
        learn_class(state, x_ND[n], y_N[n], probability_NC[n])


@compiled
def fill_leaf_weights(state: State, weight_K: Floats) -> None:
    """Outer weight times inner weight of every leaf for the record just predicted."""
    spread_pool_mass(state.pool)
    groups, experts = state.regions.gate_GE.shape
    weight_M = state.pool.weight_M
    k = 0
    for m in range(weight_M.size):
        g = m - 2
        if 0 <= g < groups:
            born = state.regions.born_G[g]
            for e in range(experts):
                weight_K[k] = weight_M[m] * (state.regions.gate_GE[g, e] if e < born else 0.0)
                k += 1
            if born == 0:
                weight_K[k - experts] = weight_M[m]
        else:
            weight_K[k] = weight_M[m]
            k += 1
