"""What is known of the gate while nothing has changed: its mean, how uncertain that is, how it lingers.

From a reference period of n records:

    p       mean gate weights, with a small even share mixed in so that no leaf is impossible
    rho     stickiness, sum_k cov(g_tk, g_{t-1,k}) / sum_k var(g_k), 0 unless clearly positive and the gate
            really stays where it is: a lazy chain repeats itself with probability rho or more
    tau     records that count as one independent record: batch means against single records
    error   epsilon^2 = tau / n sum_k var(g_k) / p_k, the expected chi-square distance of the estimate;
            for one-hot independent weights (K - 1) / n, for soft weights less

A known mean has no error and no stickiness.

Source: batch means, e.g. Flegal and Jones (2010); the rest is derived here.

Shapes: N records, K leaves.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = [
    "Reference",
    "chi_square_per_record",
    "estimate",
    "known",
    "one_hot",
    "restored",
    "run_length",
    "run_means",
]

Floats = npt.NDArray[np.float64]

LARGEST_STICKINESS = 0.98
LARGEST_EVEN_SHARE = 0.01
KNOWN_EVEN_SHARE = 1e-6
LEAST_RECORDS = 20
LAZY = 0.8
LONGER_THAN_LAZY = 1.5
RUN_TAUS = 1.0


class Reference(NamedTuple):
    """One view's reference.

    Args:
        mean_K: p, positive, sums to 1.
        variance_K: variance of one record's weight.
        records: how many records it comes from; 0 for a known mean.
        sticky: rho.
        tau: records that count as one independent record, at least 1.
    """

    mean_K: Floats
    variance_K: Floats
    records: int
    sticky: float
    tau: float

    @property
    def pace(self) -> float:
        """Independent records that a record stands for: new draws of a lazy chain, else 1 / tau."""
        return 1.0 - self.sticky if self.sticky > 0.0 else 1.0 / self.tau

    @property
    def error(self) -> float:
        """Epsilon, the root of the expected chi-square distance between the mean and the truth."""
        if self.records == 0:
            return 0.0
        return math.sqrt(chi_square_per_record(self) * self.tau / self.records)

    def deviation_K(self) -> Floats:
        """Standard error of every entry of the mean."""
        if self.records == 0:
            return np.zeros_like(self.mean_K)
        error_K: Floats = np.sqrt(
            np.maximum(self.variance_K, self.mean_K / self.records) * self.tau / self.records
        )
        return error_K


def chi_square_per_record(reference: Reference) -> float:
    """sum_k var(g_k) / p_k: K - 1 for one-hot weights."""
    return float((reference.variance_K / reference.mean_K).sum())


def known(p_K: Floats) -> Reference:
    """A reference whose mean is known.

    Args:
        p_K: (K,) non-negative; scaled to sum to 1.
    """
    mean_K = _mixed_with_even(p_K / p_K.sum(), KNOWN_EVEN_SHARE)
    return Reference(mean_K, mean_K * (1.0 - mean_K), 0, 0.0, 1.0)


def estimate(g_NK: Floats) -> Reference:
    """A reference from the gate weights of a period without change.

    Args:
        g_NK: (N, K) gate weights in stream order.
    """
    records, leaves = g_NK.shape
    raw_K = g_NK.mean(axis=0)
    mean_K = _mixed_with_even(raw_K / raw_K.sum(), min(LARGEST_EVEN_SHARE, 0.5 * leaves / records))
    away_NK = g_NK - raw_K
    variance_K = (away_NK**2).mean(axis=0)
    spread = float(variance_K.sum())
    if spread <= 0.0 or records < LEAST_RECORDS:
        return Reference(mean_K, variance_K, records, 0.0, 1.0)
    lagged = float((away_NK[1:] * away_NK[:-1]).sum()) / (records - 1) / spread
    rho = min(lagged, LARGEST_STICKINESS) if lagged > 3.0 / math.sqrt(records) else 0.0
    repeats = float((np.abs(g_NK[1:] - g_NK[:-1]).max(axis=1) < 1e-9).mean())
    tau = _records_per_independent_record(away_NK / np.sqrt(mean_K), rho)
    lazy = repeats >= LAZY * rho and tau <= LONGER_THAN_LAZY * (1.0 + rho) / (1.0 - rho)
    return Reference(mean_K, variance_K, records, rho if lazy else 0.0, tau)


def run_means(g_NK: Floats, run: int) -> Floats:
    """Means of whole runs of so many records."""
    runs = len(g_NK) // run
    means_RK: Floats = g_NK[: runs * run].reshape(runs, run, -1).mean(axis=1)
    return means_RK


def run_length(reference: Reference) -> int:
    """Records to average before a bet: 1 where they are independent or a lazy chain."""
    if reference.sticky > 0.0 or reference.tau <= 1.0:
        return 1
    return math.ceil(RUN_TAUS * reference.tau)


def one_hot(g_NK: Floats) -> Floats:
    """The largest weight of each record as a one-hot vector; the first of equals."""
    choice_NK = np.zeros_like(g_NK)
    choice_NK[np.arange(len(g_NK)), g_NK.argmax(axis=1)] = 1.0
    return choice_NK


def _mixed_with_even(mean_K: Floats, share: float) -> Floats:
    mixed_K: Floats = (1.0 - share) * mean_K + share / mean_K.size
    return mixed_K


def _records_per_independent_record(away_NK: Floats, rho: float) -> float:
    """Variance of batch means times the batch length over the variance of records; at least a lazy chain's.

    Independent records give 1 up to chance, so what chance explains counts as 1.
    """
    records, leaves = away_NK.shape
    batch = max(int(math.sqrt(records)), 1)
    batches = records // batch
    means_MK = away_NK[: batches * batch].reshape(batches, batch, leaves).mean(axis=1)
    between = batch * float(((means_MK - means_MK.mean(axis=0)) ** 2).sum()) / (batches - 1)
    tau = between / float((away_NK**2).sum() / records)
    lazy = (1.0 + rho) / (1.0 - rho)
    chance = 2.0 * math.sqrt(2.0 / (batches - 1))
    return max(tau, lazy) if tau > 1.0 + chance or rho > 0.0 else 1.0


def restored(fields: Mapping[str, Any]) -> Reference:
    """The reference whose fields were saved."""
    arrays = {name: np.array(fields[name]) for name in ("mean_K", "variance_K")}
    return Reference(**{**fields, **arrays})
