"""The flow goes by the clock: seconds that become tens, hundreds and thousands of seconds."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pandas as pd
import pytest

from monitor.journal.reader import JournalReader
from monitor.journal.retention import Retention
from monitor.journal.schema import EventKind, EventRow, FlowRow, Rows
from monitor.journal.writer import JournalWriter, Stamp
from tests.monitor.journal.made_rows import META

BEGIN = 1_700_000_000.0
SMALL = Retention(full_intervals=100, coarse_intervals=20, events=100)


def flow(second: int) -> FlowRow:
    """What a process says after so many seconds: a hundred records a second, most of them learned."""
    received = 100 * second
    return FlowRow(
        time_seconds=BEGIN + second,
        record=received - 7,
        received=received,
        learned=received - 10,
        held_back=0,
        pending=5 + second % 3,
        expired=2,
        rejected=1,
        duplicates=2 - second % 3,
        labels_received=received - 7,
        labels_joined=received - 10,
        labels_waiting=1,
        labels_duplicate=1,
        labels_corrected=1,
        labels_unmatched=0,
        labels_rejected=0,
        label_delay_seconds=None if second % 2 else 4.0,
        dead_lettered=second // 10,
        skipped=0,
        lag_records=None if second < 5 else second % 100,
        records_per_second=100.0 + second % 10,
        latency_p50_seconds=0.001,
        latency_p99_seconds=0.005 if second % 50 else 1.0,
        memory_bytes=1_000 + second % 7,
        checkpoint_seconds=BEGIN + second - second % 30,
        checkpoint_bytes=4_096,
        halted="too many bad messages" if second == 215 else "",
    )


def write(path: Path, seconds: int, retention: Retention | None = None, first: int = 0) -> None:
    writer = JournalWriter(path, META, retention)
    for second in range(first, seconds):
        writer.write_flow(flow(second))
        if second % 30 == 0:
            writer.sync()
    writer.close()


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("flow") / "journal.sqlite"
    write(path, 3_333)
    return path


def test_rows_come_back_as_they_were_written(journal: Path) -> None:
    with JournalReader(journal) as reader:
        found = reader.flow(BEGIN + 3_300)
    expected = pd.DataFrame([flow(second) for second in range(3_300, 3_333)])
    pd.testing.assert_frame_equal(found.drop(columns="joined"), expected, check_dtype=False)


def test_a_long_time_is_told_in_few_rows_up_to_now(journal: Path) -> None:
    with JournalReader(journal) as reader:
        found = reader.flow(limit=400)
        few = reader.flow(limit=7)
    assert set(found["joined"]) == {10, 1}
    assert found["time_seconds"].is_monotonic_increasing
    assert found["time_seconds"].iloc[-1] == few["time_seconds"].iloc[-1] == BEGIN + 3_332
    assert len(few) == 7


def test_joined_seconds_have_the_last_totals_and_the_worst_of_the_rest(journal: Path) -> None:
    with JournalReader(journal) as reader:
        ten = reader.flow(BEGIN + 200, limit=400).set_index("time_seconds").loc[BEGIN + 219]
    last = flow(219)
    for name in ("record", "received", "learned", "pending", "dead_lettered", "checkpoint_seconds"):
        assert ten[name] == getattr(last, name)
    assert ten["records_per_second"] == pytest.approx(104.5)
    assert ten["label_delay_seconds"] == 4.0
    assert ten["memory_bytes"] == max(flow(second).memory_bytes for second in range(210, 220))
    assert ten["lag_records"] == 19
    assert ten["halted"] == "too many bad messages"


def test_old_seconds_go_and_joined_ones_stay(journal: Path, tmp_path: Path) -> None:
    path = tmp_path / "small.sqlite"
    write(path, 3_333, SMALL)
    connection = sqlite3.connect(path)
    counts = dict(connection.execute("SELECT joined, count(*) FROM flow GROUP BY joined").fetchall())
    connection.close()
    assert counts[1] <= 100 + 33 + 10
    assert counts[10] <= 30 + 3 + 10
    with JournalReader(path) as small, JournalReader(journal) as everything:
        found, whole = small.flow(), everything.flow(limit=10_000)
    assert set(found["joined"]) == {1_000, 100, 10, 1}
    assert found["time_seconds"].is_monotonic_increasing
    assert found["time_seconds"].diff().max() <= 100.0
    assert (
        found["record"] == whole.set_index("time_seconds").loc[found["time_seconds"], "record"].values
    ).all()


@pytest.mark.parametrize("saved_at", [215, 219, 220, 999])
def test_what_came_after_the_mark_is_taken_back(tmp_path: Path, saved_at: int) -> None:
    straight, rewound = tmp_path / "straight.sqlite", tmp_path / "rewound.sqlite"
    write(straight, 1_500)
    write(rewound, saved_at + 1)
    writer = JournalWriter(rewound, META)
    mark = writer.mark
    for second in range(saved_at + 1, saved_at + 77):
        writer.write_flow(flow(second))
    writer.rewind(mark)
    writer.close()
    write(rewound, 1_500, first=saved_at + 1)
    with JournalReader(straight) as one, JournalReader(rewound) as other:
        for limit in (10_000, 300, 30):
            pd.testing.assert_frame_equal(one.flow(limit=limit), other.flow(limit=limit))


def test_a_pause_leaves_a_gap_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    write(path, 15)
    write(path, 5_020, first=5_003)
    with JournalReader(path) as reader:
        found = reader.flow(limit=10)
    seconds = (found["time_seconds"] - BEGIN).tolist()
    assert seconds[:1] == [14]
    assert seconds[-1] == 5_019


def test_no_flow_is_an_empty_table(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    JournalWriter(path, META).close()
    with JournalReader(path) as reader:
        assert reader.flow().empty
        assert "received" in reader.flow().columns


def test_an_idle_stream_is_seen_to_live(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    writer = JournalWriter(path, META)
    writer.write(Rows(events=(EventRow(0, EventKind.STARTED, "begun"),)), Stamp(BEGIN, 1.0, 1))
    writer.write_flow(flow(60))
    with JournalReader(path) as reader:
        assert float(reader.meta()["updated_seconds"]) == BEGIN + 60
        assert len(reader.flow()) == 1
    writer.close()
