"""A journal that cannot be read says why, and what to do."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from monitor.journal.opening import find_journals
from monitor.journal.reader import JournalReader
from monitor.journal.schema import (
    SCHEMA_VERSION,
    JournalDamaged,
    JournalLocked,
    JournalMissing,
    JournalNewer,
    JournalOlder,
)
from monitor.journal.writer import JournalWriter


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    path = tmp_path / "journal.sqlite"
    JournalWriter(path, {}).close()
    return path


def set_version(path: Path, version: int) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE meta SET value = ? WHERE key = 'schema_version'", (str(version),))


def test_missing_journals_say_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(JournalMissing, match="hmoe run"):
        JournalReader(tmp_path / "none.sqlite")


def test_empty_files_hold_no_journal_yet(tmp_path: Path) -> None:
    empty = tmp_path / "empty.sqlite"
    empty.touch()
    with pytest.raises(JournalMissing, match="no journal yet"):
        JournalReader(empty)


def test_damaged_journals_are_named(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    path.write_bytes(b"this is no database, but it is long enough to look at" * 40)
    with pytest.raises(JournalDamaged, match="not a journal"):
        JournalReader(path)
    with pytest.raises(JournalDamaged, match="--journal"):
        JournalWriter(path, {})


def test_a_journal_that_is_damaged_inside_is_named_by_whoever_meets_the_damage(journal: Path) -> None:
    with JournalReader(journal) as reader, sqlite3.connect(journal) as connection:
        connection.execute("DROP TABLE sample")
        connection.commit()
        with pytest.raises(JournalDamaged, match="cannot be read"):
            reader.samples()


def test_newer_journals_are_refused_and_left_alone(journal: Path) -> None:
    set_version(journal, SCHEMA_VERSION + 1)
    before = journal.read_bytes()
    with pytest.raises(JournalNewer, match="upgrade"):
        JournalReader(journal)
    with pytest.raises(JournalNewer, match="upgrade"):
        JournalWriter(journal, {})
    assert journal.read_bytes() == before


def test_older_journals_are_named_with_the_way_out(journal: Path) -> None:
    set_version(journal, SCHEMA_VERSION - 1)
    with pytest.raises(JournalOlder, match="hmoe run --resume"):
        JournalReader(journal)


def test_journals_too_old_to_be_kept_are_refused(journal: Path) -> None:
    set_version(journal, 1)
    with pytest.raises(JournalOlder, match="--overwrite"):
        JournalReader(journal)
    with pytest.raises(JournalOlder, match="--overwrite"):
        JournalWriter(journal, {})


def test_a_locked_journal_is_not_called_damaged(journal: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    holder = sqlite3.connect(journal, isolation_level=None)
    holder.execute("PRAGMA journal_mode=DELETE")
    holder.execute("BEGIN EXCLUSIVE")
    connect = sqlite3.connect
    monkeypatch.setattr(
        sqlite3, "connect", lambda *path, **options: connect(*path, **{**options, "timeout": 0})
    )
    with pytest.raises(JournalLocked, match="another program"):
        JournalReader(journal)
    with pytest.raises(JournalLocked, match="another program"):
        JournalWriter(journal, {})
    holder.close()
    JournalReader(journal).close()


def test_the_journals_under_a_folder_are_found(tmp_path: Path) -> None:
    wanted = [tmp_path / name / "journal.sqlite" for name in ("b", "a", "service/streams/one")]
    for path in [*wanted, tmp_path / "one/two/three/four/journal.sqlite", tmp_path / "c" / "other.sqlite"]:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert find_journals(tmp_path) == sorted(wanted)
    assert find_journals(wanted[0].parent) == find_journals(wanted[0]) == [wanted[0]]
    assert find_journals(tmp_path / "nowhere") == []


def test_everything_within_a_snapshot_is_of_one_moment(journal: Path) -> None:
    writer = JournalWriter(journal, {"status": "running"})
    with JournalReader(journal) as reader:
        with reader.snapshot():
            before = reader.meta()["status"]
            writer.set_meta({"status": "finished"})
            writer.commit()
            assert reader.meta()["status"] == before == "running"
        assert reader.meta()["status"] == "finished"
    writer.close()


def test_threads_can_share_a_reader(journal: Path) -> None:
    with JournalReader(journal) as reader, ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda _: reader.intervals(points=10), range(80)))
    assert all(table.empty for table in found)
