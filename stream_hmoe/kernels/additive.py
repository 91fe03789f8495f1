"""Rules on one feature at a time: every feature is cut into quantile bins, every bin has a weight.

Shapes: D features, B bins, H = B - 1 edges, C classes, J = 2 step sizes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .arrays import Axes, scratch
from .compiled import inlined
from .steps import softmax

__all__ = [
    "ADDITIVE_AXES",
    "Additive",
    "learn_additive",
    "learn_additive_mean",
    "predict_additive",
    "predict_additive_mean",
    "quantile_edges",
    "uniform_edges",
]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

STEPS = (0.1, 0.5)
STEPS_MEAN = (0.1, 1.0)
OUTERMOST = 2.2


class Additive(NamedTuple):
    """Edges of the bins (scaled units), weights per bin and step size; ``bin_D`` is scratch."""

    edge_DH: Floats
    weight_JDBC: Floats
    intercept_JC: Floats
    bin_D: Integers
    logit_C: Floats


ADDITIVE_AXES = {
    "edge_DH": Axes("DH"),
    "weight_JDBC": Axes("JDBC"),
    "intercept_JC": Axes("JC"),
    "bin_D": scratch("D", np.int64),
    "logit_C": scratch("C"),
}


def uniform_edges(bins: int) -> Floats:
    """Edges (H,) before any quantile is known: evenly over the middle of a standard scale."""
    edges = bins - 1
    return -OUTERMOST + 2.0 * OUTERMOST * (np.arange(edges) + 0.5) / edges


def quantile_edges(record_AN: Floats, edges: int) -> Floats:
    """Edges (D, H) that cut the remembered scaled records (A, N) into bins of equal count."""
    ordered = np.sort(record_AN[1:], axis=1)
    count = ordered.shape[1]
    return ordered[:, (np.arange(1, edges + 1) * count) // (edges + 1)]


@inlined
def find_bins(additive: Additive, z_A: Floats) -> None:
    """The bin of every feature: how many edges lie below its value."""
    for d in range(z_A.size - 1):
        below = 0
        for h in range(additive.edge_DH.shape[1]):
            below += 1 if z_A[d + 1] > additive.edge_DH[d, h] else 0
        additive.bin_D[d] = below


@inlined
def predict_additive(additive: Additive, probability_MC: Floats, first: int) -> None:
    """Softmax of the summed bin weights, one row for each step size; ``find_bins`` comes first."""
    for j in range(2):
        for c in range(additive.logit_C.size):
            additive.logit_C[c] = additive.intercept_JC[j, c]
        for d in range(additive.bin_D.size):
            row_C = additive.weight_JDBC[j, d, additive.bin_D[d]]
            for c in range(additive.logit_C.size):
                additive.logit_C[c] += row_C[c]
        softmax(additive.logit_C, probability_MC[first + j])


@inlined
def learn_additive(additive: Additive, y: int, probability_MC: Floats, first: int) -> None:
    """One normalised gradient step on the log loss for every bin that was hit."""
    for j in range(2):
        step = STEPS[j] / (1.0 + STEPS[j] * (additive.bin_D.size + 1) / 4.0)
        for c in range(additive.logit_C.size):
            move = step * ((1.0 if c == y else 0.0) - probability_MC[first + j, c])
            additive.intercept_JC[j, c] += move
            for d in range(additive.bin_D.size):
                additive.weight_JDBC[j, d, additive.bin_D[d], c] += move


@inlined
def predict_additive_mean(additive: Additive, mean_M: Floats, first: int) -> None:
    """Summed bin weights, one mean for each step size."""
    for j in range(2):
        total = additive.intercept_JC[j, 0]
        for d in range(additive.bin_D.size):
            total += additive.weight_JDBC[j, d, additive.bin_D[d], 0]
        mean_M[first + j] = min(max(total, -10.0), 10.0)


@inlined
def learn_additive_mean(additive: Additive, u: float, mean_M: Floats, first: int) -> None:
    """One normalised least-squares step for every bin that was hit."""
    for j in range(2):
        move = STEPS_MEAN[j] / (1.0 + STEPS_MEAN[j] * (additive.bin_D.size + 1)) * (u - mean_M[first + j])
        additive.intercept_JC[j, 0] += move
        for d in range(additive.bin_D.size):
            additive.weight_JDBC[j, d, additive.bin_D[d], 0] += move
