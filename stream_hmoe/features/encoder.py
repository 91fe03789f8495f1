"""Record -> vector: one encoder that grows as features, categories and gaps appear.

Shapes: N records, D columns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from stream_hmoe.errors import BadCheckpoint, BadRecord
from stream_hmoe.features.frames import encode_frame, rows_with_news
from stream_hmoe.features.layout import Column, Layout, first_columns
from stream_hmoe.features.plan import Plan, plan_for
from stream_hmoe.features.values import as_named

__all__ = ["FeatureEncoder"]

Floats = npt.NDArray[np.float64]

SCHEMA = 1
MAX_PLANS = 16


class FeatureEncoder:
    """Turns records into vectors; columns are appended as features and categories are learned.

    Numbers (also booleans, decimals, numpy scalars) take one column. Text is a category: a column of 0 and 1
    per text, as they appear. Dates take five columns (see ``values.moment_of``). None, NaN, empty text and an
    absent key are missing: NaN in the column of a number or date, zeros for a category, and 1 in the column
    ``NAME missing``, which exists from the first gap on. What a feature holds is fixed by its first value
    that is not missing.

    Args:
        max_features: most columns; a record with a new feature that needs more is a BadRecord. Where there is
            no room, categories and gaps of known features go without a column, so that nobody who fills the
            columns keeps the records of others out.
        max_categories: most categories of one feature; later ones share the column ``NAME other``.

    Example:
        >>> encoder = FeatureEncoder()
        >>> encoder.learn({"age": 41, "colour": "red"})
        >>> encoder.names
        ('age', 'colour=red')
        >>> encoder.encode({"age": 38.5, "colour": "blue"})
        array([38.5,  0. ])
    """

    def __init__(self, max_features: int = 4096, max_categories: int = 100) -> None:
        self.max_features = max_features
        self.max_categories = max_categories
        self._layout = Layout()
        self._plan: Plan | None = None
        self._plans: dict[tuple[str, ...], Plan | None] = {}
        self._seen_once: set[tuple[str, ...]] = set()

    @property
    def width(self) -> int:
        """The number of columns D."""
        return len(self._layout.columns)

    @property
    def names(self) -> tuple[str, ...]:
        """The name of each column."""
        return tuple(column.name for column in self._layout.columns)

    def encode(self, record: Mapping[Any, Any]) -> Floats:
        """Return the vector (D,) of a record; what was never learned has no column and is left out.

        Raises:
            BadRecord: a value cannot be used, also of a feature that was never learned.
        """
        x_D = None if self._plan is None else self._plan.encode(record)
        return self._encode(record) if x_D is None else x_D

    def learn(self, record: Mapping[Any, Any]) -> None:
        """Add the columns for what is new in a record.

        Raises:
            BadRecord: a value cannot be used, or there would be too many columns; nothing was added.
        """
        if self._plan is None or not self._plan.covers(record):
            self._learn(record)

    def encode_many(self, records: pd.DataFrame | Sequence[Mapping[Any, Any]]) -> Floats:
        """Return the vectors (N, D) of a DataFrame or a sequence of records, as one by one.

        Raises:
            BadRecord: as ``encode``.
        """
        if isinstance(records, pd.DataFrame):
            return encode_frame(self._layout, records)
        X_ND = np.empty((len(records), self.width))
        for row, record in enumerate(records):
            X_ND[row] = self.encode(record)
        return X_ND

    def learn_many(self, records: pd.DataFrame | Sequence[Mapping[Any, Any]]) -> None:
        """Learn a DataFrame or a sequence of records, as one by one; all or nothing.

        Raises:
            BadRecord: as ``learn``; nothing was added.
        """
        before = self.state_dict()
        try:
            if not isinstance(records, pd.DataFrame):
                for record in records:
                    self.learn(record)
                return
            for row in records.iloc[self.rows_with_news(records)].to_dict("records"):
                self.learn(row)
            encode_frame(self._layout, records)  # looks at every value
        except BadRecord:
            self.load_state_dict(before)
            raise

    def rows_with_news(self, frame: pd.DataFrame) -> list[int]:
        """Return, in order, the positions of the rows that may add a column; no other row does.

        Raises:
            BadRecord: as ``encode``.
        """
        return rows_with_news(self._layout, frame, self.max_categories)

    def state_dict(self) -> dict[str, Any]:
        """Return all that was learned, ready for JSON."""
        return {"schema": SCHEMA, "columns": [list(column) for column in self._layout.columns]}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what ``state_dict`` returned.

        Raises:
            BadCheckpoint: the state was written by a newer version, or is damaged.
        """
        if state.get("schema") != SCHEMA:
            raise BadCheckpoint(f"features: got schema {state.get('schema')!r}, expected {SCHEMA}")
        layout = Layout()
        try:
            columns = [Column(*map(str, column)) for column in state["columns"]]
            layout.append(dict.fromkeys(columns))
        except (KeyError, TypeError) as damage:
            raise BadCheckpoint(f"features: the list of columns is damaged ({damage!r})") from damage
        if len(layout.columns) < len(columns):
            raise BadCheckpoint("features: the list of columns names one twice")
        self._layout = layout
        self._forget_plans()

    def __getstate__(self) -> dict[str, Any]:
        """For copies: what was learned, without the plans, which are made again as records come."""
        return {"max_features": self.max_features, "max_categories": self.max_categories} | self.state_dict()

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["max_features"], state["max_categories"])  # type: ignore[misc]
        self.load_state_dict(state)

    def _encode(self, record: Mapping[Any, Any]) -> Floats:
        """Encode in the general way, the one that defines the result."""
        named = as_named(record)
        plan = self._find_plan(tuple(named))
        if plan is not None and plan is not self._plan:
            self._plan = plan
            return self.encode(named)
        x_D = self._layout.blank_D.copy()
        for name, value in named.items():
            feature = self._layout.features.get(name)
            if feature is None:
                first_columns(name, value)  # a value that no feature can hold is refused from the start
            else:
                feature.write(x_D, value)
        return x_D

    def _learn(self, record: Mapping[Any, Any]) -> None:
        named = as_named(record)
        news: list[Column] = []
        for name, value in sorted(named.items()):  # the order within a record must not matter
            feature = self._layout.features.get(name)
            news += (
                first_columns(name, value) if feature is None else feature.news(value, self.max_categories)
            )
        for name, feature in self._layout.never_missing.items():
            if name not in named:
                news += feature.news_of_missing()
        if news:
            self._add(news, named)

    def _add(self, news: Sequence[Column], record: Mapping[str, Any]) -> None:
        """Add the columns of new features, and those of known ones as far as there is room for them."""
        births = [column for column in news if column.feature not in self._layout.features]
        room = self.max_features - self.width - len(births)
        if room < 0:
            field = births[room].feature
            raise BadRecord(
                field,
                record[field],
                f"it needs column {self.max_features + 1} and max_features is {self.max_features}",
                "Raise max_features, or leave out features that carry nothing.",
            )
        others = [column for column in news if column.feature in self._layout.features]
        without = set(others[room:])
        added = [column for column in news if column not in without]
        if added:
            self._layout.append(added)
        has_forgone = self._layout.forgo(without)
        if added or has_forgone:
            self._forget_plans()

    def _forget_plans(self) -> None:
        self._plan = None
        self._plans.clear()
        self._seen_once.clear()

    def _find_plan(self, names: tuple[str, ...]) -> Plan | None:
        """Return the plan for records with these names, if any; it is made when they are seen again."""
        if names not in self._plans:
            if names not in self._seen_once:
                if len(self._seen_once) == MAX_PLANS:
                    self._seen_once.clear()
                    self._plans.clear()
                self._seen_once.add(names)
                return None
            self._plans[names] = plan_for(self._layout, names)
        return self._plans[names]
