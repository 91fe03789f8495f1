"""Gate weights and losses with a known law: which leaf, what it loses, how losses hang together.

Shapes: N records, K leaves.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.signal import lfilter
from scipy.stats import gamma, norm

__all__ = ["LossLaw", "Losses", "leaf_of_mass", "tilted"]

Floats = npt.NDArray[np.float64]
Kind = Literal["graded", "error"]

SHAPE = 2.0
_LEVELS = np.linspace(0.0, 1.0, 4001)
_QUANTILES = gamma.ppf(np.clip(_LEVELS, 0.0, 1.0 - 1e-6), SHAPE) / SHAPE


@dataclass(frozen=True, eq=False)
class LossLaw:
    """How gate weights and losses come about.

    Args:
        usage_K: probability that a record is leaf k's.
        mean_K: mean loss of leaf k's records.
        kind: ``graded``: gamma of shape 2, cut at 1, like a negative log-likelihood; ``error``: 0 or 1.
        correlation: of the Gaussian process (first-order autoregression) whose rank the loss follows.
        softness: 0 for all weight on one leaf, else weights are Dirichlet around it.
    """

    usage_K: Floats
    mean_K: Floats
    kind: Kind = "graded"
    correlation: float = 0.0
    softness: float = 0.0

    @classmethod
    def drawn(
        cls, leaves: int, rng: np.random.Generator, kind: Kind = "graded", correlation: float = 0.0
    ) -> LossLaw:
        """Usage falls like 1 / (k + 2), mean losses are uniform in [.05, .3], .1 at the leaf nearest 6%."""
        usage_K = np.array([1.0 / (k + 2.0) for k in range(leaves)])
        usage_K /= usage_K.sum()
        mean_K = rng.uniform(0.05, 0.3, leaves)
        mean_K[leaf_of_mass(usage_K)] = 0.1
        return cls(usage_K, mean_K, kind, correlation)

    def with_means(self, mean_K: Floats) -> LossLaw:
        """The same records, losing otherwise."""
        return replace(self, mean_K=mean_K)

    def with_usage(self, usage_K: Floats) -> LossLaw:
        """Another mix of the same leaves."""
        return replace(self, usage_K=usage_K)


class Losses:
    """Draws from laws in a row; the noise goes on from one to the next."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._last: float | None = None

    def draw(self, law: LossLaw, records: int) -> tuple[Floats, Floats]:
        """(N, K) gate weights and (N,) losses."""
        leaves = law.usage_K.size
        leaf_N = self._rng.choice(leaves, records, p=law.usage_K)
        g_NK = np.zeros((records, leaves))
        g_NK[np.arange(records), leaf_N] = 1.0
        if law.softness > 0.0:
            g_NK = self._rng.gamma(g_NK / law.softness + 1.0 / leaves)
            g_NK /= g_NK.sum(axis=1, keepdims=True)
        mean_N = g_NK @ law.mean_K
        rank_N = self._ranks(law.correlation, records)
        if law.kind == "error":
            return g_NK, np.where(rank_N > 1.0 - mean_N, 1.0, 0.0)
        return g_NK, np.minimum(np.interp(rank_N, _LEVELS, _QUANTILES) * mean_N, 1.0)

    def _ranks(self, correlation: float, records: int) -> Floats:
        if correlation == 0.0:
            return self._rng.random(records)
        push_N = self._rng.normal(size=records) * np.sqrt(1.0 - correlation**2)
        last = self._rng.normal() if self._last is None else self._last
        path_N, _ = lfilter([1.0], [1.0, -correlation], push_N, zi=[correlation * last])
        self._last = float(path_N[-1])
        return np.asarray(norm.cdf(path_N), dtype=np.float64)


def leaf_of_mass(usage_K: Floats, mass: float = 0.06) -> int:
    """The leaf whose usage is nearest."""
    return int(np.abs(usage_K - mass).argmin())


def tilted(law: LossLaw, rise: float) -> Floats:
    """The usage, tilted towards leaves that lose much, whose mean loss is ``1 + rise`` times as high."""
    wanted = (1.0 + rise) * float(law.usage_K @ law.mean_K)
    low, high = 0.0, 1000.0
    for _ in range(60):
        tilt = (low + high) / 2.0
        usage_K: Floats = law.usage_K * np.exp(tilt * (law.mean_K - law.mean_K.max()))
        usage_K /= usage_K.sum()
        low, high = (tilt, high) if usage_K @ law.mean_K < wanted else (low, tilt)
    return usage_K
