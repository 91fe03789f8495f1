"""Prequential scores of a run of predictions.

Shapes: N records, C classes.
"""

from __future__ import annotations

import numpy as np

from .sources.stream import Array, Task

__all__ = ["HEADLINE", "losses", "score"]

HEADLINE: dict[Task, str] = {"classification": "accuracy", "regression": "mae"}


def score(task: Task, y_N: Array, predicted_N: Array) -> dict[str, float]:
    """Every score of the predictions, by name.

    Args:
        task: decides which scores there are.
        y_N: (N,) class codes or targets.
        predicted_N: (N,) what was said before each target was seen; -1 where no class was named.
    """
    return _of_classes(y_N, predicted_N) if task == "classification" else _of_numbers(y_N, predicted_N)


def losses(task: Task, y_N: Array, predicted_N: Array) -> Array:
    """(N,) loss of each record: 0 or 1, or the absolute error."""
    if task == "classification":
        return np.asarray(y_N != predicted_N, np.float64)
    return np.asarray(np.abs(y_N - predicted_N), np.float64)


def _of_classes(y_N: Array, predicted_N: Array) -> dict[str, float]:
    """Accuracy, what exceeds chance (Cohen, 1960) and what exceeds no-change (Zliobaite et al., 2015)."""
    num_classes = int(max(y_N.max(), predicted_N.max())) + 1
    true_C = np.bincount(y_N, minlength=num_classes)
    said_C = np.bincount(predicted_N[predicted_N >= 0], minlength=num_classes)
    hit_C = np.bincount(y_N[y_N == predicted_N], minlength=num_classes)
    accuracy = hit_C.sum() / len(y_N)
    chance = float(true_C @ said_C) / len(y_N) ** 2
    no_change = np.count_nonzero(y_N[1:] == y_N[:-1]) / len(y_N)
    present = true_C > 0
    f1_C = 2 * hit_C[present] / (true_C + said_C)[present]
    return {
        "accuracy": float(accuracy),
        "kappa": _beyond(accuracy, chance),
        "kappa_temporal": _beyond(accuracy, no_change),
        "macro_f1": float(f1_C.mean()),
    }


def _beyond(accuracy: float, reference: float) -> float:
    """Share of what the reference gets wrong that is got right; 0 where the reference gets nothing wrong."""
    return float((accuracy - reference) / (1 - reference)) if reference < 1 else 0.0


def _of_numbers(y_N: Array, predicted_N: Array) -> dict[str, float]:
    with np.errstate(over="ignore", invalid="ignore"):
        error_N = y_N - predicted_N
        square = float(np.mean(error_N**2))
        spread = float(np.var(y_N))
        r2 = 1 - square / spread if spread > 0 else float("nan")
        return {"mae": float(np.mean(np.abs(error_N))), "rmse": float(np.sqrt(square)), "r2": r2}
