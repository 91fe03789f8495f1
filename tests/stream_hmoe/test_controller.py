"""The controller follows its table, keeps its timers and its limits, and goes on after a restart."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_hmoe.controller import TRANSITIONS, Controller, ControllerSettings, Trigger
from stream_hmoe.events import Action, Decided, Diagnosis, Level, Order, Phase, Plan, Verdict, Watched

SETTINGS = ControllerSettings(
    settle_records=100,
    patience_records=300,
    cool_down_records=200,
    horizon_records=1_000,
    challenge_cost=10.0,
    challenges=2,
    allowance_records=5_000,
    rollbacks=2,
)
Readings = dict[str, Any]

WARNING: Readings = {"concept": Level.WARNING}
GATE: Readings = {"gate": Level.DRIFT}
HARM: Readings = {"concept": Level.DRIFT, "rise_lower": 0.1}
SMALL_HARM: Readings = {"concept": Level.DRIFT, "rise_lower": 0.009}
BETTER: Readings = {"challengers": Verdict.BETTER}
NOT_BETTER: Readings = {"challengers": Verdict.NOT_BETTER}
WORSE: Readings = {"is_worse": True}
RETRAIN: Readings = {"order": Order.RETRAIN}
BACK: Readings = {"order": Order.ROLL_BACK}
P, T = Phase, Trigger

Step = tuple[int, Readings]

TO_WARN: list[Step] = [(50, WARNING)]
TO_ALARM: list[Step] = [(50, HARM)]
TO_SHADOW: list[Step] = [(50, HARM), (150, HARM)]
TO_WAIT: list[Step] = [(50, SMALL_HARM), (150, SMALL_HARM)]
TO_PROMOTED: list[Step] = [*TO_SHADOW, (200, BETTER)]
TO_ROLLED_BACK: list[Step] = [*TO_PROMOTED, (250, WORSE)]
TO_HELD: list[Step] = [*TO_ROLLED_BACK, (650, {}), (700, HARM), (800, HARM), (850, BETTER), (900, WORSE)]
DROPPED_TWICE: list[Step] = [
    *[*TO_SHADOW, (200, NOT_BETTER), (400, {})],
    *[(450, HARM), (550, HARM), (600, NOT_BETTER), (800, {})],
]

ROWS: dict[tuple[Phase, Trigger], list[Step]] = {
    (P.NORMAL, T.WARNING): TO_WARN,
    (P.NORMAL, T.ALARM): TO_ALARM,
    (P.WARN, T.CALM): [*TO_WARN, (100, {})],
    (P.WARN, T.ALARM): [*TO_WARN, (100, GATE)],
    (P.ALARM, T.SETTLED): TO_SHADOW,
    (P.DIAGNOSE, T.BENIGN): [(50, GATE), (150, {})],
    (P.DIAGNOSE, T.NOT_WORTH_IT): [*TO_WAIT, (400, SMALL_HARM), (450, SMALL_HARM)],
    (P.DIAGNOSE, T.EXHAUSTED): [*DROPPED_TWICE, (850, HARM), (950, HARM)],
    (P.DIAGNOSE, T.HARMFUL): TO_SHADOW,
    (P.SHADOW, T.BETTER): TO_PROMOTED,
    (P.SHADOW, T.NOT_BETTER): [*TO_SHADOW, (200, NOT_BETTER)],
    (P.PROMOTE, T.DONE): TO_PROMOTED,
    (P.DROP, T.DONE): [*TO_SHADOW, (200, NOT_BETTER)],
    (P.COOL_DOWN, T.WORSE): TO_ROLLED_BACK,
    (P.COOL_DOWN, T.ALARM): [*TO_PROMOTED, (250, HARM)],
    (P.COOL_DOWN, T.RESTED): [*TO_PROMOTED, (400, {})],
    (P.ROLL_BACK, T.DONE): TO_ROLLED_BACK,
    (P.ROLL_BACK, T.TRIPPED): TO_HELD,
    (P.HELD, T.RELEASED): [*TO_HELD, (950, {"is_released": True})],
    (P.NORMAL, T.RETRAIN_ORDERED): [(50, RETRAIN)],
    (P.WARN, T.RETRAIN_ORDERED): [*TO_WARN, (100, RETRAIN)],
    (P.COOL_DOWN, T.RETRAIN_ORDERED): [*TO_PROMOTED, (250, RETRAIN)],
    (P.SHADOW, T.PROMOTE_ORDERED): [*TO_SHADOW, (200, {"order": Order.PROMOTE})],
    (P.ALARM, T.ROLL_BACK_ORDERED): [*TO_PROMOTED, (250, HARM), (300, BACK)],
    (P.DIAGNOSE, T.ROLL_BACK_ORDERED): [*TO_PROMOTED, (250, SMALL_HARM), (350, SMALL_HARM), (400, BACK)],
    (P.COOL_DOWN, T.ROLL_BACK_ORDERED): [*TO_PROMOTED, (250, BACK)],
}


def watched(step: Step) -> Watched:
    record, readings = step
    return Watched(record, **readings)


def driven(
    steps: Sequence[Step], settings: ControllerSettings = SETTINGS
) -> tuple[Controller, list[Decided]]:
    controller = Controller(settings)
    return controller, [decision for step in steps for decision in controller.step(watched(step))]


def trigger_of(decision: Decided) -> Trigger:
    return Trigger[decision.detail["trigger"].upper()]


def test_every_row_has_its_journey() -> None:
    assert ROWS.keys() == TRANSITIONS.keys()


@pytest.mark.parametrize(
    ("row", "steps"), ROWS.items(), ids=[f"{phase.value}: {trigger.name}" for phase, trigger in ROWS]
)
def test_a_row_is_taken(row: tuple[Phase, Trigger], steps: list[Step]) -> None:
    controller = Controller(SETTINGS)
    for step in steps[:-1]:
        controller.step(watched(step))
    last = controller.step(watched(steps[-1]))
    taken = {(decision.before, trigger_of(decision)): decision for decision in last}
    assert (taken[row].after, taken[row].action) == TRANSITIONS[row]
    assert taken[row].record == steps[-1][0]
    assert taken[row].reason == row[1].value


def test_nothing_happens_while_nothing_is_seen() -> None:
    assert driven([(record, {}) for record in range(0, 10_000, 50)])[1] == []


@pytest.mark.parametrize(
    ("readings", "diagnosis", "plans"),
    [
        ({**HARM, "is_local": True}, Diagnosis.LOCAL, (Plan.QUICKEN, Plan.RENEW)),
        (HARM, Diagnosis.GLOBAL, (Plan.RETRAIN,)),
        ({**HARM, **GATE, "is_local": True}, Diagnosis.BOTH, (Plan.RETRAIN,)),
        ({**HARM, "known": 0}, Diagnosis.GLOBAL, (Plan.RESTORE, Plan.RETRAIN)),
        ({**HARM, "is_local": True, "known": 3}, Diagnosis.LOCAL, (Plan.RESTORE, Plan.RETRAIN)),
    ],
)
def test_harm_is_diagnosed_and_challenged(
    readings: dict[str, Any], diagnosis: Diagnosis, plans: tuple[Plan, ...]
) -> None:
    controller, decided = driven([(50, readings), (150, readings)])
    assert controller.diagnosis is diagnosis
    assert decided[-1].action is Action.CHALLENGE
    assert decided[-1].detail["diagnosis"] == diagnosis.value
    assert decided[-1].detail["plans"] == [plan.value for plan in plans]
    assert decided[-1].detail["expected_gain"] == pytest.approx(100.0)
    assert controller.plans(watched((150, readings))) == plans


@pytest.mark.parametrize(
    "steps",
    [[(50, GATE), (100, HARM), (150, {"rise_lower": 0.1})], [(50, HARM), (100, GATE), (150, HARM)]],
    ids=["gates first", "losses first"],
)
def test_what_is_seen_while_the_alarm_settles_counts(steps: list[Step]) -> None:
    assert driven(steps)[0].diagnosis is Diagnosis.BOTH


def test_harm_that_grows_while_it_is_waited_for_is_acted_on() -> None:
    controller, decided = driven(TO_WAIT)
    assert controller.phase is Phase.DIAGNOSE
    assert decided[-1].after is Phase.DIAGNOSE
    assert controller.step(watched((449, SMALL_HARM))) == []
    (challenge,) = controller.step(watched((449, {**HARM, "rise_lower": 0.01})))
    assert (challenge.before, challenge.action) == (Phase.DIAGNOSE, Action.CHALLENGE)
    assert challenge.detail["diagnosis"] == Diagnosis.GLOBAL.value


def test_patience_has_an_end() -> None:
    controller, _ = driven([*TO_WAIT, (449, SMALL_HARM)])
    (given_up,) = controller.step(watched((450, SMALL_HARM)))
    assert trigger_of(given_up) is Trigger.NOT_WORTH_IT
    assert given_up.detail["expected_gain"] == pytest.approx(9.0)
    assert driven([*TO_WAIT, (450, HARM)])[0].phase is Phase.SHADOW


def test_without_patience_small_harm_is_given_up_at_once() -> None:
    controller, decided = driven(TO_WAIT, replace(SETTINGS, patience_records=0))
    assert trigger_of(decided[-1]) is Trigger.NOT_WORTH_IT
    assert controller.phase is Phase.COOL_DOWN


def test_only_harm_is_waited_for() -> None:
    controller, decided = driven([(50, GATE), (150, GATE)])
    assert trigger_of(decided[-1]) is Trigger.BENIGN
    assert controller.phase is Phase.COOL_DOWN


def test_what_is_seen_while_harm_is_waited_for_counts() -> None:
    controller, decided = driven([*TO_WAIT, (200, {**SMALL_HARM, **GATE}), (250, HARM)])
    assert decided[-1].detail["diagnosis"] == Diagnosis.BOTH.value
    assert decided[-1].detail["plans"] == [Plan.RETRAIN.value]
    assert controller.phase is Phase.SHADOW


def test_harm_while_it_rests_is_an_episode_of_its_own() -> None:
    controller, decided = driven([(50, GATE), (150, {}), (200, HARM)])
    assert (decided[-1].before, decided[-1].after, decided[-1].episode) == (P.COOL_DOWN, P.ALARM, 2)
    assert controller.step(watched((299, HARM))) == []
    again = controller.step(watched((300, {**HARM, "is_local": True})))
    assert [decision.episode for decision in again] == [2, 2]
    assert again[-1].action is Action.CHALLENGE
    assert again[-1].detail["diagnosis"] == Diagnosis.LOCAL.value


@pytest.mark.parametrize("readings", [GATE, WARNING, BETTER, NOT_BETTER])
def test_nothing_but_harm_breaks_the_rest(readings: Readings) -> None:
    assert driven([*TO_PROMOTED, (250, readings), (399, readings)])[0].phase is Phase.COOL_DOWN


def test_the_readings_that_ended_an_episode_begin_no_other() -> None:
    """They were taken before there was a new reference."""
    controller, decided = driven([*TO_SHADOW, (200, {**HARM, **BETTER}), (200, HARM)])
    assert controller.phase is Phase.COOL_DOWN
    assert {decision.episode for decision in decided} == {1}


def test_a_promotion_that_harms_is_undone_before_it_is_an_alarm() -> None:
    _, decided = driven([*TO_PROMOTED, (250, {**HARM, **WORSE})])
    assert trigger_of(decided[-2]) is Trigger.WORSE
    assert decided[-1].after is Phase.COOL_DOWN


def test_an_earlier_episode_does_not_colour_the_diagnosis() -> None:
    controller, _ = driven([(50, GATE), (150, {}), (350, {}), (400, HARM), (500, HARM)])
    assert controller.diagnosis is Diagnosis.GLOBAL


def test_only_the_gates_are_not_challenged() -> None:
    controller, decided = driven([(50, GATE), (150, {"rise_lower": 9.0})])
    assert controller.diagnosis is Diagnosis.COVARIATE
    assert decided[-1].action is Action.REREFERENCE


def test_rest_lasts_until_every_detector_has_a_reference() -> None:
    steps: list[Step] = [*TO_PROMOTED, (399, {}), (400, {"is_referenced": False})]
    controller, _ = driven(steps)
    assert controller.phase is Phase.COOL_DOWN
    assert controller.step(Watched(450))[0].after is Phase.NORMAL


def test_rest_is_doubled_after_a_rollback() -> None:
    controller, _ = driven([*TO_ROLLED_BACK, (649, {})])
    assert controller.phase is Phase.COOL_DOWN
    assert controller.step(Watched(650))[0].after is Phase.NORMAL


def test_a_promotion_that_held_ends_the_row_of_rollbacks() -> None:
    good: list[Step] = [(700, HARM), (800, HARM), (850, BETTER), (1250, {})]
    bad: list[Step] = [(6_000, HARM), (6_100, HARM), (6_150, BETTER), (6_200, WORSE)]
    controller, _ = driven([*TO_ROLLED_BACK, (650, {}), *good, *bad])
    assert controller.phase is Phase.COOL_DOWN
    assert controller.step(Watched(6_599)) == []
    assert controller.step(Watched(6_600))[0].after is Phase.NORMAL


def test_held_until_released() -> None:
    controller, _ = driven(TO_HELD)
    for record in range(950, 20_000, 50):
        assert controller.step(Watched(record, **HARM, **GATE, **BETTER, **WORSE)) == []
    decided = controller.step(Watched(20_000, is_released=True))
    assert [(one.after, one.action) for one in decided] == [(Phase.COOL_DOWN, Action.REREFERENCE)]
    assert controller.step(Watched(20_199)) == []
    assert controller.step(Watched(20_200))[0].after is Phase.NORMAL


def test_a_release_at_another_time_counts_for_nothing() -> None:
    steps: list[Step] = [(record, {**readings, "is_released": True}) for record, readings in TO_HELD]
    assert driven(steps)[0].phase is Phase.HELD


def test_the_allowance_is_renewed() -> None:
    again: list[Step] = [(5_050, HARM), (5_150, HARM)]
    assert driven([*DROPPED_TWICE, *again])[0].phase is Phase.SHADOW


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("settle_records", -1),
        ("patience_records", -1),
        ("cool_down_records", 0),
        ("horizon_records", 0),
        ("challenges", -1),
        ("allowance_records", 0),
        ("rollbacks", 0),
    ],
)
def test_settings_that_cannot_work_are_refused(name: str, value: int) -> None:
    with pytest.raises(ValueError, match=f"{name}: got {value}; it must be at least"):
        ControllerSettings(**{name: value})


MOODS: list[dict[str, Any]] = [
    *({}, WARNING, GATE, HARM, SMALL_HARM, {**HARM, **GATE}, {**HARM, "is_local": True}),
    *({**HARM, "known": 1}, BETTER, NOT_BETTER, WORSE, {"is_referenced": False}, {"is_released": True}),
    *({**HARM, **BETTER}, {**HARM, **BETTER, **WORSE}, {**GATE, **NOT_BETTER}),
]
SEQUENCES = st.lists(
    st.tuples(st.sampled_from([0, 50, 100, 200, 400]), st.sampled_from(MOODS)), min_size=1, max_size=80
)
EAGER = st.builds(
    ControllerSettings,
    settle_records=st.sampled_from([0, 100]),
    patience_records=st.sampled_from([0, 300]),
    cool_down_records=st.sampled_from([1, 200]),
    challenge_cost=st.sampled_from([0.0, 20.0]),
    challenges=st.integers(0, 3),
    allowance_records=st.sampled_from([500, 5_000]),
    rollbacks=st.integers(1, 3),
)
TRANSIENT = {Phase.PROMOTE, Phase.DROP, Phase.ROLL_BACK}


def sequence(drawn: list[tuple[int, dict[str, Any]]]) -> list[Watched]:
    steps, record = list[Watched](), 0
    for gap, readings in drawn:
        record += gap
        steps.append(Watched(record, **readings))
    return steps


@given(SEQUENCES, EAGER)
def test_every_decision_is_a_row_of_the_table(
    drawn: list[tuple[int, dict[str, Any]]], settings: ControllerSettings
) -> None:
    controller = Controller(settings)
    phase, episode, entered = Phase.NORMAL, 0, 0
    for seen in sequence(drawn):
        for decision in controller.step(seen):
            trigger = trigger_of(decision)
            assert decision.before is phase
            assert (decision.after, decision.action) == TRANSITIONS[phase, trigger]
            episode += phase is Phase.NORMAL or (phase, trigger) == (Phase.COOL_DOWN, Trigger.ALARM)
            assert decision.episode == episode
            if trigger is Trigger.SETTLED:
                assert decision.record - entered >= settings.settle_records
            gain = seen.rise_lower * settings.horizon_records
            if trigger is Trigger.NOT_WORTH_IT:
                assert gain < settings.challenge_cost
                assert decision.record - entered >= settings.patience_records
            if trigger is Trigger.HARMFUL:
                assert gain >= settings.challenge_cost
            if phase is Phase.COOL_DOWN and trigger is Trigger.ALARM:
                assert seen.concept is Level.DRIFT
                assert decision.record > entered
            if trigger is Trigger.RESTED:
                assert seen.is_referenced
                assert decision.record - entered >= settings.cool_down_records
            if phase is Phase.HELD:
                assert seen.is_released
            assert Watched.from_json(decision.detail["watched"]) == seen
            phase, entered = decision.after, decision.record
        assert controller.phase is phase
        assert phase not in TRANSIENT


@given(SEQUENCES, EAGER)
def test_challenges_and_rollbacks_stay_within_their_limits(
    drawn: list[tuple[int, dict[str, Any]]], settings: ControllerSettings
) -> None:
    controller = Controller(settings)
    decided = [decision for seen in sequence(drawn) for decision in controller.step(seen)]
    challenged = [decision.record for decision in decided if decision.action is Action.CHALLENGE]
    for record in challenged:
        within = [other for other in challenged if record - settings.allowance_records < other <= record]
        assert len(within) <= settings.challenges
    in_a_row, is_promoted, entered = 0, False, 0
    for decision in decided:
        match trigger_of(decision):
            case Trigger.BETTER:
                is_promoted = True
            case Trigger.WORSE:
                assert is_promoted
                in_a_row, is_promoted = in_a_row + 1, False
            case Trigger.DONE if decision.before is Phase.ROLL_BACK:
                assert in_a_row < settings.rollbacks
            case Trigger.TRIPPED:
                assert in_a_row == settings.rollbacks
            case Trigger.RELEASED:
                in_a_row = 0
            case Trigger.RESTED:
                assert decision.record - entered >= settings.cool_down_records * 2**in_a_row
                in_a_row, is_promoted = 0 if is_promoted else in_a_row, False
        entered = decision.record


@given(SEQUENCES, EAGER, st.data())
def test_a_restart_changes_no_decision(
    drawn: list[tuple[int, dict[str, Any]]], settings: ControllerSettings, data: st.DataObject
) -> None:
    steps = sequence(drawn)
    cut = data.draw(st.integers(0, len(steps)))
    unbroken, first, second = Controller(settings), Controller(settings), Controller()
    for seen in steps[:cut]:
        assert unbroken.step(seen) == first.step(seen)
    second.load_state_dict(json.loads(json.dumps(first.state_dict())))
    for seen in steps[cut:]:
        assert unbroken.step(seen) == second.step(seen)
    assert unbroken.state_dict() == second.state_dict()
