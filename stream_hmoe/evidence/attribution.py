"""Which leaves and groups the evidence is about.

Every leaf has an e-detector of its own, the mean over ratios of its bettors' capital. Leaves are flagged by
the e-d-BH rule: the k* leaves with the most capital, for the largest k* whose k-th has at least
K c / k*. At c = ARL this keeps the expected share of false flags per record below 1 / ARL, however often
one looks.

Source: Dandapanthula and Ramdas (2025), e-d-BH.

With several gates over the same records their leaves follow each other: leaf k of gate s is number s K + k.

Shapes: V views, S gates, K leaves, J ratios, G groups.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from .mixture import LOG_UNIT, Bets, Capital

__all__ = ["flagged_leaves", "group_shares", "leaf_log_capital", "leaf_shares"]

Floats = npt.NDArray[np.float64]


def leaf_log_capital(bets: Bets, capital: Capital) -> Floats:
    """(S K,) log capital of every leaf's own e-detector, its mean over ratios and views."""
    own_K = _by_gate(bets, capital).reshape(-1)
    with np.errstate(divide="ignore"):
        logs_K: Floats = np.log(own_K) + int(capital.units_1[0]) * LOG_UNIT
    return logs_K


def leaf_shares(bets: Bets, capital: Capital) -> Floats:
    """(S K,) each leaf's share of the leaves' capital; even before the first record."""
    own_K = _by_gate(bets, capital).reshape(-1)
    total = float(own_K.sum())
    return own_K / total if total > 0.0 else np.full(own_K.size, 1.0 / own_K.size)


def group_shares(capital: Capital) -> Floats:
    """(G,) each group's share of the groups' capital; even before the first record, empty without groups."""
    own_G = capital.group_VGJ.sum(axis=(0, 2))
    total = float(own_G.sum())
    return own_G / total if total > 0.0 else np.full(own_G.size, 1.0 / max(own_G.size, 1))


def flagged_leaves(bets: Bets, capital: Capital, arl: float) -> dict[int, int]:
    """Leaves flagged by e-d-BH at level 1 / ARL -> +1 for a leaf that gained weight, -1 for one that lost.

    Args:
        bets: what is bet.
        capital: what the bettors own.
        arl: wanted average run length.
    """
    log_K = leaf_log_capital(bets, capital)
    leaves = log_K.size
    order = np.argsort(-log_K, kind="stable")
    bar_K = math.log(leaves * arl) - np.log(np.arange(1, leaves + 1))
    passing = np.flatnonzero(log_K[order] >= bar_K)
    count = int(passing[-1]) + 1 if len(passing) else 0
    return {int(k): _direction(bets, capital, int(k)) for k in order[:count]}


def _by_gate(bets: Bets, capital: Capital) -> Floats:
    """(S, K) mean capital of a leaf's bettors over ratios and its gate's views."""
    own_VK = capital.leaf_VKJ.mean(axis=2)
    by_gate_SK: Floats = np.array(
        [own_VK[bets.gate_V == gate].mean(axis=0) for gate in range(int(bets.gate_V.max()) + 1)]
    )
    return by_gate_SK


def _direction(bets: Bets, capital: Capital, k: int) -> int:
    """The side on which the leaf's capital was won."""
    gate, leaf = divmod(k, capital.leaf_VKJ.shape[1])
    capital_VJ = capital.leaf_VKJ[bets.gate_V == gate, leaf]
    slope_VJ = bets.leaf_slope_VKJ[bets.gate_V == gate, leaf]
    gained, lost = capital_VJ[slope_VJ > 0.0].sum(), capital_VJ[slope_VJ < 0.0].sum()
    return 1 if gained >= lost else -1
