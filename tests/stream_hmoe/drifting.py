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
from stream_hmoe.adaptation import Adaptation
from stream_hmoe.controller import ControllerSettings
from stream_hmoe.events import Decided, Evidence, Fact, Level, Scored
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


def rows(
    count: int, change: int, seed: int = 0, back: int | None = None
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Inputs (N, 4) on [-1, 1]; whether the signs of the first two differ, from ``change`` on of the others.

    From ``back`` on the first rule holds again.
    """
    x_ND = np.random.default_rng(seed).uniform(-1.0, 1.0, (count, 4))
    sign_ND = x_ND > 0.0
    number_N = np.arange(count)
    is_new_N = (number_N >= change) & (number_N < (count if back is None else back))
    return x_ND, np.where(is_new_N, sign_ND[:, 2] ^ sign_ND[:, 3], sign_ND[:, 0] ^ sign_ND[:, 1])


def stream(task: Task, count: int, change: int = CHANGE, seed: int = 0, back: int | None = None) -> Stream:
    """A stream with an abrupt change of concept at record ``change``, and another one back."""
    x_ND, y_N = rows(count, change, seed, back)
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


class ScriptedGates:
    """Stands in for the watch over the gates: its level is what the script says at a record count.

    Args:
        script: (record count from which it holds, level), in order.
    """

    change_point = -1
    leaves: tuple[str, ...] = ()
    is_referenced = False  # which is to keep nothing from happening

    def __init__(self, *script: tuple[int, Level]) -> None:
        self.script = script
        self.record = 0
        self.rereferenced: list[int] = []

    @property
    def evidence(self) -> Evidence:
        levels = [level for record, level in self.script if record <= self.record]
        level = levels[-1] if levels else Level.STABLE
        return Evidence("gates", float(level), 2.0, level)

    def update(
        self, record: int, x_ND: npt.NDArray[np.float64], learner: Learner, features: Sequence[str]
    ) -> None:
        assert len(features) == x_ND.shape[1] <= learner.num_features
        self.record = record

    def detail(self) -> dict[str, Any]:
        return {"scripted": True}

    def rereference(self) -> None:
        self.rereferenced.append(self.record)

    def state_dict(self) -> dict[str, Any]:
        return {"record": self.record, "rereferenced": list(self.rereferenced)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.record, self.rereferenced = state["record"], list(state["rereferenced"])


def adaptation(
    *script: tuple[int, Level], arl: float = 10_000, settings: ControllerSettings | None = None
) -> Adaptation:
    """An adaptation whose gates say what the script says: nothing by default."""
    made = Adaptation(arl, settings)
    vars(made)["gates"] = ScriptedGates(*script)
    return made
