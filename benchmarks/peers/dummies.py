"""Rules that are no learners: what any learner has to beat."""

from __future__ import annotations

import numpy as np

from ..sources.stream import Array
from .contestant import NOTHING, Entry, Problem

__all__ = ["DUMMIES"]

Batch = Array


class NoChange:
    """Says the last target again."""

    rows_per_call = 100_000

    def __init__(self, problem: Problem) -> None:
        self.last: float = NOTHING if problem.task == "classification" else 0.0

    def prepare(self, x_ND: Array, y_N: Array) -> Batch:
        return y_N

    def play(self, batch: Batch) -> Array:
        said_N = np.concatenate([[self.last], batch[:-1]]).astype(batch.dtype)
        self.last = batch[-1]
        return said_N


class Majority:
    """Says the class that was most frequent so far."""

    rows_per_call = 10_000

    def __init__(self, problem: Problem) -> None:
        self.count_C = np.zeros(problem.num_classes, np.int64)

    def prepare(self, x_ND: Array, y_N: Array) -> Batch:
        return y_N

    def play(self, batch: Batch) -> Array:
        said_N = np.empty(len(batch), np.int64)
        for n, label in enumerate(batch):
            said_N[n] = self.count_C.argmax()
            self.count_C[label] += 1
        return said_N


class Mean:
    """Says the mean of the targets so far."""

    rows_per_call = 100_000

    def __init__(self, problem: Problem) -> None:
        self.total = 0.0
        self.count = 0

    def prepare(self, x_ND: Array, y_N: Array) -> Batch:
        return y_N

    def play(self, batch: Batch) -> Array:
        total_N = np.cumsum(np.concatenate([[self.total], batch]))
        count_N = self.count + np.arange(len(batch) + 1)
        self.total, self.count = float(total_N[-1]), int(count_N[-1])
        return np.asarray(total_N[:-1] / np.maximum(1, count_N[:-1]))


DUMMIES = {
    "no-change": Entry(build={"classification": NoChange, "regression": NoChange}),
    "majority": Entry(build={"classification": Majority}),
    "mean": Entry(build={"regression": Mean}),
}
