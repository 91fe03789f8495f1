"""When the change began and how large it is, from the start that owns the most.

With m = N / n, the mean gate weights since that start's birth:

    KL(m || p) = sum_k [m_k log(m_k / p_k) - m_k + p_k],    TV = 1/2 sum_k |m_k - p_k|.

Every term of KL is at least 0 and is its leaf's share of the severity. Chance alone gives the plug-in KL
s / (2 n) with s = sum_k var(g_k) / p_k, which is taken off (s = K - 1 for one-hot weights); from each
squared difference in TV its variance is taken off. Lower bounds take off 1.645 standard errors more (TV:
also what chance gives without any change, sqrt(2 / pi) standard errors a leaf). They do not allow for the
start having been chosen because it owns the most, and so are rough where the change is small.

Source: derived here.

Shapes: V views, Q starts, B strengths, K leaves.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .mixture import Bets, Capital
from .reference import Reference, chi_square_per_record

__all__ = ["Severity", "measure", "richest_start"]

Floats = npt.NDArray[np.float64]

ONE_SIDED = 1.645


@dataclass(frozen=True, slots=True)
class Severity:
    """How far the gate weights have moved.

    Args:
        records: records since the estimated change.
        kl_nats: KL divergence of the weights since then from the reference, less what chance gives.
        kl_lower_nats: lower 95% bound of it.
        total_variation: total variation distance, less what chance gives.
        total_variation_lower: lower 95% bound of it.
        mean_K: (K,) mean gate weights since the estimated change.
        share_K: (K,) each leaf's share of the plug-in KL.
    """

    records: int
    kl_nats: float
    kl_lower_nats: float
    total_variation: float
    total_variation_lower: float
    mean_K: Floats
    share_K: Floats


def richest_start(capital: Capital) -> tuple[int, int] | None:
    """View and slot of the start with the most capital; ``None`` before the first record."""
    best: tuple[float, int, int] | None = None
    for v in range(len(capital.starts_V)):
        alive = capital.order_VQ[v, : capital.starts_V[v]]
        if len(alive):
            own = capital.start_VQB[v, alive].sum(axis=1)
            place = int(own.argmax())
            if best is None or own[place] > best[0]:
                best = (float(own[place]), v, int(alive[place]))
    return None if best is None else best[1:]


def measure(bets: Bets, capital: Capital, reference: Reference, v: int, slot: int) -> Severity:
    """The severity as one start of one view sees it.

    Args:
        bets: what is bet.
        capital: what the bettors own and have counted.
        reference: that view's reference.
        v: the view.
        slot: the start.
    """
    p_K, count_K = bets.mean_VK[v], capital.count_VQK[v, slot]
    records = int((capital.records_1[0] - capital.birth_VQ[v, slot]) * bets.run_1[0])
    weight = max(float(count_K.sum()), 1e-300)
    m_K = count_K / weight
    terms_K = np.where(m_K > 0.0, m_K * np.log(np.where(m_K > 0.0, m_K, 1.0) / p_K), 0.0) - m_K + p_K
    kl = float(terms_K.sum())
    # The pace has already made counts of independent records.
    per_record = 1.0 / weight + reference.error**2 / max(chi_square_per_record(reference), 1e-12)
    kl_nats = max(kl - 0.5 * per_record * chi_square_per_record(reference), 0.0)
    kl_error = math.sqrt(2.0 * kl * per_record + 0.5 * chi_square_per_record(reference) * per_record**2)
    error_K = np.sqrt(reference.variance_K * per_record)
    shift = float(np.abs(m_K - p_K).sum()) / 2.0
    tv = 0.5 * float(np.sqrt(np.maximum((m_K - p_K) ** 2 - error_K**2, 0.0)).sum())
    tv_by_chance = 0.5 * math.sqrt(2.0 / math.pi) * float(error_K.sum())
    tv_error = 0.5 * math.sqrt(float((error_K**2).sum()))
    share_K = np.maximum(terms_K, 0.0)
    return Severity(
        records,
        kl_nats,
        max(kl_nats - ONE_SIDED * kl_error, 0.0),
        tv,
        max(shift - tv_by_chance - ONE_SIDED * tv_error, 0.0),
        m_K,
        share_K / max(float(share_K.sum()), 1e-300),
    )
