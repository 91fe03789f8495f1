from __future__ import annotations

from pathlib import Path

import pytest

from dashboards.data import parts
from monitor.journal.schema import EventKind, EventRow
from tests.dashboards import journals


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Path:
    story = journals.Story(is_controlled=True, is_served=True)
    return journals.write(tmp_path_factory.mktemp("served") / "journal.sqlite", story)


def test_a_window_holds_the_newest_records_only(served: Path) -> None:
    part = journals.part(served, 5_000, parts.gates_part)
    assert part.intervals["record"].tolist() == list(range(15_250, 20_001, 250))
    assert part.shares["record"].min() == 15_250
    assert part.samples["record"].min() >= 15_001


def test_a_long_journal_is_merged_to_a_bounded_number_of_points(tmp_path: Path) -> None:
    groups = (("regions", 40), ("trees", 24))
    path = journals.write(tmp_path / "long.sqlite", journals.Story(records=300_000, groups=groups))
    part = journals.part(path, None, parts.gates_part)
    assert 200 <= len(part.intervals) <= parts.POINTS + 1
    assert len(part.shares) <= 1.01 * parts.SHARE_ROWS


def test_experts_are_judged_on_the_window_of_the_metric(served: Path) -> None:
    part = journals.part(served, None, parts.experts_part)
    assert sorted(set(part.recent_shares["record"])) == [19_250, 19_500, 19_750, 20_000]


def test_everything_that_drift_is_explained_by_lies_in_the_window(served: Path) -> None:
    part = journals.part(served, 5_000, parts.drift_part)
    assert part.evidence["record"].min() == 15_250
    assert part.features["record"].tolist()[0] == 16_000
    assert part.shares["record"].min() == 15_250


def test_features_of_a_long_stream_are_merged(served: Path) -> None:
    features = journals.part(served, None, parts.data_part).features
    assert set(features["feature"]) == {"age", "load", "district=north", "district=south", "speed"}
    assert features["record"].nunique() <= parts.FEATURE_POINTS + 1


def test_rejected_records_do_not_push_drifts_out_of_the_events(tmp_path: Path) -> None:
    story = journals.Story(records=200_000)
    often = [EventRow(record, EventKind.REJECTED, "1 rejected") for record in range(0, 200_000, 250)]
    saved = [EventRow(record, EventKind.CHECKPOINT, "saved") for record in range(0, 200_000, 250)]
    path = journals.write(tmp_path / "rejecting.sqlite", story, [*often, *saved])
    events = journals.part(path, None, parts.now_part).events
    kinds = events["kind"].tolist()
    assert kinds.count("drift") == 3
    assert kinds.count("rejected") == parts.NUM_REJECTED
    assert "checkpoint" not in kinds
    assert events["id"].is_monotonic_increasing


def test_what_was_done_is_that_of_the_window(served: Path) -> None:
    assert journals.part(served, 5_000, parts.actions_part).episodes == []
    part = journals.part(served, None, parts.actions_part)
    assert [episode.outcome for episode in part.episodes] == ["promoted"]
    assert [answer.delay for answer in part.answers] == [600]


def test_the_size_of_the_journal_is_that_of_its_files(served: Path) -> None:
    assert journals.part(served, None, parts.system_part).journal_bytes >= served.stat().st_size
