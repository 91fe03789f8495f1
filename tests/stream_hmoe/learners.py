"""Learners that have learned a made stream, and how their state is compared.

Shapes: N records, D features.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from stream_hmoe.layout import Task
from stream_hmoe.learner import Learner
from stream_hmoe.settings import KINDS, RegionGroup, Settings

Floats = npt.NDArray[np.float64]

TASKS: tuple[Task, ...] = ("classification", "regression")
FEATURES, CLASSES = 3, 3
# one group of each order, with scales at which both letters of a gate divide the records
GROUPS = (RegionGroup(scale=1.5, step=0.5), RegionGroup(scale=1.0, forgetting=0.98))


class Stream(NamedTuple):
    """Encoded records (N, D), some with gaps, and their targets (N,)."""

    x_ND: Floats
    y_N: npt.NDArray[Any]

    def rows(self, begin: int, end: int) -> Stream:
        return Stream(self.x_ND[begin:end], self.y_N[begin:end])


def stream(task: Task, records: int, features: int = FEATURES, seed: int = 5) -> Stream:
    """Records whose target follows bent rules, on scales far from standard; a longer one begins the same."""
    drawn = np.random.default_rng(seed).normal(size=(records, max(features, 2) + 1))
    bent = np.abs(drawn[:, 0]) + drawn[:, 1] * (drawn[:, -2] > 0) + 0.2 * drawn[:, -1]
    y_N: npt.NDArray[Any] = 40.0 + 3.0 * bent
    if task == "classification":
        y_N = np.digitize(bent, [0.3, 1.2]).astype(np.int64)
    x_ND = drawn[:, :features] * 10.0 ** (np.arange(features) % 4) + 100.0
    x_ND[np.random.default_rng(seed + 1).random(x_ND.shape) < 0.03] = np.nan
    return Stream(x_ND, y_N)


def learner(task: Task, kinds: tuple[str, ...] = KINDS, features: int = FEATURES, **more: Any) -> Learner:
    """A learner that has seen nothing, with room for the stream."""
    fresh = Learner(Settings(kinds=kinds, **more), task)
    fresh.widen(features, CLASSES if task == "classification" else 1)
    return fresh


def learned(task: Task, kinds: tuple[str, ...] = KINDS, records: int = 300, **more: Any) -> Learner:
    """A learner after some records of the stream."""
    model = learner(task, kinds, **more)
    model.step(*stream(task, records))
    return model


def assert_same_state(a: Any, b: Any, path: str = "state") -> None:
    """Fail at the first value of two nested states that differs in type, shape or any bit."""
    assert type(a) is type(b), f"{path}: {type(a)} and {type(b)}"
    if isinstance(a, dict):
        assert list(a) == list(b), path
        for key in a:
            assert_same_state(a[key], b[key], f"{path}.{key}")
    elif isinstance(a, list | tuple):
        assert len(a) == len(b), path
        for index, (one, other) in enumerate(zip(a, b, strict=True)):
            assert_same_state(one, other, f"{path}[{index}]")
    elif isinstance(a, np.ndarray):
        assert a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes(), path
    else:
        assert repr(a) == repr(b), path
