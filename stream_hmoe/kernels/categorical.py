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
from .compiled import inlined, linked
from .linear import Linear, learn_linear, predict_linear
from .nearest import Memory, Prototypes, learn_memory, learn_prototypes, predict_memory, predict_prototypes
from .pool import Pool, learn_pool, predict_pool, spread_pool_mass
from .region_learning import learn_regions
from .regions import Regions, predict_regions
from .scaling import Scale, learn_scale, scale_record

__all__ = ["LEARN", "PREDICT", "STEP", "State", "fill_leaf_weights", "run_classes"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

LEAST_PROBABILITY = 1e-15
PREDICT, STEP, LEARN = 0, 1, 2


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


@linked
def run_classes(
    state: State,
    x_ND: Floats,
    y_N: Integers,
    mode: int,
    probability_NC: Floats,
    loss_N: Floats,
    weight_NK: Floats,
) -> None:
    """Predict every record in order and, where asked, score it and learn from it before the next.

    ``mode`` is PREDICT (only scratch is written; ``y_N`` and ``loss_N`` may be empty), STEP (both), or
    LEARN for one record that has just been predicted into the same arrays. A record whose ``y_N`` is below 0
    is only predicted in any mode: its label is still to come.
    ``weight_NK`` with 0 columns: leaf weights are not wanted.
    """
    scale, linear, regions, memory, prototypes, additive, boosted, pool, records_1, laplace_2, z_A = state
    probability_TC = pool.probability_TC
    laplace_outer, laplace_inner = laplace_2[0] == 1, laplace_2[1] == 1
    row = 2 + regions.born_G.size
    with_linear, with_regions = pool.active_M[0] > 0.0, pool.active_M[2] > 0.0
    with_memory, with_prototypes = pool.active_M[row] > 0.0, pool.active_M[row + 1] > 0.0
    with_additive, with_boosted = pool.active_M[row + 2] > 0.0, pool.active_M[row + 4] > 0.0
    for n in range(x_ND.shape[0]):
        x_D, p_C = x_ND[n], probability_NC[n]
        if mode != LEARN:
            scale_record(scale, x_D, z_A)
            find_bins(additive, z_A)
            if with_linear:
                predict_linear(linear, z_A, pool.logit_C, probability_TC, 0)
            if with_regions:
                predict_regions(regions, laplace_inner, z_A, probability_TC, 2)
            if with_memory:
                predict_memory(memory, z_A, probability_TC[row])
            if with_prototypes:
                predict_prototypes(prototypes, z_A, probability_TC[row + 1])
            if with_additive:
                predict_additive(additive, probability_TC, row + 2)
            if with_boosted:
                predict_boosted(boosted, z_A, probability_TC, row + 4)
            predict_pool(pool, laplace_outer, z_A, p_C)
            fill_leaf_weights(pool, regions.born_G, regions.gate_GE, weight_NK[n])
        if mode == PREDICT or y_N[n] < 0:
            continue
        y = y_N[n]
        loss_N[n] = -math.log(max(p_C[y], LEAST_PROBABILITY))
        learn_pool(pool, laplace_outer, z_A, y, p_C[y])
        if with_linear:
            learn_linear(linear, z_A, y, probability_TC, 0)
        if with_regions:
            learn_regions(regions, laplace_inner, z_A, y, probability_TC, 2, records_1[0])
        learn_memory(memory, z_A, float(y))
        if with_prototypes:
            learn_prototypes(prototypes, z_A, y, probability_TC[row + 1], records_1[0])
        if with_additive:
            learn_additive(additive, y, probability_TC, row + 2)
        if with_boosted:
            learn_boosted(boosted, z_A, y, additive.bin_D, additive.edge_DH)
        learn_scale(scale, x_D)
        records_1[0] += 1


@inlined
def fill_leaf_weights(pool: Pool, born_G: Integers, gate_GE: Floats, weight_K: Floats) -> None:
    """Outer weight times inner weight of every leaf for the record just predicted.

    A group without experts yet holds its weight on its first leaf. With no room, nothing is done.
    """
    if weight_K.size == 0:
        return
    spread_pool_mass(pool)
    groups, experts = gate_GE.shape
    k = 0
    for m in range(pool.weight_M.size):
        g = m - 2
        if g < 0 or g >= groups:
            weight_K[k] = pool.weight_M[m]
            k += 1
            continue
        for e in range(experts):
            weight_K[k] = pool.weight_M[m] * gate_GE[g, e] if e < born_G[g] else 0.0
            k += 1
        if born_G[g] == 0:
            weight_K[k - experts] = pool.weight_M[m]
