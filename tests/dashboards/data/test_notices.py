from __future__ import annotations

from pathlib import Path

import pytest

from dashboards.data import notice
from monitor.journal.schema import (
    JournalDamaged,
    JournalError,
    JournalLocked,
    JournalMissing,
    JournalNewer,
    JournalOlder,
)
from monitor.journal.writer import JournalWriter
from tests.dashboards import journals


def error_of(path: Path) -> JournalError:
    with pytest.raises(JournalError) as caught:
        journals.snapshot(path, None)
    return caught.value


def with_version(path: Path, version: str) -> Path:
    writer = JournalWriter(path, {})
    writer.set_meta({"schema_version": version})
    writer.close()
    return path


def test_a_missing_journal_is_a_matter_of_waiting(tmp_path: Path) -> None:
    path = tmp_path / "nowhere.sqlite"
    error = error_of(path)
    assert isinstance(error, JournalMissing)
    assert notice(error).title == "No journal yet"
    assert notice(error).sentence.startswith("There is no journal at " + str(path))
    assert not notice(error).is_fault


def test_a_newer_journal_asks_for_an_upgrade(tmp_path: Path) -> None:
    error = error_of(with_version(tmp_path / "newer.sqlite", "999"))
    assert isinstance(error, JournalNewer)
    assert notice(error).title == "Journal from a newer version"
    assert "Upgrade" in notice(error).remedy


def test_an_older_journal_is_not_called_damaged(tmp_path: Path) -> None:
    error = error_of(with_version(tmp_path / "older.sqlite", "1"))
    assert isinstance(error, JournalOlder)
    assert notice(error).title == "Journal from an older version"


def test_a_file_that_is_no_journal_is_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "text.sqlite"
    path.write_text("this is not a database" * 100)
    error = error_of(path)
    assert isinstance(error, JournalDamaged)
    assert notice(error).title == "Journal cannot be read"
    assert notice(error).is_fault


def test_a_locked_journal_is_a_matter_of_waiting() -> None:
    told = notice(JournalLocked("it cannot be read just now"))
    assert told.title == "Journal is locked"
    assert not told.is_fault
