"""Which column of a vector stands for what: features, categories and gaps, in order of appearance.

Shapes: D columns. Columns are only ever appended, so a vector made earlier is a prefix of a later one.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from stream_hmoe.features.values import Kind, kind_of, moment_of, number_of, text_of

__all__ = [
    "CategoryFeature",
    "Column",
    "Feature",
    "Layout",
    "MomentFeature",
    "NumberFeature",
    "first_columns",
]

Floats = npt.NDArray[np.float64]

MOMENT_PARTS = (
    "seconds",
    "time of day sine",
    "time of day cosine",
    "time of week sine",
    "time of week cosine",
)


class Column(NamedTuple):
    """One column: the feature it belongs to, what part of it, and the category's text."""

    feature: str
    part: str
    text: str = ""

    @property
    def name(self) -> str:
        """What people read: ``age``, ``age missing``, ``colour=red``, ``when time of day sine``."""
        if self.part == "number":
            return self.feature
        if self.part == "category":
            return f"{self.feature}={self.text}"
        return f"{self.feature} {self.part}"


class Feature(ABC):
    """One feature of the records and its columns.

    Args:
        name: as in the records.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.missing_column: int | None = None

    @abstractmethod
    def take(self, column: Column, index: int) -> None:
        """Own one more column."""

    @abstractmethod
    def write(self, x_D: Floats, value: object) -> None:
        """Write the value over the blank of this feature; a missing value leaves the blank.

        Raises:
            BadRecord: the value does not fit the feature.
        """

    @abstractmethod
    def news(self, value: object, max_categories: int) -> tuple[Column, ...]:
        """Return the columns that the value would add.

        Raises:
            BadRecord: the value does not fit the feature.
        """

    def news_of_missing(self) -> tuple[Column, ...]:
        """Return the column that a missing value would add."""
        return (Column(self.name, "missing"),) if self.missing_column is None else ()

    def _mark_present(self, x_D: Floats) -> None:
        if self.missing_column is not None:
            x_D[self.missing_column] = 0.0


class NumberFeature(Feature):
    """A number: one column, NaN when missing."""

    column: int

    def take(self, column: Column, index: int) -> None:  # noqa: D102
        self.column = index

    def write(self, x_D: Floats, value: object) -> None:  # noqa: D102
        number = number_of(self.name, value)
        if not math.isnan(number):
            x_D[self.column] = number
            self._mark_present(x_D)

    def news(self, value: object, max_categories: int) -> tuple[Column, ...]:  # noqa: D102
        return self.news_of_missing() if math.isnan(number_of(self.name, value)) else ()


class CategoryFeature(Feature):
    """A category: a column of 0 and 1 per text, and one for all others once there are too many."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.columns: dict[str, int] = {}
        self.other_column: int | None = None

    def take(self, column: Column, index: int) -> None:  # noqa: D102
        if column.part == "other":
            self.other_column = index
        else:
            self.columns[column.text] = index

    def write(self, x_D: Floats, value: object) -> None:  # noqa: D102
        text = text_of(self.name, value)
        if text:
            column = self.columns.get(text, self.other_column)
            if column is not None:
                x_D[column] = 1.0
            self._mark_present(x_D)

    def news(self, value: object, max_categories: int) -> tuple[Column, ...]:  # noqa: D102
        text = text_of(self.name, value)
        if not text:
            return self.news_of_missing()
        if text in self.columns or self.other_column is not None:
            return ()
        if len(self.columns) < max_categories:
            return (Column(self.name, "category", text),)
        return (Column(self.name, "other"),)


class MomentFeature(Feature):
    """A date or time: seconds since 1970, and where in the day and in the week it falls."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.columns: list[int] = []

    def take(self, column: Column, index: int) -> None:  # noqa: D102
        self.columns.append(index)

    def write(self, x_D: Floats, value: object) -> None:  # noqa: D102
        moment = moment_of(self.name, value)
        if moment is not None:
            x_D[self.columns] = moment
            self._mark_present(x_D)

    def news(self, value: object, max_categories: int) -> tuple[Column, ...]:  # noqa: D102
        return self.news_of_missing() if moment_of(self.name, value) is None else ()


class Layout:
    """All columns in order, and the features that own them."""

    def __init__(self) -> None:
        self.columns: list[Column] = []
        self.features: dict[str, Feature] = {}
        self.never_missing: dict[str, Feature] = {}
        self.blank_D: Floats = np.empty(0)

    def append(self, columns: Iterable[Column]) -> None:
        """Add columns at the end; a feature is born with its first column."""
        blanks = [self._add(column) for column in columns]
        self.blank_D = np.concatenate([self.blank_D, np.array(blanks, dtype=np.float64)])

    def forgo(self, columns: Iterable[Column]) -> bool:
        """These columns are not added -> whether gaps of some features go without one from now on."""
        gaps = [column.feature for column in columns if column.part == "missing"]
        for feature in gaps:
            self.never_missing.pop(feature, None)
        return bool(gaps)

    def _add(self, column: Column) -> float:
        """Add one column and return its value in a vector of which nothing is known."""
        if column.feature not in self.features:
            feature = _BIRTH[column.part](column.feature)
            self.features[column.feature] = self.never_missing[column.feature] = feature
        feature = self.features[column.feature]
        self.columns.append(column)
        if column.part == "missing":
            feature.missing_column = len(self.columns) - 1
            del self.never_missing[column.feature]
            return 1.0
        feature.take(column, len(self.columns) - 1)
        return 0.0 if isinstance(feature, CategoryFeature) else math.nan


def first_columns(name: str, value: object) -> tuple[Column, ...]:
    """Return the columns of a feature whose first value this is; none when it is missing.

    Raises:
        BadRecord: no feature can hold the value.
    """
    kind = kind_of(name, value)
    if kind is Kind.NUMBER:
        return (Column(name, "number"),)
    if kind is Kind.CATEGORY:
        return (Column(name, "category", text_of(name, value)),)
    if kind is Kind.MOMENT:
        return tuple(Column(name, part) for part in MOMENT_PARTS)
    return ()


_BIRTH: dict[str, type[Feature]] = {
    "number": NumberFeature,
    "category": CategoryFeature,
    MOMENT_PARTS[0]: MomentFeature,
}
