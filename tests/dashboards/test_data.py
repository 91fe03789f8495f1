from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from dashboards import data
from monitor.journal.reader import JournalReader
from monitor.journal.schema import (
    EventKind,
    EventRow,
    JournalDamaged,
    JournalError,
    JournalMissing,
    JournalNewer,
)
from monitor.journal.writer import JournalWriter
from stream_hmoe.events import Phase
from tests.dashboards import journals


def test_a_window_holds_the_newest_records_only(journal: Path) -> None:
    snapshot = data.read(journal, 5_000)
    assert snapshot.first == 15_001
    assert snapshot.intervals["record"].tolist() == list(range(15_250, 20_001, 250))
    assert snapshot.shares["record"].min() == 15_250
    assert snapshot.markers.empty


def test_without_a_window_everything_is_there(journal: Path, story: journals.Story) -> None:
    snapshot = data.read(journal, None)
    assert snapshot.first == 0
    assert len(snapshot.intervals) == 80
    assert len(snapshot.shares) == 80 * len(story.leaves)
    assert snapshot.markers["kind"].tolist() == ["change point", "drift", "drift", "drift"]


def test_key_figures_do_not_depend_on_the_window(journal: Path) -> None:
    narrow, wide = data.read(journal, 5_000), data.read(journal, None)
    pd.testing.assert_frame_equal(narrow.recent, wide.recent)
    pd.testing.assert_frame_equal(narrow.recent_shares, wide.recent_shares)
    pd.testing.assert_frame_equal(narrow.events, wide.events)


def test_experts_are_judged_on_the_window_of_the_metric(journal: Path) -> None:
    snapshot = data.read(journal, None)
    assert snapshot.window_records == 1_000
    assert sorted(set(snapshot.recent_shares["record"])) == [19_250, 19_500, 19_750, 20_000]


def test_a_long_journal_is_merged_to_a_bounded_number_of_points(tmp_path: Path) -> None:
    groups = (("regions", 40), ("trees", 24))
    path = journals.write(tmp_path / "long.sqlite", journals.Story(records=400_000, groups=groups))
    snapshot = data.read(path, None)
    assert 300 <= len(snapshot.intervals) <= data.POINTS + 1
    assert len(snapshot.shares) <= 1.01 * data.SHARE_ROWS
    assert len(snapshot.recent) == data.RECENT_INTERVALS


def test_the_run_says_which_metric_it_reports(journal: Path) -> None:
    snapshot = data.read(journal, None)
    assert snapshot.metric.is_share
    assert snapshot.metric.title == "Accuracy"
    regression = replace(snapshot, meta={"task": "regression", "metric": "mae"})
    assert not regression.metric.is_share
    assert regression.metric.title == "MAE"


@pytest.mark.parametrize(("status", "expected"), [("running", True), ("finished", False), ("stopped", False)])
def test_a_run_goes_on_until_it_says_otherwise(journal: Path, status: str, expected: bool) -> None:
    snapshot = replace(data.read(journal, 5_000), meta={"status": status})
    assert snapshot.is_running is expected


def test_rejected_records_do_not_push_drifts_out_of_the_events(tmp_path: Path) -> None:
    story = journals.Story(records=200_000)
    often = [EventRow(record, EventKind.REJECTED, "1 rejected") for record in range(0, 200_000, 250)]
    saved = [EventRow(record, EventKind.CHECKPOINT, "saved") for record in range(0, 200_000, 250)]
    snapshot = data.read(journals.write(tmp_path / "rejecting.sqlite", story, [*often, *saved]), None)
    kinds = snapshot.events["kind"].tolist()
    assert kinds.count("drift") == 3
    assert kinds.count("rejected") == data.NUM_REJECTED
    assert "checkpoint" not in kinds
    assert snapshot.events["id"].is_monotonic_increasing


def test_without_a_controller_there_is_no_phase_and_nothing_was_done(journal: Path) -> None:
    snapshot = data.read(journal, None)
    assert snapshot.phase is None
    assert snapshot.episodes == []
    assert [answer.delay for answer in snapshot.answers([])] == [600]


def test_a_controller_that_was_never_needed_is_at_rest(tmp_path: Path) -> None:
    story = journals.Story(changes=(), is_controlled=True)
    snapshot = data.read(journals.write(tmp_path / "calm.sqlite", story), 5_000)
    assert snapshot.step is None
    assert snapshot.phase is Phase.NORMAL


def test_what_was_done_does_not_depend_on_the_window(tmp_path: Path) -> None:
    path = journals.write(tmp_path / "controlled.sqlite", journals.Story(is_controlled=True))
    narrow, wide = data.read(path, 5_000), data.read(path, None)
    assert narrow.episodes == wide.episodes
    assert [episode.outcome for episode in narrow.episodes] == ["promoted"]
    assert narrow.evidence["record"].min() == 15_250
    pd.testing.assert_frame_equal(narrow.worth, wide.worth)


def test_evidence_of_a_long_journal_is_merged(tmp_path: Path) -> None:
    story = journals.Story(records=400_000, is_controlled=True, groups=(("trees", 1),))
    snapshot = data.read(journals.write(tmp_path / "long.sqlite", story), None)
    assert len(snapshot.evidence) <= 2 * (data.POINTS + 1)
    assert snapshot.evidence["evidence_nats"].max() > snapshot.evidence["threshold_nats"].max()


def error_of(path: Path) -> JournalError:
    with pytest.raises(JournalError) as caught:
        data.read(path, None)
    return caught.value


def test_a_missing_journal_is_a_matter_of_waiting(tmp_path: Path) -> None:
    path = tmp_path / "nowhere.sqlite"
    error = error_of(path)
    notice = data.notice(error)
    assert isinstance(error, JournalMissing)
    assert notice.title == "No journal yet"
    assert notice.sentence.startswith("There is no journal at " + str(path))
    assert not notice.is_fault


def test_a_newer_journal_asks_for_an_upgrade(tmp_path: Path) -> None:
    path = tmp_path / "newer.sqlite"
    writer = JournalWriter(path, {})
    writer.set_meta({"schema_version": "999"})
    writer.close()
    error = error_of(path)
    assert isinstance(error, JournalNewer)
    assert data.notice(error).title == "Journal from a newer version"
    assert "Upgrade" in data.notice(error).remedy


def test_a_file_that_is_no_journal_is_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "text.sqlite"
    path.write_text("this is not a database" * 100)
    error = error_of(path)
    assert isinstance(error, JournalDamaged)
    assert data.notice(error).title == "Journal cannot be read"
    assert data.notice(error).is_fault


def test_a_locked_journal_is_a_matter_of_waiting(journal: Path, tmp_path: Path) -> None:
    path = tmp_path / "locked.sqlite"
    path.write_bytes(journal.read_bytes())
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("PRAGMA locking_mode=EXCLUSIVE")
    holder.execute("BEGIN EXCLUSIVE")
    impatient = sqlite3.connect(path, timeout=0.0)
    with pytest.raises(sqlite3.OperationalError) as locked:
        impatient.execute("SELECT * FROM meta")
    error = JournalDamaged("it cannot be read: database is locked")
    error.__cause__ = locked.value
    assert data.notice(error).title == "Journal is locked"
    assert not data.notice(error).is_fault
    impatient.close()
    holder.close()


def test_an_empty_journal_has_no_intervals(tmp_path: Path) -> None:
    path = tmp_path / "empty.sqlite"
    JournalWriter(path, journals.Story().meta).close()
    snapshot = data.read(path, 5_000)
    assert snapshot.recent.empty
    assert snapshot.span is None


def test_reading_leaves_the_journal_as_it_is(journal: Path) -> None:
    before = journal.read_bytes()
    data.read(journal, None)
    assert journal.read_bytes() == before
    with JournalReader(journal) as reader:
        assert reader.span() is not None
