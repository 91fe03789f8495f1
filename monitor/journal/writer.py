"""The one writer of a journal: stores rows in batches and can go back to an earlier mark."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import asdict, astuple, dataclass
from pathlib import Path

from monitor.journal.schema import (
    CREATE_TABLES,
    SCHEMA_VERSION,
    EventRow,
    IntervalRow,
    JournalDamaged,
    JournalNewer,
    Rows,
)

__all__ = ["JournalWriter", "Mark", "Stamp"]

COMMIT_EVERY_SECONDS = 0.25


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


@dataclass(frozen=True, slots=True)
class Mark:
    """How far the journal had come: rows beyond it are removed by ``rewind``.

    Args:
        interval: ``record`` of the last interval row; -1 when there is none.
        topology: ``record`` of the last topology rows; -1 when there are none.
        event: ``id`` of the last event row; 0 when there is none.
    """

    interval: int = -1
    topology: int = -1
    event: int = 0


class JournalWriter:
    """Writes rows to a SQLite file in WAL mode, so that readers never wait and are never waited for.

    Args:
        path: the journal file; created when absent.
        meta: facts about the run, stored as text.

    Raises:
        JournalNewer: the file has a newer schema.
        JournalDamaged: the file is not a SQLite database.
    """

    def __init__(self, path: Path, meta: Mapping[str, str]) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, timeout=10.0)
        try:
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=NORMAL")
            self._connection.executescript(CREATE_TABLES)
            self._check_version(path)
        except sqlite3.DatabaseError as error:
            self._connection.close()
            message = f"{path} is not a journal ({error}); give another --journal, or move the file away"
            raise JournalDamaged(message) from error
        except JournalNewer:
            self._connection.close()
            raise
        self._mark = Mark(
            interval=self._largest("SELECT max(record) FROM interval", -1),
            topology=self._largest("SELECT max(record) FROM topology", -1),
            event=self._largest("SELECT max(id) FROM event", 0),
        )
        self._committed_seconds = 0.0
        self._connection.execute("BEGIN")
        self.set_meta({**meta, "schema_version": str(SCHEMA_VERSION)})
        self.commit()

    @property
    def mark(self) -> Mark:
        """How far the journal has come, rows not yet committed included."""
        return self._mark

    def write(self, rows: Rows, stamp: Stamp) -> None:
        """Add rows; they become visible to readers at the next commit, at most about 0.25 seconds later."""
        self._connection.executemany(
            "INSERT INTO interval VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [_interval_values(row, stamp) for row in rows.intervals],
        )
        self._connection.executemany(
            "INSERT INTO share VALUES (?, ?, ?, ?, ?)",
            [(row.record, row.leaf, row.weight, row.loss_nats, row.error) for row in rows.shares],
        )
        self._connection.executemany(
            "INSERT INTO topology VALUES (?, ?, ?, ?)",
            [(row.record, row.leaf, row.name, row.group_name) for row in rows.topology],
        )
        self._connection.executemany(
            "INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                _event_values(self._mark.event + number, row, stamp)
                for number, row in enumerate(rows.events, start=1)
            ],
        )
        self._connection.executemany(
            "INSERT INTO evidence VALUES (?, ?, ?, ?, ?)", [astuple(row) for row in rows.evidence]
        )
        self._connection.executemany(
            "INSERT INTO worth VALUES (?, ?, ?, ?, ?, ?, ?)", [astuple(row) for row in rows.worth]
        )
        self._mark = Mark(
            interval=rows.intervals[-1].record if rows.intervals else self._mark.interval,
            topology=rows.topology[-1].record if rows.topology else self._mark.topology,
            event=self._mark.event + len(rows.events),
        )
        if stamp.time_seconds - self._committed_seconds >= COMMIT_EVERY_SECONDS:
            self.set_meta({"updated_seconds": repr(stamp.time_seconds)})
            self.commit()
            self._committed_seconds = stamp.time_seconds

    def set_meta(self, values: Mapping[str, str]) -> None:
        """Store facts about the run; a key that exists is replaced."""
        self._connection.executemany(
            "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            list(values.items()),
        )

    def rewind(self, mark: Mark) -> None:
        """Remove every row beyond ``mark``; what is left is what the journal held at that moment."""
        self._connection.execute("DELETE FROM interval WHERE record > ?", (mark.interval,))
        for table in ("share", "evidence", "worth"):
            self._connection.execute(f"DELETE FROM {table} WHERE record > ?", (mark.interval,))  # noqa: S608
        self._connection.execute("DELETE FROM topology WHERE record > ?", (mark.topology,))
        self._connection.execute("DELETE FROM event WHERE id > ?", (mark.event,))
        self._mark = mark
        self.commit()

    def commit(self) -> None:
        """Make everything written so far visible to readers."""
        self._connection.execute("COMMIT")
        self._connection.execute("BEGIN")

    def sync(self) -> None:
        """Commit and force to disk; with synchronous=NORMAL only a WAL checkpoint does the latter."""
        self._connection.execute("COMMIT")
        self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
        self._connection.execute("BEGIN")

    def close(self) -> None:
        """Commit and close; the file is complete without its WAL afterwards."""
        if self._connection.in_transaction:  # not when a second Ctrl-C broke in between two of them
            self._connection.execute("COMMIT")
        self._connection.close()

    def _check_version(self, path: Path) -> None:
        row = self._connection.execute("SELECT value FROM meta WHERE key = 'schema_version'").fetchone()
        if row is not None and int(row[0]) > SCHEMA_VERSION:
            message = f"{path} has journal schema {row[0]}, this version writes {SCHEMA_VERSION}"
            raise JournalNewer(f"{message}: upgrade stream-hmoe")

    def _largest(self, query: str, if_none: int) -> int:
        value = self._connection.execute(query).fetchone()[0]
        return if_none if value is None else int(value)


def _interval_values(row: IntervalRow, stamp: Stamp) -> tuple[float | int | None, ...]:
    values = asdict(row)
    return (
        values["record"],
        stamp.time_seconds,
        values["records"],
        values["scored"],
        stamp.records_per_second,
        values["loss_nats"],
        values["metric"],
        values["metric_window"],
        values["gate_entropy_nats"],
        values["level"],
        values["rejected_total"],
        values["num_leaves"],
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
