"""E-mix: bets on leaves, on groups and on the whole vector, as one Shiryaev-Roberts e-detector.

Each record injects capital one, shared by the banks, and multiplies every bettor's capital by its e-value.
The sum is R_t. Under the null R_t - t is a supermartingale, so the first time R_t reaches c comes on
average after at least c records: the threshold is the wanted average run length.

A view is one reading of one gate: the soft weights themselves, or the largest weight as a one-hot vector.
Views have references of their own, and R is the mean over views.

Where records linger, bettors see means of runs of ``run_1`` records instead: a mean of gate weights is as
good a vector for them, and means of long enough runs hardly depend on each other.

Capital is kept in units of 1e100 to a power that follows R, so that it neither overflows nor is lost.

Source: Shin, Ramdas and Rinaldo (2024), theorem 2.4; mixtures of e-detectors are e-detectors.

Shapes: V views, S gates over the same records, K leaves, J ratios of a leaf, G groups (0: no groups),
Q starts, B strengths, N records.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ..kernels.arrays import Axes, scratch
from ..kernels.compiled import Entry, compiled, linked
from .leaves import bet_inside_groups, bet_on_leaves
from .starts import begin_start, bet_on_starts, thin_starts

__all__ = ["BETS_AXES", "CAPITAL_AXES", "LOG_UNIT", "Bets", "Capital", "accumulate", "run_accumulate"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

LARGE, SMALL = 1e100, 1e-100
LOG_UNIT = math.log(LARGE)


class Bets(NamedTuple):
    """What is bet, all of it derived from the reference.

    ``share_4`` is the injected capital's part for leaves, groups, leaves inside groups and starts;
    ``run_1`` is how many records are averaged before a bet; view v sees gate ``gate_V[v]``.
    """

    mean_VK: Floats
    sticky_V: Floats
    pace_V: Floats
    error_V: Floats
    leaf_slope_VKJ: Floats
    leaf_keep_VKJ: Floats
    inside_slope_VKJ: Floats
    inside_keep_VKJ: Floats
    group_mean_VG: Floats
    group_slope_VGJ: Floats
    group_keep_VGJ: Floats
    group_K: Integers
    strength_B: Floats
    spacing_1: Floats
    share_4: Floats
    run_1: Integers
    gate_V: Integers
    hard_V: Integers


class Capital(NamedTuple):
    """What the bettors own and have counted, and the run of records that is being averaged.

    ``records_1`` counts bets and ``birth_VQ`` is the bet at which a start was born: in runs, not records.
    """

    leaf_VKJ: Floats
    inside_VKJ: Floats
    group_VGJ: Floats
    start_VQB: Floats
    count_VQK: Floats
    total_VQ: Floats
    square_VQ: Floats
    birth_VQ: Integers
    order_VQ: Integers
    starts_V: Integers
    before_VK: Floats
    bank_V4: Floats
    sum_VK: Floats
    summed_1: Integers
    log_evidence_1: Floats
    records_1: Integers
    units_1: Integers

    w_K: Floats
    fresh_K: Floats
    group_w_G: Floats


BETS_AXES = {
    "mean_VK": Axes("VK"),
    "sticky_V": Axes("V"),
    "pace_V": Axes("V", 1.0),
    "error_V": Axes("V"),
    "leaf_slope_VKJ": Axes("VKJ"),
    "leaf_keep_VKJ": Axes("VKJ", 1.0),
    "inside_slope_VKJ": Axes("VKJ"),
    "inside_keep_VKJ": Axes("VKJ", 1.0),
    "group_mean_VG": Axes("VG"),
    "group_slope_VGJ": Axes("VGJ"),
    "group_keep_VGJ": Axes("VGJ", 1.0),
    "group_K": Axes("K", 0, np.int64),
    "strength_B": Axes("B"),
    "spacing_1": Axes("1"),
    "share_4": Axes("4"),
    "run_1": Axes("1", 1, np.int64),
    "gate_V": Axes("V", 0, np.int64),
    "hard_V": Axes("V", 0, np.int64),
}
CAPITAL_AXES = {
    "leaf_VKJ": Axes("VKJ"),
    "inside_VKJ": Axes("VKJ"),
    "group_VGJ": Axes("VGJ"),
    "start_VQB": Axes("VQB"),
    "count_VQK": Axes("VQK"),
    "total_VQ": Axes("VQ"),
    "square_VQ": Axes("VQ"),
    "birth_VQ": Axes("VQ", 0, np.int64),
    "order_VQ": Axes("VQ", 0, np.int64),
    "starts_V": Axes("V", 0, np.int64),
    "before_VK": Axes("VK"),
    "bank_V4": Axes("V4"),
    "sum_VK": Axes("VK"),
    "summed_1": Axes("1", 0, np.int64),
    "log_evidence_1": Axes("1", -math.inf),
    "records_1": Axes("1", 0, np.int64),
    "units_1": Axes("1", 0, np.int64),
    "w_K": scratch("K"),
    "fresh_K": scratch("K"),
    "group_w_G": scratch("G"),
}


@compiled
def run_accumulate(
    bets: Bets,
    capital: Capital,
    g_NSK: Floats,
    log_threshold: float,
    log_evidence_N: Floats,
    stopped_1: Integers,
) -> None:
    """log R after every record, until it reaches the threshold.

    Args:
        bets: what is bet.
        capital: updated in place.
        g_NSK: weights of every gate.
        log_threshold: log c; infinity to go on to the end.
        log_evidence_N: filled up to and including the record that reaches the threshold.
        stopped_1: filled with the index of that record, or -1.
    """
    stopped_1[0] = -1
    for n in range(g_NSK.shape[0]):
        for v in range(bets.sticky_V.size):
            _look(bets.hard_V[v] == 1, g_NSK[n, bets.gate_V[v]], capital.sum_VK[v])
        capital.summed_1[0] += 1
        if capital.summed_1[0] == bets.run_1[0]:
            _settle(bets, capital)
        log_evidence_N[n] = capital.log_evidence_1[0]
        if log_evidence_N[n] >= log_threshold:
            stopped_1[0] = n
            return


@linked
def _settle(bets: Bets, capital: Capital) -> None:
    """Let every bettor bet on the run's mean, then begin the next run."""
    unit = 1.0
    for _ in range(min(capital.units_1[0], 4)):
        unit *= SMALL
    total = 0.0
    for v in range(bets.sticky_V.size):
        total += _bet(bets, capital, v, unit)
    total /= bets.sticky_V.size
    capital.records_1[0] += 1
    capital.summed_1[0] = 0
    capital.log_evidence_1[0] = math.log(max(total, 1e-300)) + capital.units_1[0] * LOG_UNIT
    if total > LARGE:
        _rescale(capital, SMALL)
        capital.units_1[0] += 1
    elif total < 1e-20 and capital.units_1[0] > 0:
        _rescale(capital, LARGE)
        capital.units_1[0] -= 1


@linked
def _bet(bets: Bets, capital: Capital, v: int, unit: float) -> float:
    """One run of one view -> R."""
    mean_K, before_K, rho = bets.mean_VK[v], capital.before_VK[v], bets.sticky_V[v]
    sum_K, w_K, fresh_K, group_w_G = capital.sum_VK[v], capital.w_K, capital.fresh_K, capital.group_w_G
    pace = bets.pace_V[v]
    W = 0.0
    for k in range(w_K.size):
        seen = sum_K[k] / bets.run_1[0]
        sum_K[k] = 0.0
        w_K[k] = seen / ((1.0 - rho) * mean_K[k] + rho * before_K[k])
        fresh_K[k] = pace * mean_K[k] * w_K[k]
        W += mean_K[k] * w_K[k]
        before_K[k] = seen
    bank_4, share_4 = capital.bank_V4[v], bets.share_4
    bank_4[0] = bet_on_leaves(
        capital.leaf_VKJ[v], bets.leaf_slope_VKJ[v], bets.leaf_keep_VKJ[v], w_K, W, pace, unit
    )
    if group_w_G.size > 0:
        group_mean_G = bets.group_mean_VG[v]
        for g in range(group_w_G.size):
            group_w_G[g] = 0.0
        for k in range(w_K.size):
            group_w_G[bets.group_K[k]] += mean_K[k] * w_K[k]
        for g in range(group_w_G.size):
            group_w_G[g] /= group_mean_G[g]
        bank_4[1] = bet_on_leaves(
            capital.group_VGJ[v], bets.group_slope_VGJ[v], bets.group_keep_VGJ[v], group_w_G, W, pace, unit
        )
        if share_4[2] > 0.0:
            slope_KJ, keep_KJ, group_K = bets.inside_slope_VKJ[v], bets.inside_keep_VKJ[v], bets.group_K
            bank_4[2] = bet_inside_groups(
                capital.inside_VKJ[v],
                slope_KJ,
                keep_KJ,
                w_K,
                mean_K,
                group_K,
                group_mean_G,
                group_w_G,
                pace,
                unit,
            )
    bank_4[3] = _bet_on_vector(bets, capital, v, W, unit)
    total = 0.0
    for bank in range(4):
        total += share_4[bank] * bank_4[bank]
    return total


@linked
def _bet_on_vector(bets: Bets, capital: Capital, v: int, W: float, unit: float) -> float:
    """Begin a start, let all starts bet, thin them -> their capital."""
    start_QB, count_QK, order_Q = capital.start_VQB[v], capital.count_VQK[v], capital.order_VQ[v]
    total_Q, square_Q, birth_Q = capital.total_VQ[v], capital.square_VQ[v], capital.birth_VQ[v]
    record, starts = capital.records_1[0], capital.starts_V[v]
    only, weights = -1, 0
    for k in range(capital.w_K.size):
        if capital.w_K[k] > 0.0:
            only = k
            weights += 1
    if weights > 1:
        only = -1
    begin_start(start_QB, count_QK, total_Q, square_Q, birth_Q, order_Q, starts, record, unit)
    starts += 1
    total = bet_on_starts(
        start_QB,
        count_QK,
        total_Q,
        square_Q,
        order_Q,
        starts,
        bets.strength_B,
        capital.w_K,
        W,
        capital.fresh_K,
        only,
        bets.pace_V[v],
        bets.error_V[v],
    )
    capital.starts_V[v] = thin_starts(start_QB, birth_Q, order_Q, starts, record, bets.spacing_1[0])
    return total


@linked
def _look(hard: bool, g_K: Floats, sum_K: Floats) -> None:
    """Add the weights as they are, or the largest one as a one-hot vector."""
    if not hard:
        for k in range(g_K.size):
            sum_K[k] += g_K[k]
        return
    largest = 0
    for k in range(g_K.size):
        if g_K[k] > g_K[largest]:
            largest = k
    sum_K[largest] += 1.0


@linked
def _rescale(capital: Capital, factor: float) -> None:
    """Every capital times the factor."""
    for v in range(capital.leaf_VKJ.shape[0]):
        for k in range(capital.leaf_VKJ.shape[1]):
            for j in range(capital.leaf_VKJ.shape[2]):
                capital.leaf_VKJ[v, k, j] *= factor
                capital.inside_VKJ[v, k, j] *= factor
        for g in range(capital.group_VGJ.shape[1]):
            for j in range(capital.group_VGJ.shape[2]):
                capital.group_VGJ[v, g, j] *= factor
        for i in range(capital.start_VQB.shape[1]):
            for b in range(capital.start_VQB.shape[2]):
                capital.start_VQB[v, i, b] *= factor
        for bank in range(4):
            capital.bank_V4[v, bank] *= factor


accumulate = Entry(run_accumulate)
