"""Opens a journal for reading, or says why it cannot be read and what can be done about that."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from urllib.parse import quote

from monitor.journal.joining import add_functions
from monitor.journal.migration import how_to_upgrade
from monitor.journal.schema import (
    SCHEMA_VERSION,
    JournalDamaged,
    JournalError,
    JournalLocked,
    JournalMissing,
    JournalNewer,
    JournalOlder,
)

__all__ = ["FILE_NAME", "find_journals", "is_locked", "open_for_reading", "unreadable"]

FILE_NAME = "journal.sqlite"
MAX_DEPTH = 3


def open_for_reading(path: Path) -> sqlite3.Connection:
    """A connection that only reads.

    Raises:
        JournalError: the journal is missing, empty, newer, older, locked or damaged.
    """
    if not path.is_file():
        raise JournalMissing(f"there is no journal at {path}; start one with: hmoe run or hmoe demo")
    address = f"file:{quote(str(path.resolve()))}?mode=ro"
    connection = sqlite3.connect(
        address, uri=True, timeout=5.0, check_same_thread=False, isolation_level=None
    )
    try:
        add_functions(connection)
        _check(connection, path)
    except JournalError:
        connection.close()
        raise
    return connection


def find_journals(path: Path) -> list[Path]:
    """The journals of all runs and streams under a folder, by name; a journal's own path gives itself.

    Args:
        path: a folder of runs, the folder of one run, or a journal.
    """
    if path.is_file():
        return [path]
    patterns = ["/".join([*["*"] * depth, FILE_NAME]) for depth in range(MAX_DEPTH + 1)]
    return sorted(found for pattern in patterns for found in path.glob(pattern) if found.is_file())


def is_locked(error: BaseException | None) -> bool:
    """Whether another program holds the file just now."""
    if not isinstance(error, sqlite3.Error):
        return False
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def unreadable(path: Path, error: sqlite3.DatabaseError) -> JournalDamaged:
    """What to raise when reading fails."""
    if is_locked(error):
        return JournalLocked(f"{path} cannot be read just now, another program holds it: {error}; try again")
    return JournalDamaged(f"{path} cannot be read: {error}")


def _check(connection: sqlite3.Connection, path: Path) -> None:
    try:
        row = connection.execute("SELECT value FROM meta WHERE key = 'schema_version'").fetchone()
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            raise JournalMissing(f"{path} holds no journal yet") from error
        raise unreadable(path, error) from error
    except sqlite3.DatabaseError as error:
        raise JournalDamaged(f"{path} is not a journal: {error}") from error
    if row is None:
        raise JournalMissing(f"{path} holds no journal yet")
    version = int(row[0])
    if version > SCHEMA_VERSION:
        message = f"{path} has journal schema {version}, this version reads up to {SCHEMA_VERSION}"
        raise JournalNewer(f"{message}: upgrade stream-hmoe")
    if version < SCHEMA_VERSION:
        raise JournalOlder(how_to_upgrade(path, version))
