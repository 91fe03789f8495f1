"""How long rows stay: the newest as they are, older ones only joined, the oldest not at all.

Joined rows are written as intervals close (see ``joining``), so keeping a journal small is deleting alone:
a few rows at a time, and never what a run may still go back to.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from monitor.journal.mark import Mark
from monitor.journal.schema import JOINED, MAX_BAD, EventKind

__all__ = ["Pruning", "Retention"]

# Tables with rows per interval or period. Intervals go first: readers take rows of intervals that are there.
_TABLES = ("interval", "share", "evidence", "worth", "feature")
# There are so many of these that they are kept a tenth as long.
_BULKY = ("leaf_feature", "sample")
_ROUTINE = (EventKind.CHECKPOINT, EventKind.REJECTED, EventKind.RESTRUCTURED)
_SHAPES = 100


@dataclass(frozen=True, slots=True)
class Retention:
    """How many rows stay.

    Args:
        full_intervals: newest intervals kept as they are; of flow, seconds.
        coarse_intervals: rows of ten joined intervals kept from before them, then as many rows of a hundred,
            then of a thousand.
        events: newest events kept; of checkpoints, rejections and changes of shape a tenth of it.
    """

    full_intervals: int = 20_000
    coarse_intervals: int = 20_000
    events: int = 100_000

    def kept(self, joined: int, share: int = 1) -> int:
        """Newest intervals of which the rows of ``joined`` intervals stay, or one in ``share`` of them."""
        coarse = sum(self.coarse_intervals * rows for rows in JOINED[1:] if rows <= joined)
        return (self.full_intervals + coarse) // share


class Pruning:
    """Deletes what is past its time, step by step.

    Args:
        connection: a journal open for writing.
        retention: what stays.
        interval_records: length of an interval.
    """

    def __init__(self, connection: sqlite3.Connection, retention: Retention, interval_records: int) -> None:
        self._connection = connection
        self._retention = retention
        self._interval_records = interval_records
        self._safe = Mark()
        self._is_due = False

    def begin(self, safe: Mark) -> None:
        """What lies before ``safe`` will not change any more; what is past its time is to go.

        Args:
            safe: where the newest checkpoint is.
        """
        self._safe = safe
        self._is_due = True

    def step(self, max_rows: int) -> int:
        """Delete about ``max_rows`` rows at most -> how many."""
        if not self._is_due:
            return 0
        left = max_rows
        for statement, values in self._tasks():
            left -= self._connection.execute(statement, {**values, "left": left}).rowcount
            if left <= 0:
                return max_rows - left
        self._is_due = False
        return max_rows - left

    def _tasks(self) -> Iterator[tuple[str, dict[str, float]]]:
        for joined in JOINED:
            for table in (*_TABLES, *_BULKY):
                share = 10 if table in _BULKY else 1
                yield (
                    _delete_oldest(table, "record"),
                    {
                        "joined": joined,
                        "last": self._horizon(self._safe.interval, joined, self._interval_records, share),
                    },
                )
            # A stretch of time begins with its first moment, one of intervals after it.
            last = math.nextafter(self._horizon(self._safe.flow, joined, 1, 1), 0.0)
            yield _delete_oldest("flow", "time_seconds"), {"joined": joined, "last": last}
        yield from self._event_tasks()
        yield (
            "DELETE FROM bad WHERE id IN (SELECT id FROM bad "
            "WHERE id <= min(:safe, (SELECT max(id) FROM bad) - :kept) ORDER BY id LIMIT :left)",
            {"safe": self._safe.bad, "kept": MAX_BAD},
        )
        yield (
            "DELETE FROM topology WHERE record <= :safe AND record < (SELECT min(record) FROM ("
            "SELECT DISTINCT record FROM topology ORDER BY record DESC LIMIT :kept)) "
            "AND EXISTS (SELECT 1 FROM topology AS later "
            "WHERE later.leaf = topology.leaf AND later.record > topology.record)",
            {"safe": self._safe.topology, "kept": _SHAPES},
        )

    def _event_tasks(self) -> Iterator[tuple[str, dict[str, float]]]:
        counted = self._connection.execute("SELECT kind, count(*) FROM event GROUP BY kind")
        counts: dict[str, int] = dict(counted.fetchall())
        kept, safe = self._retention.events, self._safe.event
        for kind in _ROUTINE:
            excess = counts.get(kind.value, 0) - kept // 10
            if excess > 0:
                counts[kind.value] -= excess
                yield (
                    "DELETE FROM event WHERE id IN (SELECT id FROM event "
                    f"WHERE kind = '{kind.value}' AND id <= :safe ORDER BY id LIMIT min(:excess, :left))",
                    {"safe": safe, "excess": excess},
                )
        excess = sum(counts.values()) - kept
        if excess > 0:
            yield (
                "DELETE FROM event WHERE id IN "
                "(SELECT id FROM event WHERE id <= :safe ORDER BY id LIMIT min(:excess, :left))",
                {"safe": safe, "excess": excess},
            )

    def _horizon(self, end: float, joined: int, width: int, share: int) -> float:
        """Up to where the rows of ``joined`` intervals go: only whole rows of the next coarser kind."""
        beyond = end - self._retention.kept(joined, share) * width
        whole = width * min(10 * joined, JOINED[-1])
        return beyond // whole * whole


def _delete_oldest(table: str, key: str) -> str:
    """SQL: delete the oldest rows up to :last, :left of them and the rest of their interval."""
    chosen = f"SELECT {key} FROM {table} WHERE joined = :joined AND {key} <= :last ORDER BY {key}"
    cut = f"coalesce(({chosen} LIMIT 1 OFFSET :left - 1), :last)"
    return f"DELETE FROM {table} WHERE joined = :joined AND {key} <= {cut}"
