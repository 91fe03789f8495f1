"""Linear experts that serve every record: one takes large normalised steps, one is second-order.

Shapes: A = 1 + features, C classes, J = 2 experts (quick, steady).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .arrays import Axes, scratch
from .compiled import inlined
from .steps import dot, move, normalised_step, shift, softmax, turned_step

__all__ = [
    "LINEAR_AXES",
    "Linear",
    "learn_linear",
    "learn_linear_mean",
    "predict_linear",
    "predict_linear_mean",
]

Floats = npt.NDArray[np.float64]

QUICK, STEADY = 0, 1
QUICK_STEP = 2.0
QUICK_STEP_MEAN = 0.1
SLOW_STEP = 0.1
FORGETTING = 0.999
PRIOR = 1.0


class Linear(NamedTuple):
    """Coefficients of both experts and the steady one's inverse curvature (0 x 0: first order)."""

    weight_JCA: Floats
    curvature_RR: Floats
    turned_A: Floats


LINEAR_AXES = {"weight_JCA": Axes("JCA"), "curvature_RR": Axes("RR"), "turned_A": scratch("A")}


@inlined
def predict_linear(linear: Linear, z_A: Floats, logit_C: Floats, probability_MC: Floats, first: int) -> None:
    """Class probabilities of both experts into rows ``first`` and ``first + 1``."""
    for j in range(2):
        for c in range(logit_C.size):
            logit_C[c] = dot(linear.weight_JCA[j, c], z_A)
        softmax(logit_C, probability_MC[first + j])


@inlined
def learn_linear(linear: Linear, z_A: Floats, y: int, probability_MC: Floats, first: int) -> None:
    """One step of each expert on its own log loss; gradient (1[y = c] - p_c) z."""
    quick = normalised_step(QUICK_STEP, z_A, 0.25)
    move(linear.weight_JCA[QUICK], quick, y, probability_MC[first + QUICK], z_A)
    if linear.curvature_RR.shape[0] == z_A.size:
        step = turned_step(linear.curvature_RR, z_A, 1.0, FORGETTING, PRIOR, 0.25, linear.turned_A)
        move(linear.weight_JCA[STEADY], step, y, probability_MC[first + STEADY], linear.turned_A)
    else:
        step = normalised_step(SLOW_STEP, z_A, 0.25)
        move(linear.weight_JCA[STEADY], step, y, probability_MC[first + STEADY], z_A)


@inlined
def predict_linear_mean(linear: Linear, z_A: Floats, mean_M: Floats, first: int) -> None:
    """Predicted means of both experts (scaled target), kept within 10 standard deviations."""
    for j in range(2):
        mean_M[first + j] = min(max(dot(linear.weight_JCA[j, 0], z_A), -10.0), 10.0)


@inlined
def learn_linear_mean(linear: Linear, z_A: Floats, u: float, mean_M: Floats, first: int) -> None:
    """One least-squares step of each expert towards the scaled target ``u``."""
    quick = normalised_step(QUICK_STEP_MEAN, z_A, 1.0) * (u - mean_M[first + QUICK])
    shift(linear.weight_JCA[QUICK, 0], quick, z_A)
    residual = u - mean_M[first + STEADY]
    if linear.curvature_RR.shape[0] == z_A.size:
        step = turned_step(linear.curvature_RR, z_A, 1.0, FORGETTING, PRIOR, 1.0, linear.turned_A)
        shift(linear.weight_JCA[STEADY, 0], step * residual, linear.turned_A)
    else:
        shift(linear.weight_JCA[STEADY, 0], normalised_step(SLOW_STEP, z_A, 1.0) * residual, z_A)
