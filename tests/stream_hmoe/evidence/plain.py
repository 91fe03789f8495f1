"""E-mix in plain NumPy, for one record at a time, as the docstrings say it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from stream_hmoe.evidence import Bets

Floats = npt.NDArray[np.float64]


@dataclass
class Start:
    birth: int
    capital_B: Floats
    count_K: Floats
    total: float = 0.0


@dataclass
class PlainView:
    """One view of the gate; ``R`` takes the mean weights of a run."""

    bets: Bets
    v: int
    record: int = 0
    starts: list[Start] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.p_K = self.bets.mean_VK[self.v]
        self.before_K = self.p_K.copy()
        self.leaf_KJ = np.zeros_like(self.bets.leaf_slope_VKJ[self.v])
        self.inside_KJ = np.zeros_like(self.leaf_KJ)
        self.group_GJ = np.zeros_like(self.bets.group_slope_VGJ[self.v])

    def R(self, g_K: Floats) -> float:
        bets, v, p_K = self.bets, self.v, self.p_K
        rho, pace = bets.sticky_V[v], bets.pace_V[v]
        w_K = g_K / ((1 - rho) * p_K + rho * self.before_K)
        W = float(w_K @ p_K)
        self.before_K = g_K.copy()
        self.leaf_KJ = self._bet(self.leaf_KJ, bets.leaf_slope_VKJ, bets.leaf_keep_VKJ, pace * (w_K - W))
        banks = [self.leaf_KJ.mean(), 0.0, 0.0, self._starts(w_K, W, pace)]
        if bets.group_mean_VG.shape[1]:
            groups, group_p_G = bets.group_K, bets.group_mean_VG[v]
            group_w_G = np.bincount(groups, weights=p_K * w_K) / group_p_G
            self.group_GJ = self._bet(
                self.group_GJ, bets.group_slope_VGJ, bets.group_keep_VGJ, pace * (group_w_G - W)
            )
            rest_K = group_p_G[groups] - p_K
            others_K = (group_p_G * group_w_G)[groups] - p_K * w_K
            gap_K = np.where(rest_K > 1e-12, w_K - others_K / np.maximum(rest_K, 1e-300), 0.0)
            self.inside_KJ = self._bet(
                self.inside_KJ, bets.inside_slope_VKJ, bets.inside_keep_VKJ, pace * gap_K
            )
            banks[1:3] = [self.group_GJ.mean(), self.inside_KJ.mean()]
        self.record += 1
        return float(bets.share_4 @ np.array(banks))

    def _bet(self, capital: Floats, slope: Any, keep: Any, gap: Floats) -> Floats:
        e = np.maximum(1 + slope[self.v] * gap[:, None], 0.0) * keep[self.v]
        won: Floats = e * (capital + 1)
        return won

    def _starts(self, w_K: Floats, W: float, pace: float) -> float:
        kappa_B, epsilon = self.bets.strength_B, self.bets.error_V[self.v]
        self.starts.append(Start(self.record, np.full(kappa_B.size, 1 / kappa_B.size), np.zeros(w_K.size)))
        for start in self.starts:
            n = start.total
            chi = np.sqrt(max(float((start.count_K**2 / self.p_K).sum()) - n * n, 0.0))
            e_B = 1 + pace * (float(w_K @ start.count_K) - n * W) / (kappa_B + n)
            start.capital_B *= np.maximum(e_B, 0.0) / (1 + pace * epsilon * chi / (kappa_B + n))
            start.count_K += pace * self.p_K * w_K
            start.total += pace * W
        total = sum(float(start.capital_B.sum()) for start in self.starts)
        self._thin()
        return total

    def _thin(self) -> None:
        place = len(self.starts) - 2
        while place >= 1:
            younger = self.record - self.starts[place + 1].birth + 1
            older = self.record - self.starts[place - 1].birth + 1
            if self.bets.spacing_1[0] * (older - younger) < younger:
                self.starts[place + 1].capital_B += self.starts.pop(place).capital_B
            place -= 1


def log_evidence(bets: Bets, g_NK: Floats) -> Floats:
    """log R after every record."""
    views = [PlainView(bets, v) for v in range(len(bets.sticky_V))]
    run = int(bets.run_1[0])
    logs, now = [], -np.inf
    for n in range(len(g_NK)):
        if (n + 1) % run == 0:
            soft_RK = g_NK[n + 1 - run : n + 1]
            hard_RK = np.eye(g_NK.shape[1])[soft_RK.argmax(axis=1)]
            seen = [soft_RK.mean(axis=0), hard_RK.mean(axis=0)]
            now = float(np.log(np.mean([view.R(seen[view.v]) for view in views])))
        logs.append(now)
    return np.array(logs)
