"""The per-record mathematics of loss given gate, compiled, and the same in plain NumPy beside it.

A bettor of leaf k multiplies its capital by e = 1 + lambda g_k (x - d_k); the bettors of all records by
e = 1 + lambda (x - d). Here x = l - E[l | g, past] is the surprise of the loss and d what the reference
may be wrong by. E[e | past] <= 1 while no loss is higher than expected, and e > 0.
Every record brings new capital of 1 in all (Shiryaev-Roberts), so that E[capital] <= records. Page's
statistic of the same bets says when the evidence began.

Shapes: N records, K leaves, J strengths of a bet, S = 2K + 3 running sums.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from stream_hmoe.kernels.compiled import compiled

__all__ = ["Bets", "Evidence", "plain_take_in", "take_in"]

Floats = npt.NDArray[np.float64]

TIME, LAST_RESIDUAL, MARGIN = 0, 1, 2
USAGE_RATE = 1.0 / 500.0


class Bets(NamedTuple):
    """What is bet on each record: constant between two references."""

    mean_loss_K: Floats
    margin_K: Floats
    strength_JK: Floats
    everywhere_J: Floats
    # correlation of residuals, largest expected loss
    law_2: Floats


class Evidence(NamedTuple):
    """Capital of the bettors and running sums: all that changes with a record."""

    capital_JK: Floats
    everywhere_J: Floats
    # Page's statistic of each bettor, at least 1 before a bet, and the record it was last 1 at
    page_JK: Floats
    everywhere_page_J: Floats
    since_JK: Floats
    everywhere_since_J: Floats
    usage_K: Floats
    # sums of g_k, of g_k times residual, of loss, residual, squared residual
    sums_S: Floats
    # records so far, residual of the last one, margin of the bets on all records
    numbers_3: Floats
    scratch_K: Floats


@compiled
def take_in(
    bets: Bets, evidence: Evidence, g_NK: Floats, loss_N: Floats, threshold: float
) -> tuple[int, float]:
    """Bet on each record in turn until the capital reaches the threshold -> (records taken, capital)."""
    capital_JK, page_JK, since_JK = evidence.capital_JK, evidence.page_JK, evidence.since_JK
    sums_S, numbers, push_K = evidence.sums_S, evidence.numbers_3, evidence.scratch_K
    strengths, leaves = capital_JK.shape
    new = 0.5 / (strengths * leaves)
    everywhere_new = 0.5 / strengths
    correlation, ceiling = bets.law_2[0], bets.law_2[1]
    total = 0.0
    for n in range(loss_N.size):
        g_K = g_NK[n]
        model = 0.0
        for k in range(leaves):
            model += g_K[k] * bets.mean_loss_K[k]
        expected = min(max(model + correlation * numbers[LAST_RESIDUAL], 0.0), ceiling)
        surprise = loss_N[n] - expected
        residual = loss_N[n] - model
        start = numbers[TIME]
        for k in range(leaves):
            push_K[k] = g_K[k] * (surprise - bets.margin_K[k])
            evidence.usage_K[k] += USAGE_RATE * (g_K[k] - evidence.usage_K[k])
            sums_S[k] += g_K[k]
            sums_S[leaves + k] += g_K[k] * residual
        total = 0.0
        for j in range(strengths):
            for k in range(leaves):
                factor = 1.0 + bets.strength_JK[j, k] * push_K[k]
                capital_JK[j, k] = factor * (capital_JK[j, k] + new)
                since_JK[j, k] = start if page_JK[j, k] <= 1.0 else since_JK[j, k]
                page_JK[j, k] = factor * max(page_JK[j, k], 1.0)
                total += capital_JK[j, k]
            factor = 1.0 + bets.everywhere_J[j] * (surprise - numbers[MARGIN])
            evidence.everywhere_J[j] = factor * (evidence.everywhere_J[j] + everywhere_new)
            if evidence.everywhere_page_J[j] <= 1.0:
                evidence.everywhere_since_J[j] = start
            evidence.everywhere_page_J[j] = factor * max(evidence.everywhere_page_J[j], 1.0)
            total += evidence.everywhere_J[j]
        sums_S[2 * leaves] += loss_N[n]
        sums_S[2 * leaves + 1] += residual
        sums_S[2 * leaves + 2] += residual * residual
        numbers[TIME] = start + 1.0
        numbers[LAST_RESIDUAL] = residual
        if total >= threshold:
            return n + 1, total
    return loss_N.size, total


def plain_take_in(
    bets: Bets, evidence: Evidence, g_NK: Floats, loss_N: Floats, threshold: float
) -> tuple[int, float]:
    """The same as ``take_in``, in the open."""
    strengths, leaves = evidence.capital_JK.shape
    correlation, ceiling = bets.law_2
    total = 0.0
    for n, (g_K, loss) in enumerate(zip(g_NK, loss_N, strict=True)):
        start, last, margin = evidence.numbers_3
        residual = loss - g_K @ bets.mean_loss_K
        surprise = loss - np.clip(loss - residual + correlation * last, 0.0, ceiling)

        factor_JK = 1.0 + bets.strength_JK * g_K * (surprise - bets.margin_K)
        evidence.capital_JK[:] = factor_JK * (evidence.capital_JK + 0.5 / (strengths * leaves))
        factor_J = 1.0 + bets.everywhere_J * (surprise - margin)
        evidence.everywhere_J[:] = factor_J * (evidence.everywhere_J + 0.5 / strengths)
        evidence.since_JK[evidence.page_JK <= 1.0] = start
        evidence.page_JK[:] = factor_JK * np.maximum(evidence.page_JK, 1.0)
        evidence.everywhere_since_J[evidence.everywhere_page_J <= 1.0] = start
        evidence.everywhere_page_J[:] = factor_J * np.maximum(evidence.everywhere_page_J, 1.0)

        evidence.usage_K[:] += USAGE_RATE * (g_K - evidence.usage_K)
        evidence.sums_S[:] += [*g_K, *(g_K * residual), loss, residual, residual**2]
        evidence.numbers_3[:2] = start + 1.0, residual
        total = float(evidence.capital_JK.sum() + evidence.everywhere_J.sum())
        if total >= threshold:
            return n + 1, total
    return len(loss_N), total
