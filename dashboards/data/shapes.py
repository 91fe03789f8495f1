"""From when to when each leaf was part of the model: a fold over all shapes that it had, done by SQLite."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pandas as pd

from monitor.journal.opening import open_for_reading, unreadable

__all__ = ["read_lives"]

_LIVES = """
WITH shape AS (
    SELECT record, lead(record) OVER (ORDER BY record) AS next
    FROM (SELECT DISTINCT record FROM topology)
)
SELECT leaf, max(name) AS name, max(group_name) AS group_name, min(record) AS record,
    nullif(max(coalesce(next, 9e18)), 9e18) AS "end"
FROM topology JOIN shape USING (record) GROUP BY leaf ORDER BY 4, leaf
"""


def read_lives(path: Path) -> pd.DataFrame:
    """One row per leaf that ever lived -> leaf, name, group_name, record (begin), end; NaN while it lives.

    Raises:
        JournalError: the journal cannot be read.
    """
    try:
        with closing(open_for_reading(path)) as connection:
            cursor = connection.execute(_LIVES)
            columns = [column[0] for column in cursor.description]
            table = pd.DataFrame.from_records(cursor.fetchall(), columns=columns)
    except sqlite3.DatabaseError as error:
        raise unreadable(path, error) from error
    return table.astype({"end": float})
