"""One record at a time through a learner, with the state just before and just after it was learned."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from stream_hmoe.kernels.categorical import State
from stream_hmoe.layout import Task
from stream_hmoe.learner import Learner, Outcome
from tests.stream_hmoe.learners import Stream, learner, stream

Floats = npt.NDArray[np.float64]


class Step(NamedTuple):
    """A record as it was predicted and learned.

    Args:
        before: copy of the state after predicting, scratch included.
        after: the state after learning (the learner's own: the next step changes it).
        outcome: the prediction.
        x_D: the record.
        z_A: the record on one scale, a constant 1 first.
        target: the class index, or the target on its scale.
    """

    before: State
    after: State
    outcome: Outcome
    x_D: Floats
    z_A: Floats
    target: Any


def each_step(model: Learner, rows: Stream) -> Iterator[Step]:
    """Predict, then learn, record by record."""
    for x_D, y in zip(*rows, strict=True):
        outcome = model.predict(x_D[None], weights=True)
        before = copy.deepcopy(model.state)
        target = int(y) if model.task == "classification" else scaled(model, y)
        model.step(x_D[None], np.array([y]))
        yield Step(before, model.state, outcome, x_D, before.z_A, target)


def scaled(model: Learner, y: float) -> float:
    count, mean, variance = model.target_3
    spread = np.sqrt(variance) if count > 1 else 1.0
    return float(np.clip((y - mean) / spread, -10.0, 10.0))


def steps(task: Task, kind: str, learned: int = 150, checked: int = 40, **more: Any) -> Iterator[Step]:
    """Steps of a learner with one kind of group that has learned some of the stream already."""
    model = learner(task, (kind,), **more)
    rows = stream(task, learned + checked, more.get("features", 3))
    model.step(*rows.rows(0, learned))
    return each_step(model, rows.rows(learned, learned + checked))


def softmax(logit: Floats) -> Floats:
    weight = np.exp(logit - logit.max(-1, keepdims=True))
    return np.asarray(weight / weight.sum(-1, keepdims=True))


def surprise(target: int, probability_C: Floats) -> Floats:
    """1[y = c] - p_c."""
    return np.asarray(np.eye(probability_C.size)[target] - probability_C)


def assert_close(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-11)
