"""Brings the tables of a journal that an older version wrote up to date, in place.

Called within a transaction: whatever goes wrong, the journal is as it was.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path

from monitor.journal.joining import join_intervals
from monitor.journal.schema import CREATE_TABLES, SCHEMA_VERSION, JournalNewer, JournalOlder

__all__ = ["bring_up_to_date", "how_to_upgrade"]

DEFAULT_INTERVAL_RECORDS = 250


def bring_up_to_date(connection: sqlite3.Connection, path: Path) -> None:
    """Make the tables those of this version: new ones in an empty file, otherwise step by step.

    Args:
        connection: open for writing, in a transaction.
        path: the file, for messages.

    Raises:
        JournalNewer: a newer version wrote them.
        JournalOlder: they are too old to be kept.
    """
    version = _version(connection)
    if version is not None and version > SCHEMA_VERSION:
        message = f"{path} has journal schema {version}, this version writes {SCHEMA_VERSION}"
        raise JournalNewer(f"{message}: upgrade stream-hmoe")
    while version is not None and version < SCHEMA_VERSION:
        if version not in _STEPS:
            raise JournalOlder(how_to_upgrade(path, version))
        _STEPS[version](connection)
        version += 1
    create_tables(connection)


def how_to_upgrade(path: Path, version: int) -> str:
    """What to do about an older journal, in a sentence."""
    has = f"{path} has the older journal schema {version}"
    if version in _STEPS:
        return f"{has}: hmoe run --resume brings it up to date, and so does a service that goes on with it"
    return f"{has}, without decisions: write it again with hmoe run --overwrite"


def create_tables(connection: sqlite3.Connection) -> None:
    """Make the tables that are not there yet; unlike a script this stays within the transaction."""
    for statement in CREATE_TABLES.split(";"):
        connection.execute(statement)


def _version(connection: sqlite3.Connection) -> int | None:
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone():
        return None
    row = connection.execute("SELECT value FROM meta WHERE key = 'schema_version'").fetchone()
    return None if row is None else int(row[0])


def _from_2_to_3(connection: sqlite3.Connection) -> None:
    """Rows say how many intervals they stand for; the joined ones are written."""
    tables = ("interval", "share", "evidence", "worth")
    for table in tables:
        connection.execute(f"ALTER TABLE {table} RENAME TO older_{table}")
    create_tables(connection)
    connection.execute(
        "INSERT INTO interval SELECT 1, record, time_seconds, records, scored, 0, records_per_second, "
        "loss_nats, metric, metric_window, gate_entropy_nats, level, rejected_total, num_leaves, "
        "memory_bytes FROM older_interval"
    )
    for table in ("share", "evidence", "worth"):
        connection.execute(f"INSERT INTO {table} SELECT 1, * FROM older_{table}")
    for table in tables:
        connection.execute(f"DROP TABLE older_{table}")
    length = connection.execute("SELECT value FROM meta WHERE key = 'interval_records'").fetchone()
    interval_records = DEFAULT_INTERVAL_RECORDS if length is None else int(length[0])
    for (record,) in connection.execute("SELECT record FROM interval WHERE joined = 1").fetchall():
        join_intervals(connection, record, interval_records)


_STEPS: Mapping[int, Callable[[sqlite3.Connection], None]] = {2: _from_2_to_3}
