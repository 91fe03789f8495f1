"""Bets on paired loss differences, compiled, and the same in plain NumPy beside it.

A bettor multiplies its capital by 1 + lambda x, where x = (d - delta) / (B + delta) lies in [-1, 1] and
lambda = min(1/2, effect / sd). The sd of x is known from earlier records only, so that E[1 + lambda x | past]
<= 1 wherever E[d | past] <= delta. ``effect`` is the mean of x over its sd that a bettor is best at.

Shapes: N records, J bettors.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .kernels.compiled import compiled, linked

__all__ = ["WEIGHTS", "PairedState", "bet_on_pairs", "plain_bet_on_pairs", "start_pairs", "watch_pairs"]

Floats = npt.NDArray[np.float64]

# Half of the capital bets on the effect that is looked for; the rest on half of it and on 2.5 times it.
WEIGHTS = np.array([0.25, 0.5, 0.25])
PARTS = np.array([0.5, 1.0, 2.5])
PRIOR_RECORDS = 10.0
PRIOR_SQUARE = 0.1
BOLDEST = 0.5
COUNT, SUM, SQUARE = 0, 1, 2


class PairedState(NamedTuple):
    """After some pairs: log capital for and against (or capital), and count, sum of d, sum of x^2."""

    for_J: Floats
    against_J: Floats
    sums_3: Floats


def start_pairs(capital: float) -> PairedState:
    """Before the first pair."""
    return PairedState(np.full(3, capital), np.full(3, capital), np.zeros(3))


@compiled
def _bet(effect: float, sums_3: Floats) -> float:
    """What the bettor of this effect stakes on the next pair."""
    square: float = (PRIOR_RECORDS * PRIOR_SQUARE + sums_3[SQUARE]) / (PRIOR_RECORDS + sums_3[COUNT])
    return min(BOLDEST, effect / math.sqrt(max(square, 1e-12)))


@linked
def _mixture(log_J: Floats, weight_J: Floats) -> float:
    """log sum_j w_j exp(log_j)."""
    highest: float = max(log_J[0], log_J[1], log_J[2])
    total = 0.0
    for j in range(log_J.size):
        total += weight_J[j] * math.exp(log_J[j] - highest)
    return highest + math.log(total)


@compiled
def bet_on_pairs(
    state: PairedState,
    d_N: Floats,
    scale_2: Floats,
    effect_J: Floats,
    weight_J: Floats,
    limits_3: Floats,
) -> tuple[int, int]:
    """Bet for and against until either has its limit or the budget is spent -> (pairs taken, decision).

    Args:
        state: changed in place; log capitals.
        d_N: (N,) differences, cut to the bound.
        scale_2: delta, bound + delta.
        effect_J: (J,) effects.
        weight_J: (J,) shares of the capital at the start.
        limits_3: log limits for and against, number of pairs to spend.
    """
    sums_3 = state.sums_3
    for n in range(d_N.size):
        x = (d_N[n] - scale_2[0]) / scale_2[1]
        for j in range(effect_J.size):
            stake = _bet(effect_J[j], sums_3)
            state.for_J[j] += math.log1p(stake * x)
            state.against_J[j] += math.log1p(-stake * x)
        sums_3[COUNT] += 1.0
        sums_3[SUM] += d_N[n]
        sums_3[SQUARE] += x * x
        if _mixture(state.for_J, weight_J) >= limits_3[0]:
            return n + 1, 1
        if _mixture(state.against_J, weight_J) >= limits_3[1]:
            return n + 1, 2
        if sums_3[COUNT] >= limits_3[2]:
            return n + 1, 3
    return d_N.size, 0


def plain_bet_on_pairs(
    state: PairedState,
    d_N: Floats,
    scale_2: Floats,
    effect_J: Floats,
    weight_J: Floats,
    limits_3: Floats,
) -> tuple[int, int]:
    """The same as ``bet_on_pairs``, in the open."""
    for n, d in enumerate(d_N):
        x = (d - scale_2[0]) / scale_2[1]
        count, _, squares = state.sums_3
        sd = np.sqrt((PRIOR_RECORDS * PRIOR_SQUARE + squares) / (PRIOR_RECORDS + count))
        stake_J = np.minimum(BOLDEST, effect_J / sd)
        state.for_J[:] += np.log1p(stake_J * x)
        state.against_J[:] += np.log1p(-stake_J * x)
        state.sums_3[:] += [1.0, d, x * x]
        evidence = [np.log(weight_J @ np.exp(log_J)) for log_J in (state.for_J, state.against_J)]
        reached = [*(log >= limit for log, limit in zip(evidence, limits_3[:2], strict=True))]
        reached.append(count + 1.0 >= limits_3[2])
        if any(reached):
            return n + 1, reached.index(True) + 1
    return len(d_N), 0


@compiled
def watch_pairs(
    state: PairedState,
    d_N: Floats,
    scale_2: Floats,
    effect_J: Floats,
    weight_J: Floats,
    limits_2: Floats,
) -> tuple[int, int]:
    """The same as an e-detector: every pair brings in new capital -> (pairs taken, 1 alarm, 2 time is up).

    Args:
        state: changed in place; capitals, those against stay as they are.
        d_N: (N,) differences, cut to the bound.
        scale_2: delta, bound + delta.
        effect_J: (J,) effects.
        weight_J: (J,) shares of the new capital.
        limits_2: capital to alarm at, number of pairs to watch.
    """
    sums_3 = state.sums_3
    for n in range(d_N.size):
        x = (d_N[n] - scale_2[0]) / scale_2[1]
        total = 0.0
        for j in range(effect_J.size):
            factor = 1.0 + _bet(effect_J[j], sums_3) * x
            state.for_J[j] = factor * (state.for_J[j] + weight_J[j])
            total += state.for_J[j]
        sums_3[COUNT] += 1.0
        sums_3[SUM] += d_N[n]
        sums_3[SQUARE] += x * x
        if total >= limits_2[0]:
            return n + 1, 1
        if sums_3[COUNT] >= limits_2[1]:
            return n + 1, 2
    return d_N.size, 0
