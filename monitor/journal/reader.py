"""Reads a journal, also while it is being written, as pandas tables."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import pandas as pd

from monitor.journal import queries
from monitor.journal.flow_rows import flow_rows
from monitor.journal.migration import DEFAULT_INTERVAL_RECORDS
from monitor.journal.opening import find_journals, open_for_reading, unreadable
from monitor.journal.schema import JOINED, EventKind
from monitor.journal.segments import plan

__all__ = ["MAX_POINTS", "JournalReader", "Span", "find_journals"]

MAX_POINTS = 2_000
ONE_POINT = 1


@dataclass(frozen=True, slots=True)
class Span:
    """Which part of the stream the journal covers.

    Args:
        first: ``record`` of the first interval, or of the first joined ones.
        last: ``record`` of the last interval.
        intervals: number of intervals.
        updated_seconds: Unix time of the last interval.
    """

    first: int
    last: int
    intervals: int
    updated_seconds: float


class JournalReader:
    """A read-only view of a journal; every call sees the rows committed by then.

    Of long ago there are only joined rows, each for ten, a hundred or a thousand intervals (``records`` tells
    how many records); methods return them in place of what was deleted.

    Args:
        path: the journal file.

    Raises:
        JournalMissing: no such file, or nothing in it yet.
        JournalNewer: written by a newer version.
        JournalOlder: written by an older version.
        JournalLocked: another program holds it just now (also raised by every method).
        JournalDamaged: not a journal, or damaged (also raised by every method).
    """

    def __init__(self, path: Path | str) -> None:
        self._path = Path(path)
        self._connection = open_for_reading(self._path)
        self._lock = threading.RLock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def snapshot(self) -> Iterator[Self]:
        """Everything read within sees the journal of one moment; other threads wait meanwhile."""
        with self._lock:
            if self._connection.in_transaction:
                yield self
                return
            self._connection.execute("BEGIN")
            try:
                yield self
            finally:
                self._connection.execute("ROLLBACK")

    def meta(self) -> dict[str, str]:
        """What the run said about itself: schema_version, task, metric, target, source, status, ...."""
        rows = self._table("SELECT key, value FROM meta")
        return dict(zip(rows["key"].tolist(), rows["value"].tolist(), strict=True))

    def span(self) -> Span | None:
        """Which part of the stream is covered; None before the first interval closes."""
        with self.snapshot():
            newest = self._table(
                "SELECT record, time_seconds FROM interval WHERE joined = 1 ORDER BY record DESC LIMIT 1"
            )
            oldest = self._table(
                "SELECT joined, min(record) AS record FROM interval WHERE joined IN (1, 10, 100, 1000) "
                "GROUP BY joined"
            )
            length = self._interval_records()
        if newest.empty:
            return None
        last = int(newest["record"].iloc[0])
        begin = max(0, int((oldest["record"] - oldest["joined"] * length).min()))
        return Span(
            first=int(oldest["record"].min()),
            last=last,
            intervals=-(-(last - begin) // length),
            updated_seconds=float(newest["time_seconds"].iloc[0]),
        )

    def intervals(self, first: int = 0, last: int | None = None, points: int | None = None) -> pd.DataFrame:
        """One row per interval with ``first <= record <= last``, oldest first, columns as in the table.

        With ``points`` neighbouring intervals are merged to about that many rows: ``record`` and the totals
        are those of the last one, ``level``, ``num_leaves`` and ``memory_bytes`` are the highest,
        ``records``, ``scored`` and ``predicted`` are summed, the rest is averaged.
        """
        query = queries.INTERVALS if points is None else queries.MERGED_INTERVALS
        return self._windowed(query, first, last, points)

    def shares(self, first: int = 0, last: int | None = None, points: int | None = None) -> pd.DataFrame:
        """One row per interval and leaf: record, leaf, name, group_name, weight, loss_nats, error.

        ``points`` merges as in ``intervals``: weights are averaged over the merged intervals in which the
        leaf lived, loss and error are averaged with those weights.
        """
        return self._windowed(queries.SHARES, first, last, points)

    def usage(self, first: int = 0) -> pd.DataFrame:
        """What the live leaves did from record ``first`` on.

        Columns: leaf, name, group_name, usage (share of the gate weight of all records), loss_nats and error
        (means weighted by the leaf's gate weight).
        """
        return self._windowed(queries.USAGE, first, None, ONE_POINT)

    def evidence(self, first: int = 0, last: int | None = None, points: int | None = None) -> pd.DataFrame:
        """One row per interval and signal: record, signal, evidence_nats, threshold_nats, level.

        ``points`` merges as in ``intervals``: the strongest of the merged intervals stays, all signals
        at one record.
        """
        return self._windowed(queries.EVIDENCE, first, last, points)

    def worth(self, first: int = 0, last: int | None = None, points: int | None = None) -> pd.DataFrame:
        """One row per interval in which worth was told, columns as in the table.

        ``points`` merges as in ``intervals``: the last of the merged intervals stays.
        """
        return self._windowed(queries.WORTH, first, last, points)

    def features(self, first: int = 0, last: int | None = None, points: int | None = None) -> pd.DataFrame:
        """One row per period and feature, oldest first.

        Columns: record, since, feature, present_ratio, mean, deviation, least, most.
        ``points`` merges periods as ``intervals`` merges intervals: mean and deviation are those of all their
        records.
        """
        return self._windowed(queries.FEATURES, first, last, points)

    def leaf_features(self, record: int | None = None) -> pd.DataFrame:
        """What the records of each leaf were like in the newest period up to ``record`` that is kept.

        Columns: record, leaf, name, group_name, feature, mean, deviation.
        """
        with self.snapshot():
            newest = self._newest_key("leaf_feature", 2**62 if record is None else record)
            return self._table(queries.LEAF_FEATURES, newest)

    def samples(self, first: int = 0, last: int | None = None, limit: int = MAX_POINTS) -> pd.DataFrame:
        """Up to ``limit`` sampled records, evenly spread over the window, oldest first.

        Columns: record, leaf, name, target, prediction, loss_nats, values (JSON).
        """
        with self.snapshot():
            found = self._table(queries.SAMPLE_KEYS, (first, 2**62 if last is None else last))
            keys = found.iloc[_evenly(len(found), limit)].to_numpy().tolist()
            return self._table(queries.SAMPLES, (json.dumps(keys),))

    def flow(self, since_seconds: float = 0.0, limit: int = MAX_POINTS) -> pd.DataFrame:
        """What came since a moment (Unix time), up to ``limit`` rows, oldest first, columns as in the table.

        Rows are of one second, or of ten, a hundred or a thousand joined ones (column ``joined``): the more,
        the longer the time. The last row is the newest there is.
        """
        with self.snapshot(), self._readable():
            columns = [row[1] for row in self._connection.execute("PRAGMA table_info(flow)")]
            rows = flow_rows(self._connection, since_seconds, limit)
        chosen = [rows[index] for index in _evenly(len(rows), limit)]
        return pd.DataFrame.from_records(chosen, columns=columns)

    def bad(self, limit: int = 100) -> pd.DataFrame:
        """The newest messages and records that could not be used, oldest first, columns as in the table."""
        return self._table("SELECT * FROM (SELECT * FROM bad ORDER BY id DESC LIMIT ?) ORDER BY id", (limit,))

    def topology(self) -> pd.DataFrame:
        """The live leaves: record (since when the model has this shape), leaf, name, group_name."""
        return self._table(
            "SELECT record, leaf, name, group_name FROM topology "
            "WHERE record = (SELECT max(record) FROM topology) ORDER BY leaf"
        )

    def events(
        self, kinds: Sequence[EventKind] | None = None, first: int = 0, limit: int | None = None
    ) -> pd.DataFrame:
        """Events from record ``first`` on, oldest first: all columns; ``limit`` keeps the newest ones."""
        chosen = [kind.value for kind in (EventKind if kinds is None else kinds)]
        return self._table(queries.EVENTS, (first, json.dumps(chosen), -1 if limit is None else limit))

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _interval_records(self) -> int:
        return int(self.meta().get("interval_records", DEFAULT_INTERVAL_RECORDS))

    def _newest_key(self, table: str, record: int) -> tuple[int, int]:
        """Of the newest rows up to a record, the finest: joined and record."""
        query = f"SELECT max(record) AS record FROM {table} WHERE joined = ? AND record <= ?"
        found = [(self._table(query, (joined, record))["record"].iloc[0], -joined) for joined in JOINED]
        newest, joined = max((-1 if pd.isna(number) else int(number), rank) for number, rank in found)
        return -joined, newest

    def _windowed(self, query: str, first: int, last: int | None, points: int | None) -> pd.DataFrame:
        """Ask about the rows of a window."""
        with self.snapshot(), self._readable():
            segments = plan(self._connection, self._interval_records(), first, last, points)
            return self._table(query, {"segments": segments.json, "width": segments.width})

    def _table(self, query: str, values: Sequence[object] | Mapping[str, object] = ()) -> pd.DataFrame:
        with self._lock, self._readable():
            cursor = self._connection.execute(query, values)
            columns = [column[0] for column in cursor.description]
            return pd.DataFrame.from_records(cursor.fetchall(), columns=columns)

    @contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            raise unreadable(self._path, error) from error


def _evenly(count: int, limit: int) -> list[int]:
    """Indices of ``limit`` of so many rows, the last among them; all of them if there are no more."""
    if count <= limit:
        return list(range(count))
    return sorted({count - 1 - step * count // limit for step in range(limit)})
