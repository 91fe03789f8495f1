"""Challengers see what the champion sees, must win a paired test, and the former champion watches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stream_hmoe.challenger import PairedTest, Trial
from stream_hmoe.events import Plan, Verdict
from stream_hmoe.layout import Task
from stream_hmoe.learner import Learner
from stream_hmoe.losses import graded_losses
from stream_hmoe.renewal import copied
from stream_hmoe.shadow import REPLAYED_PER_RECORD, STARTS, Challenger, Shadow
from tests.stream_hmoe.drifting import assert_same_state, rows, through_disk, trained

TICK = 50
NOTHING = (np.empty((0, 4)), np.empty(0))


def verdict_of(shadow: Shadow) -> Verdict:
    return shadow.verdict


def learned(champion: Learner, x_ND: Any, y_N: Any) -> Any:
    outcome = champion.step(x_ND, y_N)
    return graded_losses(outcome.loss_nats, np.abs(outcome.predicted[:, 0] - y_N), champion.task, 1.0)


def live(shadow: Shadow, champion: Learner, count: int, seed: int = 7, rule: int = 0) -> None:
    """Let the champion and everyone in the shadow see ``count`` records of the second (0) or first rule."""
    x_ND, y_N = rows(count, rule, seed)
    targets_N = y_N.astype(np.float64)
    for begin in range(0, count, TICK):
        part = slice(begin, begin + TICK)
        loss_N = learned(champion, x_ND[part], targets_N[part])
        shadow.step(x_ND[part], targets_N[part], loss_N, 1.0)


def challenged(plans: list[Plan], champion: Learner, **settings: Any) -> Shadow:
    shadow = Shadow(**settings)
    stored = trained(1_500, task=champion.task) if Plan.RESTORE in plans else None
    x_ND, y_N = rows(1_000, 0, seed=3)
    shadow.begin(plans, champion, (), (x_ND, y_N.astype(np.float64)), stored)
    return shadow


def same(champion: Learner, **settings: Any) -> Shadow:
    """A shadow with a copy of the champion as its challenger."""
    shadow = Shadow(**settings)
    shadow.begin([Plan.RESTORE], champion, (), NOTHING, champion)
    return shadow


def stuck() -> Learner:
    """A model that is always wrong under the second rule, until it has learned better."""
    learner = trained(1)
    x_ND, y_N = rows(2_000, 0, seed=5)
    learner.step(x_ND, 1.0 - y_N.astype(np.float64))
    return learner


def test_nobody_says_nothing() -> None:
    shadow = Shadow()
    assert (shadow.verdict, shadow.is_worse, shadow.summary()) == (Verdict.NONE, False, [])


def test_every_plan_makes_its_own_kind() -> None:
    champion = trained(1_500)
    before = champion.state_dict()
    shadow = challenged([Plan.QUICKEN, Plan.RENEW, Plan.RESTORE, Plan.RETRAIN], champion)
    quick, renewed, restored, retrained = shadow.challengers
    assert [one.is_ready for one in shadow.challengers] == [True, True, True, False]
    assert quick.learner.records == renewed.learner.records == restored.learner.records == 1_500
    assert retrained.learner.records == 0
    assert_same_state(restored.learner.state_dict(), trained(1_500).state_dict())
    assert_same_state(champion.state_dict(), before)


def test_a_restored_model_is_as_wide_as_the_champion() -> None:
    champion = trained(200)
    champion.widen(6, 3)
    restored = challenged([Plan.RESTORE], champion).challengers[0].learner
    assert (restored.num_features, restored.num_outputs) == (6, 3)


def test_a_better_challenger_is_found_and_promoted() -> None:
    champion, knows = stuck(), trained(1)
    x_ND, y_N = rows(2_000, 0, seed=4)
    knows.step(x_ND, y_N.astype(np.float64))
    shadow = Shadow()
    shadow.begin([Plan.QUICKEN, Plan.RESTORE], champion, (), NOTHING, knows)
    live(shadow, champion, 200)
    assert verdict_of(shadow) is Verdict.BETTER
    assert shadow.winner.plan is Plan.RESTORE
    winner = shadow.winner
    assert winner.test.evidence_nats >= -np.log(winner.test.alpha)
    assert winner.test.mean_difference > 0.0
    promoted = shadow.promote(champion)
    assert promoted is winner.learner
    assert shadow.challengers == [] and verdict_of(shadow) is Verdict.NONE
    assert shadow.roll_back() is champion


def test_an_advantage_is_told_of_those_under_test_alone() -> None:
    champion, knows = stuck(), trained(1)
    knows.step(*rows(2_000, 0, seed=4))
    shadow = Shadow()
    x_ND, y_N = rows(1_000, 0, seed=3)
    replay = (x_ND, y_N.astype(np.float64))
    shadow.begin([Plan.RESTORE, Plan.RETRAIN], champion, (), replay, knows)
    assert shadow.advantages == {}
    live(shadow, champion, 100)
    assert set(shadow.advantages) == {Plan.RESTORE.value}  # the other is still catching up
    assert shadow.advantages[Plan.RESTORE.value] == shadow.summary()[0]["mean_gain"] > 0.0


def test_an_advantage_is_that_of_a_test_that_has_begun() -> None:
    champion = trained(3_000)
    shadow = Shadow()
    shadow.begin([Plan.RETRAIN], champion, (), NOTHING, None)
    live(shadow, champion, 300, rule=300)
    first, second = shadow.challengers[0].tests
    assert second.records == 0
    assert second.evidence_nats > first.evidence_nats
    assert shadow.advantages == {Plan.RETRAIN.value: first.mean_difference}
    assert first.mean_difference < 0.0


def test_the_winner_has_the_most_evidence() -> None:
    for winner in (0, 1):
        shadow = challenged([Plan.QUICKEN, Plan.RENEW], trained(100))
        # Both tests close at their threshold; the surer one by a larger last step.
        for place, challenger in enumerate(shadow.challengers):
            gain = 1.0 if place == winner else 0.3
            challenger.test.update_many(np.full(500, gain), np.zeros(500))
        evidence = [challenger.test.evidence_nats for challenger in shadow.challengers]
        assert shadow.winner is shadow.challengers[int(np.argmax(evidence))]
        assert evidence[0] != evidence[1]


def test_a_worthless_challenger_is_not_better() -> None:
    champion = trained(3_000)
    shadow = Shadow(budget_records=1_200)
    shadow.begin([Plan.RETRAIN], champion, (), NOTHING, None)
    live(shadow, champion, STARTS[-1], rule=STARTS[-1])
    first, second = shadow.challengers[0].tests
    assert (first.trial, second.trial) == (Trial.DROP, Trial.OPEN)
    assert verdict_of(shadow) is Verdict.RUNNING
    live(shadow, champion, 200, seed=8, rule=200)
    assert verdict_of(shadow) is Verdict.NOT_BETTER
    assert shadow.summary()[0]["mean_gain"] < 0.0
    shadow.drop()
    assert verdict_of(shadow) is Verdict.NONE


def test_the_budget_of_records_is_the_end() -> None:
    champion = trained(3_000)
    shadow = same(champion, budget_records=1_120)
    live(shadow, champion, 1_100, rule=1_100)
    assert verdict_of(shadow) is Verdict.RUNNING
    live(shadow, champion, 50, rule=50)
    assert verdict_of(shadow) is Verdict.NOT_BETTER
    assert [test.trial for test in shadow.challengers[0].tests] == [Trial.SPENT, Trial.SPENT]
    assert [test.records for test in shadow.challengers[0].tests] == [1_120, 120]
    live(shadow, champion, 50, rule=50)
    assert shadow.records == 1_150


@pytest.mark.parametrize("budget_records", [0, 1_000])
def test_a_budget_that_leaves_nothing_for_the_last_test_is_refused(budget_records: int) -> None:
    with pytest.raises(ValueError, match=f"budget_records: got {budget_records}; it must be more than 1000"):
        Shadow(budget_records=budget_records)


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_like_is_compared_with_like(task: Task) -> None:
    """A copy of the champion, as challenger or as former champion, never gains or loses anything."""
    champion = trained(500, task=task)
    tested, after = same(champion), promoted(2_000, copied(champion), champion)
    x_ND, y_N = rows(1_500, 0, seed=7)
    for begin in range(0, 1_500, TICK):
        part = slice(begin, begin + TICK)
        loss_N = learned(champion, x_ND[part], y_N[part].astype(np.float64))
        for shadow in (tested, after):
            shadow.step(x_ND[part], y_N[part].astype(np.float64), loss_N, 1.0)
    assert [test.mean_difference for test in tested.challengers[0].tests] == [0.0, 0.0]
    assert after._watch.mean_difference == 0.0 and after._watch.records == 1_500


@pytest.mark.parametrize("cut", [50, 37, 1_300])
def test_the_second_test_begins_after_its_records(cut: int) -> None:
    champion = trained(500)
    shadow = same(champion)
    x_ND, y_N = rows(1_300, 0, seed=7)
    # Without loss for the champion in the records before, so that none of them may count.
    for begin in range(0, 1_300, cut):
        part = slice(begin, min(begin + cut, 1_300))
        loss_N = learned(champion, x_ND[part], y_N[part].astype(np.float64))
        loss_N[: max(0, STARTS[1] - begin)] = 0.0
        shadow.step(x_ND[part], y_N[part].astype(np.float64), loss_N, 1.0)
    first, second = shadow.challengers[0].tests
    assert first.mean_difference < 0.0
    assert (second.records, second.mean_difference) == (300, 0.0)
    assert shadow.challengers[0].tested == 1_300


def test_who_loses_at_first_can_still_win() -> None:
    """The first test is lost to what happened at the start, which the second has not seen."""
    challenger = same(trained(500)).challengers[0]
    challenger.learner = trained(1)
    x_ND, y_N = rows(2_000, 0, seed=7)
    targets_N = y_N.astype(np.float64)
    for begin, loss in ((0, 0.0), (1_000, 1.0)):
        part = slice(begin, begin + 1_000)
        challenger.step(x_ND[part], targets_N[part], np.full(1_000, loss), 1.0)
    first, second = challenger.tests
    assert (first.trial, second.trial) == (Trial.DROP, Trial.PROMOTE)
    assert challenger.verdict is Verdict.BETTER
    assert challenger.test is second


@pytest.mark.parametrize(
    ("losers", "winners", "verdict"),
    [
        ([0], [], Verdict.RUNNING),
        ([1], [], Verdict.RUNNING),
        ([0, 1], [], Verdict.NOT_BETTER),
        ([], [1], Verdict.BETTER),
        ([1], [0], Verdict.BETTER),
    ],
)
def test_better_with_one_test_and_not_better_only_with_all(
    losers: list[int], winners: list[int], verdict: Verdict
) -> None:
    tests = [PairedTest(0.01), PairedTest(0.01)]
    challenger = Challenger(Plan.RETRAIN, trained(1), tests, NOTHING)
    for place in losers:
        tests[place].update_many(np.zeros(400), np.ones(400))
    for place in winners:
        tests[place].update_many(np.ones(400), np.zeros(400))
    assert challenger.verdict is verdict
    assert challenger.test.evidence_nats == max(test.evidence_nats for test in tests)


def test_better_as_soon_as_one_is_and_not_before_all_are_beaten() -> None:
    champion = stuck()
    shadow = challenged([Plan.RETRAIN, Plan.QUICKEN, Plan.RENEW], champion)
    lost = (np.zeros(400), np.ones(400))
    for one in shadow.challengers[1:]:
        for test in one.tests:
            test.update_many(*lost)
    assert [one.verdict for one in shadow.challengers[1:]] == [Verdict.NOT_BETTER] * 2
    assert verdict_of(shadow) is Verdict.RUNNING
    before = [one.records for one in shadow.challengers]
    live(shadow, champion, 50)
    assert [one.records for one in shadow.challengers] == [250, *before[1:]]
    for test in shadow.challengers[0].tests:
        test.update_many(*lost)
    assert verdict_of(shadow) is Verdict.NOT_BETTER
    shadow = challenged([Plan.QUICKEN, Plan.RENEW], champion)
    shadow.challengers[1].tests[1].update_many(*lost[::-1])
    assert verdict_of(shadow) is Verdict.BETTER
    assert shadow.winner is shadow.challengers[1]


def test_a_new_one_goes_through_all_recorded_records_in_order() -> None:
    champion = trained(500)
    shadow = challenged([Plan.RETRAIN], champion)
    challenger = shadow.challengers[0]
    live(shadow, champion, 200)
    assert challenger.learner.records == challenger.records == 200 * (1 + REPLAYED_PER_RECORD)
    assert not challenger.is_ready
    live(shadow, champion, 50, seed=8)
    assert challenger.is_ready
    assert challenger.test.records == 0
    assert challenger.records == shadow.records == 1_250
    expected = trained(1)
    expected.load_state_dict(challenged([Plan.RETRAIN], champion).challengers[0].learner.state_dict())
    for seed, count in ((3, 1_000), (7, 200), (8, 50)):
        x_ND, y_N = rows(count, 0, seed)
        expected.step(x_ND, y_N.astype(np.float64))
    assert_same_state(challenger.learner.state_dict(), expected.state_dict())
    live(shadow, champion, 50, seed=9)
    assert challenger.test.records == 50


def promoted(horizon_records: int, former: Learner, new: Learner) -> Shadow:
    """A shadow in which ``new`` has just taken over from ``former``."""
    shadow = challenged([Plan.QUICKEN], new, horizon_records=horizon_records)
    shadow.challengers[0].test.update_many(np.ones(500), np.zeros(500))
    shadow.promote(former)
    return shadow


def test_a_promoted_model_that_turns_worse_is_found_and_undone() -> None:
    former, new = trained(3_000), trained(30)
    shadow = promoted(1_000, former, new)
    live(shadow, new, 400, rule=400)
    assert shadow.is_worse
    assert former.records == 3_400
    assert shadow.roll_back() is former
    assert not shadow.is_worse


def test_a_promoted_model_that_is_as_good_is_kept() -> None:
    former, new = trained(3_000), trained(3_000)
    shadow = promoted(200, former, new)
    live(shadow, new, 1_000, rule=1_000)
    assert not shadow.is_worse
    assert shadow.records == 200
    assert shadow.state_dict()["former"] is None


def test_a_watch_that_was_ended_costs_nothing() -> None:
    former, new = trained(3_000), trained(30)
    shadow = promoted(1_000, former, new)
    shadow.end_watch()
    live(shadow, new, 400, rule=400)
    assert not shadow.is_worse
    assert shadow.records == 0
    assert former.records == 3_000


def test_the_next_challengers_end_the_watch() -> None:
    former, new = trained(3_000), trained(30)
    shadow = promoted(1_000, former, new)
    shadow.begin([Plan.QUICKEN], new, (), NOTHING, None)
    live(shadow, new, 400, rule=400)
    assert not shadow.is_worse


def test_all_challengers_share_one_budget_of_errors() -> None:
    champion = trained(100)
    shadow = Shadow(alpha=0.02)
    levels = []
    for _ in range(5):
        shadow.begin([Plan.QUICKEN, Plan.RENEW], champion, (), NOTHING, None)
        alphas = [[test.alpha for test in challenger.tests] for challenger in shadow.challengers]
        assert all(len(each) == len(STARTS) and len(set(each)) == 1 for each in alphas)
        levels += [sum(each) for each in alphas]
        shadow.drop()
    assert len(levels) == 10
    assert levels == sorted(levels, reverse=True)
    assert sum(levels) == pytest.approx(0.02 * (1.0 - 1.0 / 11.0))


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_features_and_classes_that_appear_are_taken_in(task: Task) -> None:
    champion = trained(300, task=task)
    shadow = challenged([Plan.RENEW, Plan.RETRAIN], champion)
    shadow_after = promoted(2_000, trained(300, task=task), champion)
    x_ND, y_N = rows(1_200, 0, seed=6)
    wide_ND = np.concatenate([x_ND, x_ND[:, :2]], axis=1)
    targets_N = np.where(np.arange(1_200) % 5 == 0, 2.0, y_N.astype(np.float64))
    champion.widen(6, 3 if task == "classification" else 1)
    for begin in range(0, 1_200, TICK):
        part = slice(begin, begin + TICK)
        loss_N = learned(champion, wide_ND[part], targets_N[part])
        for each in (shadow, shadow_after):
            each.step(wide_ND[part], targets_N[part], loss_N, 1.0)
    for learner in [*(one.learner for one in shadow.challengers), shadow_after.roll_back()]:
        assert learner.num_features == 6
        assert learner.num_outputs == champion.num_outputs


@pytest.mark.parametrize("at", [0, 100, 300, 1_000, 1_300])
@pytest.mark.parametrize("task", ["classification", "regression"])
def test_a_restart_changes_nothing(task: Task, at: int, tmp_path: Path) -> None:
    champion, other = trained(400, task=task), trained(400, task=task)
    first = challenged([Plan.RENEW, Plan.RETRAIN], champion)
    live(first, champion, at)
    other.load_state_dict(champion.state_dict())
    second = Shadow(alpha=0.3, budget_records=1_007, horizon_records=7)
    second.load_state_dict(through_disk(first.state_dict(), tmp_path))
    for shadow, model in ((first, champion), (second, other)):
        live(shadow, model, 600, seed=11)
    assert first.summary() == second.summary()
    assert_same_state(second.state_dict(), first.state_dict())


@pytest.mark.parametrize("at", [0, 100])
def test_a_restart_during_the_watch_changes_nothing(at: int, tmp_path: Path) -> None:
    new = trained(30)
    first = promoted(1_000, trained(3_000), new)
    live(first, new, at, rule=at)
    second, other = Shadow(), trained(1)
    other.load_state_dict(new.state_dict())
    second.load_state_dict(through_disk(first.state_dict(), tmp_path))
    for shadow, model in ((first, new), (second, other)):
        live(shadow, model, 400, seed=11, rule=400)
    assert first.is_worse and second.is_worse
    assert_same_state(second.state_dict(), first.state_dict())
