"""Prequential evaluation: every record is predicted before it is learned, from the first one on.

Shapes: N records, D features, C classes.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from river.base import Classifier

from .estimators import HMoEClassifier, HMoERegressor

__all__ = ["Prequential", "prequential"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Prequential:
    """The outcome of a prequential evaluation.

    Args:
        predictions: (N,) what was predicted; None before a classifier knew any class.
        probabilities: (N, C) for classifiers that give them, columns in the order of ``labels``; else None.
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
    # type, because isinstance looks through pipelines at their last step
    if issubclass(type(model), HMoEClassifier | HMoERegressor):
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
    is_classifier = isinstance(model, Classifier)
    predictions: list[Any] = []
    rows: list[Mapping[Any, float]] = []
    begun = time.perf_counter()
    for record, target in zip(records, targets, strict=True):
        row = _probabilities(model, record) if is_classifier else None
        if row is None:
            predictions.append(model.predict_one(record))
        else:
            rows.append(row)
            predictions.append(max(row, key=row.__getitem__) if row else None)
        model.learn_one(record, target)
    seconds = time.perf_counter() - begun
    if is_classifier:
        outcomes = [float(p == t) for p, t in zip(predictions, targets, strict=True)]
    else:
        predictions = [float(p or 0.0) for p in predictions]
        outcomes = [abs(p - t) for p, t in zip(predictions, targets, strict=True)]
    labels = tuple(dict.fromkeys(targets)) if is_classifier else ()
    found = [row.get(label, 0.0) for row in rows for label in labels]
    has_probabilities = is_classifier and len(rows) == len(targets)
    return Prequential(
        predictions=np.array(predictions, dtype=object if is_classifier else np.float64),
        probabilities=np.array(found).reshape(len(rows), len(labels)) if has_probabilities else None,
        labels=labels,
        score=float(np.mean(outcomes)) if targets else float("nan"),
        records_per_second=len(targets) / max(seconds, 1e-9),
    )


def _probabilities(model: Any, record: dict[Any, Any]) -> Mapping[Any, float] | None:
    """Class probabilities by River's name for them; None from a classifier that has none."""
    try:
        probabilities: Mapping[Any, float] = model.predict_proba_one(record)
    except NotImplementedError:
        return None
    return probabilities
