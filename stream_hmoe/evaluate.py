"""Prequential evaluation: every record is predicted before it is learned, from the first one on.

Shapes: N records, D features, C classes.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from .estimators import HMoEClassifier, HMoERegressor

__all__ = ["Prequential", "prequential"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Prequential:
    """The outcome of a prequential evaluation.

    Args:
        predictions: (N,) what was predicted; None before a classifier knew any class.
        probabilities: (N, C) for classifiers, columns in the order of ``labels``; None otherwise.
        labels: the classes in order of appearance; empty for regressors.
        score: accuracy of a classifier, mean absolute error of a regressor.
        records_per_second: predicting and learning together.
    """

    predictions: npt.NDArray[Any]
    probabilities: Floats | None
    labels: tuple[Any, ...]
    score: float
    records_per_second: float


def prequential(model: Any, X: npt.ArrayLike, y: npt.ArrayLike) -> Prequential:
    """Predict, then learn, every row in order.

    Args:
        model: an ``HMoEClassifier`` or ``HMoERegressor`` (whole columns at once, the same results), or any
            River classifier or regressor (row by row; features are named "0", "1", ...).
        X: (N, D) numbers; NaN is missing.
        y: (N,) classes or numbers.

    Raises:
        BadRecord: a value cannot be used.
        ValueError: the shapes do not fit.
    """
    x_ND = np.asarray(X, dtype=np.float64)
    targets = np.asarray(y).tolist()
    if x_ND.ndim != 2 or len(x_ND) != len(targets):
        raise ValueError(f"X must be (N, D) and y (N,): got {x_ND.shape} and {np.shape(y)}")
    frame = pd.DataFrame(x_ND, columns=[str(d) for d in range(x_ND.shape[1])])
    if isinstance(model, HMoEClassifier | HMoERegressor):
        return _whole_columns(model, frame, targets)
    return _row_by_row(model, frame, targets)


def _whole_columns(
    model: HMoEClassifier | HMoERegressor, frame: pd.DataFrame, targets: list[Any]
) -> Prequential:
    begun = time.perf_counter()
    scored, predicted = model.step_frame(frame, targets)
    seconds = time.perf_counter() - begun
    is_classifier = isinstance(model, HMoEClassifier)
    score = float(scored.error.mean()) if len(targets) else float("nan")
    return Prequential(
        predictions=np.array(scored.predictions, dtype=object if is_classifier else np.float64),
        probabilities=predicted if is_classifier else None,
        labels=model.labels if isinstance(model, HMoEClassifier) else (),
        score=1.0 - score if is_classifier else score,
        records_per_second=len(targets) / max(seconds, 1e-9),
    )


def _row_by_row(model: Any, frame: pd.DataFrame, targets: list[Any]) -> Prequential:
    records = frame.to_dict("records")
    is_classifier = hasattr(model, "predict_proba_one")
    predictions: list[Any] = []
    rows: list[dict[Any, float]] = []
    begun = time.perf_counter()
    for record, target in zip(records, targets, strict=True):
        if is_classifier:
            rows.append(model.predict_proba_one(record))
            predictions.append(max(rows[-1], key=rows[-1].__getitem__) if rows[-1] else None)
        else:
            predictions.append(model.predict_one(record))
        model.learn_one(record, target)
    seconds = time.perf_counter() - begun
    labels = tuple(dict.fromkeys(targets)) if is_classifier else ()
    hits = [p == t for p, t in zip(predictions, targets, strict=True)]
    misses = (
        [abs(float(p or 0.0) - t) for p, t in zip(predictions, targets, strict=True)]
        if not is_classifier
        else []
    )
    score = float(np.mean(hits if is_classifier else misses)) if targets else float("nan")
    return Prequential(
        predictions=np.array(predictions, dtype=object),
        probabilities=np.array([[row.get(label, 0.0) for label in labels] for row in rows])
        if is_classifier
        else None,
        labels=labels,
        score=score,
        records_per_second=len(targets) / max(seconds, 1e-9),
    )
