"""Gate weights to test with."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def falling(leaves: int) -> Floats:
    """A mean in which every leaf has its own size."""
    p_K: Floats = 1.0 / np.arange(2.0, leaves + 2.0)
    p_K /= p_K.sum()
    return p_K


def one_hots(random: np.random.Generator, p_K: Floats, records: int) -> Floats:
    """Independent one-hot weights."""
    chosen_NK: Floats = np.eye(len(p_K))[random.choice(len(p_K), records, p=p_K)]
    return chosen_NK


def softs(random: np.random.Generator, p_K: Floats, records: int, sharpness: float = 3.0) -> Floats:
    """Independent soft weights with mean p."""
    weights_NK: Floats = random.dirichlet(sharpness * p_K, records)
    weights_NK /= weights_NK.sum(axis=1, keepdims=True)
    return weights_NK


def lazies(random: np.random.Generator, p_K: Floats, records: int, rho: float) -> Floats:
    """One-hot weights that stay as they are with probability rho."""
    fresh = random.random(records) >= rho
    fresh[0] = True
    drawn = random.choice(len(p_K), records, p=p_K)
    kept_NK: Floats = np.eye(len(p_K))[drawn[np.maximum.accumulate(np.where(fresh, np.arange(records), 0))]]
    return kept_NK


def wanderers(random: np.random.Generator, leaves: int, records: int, phi: float) -> Floats:
    """A softmax gate over AR(1) features."""
    x = np.zeros(3)
    weight_DK = random.normal(size=(3, leaves)) * 1.5
    logits = []
    for noise in random.normal(size=(records, 3)) * np.sqrt(1 - phi**2):
        x = phi * x + noise
        logits.append(x @ weight_DK)
    g_NK: Floats = np.exp(np.array(logits))
    g_NK /= g_NK.sum(axis=1, keepdims=True)
    return g_NK
