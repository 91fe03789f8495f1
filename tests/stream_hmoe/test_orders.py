"""Operators freeze, retrain, promote, roll back and release; what cannot be done is refused with a reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from stream_hmoe.adaptation import Adaptation
from stream_hmoe.controller import ControllerSettings
from stream_hmoe.errors import OrderRefused
from stream_hmoe.events import (
    Action,
    Decided,
    Evidence,
    Example,
    Fact,
    Label,
    Level,
    Observation,
    Order,
    Phase,
    Plan,
    Scored,
    Watched,
)
from stream_hmoe.layout import Task
from stream_hmoe.pipeline import Pipeline
from tests.stream_hmoe.drifting import (
    CHANGE,
    Stream,
    adaptation,
    assert_same_facts,
    assert_same_state,
    decisions,
    model,
    scores,
    stream,
    through_disk,
)
from tests.stream_hmoe.late_events import assert_adds_up, assert_same, columns, late_events, take

TASKS: list[Task] = ["classification", "regression"]


def pipeline(task: Task = "classification", settings: ControllerSettings | None = None) -> Pipeline:
    return Pipeline(model(task), adaptation(settings=settings))


def control(running: Pipeline) -> Adaptation:
    assert running.adaptation is not None
    return running.adaptation


def go_on(running: Pipeline, records: Stream, end: int) -> list[Fact]:
    return running.step(*records.part(running.records_seen, end))


def moves(facts: list[Fact]) -> list[tuple[int, Phase, Action]]:
    return [(decision.record, decision.after, decision.action) for decision in decisions(facts)]


@pytest.mark.parametrize("task", TASKS)
def test_a_frozen_model_is_scored_and_stays(task: Task) -> None:
    records, running = stream(task, 900), pipeline(task)
    running.step(*records.part(0, 420))
    before = running.model.state_dict()
    running.order(Order.FREEZE)
    expected = [running.model.predict_one(record) for record in records.records[420:700]]
    facts = go_on(running, records, 700)
    assert_same_state(running.model.state_dict(), before)
    assert scores(facts)["predictions"] == expected
    assert scores(facts)["record"].tolist() == list(range(420, 700))
    account = running.account
    assert (account.learned, account.held_back, running.records_seen) == (420, 280, 700)
    assert {fact.is_frozen for fact in facts if isinstance(fact, Watched)} == {True}
    running.order(Order.UNFREEZE)
    go_on(running, records, 900)
    assert (running.account.learned, running.account.held_back) == (620, 280)
    assert running.model.learner.records == 620
    assert_adds_up(running.account)


def test_a_frozen_model_learns_no_feature_and_no_class() -> None:
    running = pipeline()
    running.step([{"a": 1.0}, {"a": 2.0}], ["yes", "no"])
    running.order(Order.FREEZE)
    new = {"a": 3.0, "b": "red"}
    taken = running.take([Example(new, "perhaps"), Observation("key", new), Label("key", "perhaps")])
    assert columns(taken.facts, Scored)["error"].tolist() == [1.0, 1.0]
    assert [outcome.value for outcome in taken.outcomes] == ["held back", "predicted", "joined"]
    learner = running.model.learner
    assert (learner.num_features, learner.num_outputs, learner.records) == (1, 2, 2)
    running.order(Order.UNFREEZE)
    running.take([Observation("other", new), Label("other", "perhaps")])
    learner = running.model.learner
    assert (learner.num_features, learner.num_outputs, learner.records) == (2, 3, 3)


def test_nothing_is_decided_while_frozen_and_harm_is_not_forgotten() -> None:
    records, running = stream("classification", 6_000), pipeline()
    go_on(running, records, CHANGE)
    running.order(Order.FREEZE)
    frozen = go_on(running, records, 5_500)
    assert decisions(frozen) == []
    assert [fact for fact in frozen if isinstance(fact, Watched)][-1].concept is Level.DRIFT
    running.order(Order.UNFREEZE)
    facts = go_on(running, records, 6_000)
    assert moves(facts)[0] == (5_550, Phase.ALARM, Action.NONE)
    kept = control(running).state_dict()["recent"]["record_N"]
    assert not ((kept >= CHANGE) & (kept < 5_500)).any()


def test_challengers_stand_still_while_frozen() -> None:
    records, running = stream("classification", 6_000), pipeline()
    go_on(running, records, 1_000)
    running.order(Order.RETRAIN)
    go_on(running, records, 1_400)
    before = control(running).shadow.state_dict()
    running.order(Order.FREEZE)
    go_on(running, records, 2_000)
    assert_same_state(control(running).shadow.state_dict(), before)


@pytest.mark.parametrize("task", TASKS)
def test_freezing_while_labels_are_late_does_not_depend_on_cuts(task: Task, tmp_path: Path) -> None:
    events = late_events(task, 1_500)
    cuts = [317, 41, 900, 3]
    pieces: list[Pipeline] = [pipeline(task), pipeline(task)]
    halves = []
    for running, cut in zip(pieces, [[], cuts], strict=True):
        first = take(running, events[:1_400], cut)
        running.order(Order.FREEZE)
        second = take(running, events[1_400:1_800], cut[1:2])
        saved = pipeline(task)
        saved.load_state_dict(through_disk(running.state_dict(), tmp_path))
        assert saved.is_frozen
        saved.order(Order.UNFREEZE)
        third = take(saved, events[1_800:], cut[:1])
        halves.append((first, second, third, saved))
    for one, other in zip(halves[0][:3], halves[1][:3], strict=True):
        assert_same(one, other)
    assert_same_state(halves[0][3].state_dict(), halves[1][3].state_dict())
    assert halves[0][3].account.held_back > 100


def test_a_new_model_is_trained_and_promoted_and_taken_back() -> None:
    records, running = stream("classification", 4_000), pipeline()
    go_on(running, records, 2_020)
    champion = running.model.learner
    running.order(Order.RETRAIN)
    facts = go_on(running, records, 2_100)
    assert moves(facts) == [(2_050, Phase.SHADOW, Action.CHALLENGE)]
    (decision,) = decisions(facts)
    assert decision.detail["plans"] == [Plan.RETRAIN.value]
    with pytest.raises(OrderRefused, match="caught up"):
        running.order(Order.PROMOTE)
    facts = go_on(running, records, 2_640)
    challenger = control(running).shadow.challengers[0].learner
    running.order(Order.PROMOTE)
    facts = go_on(running, records, 2_650)
    assert moves(facts)[:2] == [
        (2_650, Phase.PROMOTE, Action.PROMOTE),
        (2_650, Phase.COOL_DOWN, Action.REREFERENCE),
    ]
    assert decisions(facts)[0].detail["promoted"] == Plan.RETRAIN.value
    assert running.model.learner is challenger
    running.order(Order.ROLL_BACK)
    facts = go_on(running, records, 2_700)
    assert moves(facts)[0] == (2_700, Phase.ROLL_BACK, Action.ROLL_BACK)
    assert running.model.learner is champion
    assert running.model.learner.records == 2_700


def test_the_former_champion_comes_back_while_frozen() -> None:
    records, running = stream("classification", 4_000), pipeline()
    go_on(running, records, 2_000)
    running.order(Order.RETRAIN)
    go_on(running, records, 2_600)
    champion = running.model.learner
    running.order(Order.PROMOTE)
    go_on(running, records, 2_700)
    running.order(Order.FREEZE)
    for order in (Order.RETRAIN, Order.PROMOTE, Order.RELEASE):
        with pytest.raises(OrderRefused, match="unfreeze"):
            running.order(order)
    running.order(Order.ROLL_BACK)
    facts = go_on(running, records, 2_750)
    assert [action for _, _, action in moves(facts)] == [Action.ROLL_BACK, Action.REREFERENCE]
    assert running.model.learner is champion
    assert running.model.learner.records == 2_700


def test_an_order_waits_for_the_thaw() -> None:
    records, running = stream("classification", 4_000), pipeline()
    go_on(running, records, 1_010)
    running.order(Order.RETRAIN)
    with pytest.raises(OrderRefused, match="still waiting"):
        running.order(Order.RETRAIN)
    running.order(Order.FREEZE)
    assert moves(go_on(running, records, 1_200)) == []
    running.order(Order.UNFREEZE)
    assert moves(go_on(running, records, 1_250)) == [(1_250, Phase.SHADOW, Action.CHALLENGE)]


def test_what_cannot_be_done_is_refused_with_a_reason() -> None:
    running = pipeline()
    reasons = {
        Order.PROMOTE: "there is no challenger",
        Order.ROLL_BACK: "there is no former champion",
        Order.RELEASE: "nothing is held",
    }
    before = running.state_dict()
    for order, reason in reasons.items():
        with pytest.raises(OrderRefused, match=f"{order.value}: {reason}"):
            running.order(order)
    assert_same_state(running.state_dict(), before)
    with pytest.raises(OrderRefused, match="no control"):
        Pipeline(model()).order(Order.RETRAIN)
    records = stream("classification", 1_000)
    go_on(running, records, 500)
    running.order(Order.RETRAIN)
    go_on(running, records, 550)
    with pytest.raises(OrderRefused, match="phase 'shadow'"):
        running.order(Order.RETRAIN)


def test_a_hold_is_released_by_order() -> None:
    settings = ControllerSettings(settle_records=100, challenge_cost=520.0, rollbacks=1)
    records = stream("classification", 6_100, back=5_150)
    running = pipeline(settings=settings)
    go_on(running, records, 5_810)
    assert control(running).controller.phase is Phase.HELD
    running.order(Order.RELEASE)
    facts = go_on(running, records, 5_850)
    assert moves(facts) == [(5_850, Phase.COOL_DOWN, Action.REREFERENCE)]


@pytest.mark.parametrize("at", [2_033, 2_050, 2_633])
def test_a_restart_with_an_order_changes_nothing(at: int, tmp_path: Path) -> None:
    records = stream("classification", 3_000)

    def run(restarts: bool) -> tuple[list[Fact], Pipeline]:
        running, facts = pipeline(), list[Fact]()
        for end, order in ((2_020, Order.RETRAIN), (2_630, Order.PROMOTE), (3_000, None)):
            for stop in sorted({at, end}) if restarts and running.records_seen < at <= end else [end]:
                facts += go_on(running, records, stop)
                if stop == at:
                    again = pipeline()
                    again.load_state_dict(through_disk(running.state_dict(), tmp_path))
                    running = again
            if order is not None:
                running.order(order)
        return facts, running

    whole, broken = run(False), run(True)
    assert_same_facts(broken[0], whole[0])
    assert_same_state(broken[1].state_dict(), whole[1].state_dict())
    assert [action for _, _, action in moves(whole[0])][:2] == [Action.CHALLENGE, Action.PROMOTE]


def test_the_former_champion_is_kept_while_it_is_asked_for() -> None:
    records, running = stream("classification", 4_000), pipeline()
    go_on(running, records, 2_000)
    running.order(Order.RETRAIN)
    go_on(running, records, 2_600)
    running.order(Order.PROMOTE)
    go_on(running, records, 2_650)
    shadow = control(running).shadow
    horizon = 2_650 + shadow.horizon_records
    go_on(running, records, horizon - 10)
    assert shadow.has_former
    running.order(Order.ROLL_BACK)
    facts = go_on(running, records, horizon)
    assert moves(facts)[0] == (horizon, Phase.ROLL_BACK, Action.ROLL_BACK)


def test_an_order_is_read_from_what_was_written() -> None:
    evidence = (Evidence("gates", 1.0, 2.0, Level.STABLE),)
    plain, ordered = Watched(50, evidence), Watched(50, evidence, order=Order.ROLL_BACK, is_frozen=True)
    assert {"order", "is_frozen"}.isdisjoint(plain.to_json())
    for watched in (plain, ordered):
        assert Watched.from_json(watched.to_json()) == watched
    assert ordered.to_json()["order"] == "rollback"


def test_decisions_of_an_order_carry_it() -> None:
    records, running = stream("classification", 500), pipeline()
    go_on(running, records, 400)
    running.order(Order.RETRAIN)
    found = [fact for fact in go_on(running, records, 500) if isinstance(fact, Decided)]
    assert found[0].detail["watched"]["order"] == "retrain"
    assert found[0].detail["trigger"] == "retrain_ordered"
