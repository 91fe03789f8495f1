"""What is written can be read, also by others and meanwhile; and can be taken back to a mark."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pandas as pd
import pytest

from monitor.journal.fold import JournalFold
from monitor.journal.reader import JournalReader
from monitor.journal.schema import EventKind, EventRow, Rows
from monitor.journal.writer import JournalWriter, Stamp
from tests.monitor.journal.made_facts import RECORDS, TOPOLOGY, facts_between

META = {"task": "classification", "interval_records": "250"}


def write_stream(writer: JournalWriter, fold: JournalFold, start: int, stop: int) -> None:
    for number in range(start, stop, 100):
        end = min(number + 100, stop)
        writer.write(fold.add(facts_between(number, end), end), Stamp(1_000.0 + end, 2_000.0, 5_000_000))


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    path = tmp_path / "journal.sqlite"
    writer = JournalWriter(path, META)
    fold = JournalFold(True, TOPOLOGY)
    write_stream(writer, fold, 0, RECORDS)
    writer.write(fold.finish(), Stamp(1_000.0 + RECORDS, 2_000.0, 5_000_000))
    writer.close()
    return path


def test_intervals_come_back_as_they_were_folded(journal: Path) -> None:
    fold = JournalFold(True, TOPOLOGY)
    rows = [*fold.add(facts_between(0, RECORDS), RECORDS).intervals, *fold.finish().intervals]
    with JournalReader(journal) as reader:
        found = reader.intervals()
        span = reader.span()
    for name in (
        "record",
        "records",
        "scored",
        "loss_nats",
        "metric",
        "metric_window",
        "level",
        "num_leaves",
    ):
        assert found[name].tolist() == [getattr(row, name) for row in rows]
    assert span is not None
    assert (span.first, span.last, span.intervals) == (250, RECORDS, 5)


def test_shares_carry_names_and_groups(journal: Path) -> None:
    with JournalReader(journal) as reader:
        shares = reader.shares(first=1_000)
        live = reader.topology()
    assert shares["record"].unique().tolist() == [1_000, RECORDS]
    assert dict(zip(shares["name"], shares["group_name"], strict=True)) == {
        "plains/0": "plains",
        "trees/0": "trees",
        "trees/1": "trees",
        "trees/2": "trees",
    }
    assert live["name"].tolist() == ["plains/0", "trees/0", "trees/1", "trees/2"]


def test_merged_points_keep_totals_and_weighted_means(journal: Path) -> None:
    with JournalReader(journal) as reader:
        merged, single = reader.intervals(points=2), reader.intervals()
        shares, plain = reader.shares(points=1), reader.shares()
    assert len(merged) == 2
    assert merged["scored"].sum() == single["scored"].sum()
    assert merged["rejected_total"].tolist()[-1] == single["rejected_total"].tolist()[-1]
    one = plain[plain["name"] == "trees/0"]
    expected = (one["weight"] * one["loss_nats"]).sum() / one["weight"].sum()
    assert shares[shares["name"] == "trees/0"]["loss_nats"].item() == pytest.approx(expected)


def test_usage_weighs_intervals_by_their_records(journal: Path) -> None:
    with JournalReader(journal) as reader:
        usage = reader.usage(first=1_001).set_index("name")
        shares = reader.shares(first=1_001).set_index("name")
        everything = reader.usage()
    pd.testing.assert_series_equal(usage["usage"], shares["weight"], check_names=False)
    assert everything["usage"].sum() < 1  # plains/1 had a share before it left
    assert usage["usage"].sum() == pytest.approx(1)


def test_events_can_be_chosen(journal: Path) -> None:
    with JournalReader(journal) as reader:
        drifts = reader.events([EventKind.DRIFT])
        newest = reader.events(limit=1)
        late = reader.events(first=1_000)
    assert drifts["record"].tolist() == [240, 241, 700, 1_020]
    assert len(newest) == 1
    assert set(late["record"]) >= {1_020}
    assert late["record"].min() >= 1_000


def test_a_reader_follows_a_journal_that_is_being_written(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    writer = JournalWriter(path, META)
    with JournalReader(path) as reader:
        assert reader.span() is None
        assert reader.intervals(points=10).empty
        fold = JournalFold(True, TOPOLOGY)
        write_stream(writer, fold, 0, 500)
        writer.commit()
        seen = reader.span()
        write_stream(writer, fold, 500, 1_000)
        writer.commit()
        later = reader.span()
        writer.close()
    assert seen is not None
    assert later is not None
    assert (seen.last, later.last) == (500, 1_000)


def test_rewinding_removes_everything_after_the_mark(tmp_path: Path) -> None:
    path, other = tmp_path / "journal.sqlite", tmp_path / "other.sqlite"
    for target, is_rewound in ((path, True), (other, False)):
        writer = JournalWriter(target, META)
        fold = JournalFold(True, TOPOLOGY)
        write_stream(writer, fold, 0, 600)
        state, mark = fold.state_dict(), writer.mark
        if is_rewound:
            write_stream(writer, fold, 600, 1_100)
            writer.write(Rows(events=(EventRow(1_100, EventKind.STOPPED, "stopped"),)), Stamp(1.0, 1.0, 1))
            writer.close()
            writer = JournalWriter(target, META)
            writer.rewind(mark)
            fold.load_state_dict(state)
        write_stream(writer, fold, 600, 1_100)
        writer.close()
    with JournalReader(path) as rewound, JournalReader(other) as straight:
        for table in ("intervals", "shares", "events", "topology", "evidence", "worth"):
            pd.testing.assert_frame_equal(getattr(rewound, table)(), getattr(straight, table)())


def test_evidence_and_worth_come_back_as_they_were_folded(journal: Path) -> None:
    rows = JournalFold(True, TOPOLOGY).add(facts_between(0, RECORDS), RECORDS)
    with JournalReader(journal) as reader:
        evidence, worth = reader.evidence(last=1_000), reader.worth(last=1_000)
    key = ["record", "signal"]
    expected = pd.DataFrame([asdict(row) for row in rows.evidence]).sort_values(key, ignore_index=True)
    pd.testing.assert_frame_equal(evidence, expected, check_dtype=False)
    pd.testing.assert_frame_equal(worth, pd.DataFrame([asdict(row) for row in rows.worth]))


def test_of_merged_evidence_the_strongest_stays(journal: Path) -> None:
    with JournalReader(journal) as reader:
        single, merged = reader.evidence(), reader.evidence(points=1)
        last_worth = reader.worth(points=1)
    assert len(single) > 2 * len(merged)
    for row in merged.itertuples():
        excess = single["evidence_nats"] - single["threshold_nats"]
        best = single.loc[excess[single["signal"] == row.signal].idxmax()]
        assert (row.evidence_nats, row.level) == (best["evidence_nats"], best["level"])
    assert merged["record"].nunique() == 1
    assert last_worth["record"].tolist() == [RECORDS]


def test_decisions_carry_their_particulars(journal: Path) -> None:
    with JournalReader(journal) as reader:
        decisions = reader.events([EventKind.DECISION])
        drift = reader.events([EventKind.DRIFT]).iloc[0]
    details = [json.loads(detail) for detail in decisions["detail"]]
    challenge = next(detail for detail in details if detail["after"] == "shadow")
    assert challenge["plans"] == ["retrain"]
    assert challenge["diagnosis"] == "covariate and concept drift"
    assert challenge["leaves"] == ["trees/0", "plains/1"]
    assert challenge["change_point"] == 310
    assert json.loads(drift["detail"]) == {"leaves": ["trees/0"], "change_point": 220}
