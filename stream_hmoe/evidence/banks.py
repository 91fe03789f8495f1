"""From a reference to bets, and bettors without capital.

A start with strength kappa = (K - 1) / (2 KL) is the best one for a drift of that Kullback-Leibler
divergence, so strengths are set by the divergences they are for.

Shapes: V views, K leaves, J ratios, G groups, Q starts, B strengths.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ..kernels.arrays import allocate
from .mixture import BETS_AXES, CAPITAL_AXES, Bets, Capital
from .reference import Reference

__all__ = ["RATIOS", "STARTS", "make_bets", "make_capital"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

RATIOS = (0.2, 2.0, 4.0)
DIVERGENCES_NATS = (0.25, 0.06, 0.02)
FLAT_SHARES = (0.4, 0.0, 0.0, 0.6)
GROUPED_SHARES = (0.3, 0.3, 0.0, 0.4)
INSIDE_SHARES = (0.2, 0.25, 0.15, 0.4)
STARTS = 48
SPACING = 2.0
SOFT_THEN_HARD = ((0, False), (0, True))
LARGEST_SHARE = 0.95


def make_bets(
    references: Sequence[Reference],
    group_K: Integers | None = None,
    *,
    looks: Sequence[tuple[int, bool]] | None = None,
    run: int = 1,
    inside: bool = False,
    caution: float = 1.0,
) -> Bets:
    """The bets against each view's reference.

    Args:
        references: one for each view.
        group_K: (K,) group of each leaf, from 0; ``None`` for a flat gate.
        looks: which gate each view sees, and whether as a one-hot vector; default one gate, soft then hard.
        run: records averaged before a bet.
        inside: whether to bet on moves inside groups too.
        caution: standard errors of the reference that a bet allows for.
    """
    leaves = references[0].mean_K.size
    groups = 0 if group_K is None else int(group_K.max()) + 1
    bets = allocate(Bets, BETS_AXES, _sizes(len(references), leaves, groups))
    bets.strength_B[:] = [(leaves - 1) / (2.0 * divergence) for divergence in DIVERGENCES_NATS]
    bets.spacing_1[0] = SPACING
    bets.run_1[0] = run
    bets.gate_V[:], bets.hard_V[:] = zip(*(looks or SOFT_THEN_HARD[: len(references)]), strict=True)
    grouped_shares = INSIDE_SHARES if inside else GROUPED_SHARES
    bets.share_4[:] = grouped_shares if groups > 1 else FLAT_SHARES
    if group_K is not None:
        bets.group_K[:] = group_K
    ratio_J: Floats = np.array(RATIOS)
    for v, reference in enumerate(references):
        p_K, deviation_K, pace = reference.mean_K, reference.deviation_K(), reference.pace
        bets.mean_VK[v] = p_K
        bets.sticky_V[v] = reference.sticky
        bets.pace_V[v] = reference.pace
        bets.error_V[v] = caution * reference.error
        slope_KJ = _slopes(p_K, ratio_J)
        bets.leaf_slope_VKJ[v] = slope_KJ
        doubt_K = caution * pace * deviation_K / p_K
        bets.leaf_keep_VKJ[v] = 1.0 / (1.0 + np.abs(slope_KJ) * doubt_K[:, None])
        if group_K is None:
            continue
        group_p_G = np.bincount(group_K, weights=p_K, minlength=groups).astype(np.float64)
        group_deviation_G = np.sqrt(np.bincount(group_K, weights=deviation_K**2, minlength=groups))
        group_slope_GJ = _slopes(group_p_G, ratio_J)
        group_doubt_G = caution * pace * group_deviation_G / group_p_G
        bets.group_mean_VG[v] = group_p_G
        bets.group_slope_VGJ[v] = group_slope_GJ
        bets.group_keep_VGJ[v] = 1.0 / (1.0 + np.abs(group_slope_GJ) * group_doubt_G[:, None])
        within_K = p_K / group_p_G[group_K]
        alone_K = within_K > 1.0 - 1e-9
        inside_KJ = np.where(alone_K[:, None], 0.0, p_K[:, None] * (_clipped(within_K, ratio_J) - 1.0))
        bets.inside_slope_VKJ[v] = inside_KJ
        bets.inside_keep_VKJ[v] = 1.0 / (
            1.0 + np.abs(inside_KJ) * (doubt_K / (1.0 - np.minimum(within_K, 0.95)))[:, None]
        )
    return bets


def make_capital(bets: Bets) -> Capital:
    """Bettors that own nothing yet."""
    views, leaves = bets.mean_VK.shape
    capital = allocate(Capital, CAPITAL_AXES, _sizes(views, leaves, bets.group_mean_VG.shape[1]))
    capital.order_VQ[:] = np.arange(STARTS)
    capital.before_VK[:] = bets.mean_VK
    return capital


def _sizes(views: int, leaves: int, groups: int) -> dict[str, int]:
    return {
        "V": views,
        "K": leaves,
        "G": groups,
        "J": len(RATIOS),
        "Q": STARTS,
        "B": len(DIVERGENCES_NATS),
        "1": 1,
        "4": 4,
    }


def _clipped(p_K: Floats, ratio_J: Floats) -> Floats:
    """The ratios, no larger than what brings a leaf to ``LARGEST_SHARE``; 1 for a leaf beyond."""
    most_K = np.maximum(LARGEST_SHARE / p_K, 1.0)
    clipped_KJ: Floats = np.minimum(ratio_J[None, :], most_K[:, None])
    return clipped_KJ


def _slopes(p_K: Floats, ratio_J: Floats) -> Floats:
    """(r - 1) p / (1 - p)."""
    slopes_KJ: Floats = (_clipped(p_K, ratio_J) - 1.0) * (p_K / np.maximum(1.0 - p_K, 1e-12))[:, None]
    return slopes_KJ
