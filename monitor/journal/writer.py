"""The one writer of a journal: stores rows in batches, keeps it small and can go back to an earlier mark."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from operator import attrgetter
from pathlib import Path
from typing import Any

from monitor.journal.joining import add_functions, join_flow, join_intervals, sample_levels
from monitor.journal.mark import Mark
from monitor.journal.migration import DEFAULT_INTERVAL_RECORDS, bring_up_to_date
from monitor.journal.opening import is_locked
from monitor.journal.retention import Pruning, Retention
from monitor.journal.schema import (
    JOINED,
    SCHEMA_VERSION,
    EventRow,
    FlowRow,
    IntervalRow,
    JournalDamaged,
    JournalError,
    JournalLocked,
    Rows,
)

__all__ = ["JournalWriter", "Mark", "Retention", "Stamp"]

COMMIT_EVERY_SECONDS = 0.25
# What a call of ``write`` deletes at most: these, and twice as many rows as it wrote.
STEP_ROWS = 1_000
# Rows of which there are many, as the columns have them.
_SHARE = attrgetter("record", "leaf", "weight", "loss_nats", "error")
_TOPOLOGY = attrgetter("record", "leaf", "name", "group_name")
_FEATURE = attrgetter("record", "feature", "since", "present_ratio", "mean", "deviation", "least", "most")
_LEAF_FEATURE = attrgetter("record", "leaf", "feature", "mean", "deviation")
# The write-ahead log is cut to this length whenever no reader needs it.
WAL_BYTES = 16_777_216


@dataclass(frozen=True, slots=True)
class Stamp:
    """What only the running process knows about a moment.

    Args:
        time_seconds: Unix time.
        records_per_second: current throughput.
        memory_bytes: resident memory of the process.
    """

    time_seconds: float
    records_per_second: float
    memory_bytes: int


class JournalWriter:
    """Writes rows to a SQLite file in WAL mode, so that readers never wait and are never waited for.

    A journal of an older version is brought up to date first, in one transaction.

    Args:
        path: the journal file; created when absent.
        meta: facts about the run, stored as text; ``interval_records`` is the length of its intervals.
        retention: how many rows stay.

    Raises:
        JournalNewer: the file has a newer schema.
        JournalOlder: the file has a schema too old to be kept.
        JournalLocked: another program is writing it.
        JournalDamaged: the file is not a SQLite database.
    """

    def __init__(self, path: Path, meta: Mapping[str, str], retention: Retention | None = None) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, timeout=10.0)
        try:
            self._open(path)
        except sqlite3.DatabaseError as error:
            self._connection.close()
            if is_locked(error):
                raise JournalLocked(f"{path} is being written by another program; stop it first") from error
            message = f"{path} is not a journal ({error}); give another --journal, or move the file away"
            raise JournalDamaged(message) from error
        except JournalError:
            self._connection.close()
            raise
        self._interval_records = int(meta.get("interval_records", DEFAULT_INTERVAL_RECORDS))
        self._pruning = Pruning(self._connection, retention or Retention(), self._interval_records)
        self._mark = Mark(
            interval=self._largest("SELECT max(record) FROM interval WHERE joined = 1", -1),
            topology=self._largest("SELECT max(record) FROM topology", -1),
            event=self._largest("SELECT max(id) FROM event", 0),
            feature=self._largest("SELECT max(record) FROM feature WHERE joined = 1", -1),
            bad=self._largest("SELECT max(id) FROM bad", 0),
            flow=self._largest("SELECT max(time_seconds) FROM flow WHERE joined = 1", 0.0),
        )
        self._committed_seconds = 0.0
        self.set_meta({**meta, "schema_version": str(SCHEMA_VERSION)})
        self.commit()

    @property
    def mark(self) -> Mark:
        """How far the journal has come, rows not yet committed included."""
        return self._mark

    def write(self, rows: Rows, stamp: Stamp) -> None:
        """Add rows; they become visible to readers at the next commit, at most about 0.25 seconds later."""
        mark = self._mark
        written = self._insert("interval", [_interval_values(row, stamp) for row in rows.intervals])
        written += self._insert("share", [(1, *_SHARE(row)) for row in rows.shares])
        written += self._insert("topology", [_TOPOLOGY(row) for row in rows.topology])
        events = enumerate(rows.events, start=mark.event + 1)
        written += self._insert("event", [_event_values(number, row, stamp) for number, row in events])
        written += self._insert("evidence", [(1, *astuple(row)) for row in rows.evidence])
        written += self._insert("worth", [(1, *astuple(row)) for row in rows.worth])
        written += self._insert("feature", [(1, *_FEATURE(row)) for row in rows.features])
        written += self._insert("leaf_feature", [(1, *_LEAF_FEATURE(row)) for row in rows.leaf_features])
        samples = [(joined, *astuple(row)) for row in rows.samples for joined in sample_levels(row.record)]
        written += self._insert("sample", samples)
        bad = enumerate(rows.bad, start=mark.bad + 1)
        written += self._insert("bad", [(number, *astuple(row)) for number, row in bad])
        for row in rows.intervals:
            join_intervals(self._connection, row.record, self._interval_records)
        self._mark = replace(
            mark,
            interval=rows.intervals[-1].record if rows.intervals else mark.interval,
            topology=rows.topology[-1].record if rows.topology else mark.topology,
            event=mark.event + len(rows.events),
            feature=rows.features[-1].record if rows.features else mark.feature,
            bad=mark.bad + len(rows.bad),
        )
        self._pruning.step(STEP_ROWS + 2 * written)
        self._commit_if_due(stamp.time_seconds)

    def write_flow(self, row: FlowRow) -> None:
        """Add what came and how the process fares; about once a second. Rows are in order of time."""
        if self._mark.flow:
            join_flow(self._connection, self._mark.flow, row.time_seconds)
        values = (1, *astuple(row))
        self._connection.execute(_insertion("flow", len(values)), values)
        self._mark = replace(self._mark, flow=max(self._mark.flow, row.time_seconds))
        self._pruning.step(STEP_ROWS)
        self._commit_if_due(row.time_seconds)

    def set_meta(self, values: Mapping[str, str]) -> None:
        """Store facts about the run; a key that exists is replaced."""
        self._connection.executemany(
            "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            list(values.items()),
        )

    def rewind(self, mark: Mark) -> None:
        """Remove every row beyond ``mark``; what is left is what the journal held at that moment.

        That holds of the flow too, though it goes by the clock: what the process did after the mark is done
        again, and its totals are to rise.
        """
        for joined in JOINED:
            width = joined * self._interval_records
            whole = mark.interval if joined == 1 else mark.interval // width * width
            period = mark.feature if joined == 1 else whole
            for table in ("interval", "share", "evidence", "worth"):
                self._delete(table, "joined = ? AND record > ?", joined, whole)
            for table in ("feature", "leaf_feature"):
                self._delete(table, "joined = ? AND record > ?", joined, period)
            self._delete("sample", "joined = ? AND record > ?", joined, mark.feature)
            over = mark.flow if joined == 1 else mark.flow // joined * joined
            self._delete(
                "flow", f"joined = ? AND time_seconds {'>' if joined == 1 else '>='} ?", joined, over
            )
        self._delete("topology", "record > ?", mark.topology)
        self._delete("event", "id > ?", mark.event)
        self._delete("bad", "id > ?", mark.bad)
        self._mark = mark
        self.commit()

    def commit(self) -> None:
        """Make everything written so far visible to readers."""
        self._connection.execute("COMMIT")
        self._connection.execute("BEGIN")

    def sync(self) -> None:
        """Commit and force to disk; with synchronous=NORMAL only a WAL checkpoint does the latter.

        A run's checkpoint follows: rows from before are not gone back to any more and may be deleted.
        """
        self._connection.execute("COMMIT")
        self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
        self._connection.execute("BEGIN")
        self._pruning.begin(self._mark)

    def close(self) -> None:
        """Commit and close; the file is complete without its WAL afterwards."""
        if self._connection.in_transaction:  # not when a second Ctrl-C broke in between two of them
            self._connection.execute("COMMIT")
        self._connection.close()

    def _open(self, path: Path) -> None:
        """Make the tables what they should be; a transaction is open afterwards."""
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.execute(f"PRAGMA journal_size_limit={WAL_BYTES}")
        add_functions(self._connection)
        self._connection.execute("BEGIN IMMEDIATE")
        bring_up_to_date(self._connection, path)

    def _insert(self, table: str, values: Sequence[tuple[Any, ...]]) -> int:
        if values:
            self._connection.executemany(_insertion(table, len(values[0])), values)
        return len(values)

    def _delete(self, table: str, where: str, *values: float) -> None:
        self._connection.execute(f"DELETE FROM {table} WHERE {where}", values)

    def _commit_if_due(self, time_seconds: float) -> None:
        if time_seconds - self._committed_seconds >= COMMIT_EVERY_SECONDS:
            self.set_meta({"updated_seconds": repr(time_seconds)})
            self.commit()
            self._committed_seconds = time_seconds

    def _largest(self, query: str, if_none: Any) -> Any:
        value = self._connection.execute(query).fetchone()[0]
        return if_none if value is None else value


def _insertion(table: str, columns: int) -> str:
    return f"INSERT OR REPLACE INTO {table} VALUES ({', '.join('?' * columns)})"


def _interval_values(row: IntervalRow, stamp: Stamp) -> tuple[float | int | None, ...]:
    return (
        1,
        row.record,
        stamp.time_seconds,
        row.records,
        row.scored,
        row.predicted,
        stamp.records_per_second,
        row.loss_nats,
        row.metric,
        row.metric_window,
        row.gate_entropy_nats,
        row.level,
        row.rejected_total,
        row.num_leaves,
        stamp.memory_bytes,
    )


def _event_values(number: int, row: EventRow, stamp: Stamp) -> tuple[str | float | int | None, ...]:
    return (
        number,
        row.record,
        stamp.time_seconds,
        row.kind.value,
        row.signal,
        row.level,
        row.statistic,
        row.message,
        row.detail,
    )
