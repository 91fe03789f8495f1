"""Sums since many starts, so that what changed can be measured from the change on, whenever it was.

Running sums are kept as they were at certain records, a few for every doubling of age; a difference of
two is the sum over the records between them.

Shapes: Q starts, K leaves, S = 2K + 3 sums.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .loss_reference import LossReference

__all__ = ["LossSplit", "keep_start", "loss_split", "thinned"]

Floats = npt.NDArray[np.float64]

ERROR = 0.05
ONE_SIDED = 1.645
TYPICAL_RECORDS = 500.0


@dataclass(frozen=True, eq=False)
class LossSplit:
    """How the loss changed since the reference, over the records since a start.

    Args:
        records: how many records it is measured on.
        mix: part of the change that comes from other leaves being used, sum_k (p'_k - p_k) mu_k.
        concept: part that comes from leaves losing more, sum_k p'_k (mu'_k - mu_k).
        concept_low: lower confidence bound of ``concept``, 95%, whatever the stream was stopped for.
        increase_K: (K,) increase of the loss on leaf k's records, mu'_k - mu_k.
    """

    records: int
    mix: float
    concept: float
    concept_low: float
    increase_K: Floats


def keep_start(starts_Q: Floats, sums_QS: Floats, records: float, sums_S: Floats) -> tuple[Floats, Floats]:
    """Remember the sums of this record, and forget older ones that lie close together for their age."""
    starts_Q = np.append(starts_Q, records)
    kept = thinned(starts_Q)
    return starts_Q[kept], np.concatenate([sums_QS, sums_S[None]])[kept]


def thinned(starts_Q: Floats) -> list[int]:
    """Starts to keep: a start goes when its neighbours are closer than a third of the younger one's age."""
    now = starts_Q[-1]
    kept = [0]
    for i in range(1, starts_Q.size - 1):
        if starts_Q[i + 1] - starts_Q[kept[-1]] >= (now - starts_Q[i + 1]) / 3.0:
            kept.append(i)
    return [*kept, starts_Q.size - 1] if starts_Q.size > 1 else kept


def loss_split(
    reference: LossReference, starts_Q: Floats, sums_QS: Floats, records: float, sums_S: Floats, change: float
) -> LossSplit:
    """Measure the change of the loss from the last kept start before ``change`` on.

    The lower bound is the one-sided asymptotic confidence sequence of Waudby-Smith et al. (2021,
    "Time-uniform central limit theory"), its boundary tuned for 500 records and its error shared out over the
    kept starts, less the standard error of the reference where the leaves are used as they are now.
    """
    leaves = reference.leaves
    before = np.flatnonzero(starts_Q <= change)
    start = int(before[-1]) if before.size else 0
    count = records - starts_Q[start]
    if count < 1.0:
        return LossSplit(0, 0.0, 0.0, -math.inf, np.zeros(leaves))
    total_S = sums_S - sums_QS[start]
    mass_K, push_K = total_S[:leaves], total_S[leaves : 2 * leaves]
    loss, residual, square = total_S[2 * leaves :] / count
    usage_K = mass_K / count
    variance = max(square - residual**2, 0.0) + reference.bound**2 / count
    variance *= (1.0 + reference.correlation) / (1.0 - reference.correlation)
    doubt = math.sqrt(max(float(usage_K @ reference.covariance_KK @ usage_K), 0.0))
    low = residual - _radius(count, variance, ERROR / starts_Q.size) - ONE_SIDED * doubt
    increase_K = np.where(mass_K > 0.0, push_K / np.maximum(mass_K, 1e-300), 0.0)
    mix = float(loss - residual - reference.mean_loss)
    return LossSplit(int(count), mix, float(residual), float(low), increase_K)


def _radius(count: float, variance: float, error: float) -> float:
    scale = (-2.0 * math.log(error) + math.log(1.0 - 2.0 * math.log(error))) / TYPICAL_RECORDS
    spread = count * scale + 1.0
    inner = math.log(1.0 + math.sqrt(spread) / (2.0 * error))
    return math.sqrt(2.0 * spread / (count**2 * scale) * inner * variance)
