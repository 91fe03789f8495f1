"""Losses between 0 and 1, which tests with guarantees can bet on.

Shapes: N records, C classes.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .layout import Task

__all__ = ["WORST_DEVIATIONS", "bounded_errors", "bounded_losses"]

Floats = npt.NDArray[np.float64]

WORST_DEVIATIONS = 3.0


def bounded_errors(error_N: Floats, task: Task, spread: float) -> Floats:
    """Errors as losses in [0, 1].

    A wrong class is 1; an absolute error is divided by three standard deviations of the target, and cut at 1.

    Args:
        error_N: (N,) 0 or 1, or absolute errors in target units.
        task: which of both.
        spread: standard deviation of the target.
    """
    if task == "classification":
        return np.asarray(error_N, dtype=np.float64)
    worst = WORST_DEVIATIONS * spread
    scaled_N: Floats = np.minimum(error_N, worst) / worst
    return scaled_N


def bounded_losses(predicted: Floats, y_N: npt.NDArray[np.generic], task: Task, spread: float) -> Floats:
    """The same for predictions: (N, C) probabilities with class indices, or (N, 2) moments with numbers."""
    if task == "classification":
        missed_N: Floats = (predicted.argmax(axis=1) != y_N).astype(np.float64)
        return missed_N
    return bounded_errors(np.abs(predicted[:, 0] - y_N.astype(np.float64)), task, spread)
