"""Harm is found against a reference of the model at its best, placed, and measured on every loss since."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stream_hmoe.concept_watch import REFERENCE_RECORDS, WARM_UP_RECORDS, ConceptWatch
from stream_hmoe.detectors import calibrated_threshold
from stream_hmoe.events import Level
from stream_hmoe.learner import Learner
from tests.stream_hmoe.drifting import assert_same_state, rows, through_disk, trained

TICK = 50
REFERENCED = WARM_UP_RECORDS + REFERENCE_RECORDS


def level_of(watch: ConceptWatch) -> Level:
    return watch.evidence.level


def losses(count: int, risk_N: Any, seed: int = 0) -> Any:
    """Right-or-wrong losses with a given risk."""
    return (np.random.default_rng(seed).random(count) < risk_N).astype(np.float64)


def watch_over(watch: ConceptWatch, learner: Learner, x_ND: Any, loss_N: Any, begin: int = 0) -> list[int]:
    """Feed records from number ``begin`` on in ticks -> the record counts at which references were taken."""
    taken = []
    for first in range(0, len(loss_N), TICK):
        part = slice(first, first + TICK)
        record = begin + min(first + TICK, len(loss_N))
        if watch.update(record, x_ND[part], loss_N[part], learner):
            taken.append(record)
    return taken


def referenced(risk: float = 0.05) -> tuple[ConceptWatch, Learner]:
    watch, learner = ConceptWatch(), trained(500)
    x_ND, _ = rows(REFERENCED, 0)
    assert watch_over(watch, learner, x_ND, losses(REFERENCED, risk)) == [REFERENCED]
    return watch, learner


def test_there_is_no_evidence_before_a_reference() -> None:
    watch, learner = ConceptWatch(), trained(500)
    x_ND, _ = rows(REFERENCED - TICK, 0)
    watch_over(watch, learner, x_ND, losses(len(x_ND), 0.05))
    assert not watch.is_referenced
    assert level_of(watch) is Level.STABLE and watch.evidence.evidence_nats == 0.0
    assert not watch.lies_in(x_ND, ["regions 4 2nd order/0"]).any()


def test_losses_that_stay_are_no_harm() -> None:
    watch, learner = referenced()
    x_ND, _ = rows(6_000, 0, seed=1)
    assert watch_over(watch, learner, x_ND, losses(6_000, 0.05, seed=1), REFERENCED) == []
    assert watch.harm is None
    assert level_of(watch) is not Level.DRIFT


@pytest.mark.parametrize("risk", [0.25, 1.0])
def test_harm_is_placed_and_measured_on_every_loss_since(risk: float) -> None:
    watch, learner = referenced()
    x_ND, _ = rows(1_000, 0, seed=1)
    loss_N = losses(1_000, np.where(np.arange(1_000) < 500, 0.05, risk), seed=1)
    watch_over(watch, learner, x_ND, loss_N, REFERENCED)
    harm, change = watch.harm, REFERENCED + 500
    assert harm is not None
    assert abs(harm.change_point - change) <= 60
    # Measured from a kept start shortly before the change, hence a little less.
    assert 0.6 * (risk - 0.05) < harm.rise < risk
    assert 0.0 < harm.rise_lower < harm.rise
    assert not harm.is_local
    detector = watch._detector
    assert detector is not None and detector.records == 1_000
    assert level_of(watch) is Level.DRIFT
    assert watch.evidence.evidence_nats >= watch.evidence.threshold_nats


def test_an_alarm_stays_until_a_new_reference_is_asked_for() -> None:
    watch, learner = referenced()
    x_ND, _ = rows(5_000, 0, seed=1)
    loss_N = losses(5_000, np.where(np.arange(5_000) < 300, 0.9, 0.01), seed=1)
    assert watch_over(watch, learner, x_ND, loss_N, REFERENCED) == []
    assert level_of(watch) is Level.DRIFT
    watch.rereference(REFERENCED + 5_000)
    assert not watch.is_referenced and watch.harm is None and level_of(watch) is Level.STABLE
    taken = watch_over(watch, learner, x_ND, np.roll(loss_N, -300), REFERENCED + 5_000)
    assert taken[0] == REFERENCED + 5_000 + REFERENCE_RECORDS


def test_rejected_records_do_not_move_what_is_measured() -> None:
    """With every other record missing, the rise is that of the same losses without gaps."""
    watch, learner = referenced()
    whole, _ = referenced()
    x_ND, _ = rows(600, 0, seed=1)
    loss_N = losses(600, np.where(np.arange(600) < 256, 0.05, 0.8), seed=1)
    for first in range(0, 600, 25):
        part = slice(first, first + 25)
        watch.update(REFERENCED + 2 * (first + 25), x_ND[part], loss_N[part], learner)
        whole.update(REFERENCED + first + 25, x_ND[part], loss_N[part], learner)
    assert watch.harm is not None and whole.harm is not None
    assert (watch.harm.rise, watch.harm.rise_lower) == (whole.harm.rise, whole.harm.rise_lower)


def test_harm_in_one_leaf_is_local_and_its_records_are_told() -> None:
    watch, learner = referenced()
    x_ND, _ = rows(3_000, 0, seed=1)
    partition = watch._partition
    assert partition is not None and len(partition.leaves) == 4
    worst = partition.weights(x_ND).argmax(axis=1) == 2
    loss_N = losses(3_000, np.where(worst, 0.5, 0.05), seed=1)
    watch_over(watch, learner, x_ND, loss_N, REFERENCED)
    harm = watch.harm
    assert harm is not None and harm.is_local
    assert harm.leaves[0] == partition.leaves[2]
    np.testing.assert_array_equal(watch.lies_in(x_ND, [partition.leaves[2]]), worst)
    assert watch.lies_in(x_ND, partition.leaves).all()


def test_nothing_is_local_where_there_is_one_leaf() -> None:
    watch, learner = ConceptWatch(), trained(500, kinds=("linear",))
    x_ND, _ = rows(REFERENCED, 0)
    watch_over(watch, learner, x_ND, losses(REFERENCED, 0.05))
    for seed in range(5):
        again = ConceptWatch()
        again.load_state_dict(watch.state_dict())
        loss_N = losses(500, 0.3 + 0.1 * seed, seed)
        watch_over(again, learner, x_ND[:500], loss_N, REFERENCED)
        assert again.harm is not None and not again.harm.is_local


@pytest.mark.parametrize("rise", [0.02, 0.5])
def test_leaves_without_experts_make_nothing_local(rise: float) -> None:
    """The one leaf that is in use holds more than the rise of all losses, but there is no other."""
    watch, learner = ConceptWatch(), trained(500, kinds=("linear",))
    x_ND, _ = rows(REFERENCED + 500, 0)
    draw = np.random.default_rng(1)
    loss_N = np.abs(draw.normal(0.0, 0.02, len(x_ND)))
    loss_N[REFERENCED:] += rise * draw.random(500)
    watch_over(watch, learner, x_ND, loss_N)
    partition = watch._partition
    assert partition is not None and len(partition.leaves) == 4
    assert watch.harm is not None and watch.harm.leaves == partition.leaves[:1]
    assert not watch.harm.is_local


def test_only_losses_that_depend_on_each_other_need_a_threshold_of_their_own() -> None:
    x_ND, _ = rows(REFERENCED, 0)
    wave_N = 0.4 + 0.35 * np.sin(np.arange(REFERENCED) / 150.0)
    for risk_N, is_calibrated in ((np.full(REFERENCED, 0.4), False), (wave_N, True)):
        watch, learner = ConceptWatch(), trained(500)
        loss_N = losses(REFERENCED, risk_N)
        watch_over(watch, learner, x_ND, loss_N)
        detector, partition = watch._detector, watch._partition
        assert detector is not None and partition is not None
        assert (detector.reference.correlation > 0.0) == is_calibrated
        expected = watch.arl
        if is_calibrated:
            g_NK = partition.weights(x_ND[-REFERENCE_RECORDS:])
            expected = calibrated_threshold(g_NK, loss_N[-REFERENCE_RECORDS:], arl=watch.arl)
            assert expected > 1.5 * watch.arl
        assert detector.threshold == expected


def test_a_model_that_became_better_is_the_new_reference() -> None:
    watch, learner = referenced(0.3)
    x_ND, _ = rows(4_000, 0, seed=1)
    taken = watch_over(watch, learner, x_ND, losses(4_000, 0.05, seed=1), REFERENCED)
    assert taken == [REFERENCED + REFERENCE_RECORDS]
    detector = watch._detector
    assert detector is not None and detector.reference.mean_loss == pytest.approx(0.05, abs=0.02)


def test_a_feature_that_appears_changes_nothing_but_the_next_reference() -> None:
    watch, learner = referenced(0.3)
    learner.widen(5, 2)
    x_ND, y_N = rows(2_000, 0, seed=1)
    wide_ND = np.concatenate([x_ND, x_ND[:, :1]], axis=1)
    learner.step(wide_ND[:500], y_N[:500].astype(np.float64))
    taken = watch_over(watch, learner, wide_ND, losses(2_000, 0.05, seed=1), REFERENCED)
    assert taken == [REFERENCED + REFERENCE_RECORDS]
    partition = watch._partition
    assert partition is not None
    other_ND = wide_ND.copy()
    other_ND[:, 4] += 2.0
    assert not np.array_equal(partition.weights(other_ND), partition.weights(wide_ND))
    assert watch.lies_in(x_ND, partition.leaves).all()


@pytest.mark.parametrize("at", [0, 1_500, REFERENCED, REFERENCED + 300, REFERENCED + 600])
def test_a_restart_changes_nothing(at: int, tmp_path: Path) -> None:
    count = REFERENCED + 900
    x_ND, _ = rows(count, 0, seed=1)
    loss_N = losses(count, np.where(np.arange(count) < REFERENCED + 500, 0.05, 0.4), seed=1)
    first, second, learner = ConceptWatch(), ConceptWatch(arl=3), trained(500)
    watch_over(first, learner, x_ND[:at], loss_N[:at])
    second.load_state_dict(through_disk(first.state_dict(), tmp_path))
    for watch in (first, second):
        watch_over(watch, learner, x_ND[at:], loss_N[at:], at)
    assert first.harm is not None and first.harm == second.harm
    assert first.evidence == second.evidence
    assert_same_state(second.state_dict(), first.state_dict())
