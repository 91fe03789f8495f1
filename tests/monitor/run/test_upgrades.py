"""What an older version saved of a run is taken over, or refused with the way out."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.journal.fold import JournalFold
from monitor.journal.mark import Mark
from monitor.models import build_pipeline
from monitor.run.state import STATE_VERSION, RunState
from monitor.targets import Task
from stream_hmoe.errors import BadCheckpoint
from tests.monitor.journal.made_facts import TOPOLOGY, facts_between

# What version 2 saved.
FOLD = """is_started closed records_seen rejected_total scored_total error_total loss_total levels
interval_levels drift_counts window rejections drifts num_leaves restructures leaves totals control piece"""
PIPELINE = "records_seen model tick adaptation signals"
MARK = "interval topology event"


@pytest.fixture
def saved() -> dict[str, Any]:
    """A run saved by this version."""
    fold = JournalFold(True, TOPOLOGY)
    fold.add(facts_between(0, 700), 700)
    return RunState(
        task=Task.CLASSIFICATION,
        detector=None,
        identity={},
        position={},
        pipeline=build_pipeline(Task.CLASSIFICATION).state_dict(),
        fold=fold.state_dict(),
        mark=Mark(interval=500, topology=610, event=7, feature=0),
        rejects_bytes=0,
        audit={},
        predictions_path=None,
        predictions_bytes=0,
    ).to_dict()


def as_version_2(saved: dict[str, Any]) -> dict[str, Any]:
    """The same as version 2 saved it, with shorter sums."""
    fold, pipeline, mark = (
        {name: saved[part][name] for name in names.split()}
        for part, names in (("fold", FOLD), ("pipeline", PIPELINE), ("mark", MARK))
    )
    sums = {leaf: [mass, loss, error] for leaf, (mass, _, loss, error) in fold["totals"]["sums"].items()}
    fold["totals"] = {**fold["totals"], "sums": sums}
    return {**saved, "version": 2, "fold": fold, "pipeline": pipeline, "mark": mark}


def test_a_state_of_version_2_goes_on_as_one_of_this_version(saved: dict[str, Any]) -> None:
    old, new = RunState.from_dict(as_version_2(saved)), RunState.from_dict(saved)
    one, other = JournalFold(True, TOPOLOGY), JournalFold(True, TOPOLOGY)
    one.load_state_dict(old.fold)
    other.load_state_dict(new.fold)
    assert one.add(facts_between(700, 1_100), 1_100) == other.add(facts_between(700, 1_100), 1_100)
    assert one.totals.use_of(0) == other.totals.use_of(0)
    assert one.trend.slow_nats is not None, "the means of the loss begin anew"
    build_pipeline(Task.CLASSIFICATION).load_state_dict(old.pipeline)
    assert (old.mark.interval, old.mark.feature, old.mark.flow) == (500, -1, 0.0)
    assert old.to_dict()["version"] == STATE_VERSION


@pytest.mark.parametrize(
    ("version", "remedy"), [(1, "--overwrite"), (STATE_VERSION + 1, "upgrade stream-hmoe")]
)
def test_a_state_that_cannot_be_taken_over_says_what_to_do(
    saved: dict[str, Any], version: int, remedy: str
) -> None:
    with pytest.raises(BadCheckpoint, match=remedy):
        RunState.from_dict({**saved, "version": version})
