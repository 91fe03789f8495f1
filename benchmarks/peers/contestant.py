"""What a contestant is: it prepares records in its library's form, then predicts and learns each in order.

Shapes: N records of a call, D features.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from ..sources.stream import Array, Task

__all__ = ["NOTHING", "Contestant", "Entry", "Problem"]

NOTHING = -1
"""The class code of a prediction that names no class; it counts as wrong."""


@dataclass(frozen=True)
class Problem:
    """What a contestant is told before the first record.

    Args:
        task: classification or regression.
        num_features: D.
        num_classes: classes of the whole stream; only libraries that must know it use it.
        seed: seed of the contestant's own randomness.
        settings: options of the contestant that differ from its defaults.
    """

    task: Task
    num_features: int
    num_classes: int
    seed: int
    settings: Mapping[str, Any] = field(default_factory=dict)


class Contestant(Protocol):
    """One learner on one stream."""

    rows_per_call: int
    """Records between two looks at the clock."""

    def prepare(self, x_ND: Array, y_N: Array) -> Any:
        """Records in the library's own form; not timed."""

    def play(self, batch: Any) -> Array:
        """Predict then learn each record in order -> (N,) predictions; timed."""


@dataclass(frozen=True)
class Entry:
    """A contestant's place in the catalogue.

    Args:
        build: makes the contestant for a task; the library is imported there and nowhere else.
        install: what ``pip install`` needs, also the distribution whose version is reported.
        modules: modules that must be there.
        programs: programs that must be there.
        is_seeded: whether other seeds give other predictions.
    """

    build: Mapping[Task, Callable[[Problem], Contestant]]
    install: str = ""
    modules: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    is_seeded: bool = False
