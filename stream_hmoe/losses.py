"""Losses between 0 and 1, which tests with guarantees can bet on.

Shapes: N records, C classes.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .layout import Task

__all__ = ["WORST_DEVIATIONS", "WORST_NATS", "bounded_errors", "bounded_losses", "graded_losses"]

Floats = npt.NDArray[np.float64]

WORST_DEVIATIONS = 3.0
WORST_NATS = 4.0


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


def graded_losses(loss_nats_N: Floats, error_N: Floats, task: Task, spread: float) -> Floats:
    """Losses in [0, 1] that say more than right or wrong, so that harm shows in fewer records.

    For classes the negative log-likelihood in nats, cut at 4 and divided by 4; else ``bounded_errors``.

    Args:
        loss_nats_N: (N,) negative log-likelihoods.
        error_N: (N,) errors.
        task: classes or numbers.
        spread: standard deviation of the target.
    """
    if task == "classification":
        cut_N: Floats = np.minimum(loss_nats_N, WORST_NATS) / WORST_NATS
        return cut_N
    return bounded_errors(error_N, task, spread)
