"""What kind of learning a stream asks for, and its labels in the form the learner takes."""

from __future__ import annotations

import enum
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from monitor.problems import ConfigurationProblem

__all__ = ["SAMPLE_RECORDS", "Decision", "Task", "decide_task", "to_targets"]

SAMPLE_RECORDS = 1_000
MAX_CLASSES = 50
MIN_RECORDS_PER_CLASS = 4
MAX_SHOWN = 5


class Task(enum.StrEnum):
    """What is predicted: a class, or a number."""

    CLASSIFICATION = "classification"
    REGRESSION = "regression"


@dataclass(frozen=True, slots=True)
class Decision:
    """A task and the reason for it, in words."""

    task: Task
    reason: str


def decide_task(targets: Sequence[Any], name: str) -> Decision:
    """Classification for text, truth values and few distinct whole numbers; else regression.

    Args:
        targets: the first labels as they arrived; None when missing.
        name: the target's name, for messages.

    Raises:
        ConfigurationProblem: every label is missing.
    """
    present = [target for target in targets if target is not None]
    if not present:
        message = f"the first {len(targets)} records have no {name!r}"
        raise ConfigurationProblem(f"{message}; is it the right --target?")
    numbers = [_number(target) for target in present]
    seen = f"{name!r} in the first {len(present)} records"
    others = [target for target, number in zip(present, numbers, strict=True) if number is None]
    if len(others) > len(present) / 2:
        shown = ", ".join(sorted({str(target) for target in others})[:MAX_SHOWN])
        return Decision(Task.CLASSIFICATION, f"{seen} holds names ({shown})")
    found = [number for number in numbers if number is not None]
    distinct = set(found)
    if not all(number.is_integer() for number in distinct if math.isfinite(number)):
        return Decision(Task.REGRESSION, f"{seen} holds numbers with fractions")
    if len(distinct) <= 2 or len(distinct) <= min(MAX_CLASSES, len(found) // MIN_RECORDS_PER_CLASS):
        return Decision(Task.CLASSIFICATION, f"{seen} holds {len(distinct)} distinct whole numbers")
    return Decision(Task.REGRESSION, f"{seen} holds {len(distinct)} distinct whole numbers")


def to_targets(task: Task, targets: Sequence[Any]) -> list[Any]:
    """Labels for the learner: text for classes; floats for numbers, what is no number as it came.

    A class is known by its text, so that 1 and "1" are the same class in every input format; None stays None,
    which the learner rejects.
    """
    if task is Task.CLASSIFICATION:
        return [target if isinstance(target, str) else _class_name(target) for target in targets]
    return [_number_or_as_is(target) for target in targets]


def _class_name(target: Any) -> Any:
    if isinstance(target, bool):
        return "true" if target else "false"
    if isinstance(target, float) and not math.isfinite(target):
        return None
    return str(target) if isinstance(target, int | float) else target


def _number_or_as_is(target: Any) -> Any:
    number = _number(target)
    return target if number is None else number


def _number(target: Any) -> float | None:
    if isinstance(target, bool) or not isinstance(target, int | float | str):
        return None
    try:
        return float(target)
    except (ValueError, OverflowError):
        return None
