"""From a reference to the bets: how strongly to bet on each leaf, and by how much to doubt the reference.

Shapes: K leaves, J strengths of a bet.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from .concept_steps import MARGIN, TIME, Bets, Evidence
from .loss_reference import LossReference

__all__ = ["RATIOS", "bets_for", "everywhere_margin", "no_evidence"]

Floats = npt.NDArray[np.float64]

RATIOS = (1.2, 1.5, 2.0, 4.0)
BOLDEST = 0.9


def bets_for(reference: LossReference, caution: float) -> Bets:
    """The bets against a reference.

    A bettor expects losses of r mu_k; to first order its best lambda is (r - 1) mu_k over the variance of
    the surprise (the Kelly bet). It is cut so that no record takes more than nine tenths of the capital.

    Args:
        reference: what the loss is expected to be.
        caution: by how many standard errors the reference may be wrong.
    """
    shift_J = np.array(RATIOS) - 1.0
    keep = 1.0 - reference.correlation
    highest = float(reference.mean_loss_K.max())
    ceiling = min(highest + reference.correlation * reference.bound, reference.bound)
    margin_K = caution * keep * reference.error_K
    floor = 1e-3 * reference.bound
    risk_K = (
        _largest_share(reference.mean_loss_K)
        if reference.correlation == 0.0
        else np.full_like(margin_K, ceiling)
    )
    strength_JK = keep * shift_J[:, None] * np.maximum(reference.mean_loss_K, floor) / reference.variance_K
    strength_JK = np.minimum(strength_JK, BOLDEST / np.maximum(risk_K + margin_K, floor))
    doubt = caution * keep * math.sqrt(float(reference.covariance_KK.diagonal().max()))
    everywhere_J = keep * shift_J * max(reference.mean_loss, floor) / reference.variance
    everywhere_J = np.minimum(everywhere_J, BOLDEST / max(ceiling + doubt, floor))
    law_2 = np.array([reference.correlation, ceiling])
    return Bets(reference.mean_loss_K.copy(), margin_K, strength_JK, everywhere_J, law_2)


def everywhere_margin(reference: LossReference, usage_K: Floats, caution: float) -> float:
    """What m(g) may be wrong by on average, where the leaves are used like this."""
    variance = float(usage_K @ reference.covariance_KK @ usage_K)
    return caution * (1.0 - reference.correlation) * math.sqrt(max(variance, 0.0))


def no_evidence(reference: LossReference, caution: float, records: float) -> Evidence:
    """Evidence before anything was bet, after so many records."""
    leaves, strengths = reference.leaves, len(RATIOS)
    numbers_3 = np.zeros(3)
    numbers_3[TIME] = records
    numbers_3[MARGIN] = everywhere_margin(reference, reference.usage_K, caution)
    return Evidence(
        np.zeros((strengths, leaves)),
        np.zeros(strengths),
        np.zeros((strengths, leaves)),
        np.zeros(strengths),
        np.full((strengths, leaves), records),
        np.full(strengths, records),
        reference.usage_K.copy(),
        np.zeros(2 * leaves + 3),
        numbers_3,
        np.zeros(leaves),
    )


def _largest_share(mean_K: Floats) -> Floats:
    """max over g of g_k m(g): all weight on k, or, where mu_k is small, part of it with the worst leaf."""
    highest = float(mean_K.max())
    shared_K = highest**2 / np.maximum(4.0 * (highest - mean_K), 1e-300)
    return np.where(mean_K >= highest / 2.0, mean_K, shared_K)
