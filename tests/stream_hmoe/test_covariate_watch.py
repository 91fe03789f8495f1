"""Records that move are found through the frozen gates, and told with leaves, features and where it began."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from stream_hmoe.covariate_watch import GATES, LEAST_SHIFT, MOST_FEATURES, MOST_LEAVES, CovariateWatch
from stream_hmoe.events import Evidence, Level
from stream_hmoe.learner import Learner
from tests.stream_hmoe.drifting import assert_same_state, through_disk, trained

Floats = npt.NDArray[np.float64]

TICK = 50
NAMES = ("width", "height", "weight", "colour", "late")
REFERENCED = 5_000  # 1,000 records to settle and 4,000 of reference
CALM = 5_600


def records(count: int, seed: int) -> Floats:
    """As the learner saw them."""
    return np.random.default_rng(seed).uniform(-1.0, 1.0, (count, 4))


def moved(count: int, seed: int) -> Floats:
    """With a first feature that is never negative."""
    x_ND = records(count, seed)
    x_ND[:, 0] = np.abs(x_ND[:, 0])
    return x_ND


def watch_over(
    watch: CovariateWatch, learner: Learner, x_ND: Floats, begin: int = 0, cut: int = TICK
) -> list[tuple[int, Level]]:
    """Feed records from number ``begin`` on in pieces -> the record counts at which the level changed."""
    changes = []
    for first in range(0, len(x_ND), cut):
        part_ND = x_ND[first : first + cut]
        record, level = begin + first + len(part_ND), watch.evidence.level
        watch.update(record, part_ND, learner, NAMES[: x_ND.shape[1]])
        if watch.evidence.level is not level:
            changes.append((record, watch.evidence.level))
    return changes


def referenced(arl: float = 10_000, begin: int = 0) -> tuple[CovariateWatch, Learner]:
    """A watch that has seen ``CALM`` records."""
    watch, learner = CovariateWatch(arl), trained(2_000)
    watch_over(watch, learner, records(CALM, 1), begin)
    return watch, learner


def test_there_is_no_evidence_before_a_reference() -> None:
    watch, learner = CovariateWatch(), trained(2_000)
    nothing = Evidence(GATES, 0.0, math.log(10_000), Level.STABLE)
    assert (watch.evidence, watch.is_referenced) == (nothing, False)
    x_ND = np.concatenate([records(2_000, 1), moved(REFERENCED - 2_000, 2)])
    assert watch_over(watch, learner, x_ND[:-TICK]) == []
    assert (watch.evidence, watch.is_referenced) == (nothing, False)
    watch_over(watch, learner, x_ND[-TICK:], REFERENCED - TICK)
    assert watch.is_referenced


def test_a_stream_that_stays_is_calm_while_the_model_learns() -> None:
    watch, learner = CovariateWatch(), trained(500)
    x_ND = records(16_000, 1)
    y_N = (x_ND[:, 0] > 0.0) ^ (x_ND[:, 1] > 0.0)
    levels = set()
    for first in range(0, len(x_ND), TICK):
        part = slice(first, first + TICK)
        learner.step(x_ND[part], y_N[part].astype(np.float64))
        watch.update(first + TICK, x_ND[part], learner, NAMES[:4])
        levels.add(watch.evidence.level)
    assert Level.DRIFT not in levels
    assert watch.is_referenced
    assert watch.evidence.evidence_nats < watch.evidence.threshold_nats
    assert (watch.change_point, watch.leaves, watch.detail()) == (-1, (), {})


@pytest.mark.parametrize("begin", [0, 730])
def test_a_shift_is_alarmed_with_its_leaves_and_its_feature(begin: int) -> None:
    """Record numbers are the stream's, also where records were rejected before."""
    watch, learner = referenced(begin=begin)
    change = begin + CALM
    changes = watch_over(watch, learner, moved(300, 2), change)
    (alarm,) = (record for record, level in changes if level is Level.DRIFT)
    assert alarm <= change + 100
    assert watch.evidence.level is Level.DRIFT
    assert watch.evidence.evidence_nats >= watch.evidence.threshold_nats == math.log(10_000)
    assert abs(watch.change_point - change) <= 20
    detail = watch.detail()
    assert detail["change_point"] == watch.change_point
    assert detail["features"][0] == "width"
    assert tuple(detail["leaves"]) == watch.leaves
    assert not detail["is_novel"]
    assert detail["severity_kl_nats"] > 0.0 and 0.1 < detail["total_variation"] <= 1.0
    assert json.loads(json.dumps(detail, allow_nan=False)) == detail


def test_moves_are_the_largest_first_and_say_which_features_moved_there() -> None:
    watch, learner = referenced()
    watch_over(watch, learner, moved(100, 2), CALM)
    moves = watch.detail()["moves"]
    assert tuple(move["leaf"] for move in moves) == watch.leaves
    assert 1 < len(moves) <= MOST_LEAVES
    assert set(watch.leaves) <= set(learner.topology.leaves)
    sizes = [abs(move["after"] - move["before"]) for move in moves]
    assert sizes == sorted(sizes, reverse=True) and sizes[0] > 0.2
    for move in moves:
        shifts = [abs(shift) for _, shift in move["features"]]
        assert shifts == sorted(shifts, reverse=True)
        assert len(shifts) <= MOST_FEATURES and all(shift >= LEAST_SHIFT for shift in shifts)
        assert {name for name, _ in move["features"]} <= set(NAMES[:4])
    assert moves[0]["features"][0][0] == "width"


def test_records_far_from_all_leaves_are_novel() -> None:
    watch, learner = referenced()
    x_ND = records(300, 2)
    x_ND[:, 2] *= 6.0
    changes = watch_over(watch, learner, x_ND, CALM)
    assert changes[-1][1] is Level.DRIFT and changes[-1][0] <= CALM + 100
    detail = watch.detail()
    assert detail["is_novel"]
    assert json.loads(json.dumps(detail, allow_nan=False)) == detail


def test_an_alarm_stays_as_it_was_until_a_new_reference_is_asked_for() -> None:
    watch, learner = referenced()
    watch_over(watch, learner, moved(200, 2), CALM)
    detail = watch.detail()
    assert watch_over(watch, learner, records(3_000, 3), CALM + 200) == []
    assert watch.evidence.level is Level.DRIFT
    assert watch.evidence.evidence_nats >= watch.evidence.threshold_nats
    assert watch.detail() == detail


def test_what_was_accepted_is_the_new_normal_and_what_was_before_is_a_shift() -> None:
    watch, learner = referenced()
    watch_over(watch, learner, moved(200, 2), CALM)
    watch.rereference()
    assert not watch.is_referenced
    assert watch.evidence == Evidence(GATES, 0.0, math.log(10_000), Level.STABLE)
    assert (watch.change_point, watch.leaves, watch.detail()) == (-1, (), {})
    begin = CALM + 200
    changes = watch_over(watch, learner, moved(5_000, 3), begin)
    assert watch.is_referenced
    assert Level.DRIFT not in [level for _, level in changes]
    changes = watch_over(watch, learner, records(200, 4), begin + 5_000)
    assert changes[-1][1] is Level.DRIFT
    assert abs(watch.change_point - (begin + 5_000)) <= 20
    assert watch.detail()["features"][0] == "width"


@pytest.mark.parametrize("kinds", [("linear",), ("boosted",)])
def test_a_model_without_regions_needs_no_reference_and_gives_no_evidence(kinds: tuple[str, ...]) -> None:
    watch, learner = CovariateWatch(), trained(500, kinds)
    watch_over(watch, learner, records(TICK, 1))
    assert watch.is_referenced
    x_ND = np.concatenate([records(REFERENCED, 1), 9.0 + moved(500, 2)])
    assert watch_over(watch, learner, x_ND, TICK) == []
    assert watch.evidence == Evidence(GATES, 0.0, math.log(10_000), Level.STABLE)
    watch.rereference()
    assert watch.detail() == {}
    watch_over(watch, learner, records(TICK, 3), TICK + len(x_ND))
    assert watch.is_referenced


def test_a_feature_that_appears_counts_from_the_next_reference_on() -> None:
    watch, learner = referenced()
    learner.widen(5, 2)
    late_ND = np.random.default_rng(5).uniform(4.0, 5.0, (6_000, 1))
    wide_ND = np.concatenate([records(6_000, 2), late_ND], axis=1)
    y_N = (late_ND[:, 0] > 4.5).astype(np.float64)
    learner.step(wide_ND, y_N)
    assert Level.DRIFT not in [level for _, level in watch_over(watch, learner, wide_ND, CALM)]
    watch.rereference()
    watch_over(watch, learner, wide_ND, CALM + 6_000)
    assert watch.is_referenced and not watch.detail()
    wide_ND[:, 4] -= 2.0
    changes = watch_over(watch, learner, wide_ND[:1_000], CALM + 12_000)
    assert changes[-1][1] is Level.DRIFT


@pytest.mark.parametrize("cut", [1, 37, CALM])
def test_cuts_change_no_evidence(cut: int) -> None:
    """The gates are frozen at the record at which that is due, in the middle of a piece or not."""
    whole, learner = referenced()
    cut_up = CovariateWatch()
    watch_over(cut_up, learner, records(CALM, 1), cut=cut)
    assert cut_up.evidence == whole.evidence
    assert_same_state(cut_up.state_dict(), whole.state_dict())


@pytest.mark.parametrize("at", [0, 700, 3_000, REFERENCED, CALM, CALM + 100])
def test_a_restart_changes_nothing(at: int, tmp_path: Path) -> None:
    first, second, learner = CovariateWatch(), CovariateWatch(arl=30), trained(2_000)
    x_ND = np.concatenate([records(CALM, 1), moved(300, 2)])
    watch_over(first, learner, x_ND[:at])
    second.load_state_dict(through_disk(first.state_dict(), tmp_path))
    assert (second.evidence, second.is_referenced) == (first.evidence, first.is_referenced)
    for watch in (first, second):
        watch_over(watch, learner, x_ND[at:], at)
    assert first.detail() and first.detail() == second.detail()
    assert first.evidence == second.evidence
    assert_same_state(second.state_dict(), first.state_dict())


def test_a_restart_without_regions_changes_nothing(tmp_path: Path) -> None:
    first, second = CovariateWatch(), CovariateWatch()
    watch_over(first, trained(100, ("linear",)), records(TICK, 1))
    second.load_state_dict(through_disk(first.state_dict(), tmp_path))
    assert second.is_referenced
    assert_same_state(second.state_dict(), first.state_dict())
