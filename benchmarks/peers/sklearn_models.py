"""scikit-learn: linear models by stochastic gradient descent, on records scaled as they come, one a call."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..sources.stream import Array
from .contestant import NOTHING, Contestant, Entry, Problem

__all__ = ["SKLEARN"]

Batch = tuple[Array, Array]


class OneRowAtATime:
    """``predict`` then ``partial_fit`` on arrays of one row.

    Args:
        model: an estimator with ``partial_fit``.
        scaler: a scaler with ``partial_fit``.
        problem: the stream it is for.
    """

    rows_per_call = 200

    def __init__(self, model: Any, scaler: Any, problem: Problem) -> None:
        self.model = model
        self.scaler = scaler
        self.options: dict[str, Array] = {}
        self.unknown: float = 0.0
        if problem.task == "classification":
            self.options["classes"] = np.arange(problem.num_classes)
            self.unknown = NOTHING
        self.has_learned = False

    def prepare(self, x_ND: Array, y_N: Array) -> Batch:
        return x_ND[:, None, :], y_N[:, None]

    def play(self, batch: Batch) -> Array:
        x_N1D, y_N1 = batch
        said_N = np.empty(len(y_N1), y_N1.dtype)
        for n, (row, target) in enumerate(zip(x_N1D, y_N1, strict=True)):
            scaled = self.scaler.partial_fit(row).transform(row)
            said_N[n] = self.model.predict(scaled)[0] if self.has_learned else self.unknown
            self.model.partial_fit(scaled, target, **self.options)
            self.has_learned = True
        return said_N


def _gradient_descent(problem: Problem) -> Contestant:
    from sklearn import linear_model, preprocessing

    kinds = {"classification": linear_model.SGDClassifier, "regression": linear_model.SGDRegressor}
    model = kinds[problem.task](random_state=problem.seed)
    return OneRowAtATime(model, preprocessing.StandardScaler(), problem)


SKLEARN = {
    "sklearn-sgd": Entry(
        build={"classification": _gradient_descent, "regression": _gradient_descent},
        install="scikit-learn",
        modules=("sklearn",),
    )
}
