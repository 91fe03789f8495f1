from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from monitor.journal.schema import Rows
from monitor.journal.writer import JournalWriter
from stream_hmoe.events import Phase
from tests.dashboards import journals, made_tables


def test_marks_are_those_of_the_window(journal: Path) -> None:
    narrow, wide = journals.snapshot(journal, 5_000), journals.snapshot(journal, None)
    assert narrow.first == 15_001
    assert narrow.markers.empty
    assert wide.first == 0
    assert wide.markers["kind"].tolist() == ["change point", "drift", "drift", "drift"]


def test_what_the_verdict_needs_does_not_depend_on_the_window(journal: Path) -> None:
    narrow, wide = journals.snapshot(journal, 5_000), journals.snapshot(journal, None)
    pd.testing.assert_frame_equal(narrow.recent, wide.recent)
    pd.testing.assert_frame_equal(narrow.history, wide.history)


def test_a_snapshot_of_a_long_journal_is_bounded(tmp_path: Path) -> None:
    path = journals.write(tmp_path / "long.sqlite", journals.Story(records=400_000, groups=(("trees", 1),)))
    snapshot = journals.snapshot(path, None)
    assert snapshot.last == 400_000
    assert len(snapshot.recent) == 400


def test_a_run_without_a_service_has_no_flow_and_is_not_halted(journal: Path) -> None:
    snapshot = journals.snapshot(journal, None)
    assert snapshot.flow.empty
    assert snapshot.halted == ""


def test_the_newest_flow_says_why_a_stream_is_halted(tmp_path: Path) -> None:
    story = journals.Story(is_served=True)
    path = journals.write(tmp_path / "served.sqlite", story)
    assert journals.snapshot(path, None).halted == ""
    halted = made_tables.flow(20_000, journals.finished_seconds(story) + 5.0, "a flood of dead letters")
    made_tables.add(path, Rows(), [halted])
    snapshot = journals.snapshot(path, None)
    assert snapshot.halted == "a flood of dead letters"
    assert snapshot.flow["time_seconds"].is_monotonic_increasing


def test_the_run_says_which_metric_it_reports(journal: Path) -> None:
    snapshot = journals.snapshot(journal, None)
    assert snapshot.metric.is_share
    assert snapshot.metric.title == "Accuracy"
    regression = replace(snapshot, meta={"task": "regression", "metric": "mae"})
    assert not regression.metric.is_share
    assert regression.metric.title == "MAE"


@pytest.mark.parametrize(("status", "expected"), [("running", True), ("finished", False), ("stopped", False)])
def test_a_run_goes_on_until_it_says_otherwise(journal: Path, status: str, expected: bool) -> None:
    snapshot = replace(journals.snapshot(journal, 5_000), meta={"status": status})
    assert snapshot.is_running is expected


def test_without_a_controller_there_is_no_phase_and_nothing_was_done(journal: Path) -> None:
    snapshot = journals.snapshot(journal, None)
    assert snapshot.phase is None
    assert snapshot.episodes == []


def test_a_controller_that_was_never_needed_is_at_rest(tmp_path: Path) -> None:
    story = journals.Story(changes=(), is_controlled=True)
    snapshot = journals.snapshot(journals.write(tmp_path / "calm.sqlite", story), 5_000)
    assert snapshot.step is None
    assert snapshot.phase is Phase.NORMAL


def test_what_was_done_does_not_depend_on_the_window(tmp_path: Path) -> None:
    path = journals.write(tmp_path / "controlled.sqlite", journals.Story(is_controlled=True))
    narrow, wide = journals.snapshot(path, 5_000), journals.snapshot(path, None)
    assert narrow.episodes == wide.episodes
    assert [episode.outcome for episode in narrow.episodes] == ["promoted"]


def test_reading_leaves_the_journal_as_it_is(journal: Path) -> None:
    before = journal.read_bytes()
    journals.snapshot(journal, None)
    assert journal.read_bytes() == before


def test_an_empty_journal_has_no_intervals(tmp_path: Path) -> None:
    path = tmp_path / "empty.sqlite"
    JournalWriter(path, journals.Story().meta).close()
    snapshot = journals.snapshot(path, 5_000)
    assert snapshot.recent.empty
    assert snapshot.span is None
