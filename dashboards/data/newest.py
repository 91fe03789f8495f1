"""The newest rows of the tables that hold flow, bad messages, features and samples."""

from __future__ import annotations

import sqlite3
from dataclasses import fields
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd

from monitor.journal.schema import (
    BadRow,
    FeatureRow,
    FlowRow,
    JournalDamaged,
    LeafFeatureRow,
    SampleRow,
    TopologyRow,
)

__all__ = ["NewestRows"]

Row = BadRow | FeatureRow | FlowRow | LeafFeatureRow | SampleRow | TopologyRow


class NewestRows:
    """Reads the newest rows of a table, oldest first; an absent table is an empty one.

    Args:
        path: the journal.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def flow(self, limit: int) -> pd.DataFrame:
        """What came and how the process fared, about once a second."""
        return self._rows("flow", FlowRow, "ORDER BY rowid DESC LIMIT ?", (limit,))

    def bad(self, limit: int) -> pd.DataFrame:
        """Messages that could not be used."""
        return self._rows("bad", BadRow, "ORDER BY rowid DESC LIMIT ?", (limit,))

    def features(self, first: int, limit: int) -> pd.DataFrame:
        """What every feature was like in the periods that end at ``first`` or later."""
        return self._rows(
            "feature", FeatureRow, "WHERE record >= ? ORDER BY record DESC LIMIT ?", (first, limit)
        )

    def leaf_features(self) -> pd.DataFrame:
        """What every leaf's records were like in the newest period."""
        newest = "WHERE record = (SELECT max(record) FROM leaf_feature)"
        return self._rows("leaf_feature", LeafFeatureRow, newest, ())

    def samples(self, first: int, limit: int) -> pd.DataFrame:
        """Records from ``first`` on."""
        return self._rows(
            "sample", SampleRow, "WHERE record >= ? ORDER BY record DESC LIMIT ?", (first, limit)
        )

    def topologies(self) -> pd.DataFrame:
        """Every shape that the model had: record, leaf, name, group_name."""
        return self._rows("topology", TopologyRow, "ORDER BY record DESC, leaf DESC", ())

    def _rows(self, table: str, row: type[Row], end: str, values: tuple[Any, ...]) -> pd.DataFrame:
        columns = [field.name for field in fields(row)]
        names = ", ".join(f'"{name}"' for name in columns)
        address = f"file:{quote(str(self._path.resolve()))}?mode=ro"
        try:
            connection = sqlite3.connect(address, uri=True, timeout=5.0)
            try:
                found = connection.execute(f"SELECT {names} FROM {table} {end}", values).fetchall()  # noqa: S608
            finally:
                connection.close()
        except sqlite3.OperationalError as error:
            if "no such table" not in str(error):
                raise JournalDamaged(f"{self._path} cannot be read: {error}") from error
            found = []
        except sqlite3.DatabaseError as error:
            raise JournalDamaged(f"{self._path} cannot be read: {error}") from error
        return pd.DataFrame.from_records(found[::-1], columns=columns)
