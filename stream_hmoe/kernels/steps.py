"""The steps that experts learn with: normalised first-order steps and second-order ones.

Shapes: A = 1 + features, C classes.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from .compiled import linked
from .exponential import exponential

__all__ = ["dot", "move", "normalised_step", "shift", "softmax", "turned_step"]

Floats = npt.NDArray[np.float64]


@linked
def softmax(z_C: Floats, p_C: Floats) -> None:
    """p = exp(z) / sum exp(z), by the largest logit."""
    largest = z_C[0]
    for c in range(1, z_C.size):
        largest = max(largest, z_C[c])
    for c in range(z_C.size):
        p_C[c] = exponential(z_C[c] - largest)
    total = 0.0
    for c in range(z_C.size):
        total += p_C[c]
    for c in range(z_C.size):
        p_C[c] /= total


@linked
def dot(weight_A: Floats, z_A: Floats) -> float:
    """Inner product."""
    total = 0.0
    for a in range(z_A.size):
        total += weight_A[a] * z_A[a]
    return total


@linked
def normalised_step(step: float, z_A: Floats, bend: float) -> float:
    """step / (1 + step * bend * |z|^2): the implicit step, which no size of z can make overshoot."""
    return step / (1.0 + step * bend * dot(z_A, z_A))


@linked
def shift(weight_A: Floats, amount: float, direction_A: Floats) -> None:
    """weight += amount * direction."""
    for a in range(direction_A.size):
        weight_A[a] += amount * direction_A[a]


@linked
def move(weight_CA: Floats, step: float, y: int, p_C: Floats, direction_A: Floats) -> None:
    """Every class's coefficients by step * (1[y = c] - p_c) along ``direction_A``."""
    for c in range(p_C.size):
        shift(weight_CA[c], step * ((1.0 if c == y else 0.0) - p_C[c]), direction_A)


@linked
def turned_step(
    R_AA: Floats, z_A: Floats, weight: float, forgetting: float, prior: float, bend: float, turned_A: Floats
) -> float:
    """One recursive-least-squares update of R with an observation of the given weight -> step size s.

    The caller moves its coefficients by ``s * residual * turned_A``, where ``turned_A = r R z`` with R from
    before the update. With lambda = 1 - (1 - forgetting) * weight:

        r^2 = 1 / (lambda / (bend * weight) + z' R z)
        R <- R - r R z z' R r,   then R <- R / lambda
        s  = weight / (1 + bend * weight * z' R z) / r

    The division by lambda is left out while trace(R) would exceed its starting value ``prior * A``.
    ``bend`` is the curvature of the loss in the prediction: 1 for squares, 1/4 for the softmax
    (Boehning's bound). Only the product of two stored numbers is subtracted from R, which keeps it symmetric
    to the bit: a difference between its halves would grow by 1 / lambda with every record.

    Source: Jordan and Jacobs (1994) recursive least squares with responsibility-weighted forgetting;
    the trace bound is a choice of this project.
    """
    size = z_A.size
    spread = 0.0
    for a in range(size):
        total = 0.0
        for b in range(size):
            total += R_AA[a, b] * z_A[b]
        turned_A[a] = total
        spread += total * z_A[a]
    if not (spread >= 0.0 and spread < 1e12):
        for a in range(size):
            for b in range(size):
                R_AA[a, b] = prior if a == b else 0.0
            turned_A[a] = prior * z_A[a]
        spread = 0.0
        for a in range(size):
            spread += turned_A[a] * z_A[a]
    kept = 1.0 - (1.0 - forgetting) * weight
    span = kept / bend + weight * spread
    root = math.sqrt(weight / span)
    for a in range(size):
        turned_A[a] *= root
    trace = 0.0
    for a in range(size):
        for b in range(size):
            R_AA[a, b] -= turned_A[a] * turned_A[b]
        trace += R_AA[a, a]
    if trace < kept * prior * size:
        for a in range(size):
            for b in range(size):
                R_AA[a, b] /= kept
    return math.sqrt(weight * span) / (1.0 + bend * weight * spread)
