"""A journal stays small for ever, and what it forgets it has summed up before."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as trials
from hypothesis import strategies as st

from monitor.journal import writer as writer_module
from monitor.journal.mark import Mark
from monitor.journal.reader import JournalReader
from monitor.journal.retention import Pruning, Retention
from monitor.journal.schema import JOINED, MAX_BAD, BadRow, EventKind, EventRow, Rows, TopologyRow
from monitor.journal.writer import JournalWriter, Stamp
from tests.monitor.journal.made_rows import INTERVAL, META, rows, write

SMALL = Retention(full_intervals=100, coarse_intervals=5, events=100)
TABLES = ("interval", "share", "evidence", "worth", "feature", "leaf_feature", "sample")


def asked(path: Path, query: str, *values: Any) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(path)
    found = connection.execute(query, values).fetchall()
    connection.close()
    return found


@pytest.fixture(scope="module", params=[False, True], ids=["labels at once", "labels later"])
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The same 3,456 intervals, everything kept and nearly everything forgotten."""
    folder = tmp_path_factory.mktemp("journals")
    write(folder / "all.sqlite", 3_456, is_late=request.param)
    write(folder / "small.sqlite", 3_456, SMALL, is_late=request.param)
    return folder / "all.sqlite", folder / "small.sqlite"


def test_rows_are_as_many_as_were_asked_for(pair: tuple[Path, Path]) -> None:
    counts = dict(asked(pair[1], "SELECT joined, count(*) FROM interval GROUP BY joined"))
    kept = {1: 100, 10: 15, 100: 5 + 6, 1_000: 3}  # ten more at most, until a coarser row is whole
    for joined, most in kept.items():
        assert counts[joined] <= most + 10
    assert counts[1] >= 100
    for table in TABLES:
        assert asked(pair[1], f"SELECT count(*) FROM {table}") < asked(
            pair[0], f"SELECT count(*) FROM {table}"
        )


def test_joined_rows_keep_totals(pair: tuple[Path, Path]) -> None:
    with JournalReader(pair[0]) as everything, JournalReader(pair[1]) as small:
        whole, joined = everything.intervals(), small.intervals()
        for name in ("records", "scored", "predicted"):
            assert joined[name].sum() == whole[name].sum()
        for weight, name in (("scored", "loss_nats"), ("records", "records_per_second")):
            assert (joined[weight] * joined[name]).sum() == pytest.approx((whole[weight] * whole[name]).sum())
        assert joined["level"].max() == whole["level"].max()
        assert joined.iloc[-1].equals(whole.iloc[-1])
        assert joined["record"].is_monotonic_increasing
        assert (joined["record"].diff().dropna() == joined["records"].iloc[1:]).all()
        pd.testing.assert_frame_equal(small.usage(), everything.usage())
        pd.testing.assert_frame_equal(small.usage(30_001), everything.usage(30_001))
        span, whole_span = small.span(), everything.span()
    assert span is not None
    assert whole_span is not None
    assert (span.last, span.intervals) == (whole_span.last, whole_span.intervals) == (34_560, 3_456)


def test_shares_of_joined_intervals_sum_to_one(pair: tuple[Path, Path]) -> None:
    with JournalReader(pair[1]) as small:
        shares = small.shares()
    assert shares.groupby("record")["weight"].sum().to_numpy() == pytest.approx(1.0)


def test_joined_features_are_those_of_all_their_records(pair: tuple[Path, Path]) -> None:
    with JournalReader(pair[0]) as everything, JournalReader(pair[1]) as small:
        whole, joined = everything.features(), small.features()
        one = everything.features(points=1)
    whole, joined = whole[whole["feature"] == "a"], joined[joined["feature"] == "a"]
    assert len(joined) < len(whole)
    length, whole_length = joined["record"] - joined["since"], whole["record"] - whole["since"]
    assert length.sum() == whole_length.sum()
    assert (length * joined["mean"]).sum() == pytest.approx((whole_length * whole["mean"]).sum())
    second = length * (joined["deviation"] ** 2 + joined["mean"] ** 2)
    assert second.sum() == pytest.approx((whole_length * (1.0 + whole["mean"] ** 2)).sum())
    assert one["mean"].iloc[0] == pytest.approx(whole["mean"].mean())
    assert one["most"].iloc[0] == whole["most"].max()
    assert pd.isna(one.set_index("feature").loc["b", "mean"])


def test_the_strongest_evidence_and_the_last_worth_stay(pair: tuple[Path, Path]) -> None:
    with JournalReader(pair[0]) as everything, JournalReader(pair[1]) as small:
        evidence, joined = everything.evidence(), small.evidence()
        assert joined["evidence_nats"].max() == evidence["evidence_nats"].max()
        worth = small.worth()
    assert len(joined) < len(evidence)
    assert worth["sampled"].iloc[-1] == 3_456
    assert (worth["sampled"] * INTERVAL == worth["record"]).all()


def test_what_can_still_be_gone_back_to_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    writer = JournalWriter(path, META, SMALL)
    for number in range(1, 1_001):
        writer.write(rows(number), Stamp(float(number), 1.0, 1))
        if number == 120:
            writer.sync()
    writer.close()
    ((oldest,),) = asked(path, "SELECT min(record) FROM interval WHERE joined = 1")
    assert oldest == 20 * INTERVAL + INTERVAL


@trials(max_examples=8, deadline=None)
@given(mark=st.integers(150, 400), beyond=st.integers(0, 300), sync_every=st.integers(5, 60))
def test_going_back_and_on_gives_the_journal_of_one_that_never_stopped(
    tmp_path_factory: pytest.TempPathFactory, mark: int, beyond: int, sync_every: int
) -> None:
    folder = tmp_path_factory.mktemp("rewound")
    straight, rewound = folder / "straight.sqlite", folder / "rewound.sqlite"
    mark -= mark % sync_every  # a checkpoint was made there
    write(straight, 700, SMALL, sync_every)
    write(rewound, mark, SMALL, sync_every)
    writer = JournalWriter(rewound, META, SMALL)
    saved = writer.mark
    for number in range(mark + 1, mark + beyond + 1):
        writer.write(rows(number), Stamp(float(number), 1.0, 1))
    writer.rewind(saved)
    writer.close()
    write(rewound, 700, SMALL, sync_every, first=mark + 1)
    for table in TABLES:
        query = f"SELECT * FROM {table} ORDER BY 1, 2, 3"
        assert asked(straight, query) == asked(rewound, query), table


def test_rows_go_a_few_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    write(path, 1_200)
    connection = sqlite3.connect(path)
    pruning = Pruning(connection, SMALL, INTERVAL)
    pruning.begin(Mark(interval=12_000))
    steps: list[int] = []
    while steps[-1:] != [0]:
        steps.append(pruning.step(50))
    assert len(steps) > 50
    assert max(steps) <= 50 + 3  # the rest of an interval
    assert connection.execute("SELECT count(*) FROM interval WHERE joined = 1").fetchone() == (100,)
    connection.close()


def test_the_file_stops_growing(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    small = Retention(full_intervals=100, coarse_intervals=10, events=100)
    write(path, 2_000, small)
    size = path.stat().st_size
    write(path, 4_000, small, first=2_001)
    assert path.stat().st_size <= 1.1 * size


def events(kind: EventKind, count: int) -> Rows:
    return Rows(events=tuple(EventRow(number, kind, "so") for number in range(count)))


def test_drifts_and_decisions_stay_longer_than_checkpoints(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    writer = JournalWriter(path, META, SMALL)
    for kind in (EventKind.DECISION, EventKind.DRIFT):
        writer.write(events(kind, 40), Stamp(1.0, 1.0, 1))
    for _ in range(20):
        writer.write(events(EventKind.CHECKPOINT, 30), Stamp(2.0, 1.0, 1))
        writer.sync()
    writer.write(Rows(), Stamp(3.0, 1.0, 1))
    writer.close()
    with JournalReader(path) as reader:
        assert reader.events()["kind"].value_counts().to_dict() == {
            "decision": 40,
            "drift": 40,
            "checkpoint": 10,
        }


def test_of_all_events_the_newest_stay(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    writer = JournalWriter(path, META, SMALL)
    writer.write(events(EventKind.DRIFT, 250), Stamp(1.0, 1.0, 1))
    writer.sync()
    writer.write(Rows(), Stamp(2.0, 1.0, 1))
    writer.close()
    with JournalReader(path) as reader:
        assert reader.events()["record"].tolist() == list(range(150, 250))


def test_names_of_leaves_outlive_old_shapes(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    writer = JournalWriter(path, META, SMALL)
    gone = (TopologyRow(0, 0, "early", "g"),)
    writer.write(Rows(topology=(*gone, TopologyRow(0, 1, "lasting", "g"))), Stamp(0.0, 1.0, 1))
    for shape in range(1, 301):
        writer.write(Rows(topology=(TopologyRow(shape, 1, f"name {shape}", "g"),)), Stamp(1.0, 1.0, 1))
    writer.sync()
    writer.write(Rows(), Stamp(3.0, 1.0, 1))
    writer.close()
    found = asked(path, "SELECT leaf, name FROM topology ORDER BY record")
    assert found[0] == (0, "early")
    assert found[1:] == [(1, f"name {shape}") for shape in range(201, 301)]


def bad(number: int) -> BadRow:
    return BadRow(number, 1.0, f"line {number}", "f", "x", "no number", "send one", "{}")


def test_the_newest_bad_rows_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    writer = JournalWriter(path, META, SMALL)
    for begin in range(0, 3_000, 100):
        writer.write(Rows(bad=tuple(bad(begin + n) for n in range(100))), Stamp(1.0, 1.0, 1))
        writer.sync()
    saved = writer.mark
    writer.write(Rows(), Stamp(1.5, 1.0, 1))
    writer.write(Rows(bad=(bad(3_000),)), Stamp(2.0, 1.0, 1))
    writer.rewind(saved)
    writer.close()
    with JournalReader(path) as reader:
        assert reader.bad(limit=2)["origin"].tolist() == ["line 2998", "line 2999"]
        assert len(reader.bad(limit=10_000)) == MAX_BAD


def test_the_log_beside_the_file_is_cut_when_nobody_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "WAL_BYTES", 100_000)
    path = tmp_path / "journal.sqlite"
    writer = JournalWriter(path, META)
    long = tuple(EventRow(n, EventKind.DRIFT, "word " * 1_000) for n in range(200))
    writer.write(Rows(events=long), Stamp(1.0, 1.0, 1))
    log = path.with_name("journal.sqlite-wal")
    grown = log.stat().st_size
    for second in range(3):
        writer.write(Rows(), Stamp(2.0 + second, 1.0, 1))
        writer.sync()
    assert grown > 500_000
    assert log.stat().st_size <= 100_000
    writer.close()


def test_each_kind_of_row_reaches_further_back() -> None:
    kept = [Retention().kept(joined) for joined in JOINED]
    assert kept == [20_000, 220_000, 2_220_000, 22_220_000]
