"""What was measured, in one form for every case.

An interval of a rate or a count is Poisson's to first order: 1.96 sqrt(count).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

__all__ = ["Finding", "Track", "mean", "realised", "share"]

Item = TypeVar("Item")


class Track(Protocol):
    """Goes through items and shows how far it is."""

    def __call__(self, items: Sequence[Item], case: str) -> Iterator[Item]:
        """The items, under the name of the case."""
        ...


@dataclass(frozen=True)
class Finding:
    """One measured quantity.

    Args:
        case: the question.
        setting: what was varied.
        quantity: what was measured, with its unit.
        value: the measurement.
        low: lower end of its 95% interval.
        high: upper end.
        aim: what it should be; empty where it stands for comparison.
    """

    case: str
    setting: str
    quantity: str
    value: float
    low: float
    high: float
    aim: str = ""


def share(case: str, setting: str, quantity: str, hits: Iterable[bool], aim: str = "") -> Finding:
    """A share of trials, with Wilson's interval."""
    outcomes = list(hits)
    count, p = len(outcomes), sum(outcomes) / len(outcomes)
    middle = (p + 1.92 / count) / (1.0 + 3.84 / count)
    half = 1.96 * math.sqrt(p * (1.0 - p) / count + 0.96 / count**2) / (1.0 + 3.84 / count)
    return Finding(case, setting, quantity, p, max(middle - half, 0.0), min(middle + half, 1.0), aim)


def mean(case: str, setting: str, quantity: str, values: Iterable[float], aim: str = "") -> Finding:
    """A mean over trials, with its normal interval; NaN where there is none."""
    numbers = list(values)
    if not numbers:
        return Finding(case, setting, quantity, math.nan, math.nan, math.nan, aim)
    middle = math.fsum(numbers) / len(numbers)
    square = math.fsum((number - middle) ** 2 for number in numbers)
    half = 1.96 * math.sqrt(square) / len(numbers)
    return Finding(case, setting, quantity, middle, middle - half, middle + half, aim)


def realised(case: str, setting: str, records: int, alarms: int, arl: float, aim: str = "") -> Finding:
    """Average run length over the wanted one: records over alarms, unfinished runs included."""
    spread = 1.96 * math.sqrt(alarms)
    per_alarm = records / arl
    high = per_alarm / (alarms - spread) if alarms > spread else math.inf
    value = per_alarm / alarms if alarms else math.inf
    return Finding(
        case, setting, "ARL realised / asked", value, per_alarm / (alarms + spread + 1e-9), high, aim
    )
