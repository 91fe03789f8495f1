from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from dashboards.data.snapshot import Snapshot
from dashboards.states import State
from dashboards.verdict import Freshness, freshness, verdict
from monitor.journal.writer import JournalWriter
from tests.dashboards import journals

FRESH = Freshness(0.5, is_stale=False, is_ended=False)


def snapshot_of(path: Path, story: journals.Story) -> Snapshot:
    return journals.snapshot(journals.write(path / "story.sqlite", story), None)


def test_a_calm_run_is_healthy_since_its_start(tmp_path: Path) -> None:
    said = verdict(snapshot_of(tmp_path, journals.Story(changes=())), FRESH)
    assert said.state is State.HEALTHY
    assert said.since == "since the start"
    assert said.sentence.startswith("Accuracy of the last 1,000 records is 8")
    assert said.sentence.endswith("No watched signal shows drift.")


def test_while_a_signal_is_at_drift_level_the_verdict_names_the_signals_and_the_record(
    tmp_path: Path,
) -> None:
    said = verdict(snapshot_of(tmp_path, journals.Story(records=9_000)), FRESH)
    assert said.state is State.DRIFTING
    assert said.since == "since record 8,600"
    assert said.sentence.startswith(
        "Group trees and gate entropy moved. Accuracy of the last 1,000 records is 6"
    )
    assert "before the drift it was 83.9 %" in said.sentence


def test_after_the_signals_calm_down_the_model_is_adapting_until_the_metric_is_back(tmp_path: Path) -> None:
    said = verdict(snapshot_of(tmp_path, journals.Story(records=10_500)), FRESH)
    assert said.state is State.ADAPTING
    assert said.since == "since record 9,500"
    assert "before the drift it was 83.9 %" in said.sentence


def test_once_the_metric_is_back_it_is_healthy_since_then(journal: Path) -> None:
    said = verdict(journals.snapshot(journal, 5_000), FRESH)
    assert said.state is State.HEALTHY
    assert said.since.startswith("since record 11,")


def test_a_regression_speaks_of_its_error(tmp_path: Path) -> None:
    said = verdict(snapshot_of(tmp_path, journals.Story(changes=(), is_classification=False)), FRESH)
    assert said.state is State.HEALTHY
    assert said.sentence.startswith("MAE of the last 1,000 records is 0.1")


def test_before_the_first_interval_there_is_nothing_to_judge(tmp_path: Path) -> None:
    path = tmp_path / "empty.sqlite"
    JournalWriter(path, journals.Story().meta).close()
    said = verdict(journals.snapshot(path, None), FRESH)
    assert said.state is State.WAITING
    assert said.sentence == "The first figures appear after 250 records."


def test_when_nothing_new_comes_the_run_is_silent_and_its_last_state_is_told(journal: Path) -> None:
    said = verdict(journals.snapshot(journal, None), Freshness(75.0, is_stale=True, is_ended=False))
    assert said.state is State.STALE
    assert said.since == "since record 20,000"
    assert said.sentence.startswith("Nothing new for 1 min")
    assert "it was healthy since record 11," in said.sentence


def test_a_state_older_than_what_was_read_is_said_to_be_so(tmp_path: Path) -> None:
    said = verdict(snapshot_of(tmp_path, journals.Story(records=120_000, changes=())), FRESH)
    assert said.since == "since record 20,000 or earlier"


@pytest.mark.parametrize(("seconds_later", "is_stale"), [(1.0, False), (9.0, False), (11.0, True)])
def test_data_are_stale_after_ten_seconds(journal: Path, seconds_later: float, is_stale: bool) -> None:
    now = journals.finished_seconds(journals.Story()) + seconds_later
    fresh = freshness(journals.snapshot(journal, 5_000), now)
    assert fresh.is_stale is is_stale
    assert fresh.seconds == pytest.approx(seconds_later)
    assert ("stale" in fresh.text) is is_stale


def test_a_slow_stream_is_not_stale_between_two_of_its_intervals(tmp_path: Path) -> None:
    slow = replace(journals.Story(), records=4_000, changes=(), records_per_second=10.0)
    snapshot = journals.snapshot(journals.write(tmp_path / "slow.sqlite", slow), None)
    assert not freshness(snapshot, journals.finished_seconds(slow) + 60.0).is_stale
    assert freshness(snapshot, journals.finished_seconds(slow) + 80.0).is_stale


def test_a_run_that_ended_is_not_stale(journal: Path) -> None:
    ended = replace(journals.snapshot(journal, None), meta={"status": "finished"})
    fresh = freshness(ended, journals.finished_seconds(journals.Story()) + 7_200.0)
    assert fresh.is_ended
    assert not fresh.is_stale
    assert fresh.text == "run ended 2 h ago"


def test_a_clock_that_runs_behind_the_journal_gives_no_negative_age(journal: Path) -> None:
    assert freshness(journals.snapshot(journal, None), 0.0).seconds == 0.0


def controlled(path: Path, records: int) -> Snapshot:
    return snapshot_of(path, journals.Story(records=records, is_controlled=True))


@pytest.mark.parametrize(
    ("records", "state", "since", "words"),
    [
        (8_500, State.WATCHING, "since record 8,300", "Episode 1: gate weights may be drifting"),
        (
            8_750,
            State.DRIFTING,
            "since record 8,600",
            "Episode 1: gate weights drifted since about record 8,000",
        ),
        (9_250, State.ADAPTING, "since record 8,800", "trained and tested in the shadow"),
        (10_000, State.ADAPTING, "since record 9,500", "Episode 1: rest until a new reference is complete"),
    ],
)
def test_the_phase_of_the_controller_decides_the_verdict(
    tmp_path: Path, records: int, state: State, since: str, words: str
) -> None:
    said = verdict(controlled(tmp_path, records), FRESH)
    assert (said.state, said.since) == (state, since)
    assert words in said.sentence
    assert "Accuracy of the last 1,000 records is" in said.sentence


def test_a_controller_at_rest_leaves_the_verdict_to_the_metric(tmp_path: Path) -> None:
    said = verdict(controlled(tmp_path, 20_000), FRESH)
    assert said.state is State.HEALTHY
    assert said.sentence.endswith("No watched signal shows drift.")


def test_a_controller_that_holds_is_said_to(tmp_path: Path) -> None:
    snapshot = controlled(tmp_path, 9_000)
    assert snapshot.step is not None
    held = replace(snapshot.step, detail={**snapshot.step.detail, "after": "held"})
    assert verdict(replace(snapshot, step=held), FRESH).state is State.HELD


def test_a_silent_run_tells_what_the_controller_did_last(tmp_path: Path) -> None:
    said = verdict(controlled(tmp_path, 9_250), Freshness(75.0, is_stale=True, is_ended=False))
    assert said.state is State.STALE
    assert "it was adapting since record 8,800" in said.sentence
