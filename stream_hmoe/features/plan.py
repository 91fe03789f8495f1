"""The quick way through the encoder for records whose features were seen together before.

Shapes: D columns.
"""

from __future__ import annotations

import math
import operator
import struct
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from stream_hmoe.features.layout import CategoryFeature, Layout, NumberFeature
from stream_hmoe.features.values import PLAIN_NUMBERS, TEXT_LIMIT

__all__ = ["Plan", "plan_for"]

Floats = npt.NDArray[np.float64]


class Plan:
    """Encodes plain records with one given set of features, and declines all others.

    A record is plain when its numbers are finite Python or numpy numbers and its categories are known; of
    such a record there is nothing to learn. Only values are looked at, never whose dict they are in, because
    callers change and re-use dicts.

    Args:
        layout: where the columns are.
        numbers: the number features present.
        categories: the category features present.
        absent: columns of a vector that differ from 0 because their feature is not in these records.
    """

    def __init__(
        self,
        layout: Layout,
        numbers: Sequence[NumberFeature],
        categories: Sequence[CategoryFeature],
        absent: Sequence[int],
    ) -> None:
        self._size = len(numbers) + len(categories)
        self._width = len(layout.columns)
        self._numbers_of = _getter([feature.name for feature in numbers])
        self._categories = [(feature.name, _column_of(feature)) for feature in categories]
        packing = _packing([feature.column for feature in numbers], self._width)
        self._pack_into: Callable[..., None] = packing.pack_into
        self._absent = list(absent)
        self._absent_values = layout.blank_D[self._absent]

    def encode(self, record: Any) -> Floats | None:
        """Return the vector (D,), or None when the record needs the general way."""
        # a defaultdict would invent the features that are not there
        if type(record) is not dict or len(record) != self._size:
            return None
        try:
            numbers = self._numbers_of(record)
            # hypot is the cheapest look at all of them: infinity and NaN pass through it
            if not PLAIN_NUMBERS.issuperset(map(type, numbers)) or not math.isfinite(math.hypot(*numbers)):
                return None
            x_D = np.empty(self._width)
            self._pack_into(x_D, 0, *numbers)
            for name, columns in self._categories:
                x_D[columns[record[name]]] = 1.0
        except (KeyError, TypeError, OverflowError):
            return None
        if self._absent:
            x_D[self._absent] = self._absent_values
        return x_D

    def covers(self, record: Any) -> bool:
        """Say whether the record is plain, so that there is nothing to learn."""
        if type(record) is not dict or len(record) != self._size:
            return False
        try:
            numbers = self._numbers_of(record)
            for name, columns in self._categories:
                columns[record[name]]
            return PLAIN_NUMBERS.issuperset(map(type, numbers)) and math.isfinite(math.hypot(*numbers))
        except (KeyError, TypeError, OverflowError):
            return False


def plan_for(layout: Layout, names: Iterable[str]) -> Plan | None:
    """Return the plan for records with exactly these features, or None when there can be none.

    There is none while a record of this kind still has something to teach, or when it holds a moment.
    """
    present = dict.fromkeys(names)
    if present.keys() - layout.features.keys() or layout.never_missing.keys() - present.keys():
        return None
    numbers: list[NumberFeature] = []
    categories: list[CategoryFeature] = []
    absent = np.flatnonzero(layout.blank_D != 0.0)  # NaN differs from 0 too
    absent_columns = [int(column) for column in absent if layout.columns[column].feature not in present]
    for name in present:
        feature = layout.features[name]
        if isinstance(feature, NumberFeature):
            numbers.append(feature)
        elif isinstance(feature, CategoryFeature):
            categories.append(feature)
        else:
            return None
    return Plan(layout, sorted(numbers, key=lambda number: number.column), categories, absent_columns)


class _WithOther(dict[str, int]):
    """The columns of a category that has one for all others, which every further text finds."""

    def __init__(self, columns: dict[str, int], other: int) -> None:
        super().__init__(columns)
        self._other = other

    def __missing__(self, value: object) -> int:
        # blank text is missing, and a long one may be known by its beginning
        if type(value) is str and len(value) <= TEXT_LIMIT and value.strip():
            return self._other
        raise KeyError(value)


def _column_of(feature: CategoryFeature) -> dict[str, int]:
    if feature.other_column is None:
        return feature.columns
    return _WithOther(feature.columns, feature.other_column)


def _getter(names: Sequence[str]) -> Callable[[dict[str, Any]], tuple[Any, ...]]:
    if not names:
        return lambda record: ()
    if len(names) == 1:  # an itemgetter of one name gives the bare value
        only = names[0]
        return lambda record: (record[only],)
    return operator.itemgetter(*names)


def _packing(columns: Sequence[int], width: int) -> struct.Struct:
    """Return the struct that writes numbers to their columns, in order, and zeros between them."""
    parts: list[str] = []
    end = 0
    for column in columns:
        parts += [f"{8 * (column - end)}x", "d"]
        end = column + 1
    return struct.Struct("=" + "".join([*parts, f"{8 * (width - end)}x"]))
