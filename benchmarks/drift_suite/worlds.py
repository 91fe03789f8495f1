"""Streams of gate weights without and with a change.

Shapes: N records, K leaves.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = [
    "Change",
    "Floats",
    "falling",
    "lazy",
    "one_hot",
    "scaled",
    "smooth",
    "soft",
    "soft_suite",
    "suite",
    "unseen_suite",
]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Change:
    """Means before and after; ``soft`` weights are Dirichlet with that total concentration, else one-hot."""

    name: str
    p_K: Floats
    q_K: Floats
    soft: float = 0.0
    group_K: npt.NDArray[np.int64] | None = None

    @property
    def kl_nats(self) -> float:
        """KL(q || p)."""
        q_K = np.maximum(self.q_K, 1e-12)
        return float((q_K * np.log(q_K / self.p_K)).sum())

    def sample(self, random: np.random.Generator, after: bool, records: int) -> Floats:
        """(N, K) weights before or after the change."""
        mean_K = self.q_K if after else self.p_K
        return soft(random, mean_K, records, self.soft) if self.soft else one_hot(random, mean_K, records)


def falling(leaves: int, power: float = 1.0, offset: float = 2.0) -> Floats:
    """p_k proportional to 1 / (k + offset)^power."""
    p_K = (np.arange(leaves) + offset) ** -power
    mean_K: Floats = p_K / p_K.sum()
    return mean_K


def one_hot(random: np.random.Generator, p_K: Floats, records: int) -> Floats:
    """Independent one-hot weights."""
    weights_NK = np.zeros((records, p_K.size))
    weights_NK[np.arange(records), random.choice(p_K.size, records, p=p_K)] = 1.0
    return weights_NK


def soft(random: np.random.Generator, p_K: Floats, records: int, concentration: float) -> Floats:
    """Independent Dirichlet weights with mean p."""
    weights_NK = random.standard_gamma(np.maximum(concentration * p_K, 1e-3), (records, p_K.size)) + 1e-300
    normalised_NK: Floats = weights_NK / weights_NK.sum(axis=1, keepdims=True)
    return normalised_NK


def lazy(random: np.random.Generator, p_K: Floats, records: int, rho: float) -> Floats:
    """One-hot weights that stay as they are with probability rho."""
    fresh_N = random.random(records) >= rho
    fresh_N[0] = True
    last_N = np.maximum.accumulate(np.where(fresh_N, np.arange(records), 0))
    return one_hot(random, p_K, records)[last_N]


def smooth(
    world: np.random.Generator, leaves: int, phi: float
) -> Callable[[np.random.Generator, int], Floats]:
    """A random softmax gate over four AR(1) features -> what draws its weights."""
    weight_DK, bias_K = world.normal(size=(4, leaves)) * 1.5, world.normal(size=leaves) * 0.5

    def draw(random: np.random.Generator, records: int) -> Floats:
        x_ND = random.normal(size=(records + 50, 4)) * math.sqrt(1.0 - phi * phi)
        for n in range(1, len(x_ND)):
            x_ND[n] += phi * x_ND[n - 1]
        logit_NK = x_ND[50:] @ weight_DK + bias_K
        weights_NK = np.exp(logit_NK - logit_NK.max(axis=1, keepdims=True))
        normalised_NK: Floats = weights_NK / weights_NK.sum(axis=1, keepdims=True)
        return normalised_NK

    return draw


def scaled(p_K: Floats, leaves: list[int], ratio: float) -> Floats:
    """Some leaves times a ratio; the others make room."""
    q_K = p_K.copy()
    mass = p_K[leaves].sum()
    q_K *= (1.0 - ratio * mass) / (1.0 - mass)
    q_K[leaves] = ratio * p_K[leaves]
    return q_K


def suite() -> list[Change]:
    """The seven changes that the bets were tuned on: K = 16, p_k proportional to 1 / (k + 2), one-hot."""
    p_K = falling(16)
    moved_K = p_K.copy()
    moved_K[0], moved_K[10] = p_K[0] / 2, p_K[10] + p_K[0] / 2
    shuffled_K = p_K[np.random.default_rng(21).permutation(16)]
    return [
        Change("A leaf 5 x 2", p_K, scaled(p_K, [5], 2.0)),
        Change("B leaf 5 x 3", p_K, scaled(p_K, [5], 3.0)),
        Change("C leaf 5 dies", p_K, scaled(p_K, [5], 0.03)),
        Change("D half of leaf 0 to 10", p_K, moved_K),
        Change("E 20% permuted", p_K, 0.8 * p_K + 0.2 * shuffled_K),
        Change("F 50% permuted", p_K, 0.5 * p_K + 0.5 * shuffled_K),
        Change("G reversed", p_K, p_K[::-1].copy()),
    ]


def unseen_suite() -> list[Change]:
    """Changes that nothing was tuned on: other K, other means, soft weights, whole groups."""
    even_K, steep_K, wide_K = np.full(10, 0.1), falling(24, 1.5, 1.0), falling(64, 0.7)
    random = np.random.default_rng(77)
    drawn_K = random.dirichlet(np.full(40, 2.0)) * 0.96 + 0.001
    group_K = np.repeat(np.arange(8), 8)
    tilted_K = even_K * np.exp(np.linspace(-0.5, 0.5, 10))
    return [
        Change("K 10 even, leaf 3 x 2.5", even_K, scaled(even_K, [3], 2.5)),
        Change("K 10 even, tilted", even_K, tilted_K / tilted_K.sum()),
        Change("K 24 steep, leaf 0 halves", steep_K, scaled(steep_K, [0], 0.5)),
        Change("K 24 steep, two leaves x 2", steep_K, scaled(steep_K, [4, 9], 2.0)),
        Change("K 40 drawn, 40% to even", drawn_K / drawn_K.sum(), 0.6 * drawn_K / drawn_K.sum() + 0.4 / 40),
        Change("K 64 group x 2", wide_K, scaled(wide_K, list(range(16, 24)), 2.0), group_K=group_K),
        Change("K 64 group halves", wide_K, scaled(wide_K, list(range(8)), 0.5), group_K=group_K),
    ]


def soft_suite() -> list[Change]:
    """Two of the changes with soft weights, mean largest weight about 0.63."""
    return [Change(f"soft {c.name}", c.p_K, c.q_K, soft=2.0) for c in suite() if c.name[0] in "BF"]
