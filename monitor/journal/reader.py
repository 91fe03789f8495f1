"""Reads a journal, also while it is being written, as pandas tables."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import pandas as pd

from monitor.journal.schema import (
    SCHEMA_VERSION,
    EventKind,
    JournalDamaged,
    JournalError,
    JournalMissing,
    JournalNewer,
    JournalOlder,
)

__all__ = ["JournalReader", "Span"]


@dataclass(frozen=True, slots=True)
class Span:
    """Which part of the stream the journal covers.

    Args:
        first: ``record`` of the first interval.
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

    Args:
        path: the journal file.

    Raises:
        JournalMissing: no such file, or nothing in it yet.
        JournalNewer: written by a newer version.
        JournalOlder: written by an older version.
        JournalDamaged: not a journal, or damaged (also raised by every method).
    """

    def __init__(self, path: Path | str) -> None:
        self._path = Path(path)
        if not self._path.is_file():
            raise JournalMissing(
                f"there is no journal at {self._path}; start one with: hmoe run or hmoe demo"
            )
        address = f"file:{quote(str(self._path.resolve()))}?mode=ro"
        self._connection = sqlite3.connect(address, uri=True, timeout=5.0, check_same_thread=False)
        try:
            self._check()
        except JournalError:
            self._connection.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def meta(self) -> dict[str, str]:
        """What the run said about itself: schema_version, task, metric, target, source, status, ...."""
        rows = self._table("SELECT key, value FROM meta")
        return dict(zip(rows["key"].tolist(), rows["value"].tolist(), strict=True))

    def span(self) -> Span | None:
        """Which part of the stream is covered; None before the first interval closes."""
        row = self._table(
            "SELECT min(record) AS first, max(record) AS last, count(*) AS intervals, "
            "max(time_seconds) AS time FROM interval"
        ).iloc[0]
        if int(row["intervals"]) == 0:
            return None
        return Span(int(row["first"]), int(row["last"]), int(row["intervals"]), float(row["time"]))

    def intervals(self, first: int = 0, last: int | None = None, points: int | None = None) -> pd.DataFrame:
        """One row per interval with ``first <= record <= last``, oldest first, columns as in the table.

        With ``points`` neighbouring intervals are merged to about that many rows: ``record`` and the totals
        are those of the last one, ``level``, ``num_leaves`` and ``memory_bytes`` are the highest, ``records``
        and ``scored`` are summed, the rest is averaged.
        """
        width, first, last = self._buckets(first, last, points)
        return self._table(
            "SELECT max(record) AS record, max(time_seconds) AS time_seconds, sum(records) AS records, "
            "sum(scored) AS scored, avg(records_per_second) AS records_per_second, "
            "avg(loss_nats) AS loss_nats, avg(metric) AS metric, avg(metric_window) AS metric_window, "
            "avg(gate_entropy_nats) AS gate_entropy_nats, max(level) AS level, "
            "max(rejected_total) AS rejected_total, max(num_leaves) AS num_leaves, "
            "max(memory_bytes) AS memory_bytes "
            "FROM interval WHERE record BETWEEN ? AND ? GROUP BY (record - 1) / ? ORDER BY 1",
            (first, last, width),
        )

    def shares(self, first: int = 0, last: int | None = None, points: int | None = None) -> pd.DataFrame:
        """One row per interval and leaf: record, leaf, name, group_name, weight, loss_nats, error.

        ``points`` merges as in ``intervals``: weights are averaged over the merged intervals in which the
        leaf lived, loss and error are averaged with those weights.
        """
        width, first, last = self._buckets(first, last, points)
        return self._table(
            "SELECT merged.record, merged.leaf, leaves.name, leaves.group_name, "
            "merged.weight, merged.loss_nats, merged.error FROM ("
            "  SELECT max(record) AS record, leaf, avg(weight) AS weight, "
            "  sum(weight * loss_nats) / sum(weight) AS loss_nats, "
            "  sum(weight * error) / sum(weight) AS error "
            "  FROM share WHERE record BETWEEN ? AND ? GROUP BY (record - 1) / ?, leaf) AS merged "
            "JOIN (SELECT leaf, name, group_name, max(record) FROM topology GROUP BY leaf) AS leaves "
            "ON leaves.leaf = merged.leaf ORDER BY merged.record, merged.leaf",
            (first, last, width),
        )

    def usage(self, first: int = 0) -> pd.DataFrame:
        """What the live leaves did from record ``first`` on.

        Columns: leaf, name, group_name, usage (share of the gate weight of all scored records), loss_nats and
        error (means weighted by the leaf's gate weight).
        """
        return self._table(
            "SELECT live.leaf, live.name, live.group_name, "
            "coalesce(sum(interval.scored * share.weight), 0.0) "
            "/ max(1, (SELECT sum(scored) FROM interval WHERE record >= ?)) AS usage, "
            "sum(interval.scored * share.weight * share.loss_nats) "
            "/ sum(interval.scored * share.weight) AS loss_nats, "
            "sum(interval.scored * share.weight * share.error) "
            "/ sum(interval.scored * share.weight) AS error "
            "FROM topology AS live LEFT JOIN share ON share.leaf = live.leaf AND share.record >= ? "
            "LEFT JOIN interval ON interval.record = share.record "
            "WHERE live.record = (SELECT max(record) FROM topology) "
            "GROUP BY live.leaf ORDER BY live.leaf",
            (first, first),
        )

    def evidence(self, first: int = 0, last: int | None = None, points: int | None = None) -> pd.DataFrame:
        """One row per interval and signal: record, signal, evidence_nats, threshold_nats, level.

        ``points`` merges as in ``intervals``: the strongest of the merged intervals stays, all signals
        at one record.
        """
        width, first, last = self._buckets(first, last, points)
        return self._table(
            "SELECT max(record) OVER (PARTITION BY point) AS record, "
            "signal, evidence_nats, threshold_nats, level FROM ("
            "  SELECT *, (record - 1) / ? AS point, max(evidence_nats - threshold_nats) FROM evidence "
            "  WHERE record BETWEEN ? AND ? GROUP BY point, signal) ORDER BY 1, signal",
            (width, first, last),
        )

    def worth(self, first: int = 0, last: int | None = None, points: int | None = None) -> pd.DataFrame:
        """One row per interval in which worth was told, columns as in the table.

        ``points`` merges as in ``intervals``: the last of the merged intervals stays.
        """
        width, first, last = self._buckets(first, last, points)
        return self._table(
            "SELECT max(record) AS record, since, sampled, losses, frozen_losses, errors_avoided, "
            "challenger_records FROM worth "
            "WHERE record BETWEEN ? AND ? GROUP BY (record - 1) / ? ORDER BY 1",
            (first, last, width),
        )

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
        return self._table(
            "SELECT * FROM (SELECT * FROM event WHERE record >= ? "
            "AND kind IN (SELECT value FROM json_each(?)) ORDER BY id DESC LIMIT ?) ORDER BY id",
            (first, json.dumps(chosen), -1 if limit is None else limit),
        )

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _check(self) -> None:
        try:
            row = self._connection.execute("SELECT value FROM meta WHERE key = 'schema_version'").fetchone()
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):
                raise JournalMissing(f"{self._path} holds no journal yet") from error
            raise JournalDamaged(f"{self._path} cannot be read: {error}") from error
        except sqlite3.DatabaseError as error:
            raise JournalDamaged(f"{self._path} is not a journal: {error}") from error
        if row is None:
            raise JournalMissing(f"{self._path} holds no journal yet")
        if int(row[0]) > SCHEMA_VERSION:
            message = f"{self._path} has journal schema {row[0]}, this version reads up to {SCHEMA_VERSION}"
            raise JournalNewer(f"{message}: upgrade stream-hmoe")
        if int(row[0]) < SCHEMA_VERSION:
            message = f"{self._path} has the older journal schema {row[0]}, without decisions"
            raise JournalOlder(f"{message}: write it again with hmoe run --overwrite")

    def _buckets(self, first: int, last: int | None, points: int | None) -> tuple[int, int, int]:
        """Width of a bucket in records and the range to read; buckets begin at multiples of their width."""
        row = self._table("SELECT max(record) AS last, min(records) AS step FROM interval").iloc[0]
        if pd.isna(row["last"]):
            return 1, first, first
        end = int(row["last"]) if last is None else min(last, int(row["last"]))
        if points is None:
            return 1, first, end
        step = int(self.meta().get("interval_records", row["step"]))
        length = max(1, end - first)
        return max(1, -(-length // (points * step))) * step, first, end

    def _table(self, query: str, values: tuple[object, ...] = ()) -> pd.DataFrame:
        try:
            cursor = self._connection.execute(query, values)
            columns = [column[0] for column in cursor.description]
            return pd.DataFrame.from_records(cursor.fetchall(), columns=columns)
        except sqlite3.DatabaseError as error:
            raise JournalDamaged(f"{self._path} cannot be read: {error}") from error
