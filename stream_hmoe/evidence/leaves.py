"""Bets on one leaf at a time: its share of the gate weight is multiplied by a ratio, the others make room.

Under the null the gate weights g have conditional mean p_t = (1 - rho) p + rho g_before. A bettor that
believes in q wins the linear bet <g, q_t / p_t>, with q_t = (1 - rho) q + rho g_before, which is

    e = 1 + (1 - rho) (<w, q> - W),    w_k = g_k / p_tk,    W = <w, p>,

and E[e] = 1 whatever the law of g. With q_k = r p_k and the rest in proportion this becomes

    e = 1 + (1 - rho) (r - 1) p_k / (1 - p_k) (w_k - W).

A gate that moves smoothly is no lazy chain. There rho is 0 and the pace of the bets, 1 - rho in these
formulas, is 1 / tau instead, for tau records that count as one independent record.

Groups of leaves are leaves of a shorter vector: p_G = sum of p_k, w_G = sum of p_k w_k / p_G. A bet inside
a group leaves the group's total alone: 1 - p_k becomes p_G - p_k and W becomes (W_G - p_k w_k) / (p_G - p_k).

Source: linear bets, Cover (1991) and Ryu and Wornell (2024); the lazy-chain and group forms are derived here.

Shapes: K leaves, J ratios, G groups.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..kernels.compiled import linked

__all__ = ["bet_inside_groups", "bet_on_leaves"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@linked
def bet_on_leaves(
    capital_KJ: Floats, slope_KJ: Floats, keep_KJ: Floats, w_K: Floats, W: float, pace: float, unit: float
) -> float:
    """M <- e (M + 1) keep for every leaf and ratio -> the mean capital.

    Args:
        capital_KJ: M, updated in place.
        slope_KJ: (r_j - 1) p_k / (1 - p_k).
        keep_KJ: at most 1; what the uncertainty of p leaves of a bet.
        w_K: g_k / p_tk.
        W: <w, p>.
        pace: 1 - rho, or 1 / tau.
        unit: what one is in the units of the capital.
    """
    total = 0.0
    for k in range(capital_KJ.shape[0]):
        gap = pace * (w_K[k] - W)
        for j in range(capital_KJ.shape[1]):
            e = max(1.0 + slope_KJ[k, j] * gap, 0.0) * keep_KJ[k, j]
            capital_KJ[k, j] = e * (capital_KJ[k, j] + unit)
            total += capital_KJ[k, j]
    return total / capital_KJ.size


@linked
def bet_inside_groups(
    capital_KJ: Floats,
    slope_KJ: Floats,
    keep_KJ: Floats,
    w_K: Floats,
    mean_K: Floats,
    group_K: Integers,
    group_mean_G: Floats,
    group_w_G: Floats,
    pace: float,
    unit: float,
) -> float:
    """The same inside each leaf's group; ``slope_KJ`` is (r_j - 1) p_k, 0 for a leaf alone in its group."""
    total = 0.0
    for k in range(capital_KJ.shape[0]):
        g = group_K[k]
        rest = group_mean_G[g] - mean_K[k]
        gap = 0.0
        if rest > 1e-12:
            gap = pace * (w_K[k] - (group_mean_G[g] * group_w_G[g] - mean_K[k] * w_K[k]) / rest)
        for j in range(capital_KJ.shape[1]):
            e = max(1.0 + slope_KJ[k, j] * gap, 0.0) * keep_KJ[k, j]
            capital_KJ[k, j] = e * (capital_KJ[k, j] + unit)
            total += capital_KJ[k, j]
    return total / capital_KJ.size
