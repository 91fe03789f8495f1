"""Whatever window is asked for, every interval in it is in exactly one row, as fine as wanted and there."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as trials
from hypothesis import strategies as st

from monitor.journal.reader import JournalReader
from monitor.journal.retention import Pruning, Retention
from monitor.journal.segments import plan
from monitor.journal.writer import JournalWriter
from tests.monitor.journal.made_rows import INTERVAL, META, write

INTERVALS = 3_456
END = INTERVALS * INTERVAL
SMALL = Retention(full_intervals=100, coarse_intervals=12, events=100)


@pytest.fixture(scope="module", params=["all", "small", "half deleted"])
def journal(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("journals") / "journal.sqlite"
    write(path, INTERVALS, SMALL if request.param == "small" else None)
    if request.param == "half deleted":
        writer = JournalWriter(path, META)
        connection = sqlite3.connect(path)
        mark = writer.mark
        writer.close()
        pruning = Pruning(connection, SMALL, INTERVAL)
        pruning.begin(mark)
        pruning.step(1_777)
        connection.commit()
        connection.close()
    return path


windows = st.tuples(st.integers(0, END), st.integers(0, END)).map(sorted)


@trials(max_examples=150)
@given(window=windows, points=st.one_of(st.none(), st.integers(1, 2_000)))
def test_rows_cover_a_window_without_gap_or_overlap(
    journal: Path, window: list[int], points: int | None
) -> None:
    first, last = window
    with JournalReader(journal) as reader:
        segments = plan(reader._connection, INTERVAL, first, last, points)
        rows = [
            (record, joined)
            for joined, low, high in segments.parts
            for (record,) in reader._connection.execute(
                "SELECT record FROM interval WHERE joined = ? AND record BETWEEN ? AND ?", (joined, low, high)
            )
        ]
    at = None
    for record, joined in rows:
        begin = record - joined * INTERVAL
        assert at is None or begin == at
        at = record
    assert all(first <= record <= last for record, _ in rows)
    if rows:
        record, joined = rows[0]
        begin = record - joined * INTERVAL
        assert begin <= first
        # Only what was joined to something outside of the window may be left out at its end.
        assert rows[-1][0] > last - 1_000 * INTERVAL


@trials(max_examples=40)
@given(first=st.integers(0, END), points=st.integers(1, 2_000))
def test_a_window_up_to_now_ends_with_the_newest_interval(journal: Path, first: int, points: int) -> None:
    with JournalReader(journal) as reader:
        found = reader.intervals(first, points=points)
    assert found["record"].iloc[-1] == END
    assert len(found) <= points + 60  # joined rows that are coarser than wanted, and single ones at both ends


@trials(max_examples=40)
@given(first=st.integers(0, END))
def test_long_windows_read_few_rows(journal: Path, first: int) -> None:
    with JournalReader(journal) as reader:
        segments = plan(reader._connection, INTERVAL, first, None, 1)
    rows = sum((high - low) // (joined * INTERVAL) + 1 for joined, low, high in segments.parts)
    assert rows <= 9 + 9 + 9 + 4 + 9 + 9 + 9 + 7


def test_in_full_every_interval_is_a_row_as_long_as_it_is_kept(journal: Path) -> None:
    with JournalReader(journal) as reader:
        found = reader.intervals(END - 90 * INTERVAL + 1)
    assert found["records"].tolist() == [INTERVAL] * 90


def test_an_empty_journal_has_nothing_to_read(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    JournalWriter(path, META).close()
    with JournalReader(path) as reader:
        assert plan(reader._connection, INTERVAL, 0, None, 10).parts == ()
        assert reader.intervals(points=10).empty
