"""Small streams whose rule changes once, and how facts and states are compared, for the tests of control.

The rule is an exclusive or of two signs, which trees and regions learn and which a change makes useless.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from stream_hmoe import HMoEClassifier, HMoERegressor, checkpoint
from stream_hmoe.events import Decided, Fact, Scored
from stream_hmoe.layout import Task
from stream_hmoe.learner import Learner
from stream_hmoe.settings import Settings

KINDS = ("linear", "regions", "boosted")
CHANGE = 4_500


class Stream(NamedTuple):
    """Records and their targets."""

    records: list[dict[str, Any]]
    targets: list[Any]

    def part(self, begin: int, end: int | None = None) -> Stream:
        return Stream(self.records[begin:end], self.targets[begin:end])


def rows(count: int, change: int, seed: int = 0) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Inputs (N, 4) on [-1, 1]; whether the signs of two of them differ, from ``change`` on of the others."""
    x_ND = np.random.default_rng(seed).uniform(-1.0, 1.0, (count, 4))
    sign_ND = x_ND > 0.0
    is_new_N = np.arange(count) >= change
    return x_ND, np.where(is_new_N, sign_ND[:, 2] ^ sign_ND[:, 3], sign_ND[:, 0] ^ sign_ND[:, 1])


def stream(task: Task, count: int, change: int = CHANGE, seed: int = 0) -> Stream:
    """A stream with one abrupt change of concept before record ``change``."""
    x_ND, y_N = rows(count, change, seed)
    records = [dict(zip("abcd", row, strict=True)) for row in x_ND.tolist()]
    if task == "classification":
        return Stream(records, ["yes" if y else "no" for y in y_N.tolist()])
    noise_N = np.random.default_rng(seed + 1).normal(0.0, 0.5, count)
    return Stream(records, (10.0 * y_N + noise_N).tolist())


def model(task: Task = "classification", kinds: Sequence[str] = KINDS) -> HMoEClassifier | HMoERegressor:
    """A small and fast model."""
    make = HMoEClassifier if task == "classification" else HMoERegressor
    return make(kinds=kinds, experts=4)


def trained(
    count: int, kinds: Sequence[str] = KINDS, task: Task = "classification", seed: int = 0
) -> Learner:
    """A small learner that has learned the first rule."""
    learner = Learner(Settings(kinds=tuple(kinds), experts=4), task)
    learner.widen(4, 2 if task == "classification" else 1)
    x_ND, y_N = rows(count, count, seed)
    learner.step(x_ND, y_N.astype(np.float64))
    return learner


def decisions(facts: Iterable[Fact]) -> list[Decided]:
    return [fact for fact in facts if isinstance(fact, Decided)]


def scores(facts: Iterable[Fact]) -> dict[str, Any]:
    """All scored records of some facts as whole columns."""
    parts = [fact for fact in facts if isinstance(fact, Scored)]
    arrays = ("record", "probabilities", "loss_nats", "error", "gate_weights")
    columns: dict[str, Any] = {name: np.concatenate([getattr(p, name) for p in parts]) for name in arrays}
    lists = ("targets", "predictions")
    return columns | {name: [value for part in parts for value in getattr(part, name)] for name in lists}


def assert_same_facts(one: Sequence[Fact], other: Sequence[Fact]) -> None:
    """The same facts to the last bit, whatever steps they came from."""
    assert [f for f in one if not isinstance(f, Scored)] == [f for f in other if not isinstance(f, Scored)]
    assert_same_state(scores(one), scores(other))


def assert_same_state(one: Any, other: Any, where: str = "state") -> None:
    """The same saved values to the last bit."""
    if isinstance(one, dict):
        assert one.keys() == other.keys(), where
        for name, value in one.items():
            assert_same_state(value, other[name], f"{where}.{name}")
    elif isinstance(one, list | tuple):
        assert len(one) == len(other), where
        for index, (mine, others) in enumerate(zip(one, other, strict=True)):
            assert_same_state(mine, others, f"{where}.{index}")
    elif isinstance(one, np.ndarray):
        np.testing.assert_array_equal(one, other, err_msg=where, strict=True)
    else:
        assert one == other or (one != one and other != other), where


def through_disk(state: dict[str, Any], directory: Path) -> dict[str, Any]:
    """A state as it comes back from a checkpoint."""
    checkpoint.save(directory, state, keep=1)
    return checkpoint.load(directory)
