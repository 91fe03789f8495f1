"""Which rows of flow to read: as fine as a limit allows, joined ones where finer ones were deleted."""

from __future__ import annotations

import sqlite3
from typing import Any

from monitor.journal.schema import JOINED

__all__ = ["flow_rows"]

Row = tuple[Any, ...]

_COUNT = "SELECT count(*) FROM flow WHERE joined = ? AND time_seconds >= ?"
_OLDEST = "SELECT min(time_seconds) FROM flow WHERE joined = ?"
_ROWS = "SELECT * FROM flow WHERE joined = ? AND time_seconds >= ? AND time_seconds < ? ORDER BY time_seconds"
_NEWER = "SELECT * FROM flow WHERE joined = ? AND time_seconds > ? ORDER BY time_seconds"
_TIME = 1


def flow_rows(connection: sqlite3.Connection, since_seconds: float, limit: int) -> list[Row]:
    """The rows since a moment, oldest first; a few more than ``limit`` at most where few are wanted.

    Args:
        connection: a journal.
        since_seconds: Unix time.
        limit: how many rows of one kind there may be.
    """
    counts = {joined: connection.execute(_COUNT, (joined, since_seconds)).fetchone()[0] for joined in JOINED}
    main = next((joined for joined in JOINED if counts[joined] <= limit), JOINED[-1])
    rows: list[Row] = connection.execute(_ROWS, (main, since_seconds, float("inf"))).fetchall()
    oldest = connection.execute(_OLDEST, (main,)).fetchone()[0]
    for joined in JOINED[JOINED.index(main) + 1 :]:
        if oldest is None or oldest < since_seconds:
            break
        older = connection.execute(_ROWS, (joined, since_seconds, oldest // joined * joined)).fetchall()
        rows = [*older, *rows]
        oldest = connection.execute(_OLDEST, (joined,)).fetchone()[0]
    for joined in reversed(JOINED[: JOINED.index(main)]):
        newest = rows[-1][_TIME] if rows else since_seconds
        rows += connection.execute(_NEWER, (joined, newest)).fetchall()
    return rows
