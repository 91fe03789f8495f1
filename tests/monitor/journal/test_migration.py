"""A journal of version 2 becomes one of this version, or stays what it was."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pandas as pd
import pytest

from monitor.journal import migration
from monitor.journal.fold import JournalFold
from monitor.journal.reader import JournalReader
from monitor.journal.schema import JournalDamaged, JournalOlder
from monitor.journal.writer import JournalWriter, Mark, Stamp
from tests.monitor.journal.made_facts import RECORDS, TOPOLOGY, facts_between
from tests.monitor.journal.made_rows import META as SHORT
from tests.monitor.journal.made_rows import write

META = {"task": "classification", "interval_records": "250"}
VERSION_2 = Path(__file__).with_name("version_2.sql").read_text(encoding="utf-8")
OLD_COLUMNS = {
    "interval": "record, time_seconds, records, scored, records_per_second, loss_nats, metric, "
    "metric_window, gate_entropy_nats, level, rejected_total, num_leaves, memory_bytes",
    "share": "record, leaf, weight, loss_nats, error",
    "evidence": "record, signal, evidence_nats, threshold_nats, level",
    "worth": "record, since, sampled, losses, frozen_losses, errors_avoided, challenger_records",
}
READ = ("meta", "span", "intervals", "shares", "topology", "usage", "events", "evidence", "worth")


def as_version_2(new: Path, old: Path) -> None:
    """The same journal as version 2 would have written it."""
    connection = sqlite3.connect(old)
    connection.executescript(VERSION_2)
    connection.execute("ATTACH ? AS new", (str(new),))
    for table in ("meta", "topology", "event"):
        connection.execute(f"INSERT INTO {table} SELECT * FROM new.{table}")
    for table, columns in OLD_COLUMNS.items():
        connection.execute(f"INSERT INTO {table} SELECT {columns} FROM new.{table} WHERE joined = 1")
    connection.execute("UPDATE meta SET value = '2' WHERE key = 'schema_version'")
    connection.commit()
    connection.close()


@pytest.fixture
def journals(tmp_path: Path) -> tuple[Path, Path]:
    """A journal of this version and the same of version 2."""
    new, old = tmp_path / "new.sqlite", tmp_path / "old.sqlite"
    writer = JournalWriter(new, META)
    fold = JournalFold(True, TOPOLOGY)
    writer.write(fold.add(facts_between(0, RECORDS), RECORDS), Stamp(1_000.0, 2_000.0, 5_000_000))
    writer.close()
    as_version_2(new, old)
    return new, old


def assert_same(one: Path, other: Path) -> None:
    with JournalReader(one) as this, JournalReader(other) as that:
        for method in READ:
            found, expected = getattr(this, method)(), getattr(that, method)()
            if isinstance(found, pd.DataFrame):
                pd.testing.assert_frame_equal(found, expected)
            else:
                assert found == expected


def test_opening_it_for_writing_is_enough(journals: tuple[Path, Path]) -> None:
    new, old = journals
    with pytest.raises(JournalOlder, match="hmoe run --resume"):
        JournalReader(old)
    JournalWriter(old, META).close()
    assert_same(old, new)


def test_what_is_new_is_there_and_empty(journals: tuple[Path, Path]) -> None:
    JournalWriter(journals[1], META).close()
    with JournalReader(journals[1]) as reader:
        for table in (
            reader.flow(),
            reader.bad(),
            reader.features(),
            reader.leaf_features(),
            reader.samples(),
        ):
            assert table.empty
            assert len(table.columns) > 1
        assert reader.intervals()["predicted"].tolist() == [0, 0, 0, 0]


def test_joined_rows_are_made_up_for(tmp_path: Path) -> None:
    new, old = tmp_path / "new.sqlite", tmp_path / "old.sqlite"
    write(new, 1_234)
    as_version_2(new, old)
    JournalWriter(old, SHORT).close()
    connection = sqlite3.connect(old)
    connection.execute("ATTACH ? AS new", (str(new),))
    for table in OLD_COLUMNS:
        query = f"SELECT count(*) FROM (SELECT * FROM {table} EXCEPT SELECT * FROM new.{table})"
        assert connection.execute(query).fetchone() == (0,)
        counts = (f"SELECT joined, count(*) FROM {name} GROUP BY joined" for name in (table, f"new.{table}"))
        one, other = (connection.execute(count).fetchall() for count in counts)
        assert one == other
    connection.close()


def test_its_checkpoint_can_be_gone_back_to(journals: tuple[Path, Path]) -> None:
    writer = JournalWriter(journals[1], META)
    writer.rewind(Mark(interval=500, topology=0, event=3))
    writer.close()
    with JournalReader(journals[1]) as reader:
        assert reader.intervals()["record"].tolist() == [250, 500]
        assert reader.shares()["record"].max() == 500


def test_when_it_goes_wrong_nothing_has_changed(
    journals: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = sqlite3.connect(journals[1]).execute("SELECT sql FROM sqlite_master ORDER BY name").fetchall()

    def fails(*_: object) -> None:
        raise sqlite3.OperationalError("the disk is full")

    monkeypatch.setattr(migration, "join_intervals", fails)
    with pytest.raises(JournalDamaged, match="the disk is full"):
        JournalWriter(journals[1], META)
    monkeypatch.undo()
    after = sqlite3.connect(journals[1]).execute("SELECT sql FROM sqlite_master ORDER BY name").fetchall()
    assert after == before
    JournalWriter(journals[1], META).close()
    assert_same(journals[1], journals[0])
