"""Is one contestant better than another on the same records?

Shapes: N records, B blocks, R resamples.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import stats

from .sources.stream import Array

__all__ = ["Interval", "mcnemar", "paired_bootstrap"]


@dataclass(frozen=True)
class Interval:
    """A difference of mean losses: positive says that the first contestant loses less.

    Args:
        difference: mean loss of the second minus mean loss of the first.
        low: lower end of the interval of 95 percent.
        high: upper end.
        p_value: two-sided.
    """

    difference: float
    low: float
    high: float
    p_value: float


def mcnemar(wrong_N: Array, other_wrong_N: Array) -> float:
    """Exact two-sided p-value over the records that only one of the two got wrong (McNemar, 1947).

    It takes records as independent, which those of a stream are not: the bootstrap is the one to trust.
    """
    only_first = int(np.count_nonzero(wrong_N > other_wrong_N))
    only_second = int(np.count_nonzero(wrong_N < other_wrong_N))
    if only_first + only_second == 0:
        return 1.0
    return float(stats.binomtest(only_first, only_first + only_second).pvalue)


def paired_bootstrap(loss_N: Array, other_loss_N: Array, *, resamples: int = 2000, seed: int = 0) -> Interval:
    """Circular block bootstrap of the mean loss difference (Politis and Romano, 1992) in blocks of sqrt(N).

    Blocks keep neighbours together, so runs of losses count as the dependent records that they are.
    """
    difference_N = np.asarray(other_loss_N - loss_N, np.float64)
    num_records = len(difference_N)
    length = math.ceil(math.sqrt(num_records))
    ring = np.concatenate([difference_N, difference_N[: length - 1]])
    total = np.concatenate([[0.0], np.cumsum(ring)])
    block_mean_N = (total[length:] - total[:-length]) / length
    num_blocks = math.ceil(num_records / length)
    begin_RB = np.random.default_rng(seed).integers(0, num_records, (resamples, num_blocks))
    mean_R = block_mean_N[begin_RB].mean(axis=1)
    centre = float(difference_N.mean())
    low, high = (float(end) for end in np.quantile(mean_R, [0.025, 0.975]))
    beyond = np.count_nonzero(np.abs(mean_R - centre) >= abs(centre))
    return Interval(centre, low, high, (beyond + 1) / (resamples + 1))
