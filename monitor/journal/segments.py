"""Which rows to read: the newest part of a window has rows of every interval, older parts only joined ones.

Whoever wants few points gets joined rows in the middle, too, and single ones only where the window begins
and ends.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from itertools import pairwise

from monitor.journal.schema import JOINED

__all__ = ["Segments", "plan"]


@dataclass(frozen=True, slots=True)
class Segments:
    """A window cut into parts, oldest first.

    Args:
        parts: how many intervals a row stands for, and the first and last record of the rows.
        width: records of a point: rows of the same point are merged.
    """

    parts: tuple[tuple[int, int, int], ...]
    width: int

    @property
    def json(self) -> str:
        """For ``SEGMENTS``."""
        return json.dumps(self.parts)


def plan(
    connection: sqlite3.Connection, interval_records: int, first: int, last: int | None, points: int | None
) -> Segments:
    """Cut the window ``first`` to ``last``.

    Args:
        connection: a journal.
        interval_records: length of its intervals.
        first: first record.
        last: last record; None for the newest.
        points: about how many points are wanted; None for one of each row, as fine as there are any.
    """
    ends = _newest(connection, last)
    end = max((found for found in ends.values() if found is not None), default=None)
    if end is None:
        return Segments((), 1)
    intervals = 1 if points is None else max(1, -(-max(1, end - first) // (points * interval_records)))
    wanted = max(joined for joined in JOINED if joined <= intervals)
    width = 1 if points is None else -(-intervals // wanted) * wanted * interval_records
    return Segments(_parts(connection, interval_records, first, end, ends, wanted), width)


def _parts(
    connection: sqlite3.Connection,
    interval_records: int,
    first: int,
    last: int,
    ends: dict[int, int | None],
    wanted: int,
) -> tuple[tuple[int, int, int], ...]:
    """From the finest rows there are at the begin to those wanted, and to single ones at the end."""
    begins = _begins(connection, interval_records)
    finest = next(joined for joined in JOINED if begins[joined] < first)
    main = 1
    for joined in JOINED:
        end, whole = ends[joined], _up(first - 1, joined * interval_records)
        if joined <= wanted and end is not None and whole < end:
            main = joined
    parts: list[tuple[int, int, int]] = []
    at, joined = first - 1, finest
    while joined != main:
        if joined < main:
            following = joined * 10
            until = _up(first - 1, following * interval_records)
        else:
            following = joined // 10
            until = int(min(begins[following], last))
        parts.append((joined, at + 1, until))
        at, joined = max(at, until), following
    for joined in reversed([joined for joined in JOINED if joined <= main]):
        end = ends[joined]
        if end is not None:
            parts.append((joined, at + 1, end))
            at = max(at, end)
    return tuple(part for part in parts if part[1] <= part[2])


def _newest(connection: sqlite3.Connection, last: int | None) -> dict[int, int | None]:
    """The newest row of each kind in the window."""
    query = "SELECT max(record) FROM interval WHERE joined = ? AND record <= ?"
    limit = 2**62 if last is None else last
    return {joined: connection.execute(query, (joined, limit)).fetchone()[0] for joined in JOINED}


def _begins(connection: sqlite3.Connection, interval_records: int) -> dict[int, float]:
    """Beyond which record there is every row of each kind; -1 where nothing older was deleted."""
    found: dict[int, float] = {}
    for joined, coarser in pairwise((*JOINED, 0)):
        query = "SELECT min(record) FROM interval WHERE joined = ?"
        oldest = connection.execute(query, (joined,)).fetchone()[0]
        if oldest is None:
            found[joined] = float("inf")
            continue
        begin = _up(oldest - joined * interval_records, coarser * interval_records or 1)
        query = "SELECT 1 FROM interval WHERE joined = ? AND record <= ? LIMIT 1"
        has_older = connection.execute(query, (coarser, begin)).fetchone() is not None
        found[joined] = begin if has_older else -1
    return found


def _up(record: int, width: int) -> int:
    """The end of the bucket that ``record`` is in or ends."""
    return -(-record // width) * width
