"""Late labels: predicted at once, scored by that prediction, learned when the label comes, nothing lost."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as trials
from hypothesis import strategies as st
from river import evaluate, metrics
from river import stream as river_stream

from stream_hmoe import HMoERegressor
from stream_hmoe.adaptation import Adaptation
from stream_hmoe.events import (
    Action,
    Decided,
    Drifted,
    Event,
    EventOutcome,
    Example,
    Expired,
    Label,
    Level,
    Observation,
    Predicted,
    Rejected,
    Restructured,
    Scored,
    Watched,
)
from stream_hmoe.labels import LabelSettings
from stream_hmoe.layout import Task
from stream_hmoe.pipeline import Pipeline
from stream_hmoe.signals import RiverSignals
from stream_hmoe.waiting import WaitingRows
from tests.stream_hmoe.drifting import (
    adaptation,
    assert_same_facts,
    assert_same_state,
    decisions,
    model,
    stream,
    through_disk,
)
from tests.stream_hmoe.late_events import BAD, Whole, assert_same, columns, late_events, take

TASKS: list[Task] = ["classification", "regression"]
SETTINGS = LabelSettings(max_pending=260, max_age_seconds=300.0)
COUNT = 6_500


def pipeline(task: Task, adapting: Adaptation | None = None) -> Pipeline:
    made = model(task)
    return Pipeline(made, adapting or Adaptation(), RiverSignals(made.topology), SETTINGS)


class Run:
    """A stream with everything in it, taken in one piece."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.events = late_events(task, COUNT)
        running = pipeline(task)
        self.whole = take(running, self.events)
        self.account = running.account
        self.state = running.state_dict()


@pytest.fixture(scope="module", params=TASKS)
def run(request: pytest.FixtureRequest) -> Run:
    return Run(request.param)


def test_everything_happens(run: Run) -> None:
    counts = {outcome: run.whole.outcomes.count(outcome) for outcome in EventOutcome}
    counts.pop(EventOutcome.HELD_BACK)
    assert min(counts.values()) > 10, counts
    account = run.account
    assert min(account.expired, account.rejected, account.duplicates, account.labels_waiting) > 0
    assert account.label_delay_seconds > 0.0
    kinds = {type(fact) for fact in run.whole.facts}
    assert kinds >= {Predicted, Scored, Expired, Rejected, Watched}
    assert Action.CHALLENGE in {decision.action for decision in decisions(run.whole.facts)}


def test_outcomes_are_what_is_counted(run: Run) -> None:
    account, seen = run.account, list(zip(run.events, run.whole.outcomes, strict=True))

    def count(kind: type[Event] | Any, *outcomes: EventOutcome) -> int:
        return sum(isinstance(event, kind) and outcome in outcomes for event, outcome in seen)

    records = (Observation, Example)
    assert count(records, *EventOutcome) == account.received
    assert count(Label, *EventOutcome) == account.labels_received
    assert count(records, EventOutcome.REJECTED) == account.rejected
    assert count(records, EventOutcome.DUPLICATE) == account.duplicates
    assert count(Label, EventOutcome.DUPLICATE) == account.labels_duplicate
    assert count(Label, EventOutcome.CORRECTED) == account.labels_corrected
    assert count(Label, EventOutcome.REJECTED) == account.labels_rejected
    learned_at_once = count(records, EventOutcome.LEARNED)
    assert learned_at_once + count(Label, EventOutcome.JOINED) == account.learned
    # Each early label was claimed, waits, or went: then it is unmatched.
    early = count(Label, EventOutcome.EARLY)
    claimed = count(Observation, EventOutcome.LEARNED)
    unmatched = count(Label, EventOutcome.UNMATCHED)
    assert early - claimed - account.labels_waiting == account.labels_unmatched - unmatched


def test_the_clock_counts_what_was_dealt_with(run: Run) -> None:
    account = run.account
    assert run.state["records_seen"] == (
        account.learned + account.held_back + account.rejected + account.expired
    )
    facts = run.whole.facts
    numbers = columns(facts, Scored)["record"].tolist()
    numbers += [fact.record for fact in facts if isinstance(fact, Rejected)]
    for fact in facts:
        if isinstance(fact, Expired):
            numbers += range(fact.record, fact.record + len(fact.keys))
    assert sorted(numbers) == list(range(run.state["records_seen"]))


def test_rejections_say_what_is_wrong(run: Run) -> None:
    rejected = [n for n, outcome in enumerate(run.whole.outcomes) if outcome is EventOutcome.REJECTED]
    assert sorted(run.whole.rejections) == rejected
    for place, rejection in run.whole.rejections.items():
        is_label = isinstance(run.events[place], Label)
        assert rejection.field == ("target" if is_label else "a")
        assert (rejection in run.whole.facts) != is_label


@trials(max_examples=6)
@given(cuts=st.lists(st.one_of(st.integers(0, 60), st.integers(0, 2_000)), min_size=1, max_size=40))
def test_cuts_change_nothing(run: Run, cuts: list[int]) -> None:
    running = pipeline(run.task)
    assert_same(take(running, run.events, cuts), run.whole)
    assert_same_state(running.state_dict(), run.state)


def test_event_by_event_changes_nothing(run: Run) -> None:
    running = pipeline(run.task)
    assert_same(take(running, run.events, [1] * len(run.events)), run.whole)
    assert_same_state(running.state_dict(), run.state)


@pytest.mark.parametrize("at", [0, 1, 333, 7_007, 11_111])
def test_a_restart_anywhere_changes_nothing(run: Run, at: int, tmp_path: Path) -> None:
    first, second = pipeline(run.task), pipeline(run.task)
    before = take(first, run.events[:at])
    second.load_state_dict(through_disk(first.state_dict(), tmp_path))
    after = take(second, run.events[at:])
    rejections = before.rejections | {at + place: fact for place, fact in after.rejections.items()}
    both = Whole(before.facts + after.facts, before.outcomes + after.outcomes, rejections)
    assert_same(both, run.whole)
    assert_same_state(second.state_dict(), run.state)
    assert second.account == run.account


def test_what_was_predicted_is_what_is_scored(run: Run) -> None:
    predicted, scored = columns(run.whole.facts, Predicted), columns(run.whole.facts, Scored)
    made = dict(zip(predicted["keys"], predicted["predictions"], strict=True))
    label_of = {event.key: event.value for event in run.events if isinstance(event, Label)}
    assert len(made) == len(predicted["keys"])
    scores = set(zip(scored["targets"], scored["predictions"], strict=True))
    joined = [
        event.key
        for event, outcome in zip(run.events, run.whole.outcomes, strict=True)
        if isinstance(event, Label) and outcome is EventOutcome.JOINED
    ]
    is_same = [(label_of[key], made[key]) in scores for key in joined]
    assert np.mean(is_same) > 0.9  # of some the label above is a later one
    sums = np.concatenate([predicted["gate_weights"], scored["gate_weights"]]).sum(axis=1)
    np.testing.assert_allclose(sums, 1.0, rtol=1e-6)


@pytest.mark.parametrize("task", TASKS)
def test_examples_go_the_way_of_step(task: Task) -> None:
    records, targets = stream(task, 3_300, change=2_000)
    records[13::31] = [BAD] * len(records[13::31])
    stepping, taking = pipeline(task), pipeline(task)
    taken = taking.take([Example(*pair) for pair in zip(records, targets, strict=True)])
    assert_same_facts(taken.facts, stepping.step(records, targets))
    assert_same_state(taking.state_dict(), stepping.state_dict())
    assert taking.account == stepping.account


@pytest.mark.parametrize("task", TASKS)
def test_labels_that_come_at_once_change_no_decision(task: Task) -> None:
    """Nothing but the watch over the gates goes by another tick; it is scripted here."""
    records, targets = stream(task, 5_000)
    examples, late = Pipeline(model(task), adaptation()), Pipeline(model(task), adaptation())
    events: list[Event] = []
    for n, (record, target) in enumerate(zip(records, targets, strict=True)):
        events += [Observation(str(n), record), Label(str(n), target)]
    facts, others = examples.step(records, targets), late.take(events).facts
    one, other = columns(facts, Scored), columns(others, Scored)
    assert one["predictions"] == other["predictions"]
    np.testing.assert_allclose(one["loss_nats"], other["loss_nats"], rtol=1e-12)
    decided = [
        [(fact.record, fact.after) for fact in found if isinstance(fact, Decided)]
        for found in (facts, others)
    ]
    assert decided[0] == decided[1]
    assert decided[0]


def river_events(records: list[dict[str, Any]], targets: list[Any], delay: int) -> list[Event]:
    """River's order of questions and answers."""
    events: list[Event] = []
    pairs: Any = zip(records, targets, strict=True)
    for number, record, *answer in river_stream.simulate_qa(pairs, moment=None, delay=delay, copy=False):
        target = answer[0] if answer else None
        events.append(Observation(str(number), record) if target is None else Label(str(number), target))
    return events


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("delay", [1, 37, 400])
def test_the_delayed_metric_is_that_of_river(task: Task, delay: int) -> None:
    records, targets = stream(task, 1_500, change=1_000)
    for n in range(500, 1_500, 3):
        records[n] |= {"late": float(n % 7), "colour": "red" if n % 4 else "blue"}
    metric: Any = metrics.Accuracy() if task == "classification" else metrics.MAE()
    pairs: Any = zip(records, targets, strict=True)
    evaluate.progressive_val_score(pairs, model(task), metric, delay=delay)
    running = Pipeline(model(task))
    scored = columns(take(running, river_events(records, targets, delay), [333] * 4).facts, Scored)
    assert running.account.learned == 1_500
    has_answer = [prediction is not None for prediction in scored["predictions"]]
    assert all(has_answer) == (task == "regression")
    error = scored["error"][has_answer].mean()
    expected = 1.0 - metric.get() if task == "classification" else metric.get()
    assert error == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("task", TASKS)
def test_the_model_ends_as_one_that_river_drives(task: Task) -> None:
    records, targets = stream(task, 900, change=600)
    for n in range(300, 900, 3):
        records[n] |= {"late": float(n % 7), "colour": "red" if n % 4 else "blue"}
    driven, running = model(task), Pipeline(model(task))
    events = river_events(records, targets, 37)
    for event in events:
        if isinstance(event, Observation):
            driven.predict_one(event.features)
        elif isinstance(event, Label):
            driven.learn_one(records[int(event.key)], event.value)
    running.take(events)
    assert_same_state(running.model.state_dict(), driven.state_dict())


def growing() -> Pipeline:
    """A model that chooses the number of its experts."""
    return Pipeline(HMoERegressor(kinds=("regions",), experts=24, adapt_experts=True), Adaptation())


def test_facts_are_cut_where_the_set_of_experts_changes() -> None:
    events = late_events("regression", 4_500)
    one, other = growing(), growing()
    whole = take(one, events)
    assert_same(take(other, events, [701] * 9), whole)
    assert_same_state(other.state_dict(), one.state_dict())
    changes = [fact.record for fact in whole.facts if isinstance(fact, Restructured)]
    assert len(changes) > 2
    parts = [fact for fact in whole.facts if isinstance(fact, Scored)]
    borders = [(part.record[-1], after.record[0]) for part, after in pairwise(parts)]
    for change, (last, first) in zip(changes, borders, strict=True):
        assert last < change <= first
    sums = columns(whole.facts, Scored)["gate_weights"].sum(axis=1)
    np.testing.assert_allclose(sums, 1.0, rtol=1e-5)


def test_weights_that_wait_follow_the_set_of_experts() -> None:
    """Also where it changes among records that bring their label with them."""
    records, targets = stream("regression", 4_500)
    running = growing()
    running.step(records[:300], targets[:300])
    (predicted,) = running.take([Observation("waits", records[0])]).facts
    assert isinstance(predicted, Predicted)
    beside, topology = WaitingRows(), running.model.topology
    slot = np.array([beside.admit(np.zeros(1), 0.0, 0.0)])
    beside.keep(slot, np.zeros((1, 2)), predicted.gate_weights)
    changes = [fact for fact in running.step(records[300:], targets[300:]) if isinstance(fact, Restructured)]
    assert changes
    for change in changes:
        beside.carry_over(change, topology)
        topology = change.topology
    scored = columns(running.take([Label("waits", targets[0])]).facts, Scored)
    np.testing.assert_array_equal(scored["gate_weights"], beside.weights(slot))
    assert not np.array_equal(scored["gate_weights"], predicted.gate_weights.astype(np.float32))


def test_the_gates_are_watched_without_labels() -> None:
    known, count = 5_500, 6_000
    records, targets = stream("classification", count, change=count)
    running = Pipeline(model(kinds=("regions",)), Adaptation())
    events: list[Event] = []
    for n in range(known):
        events += [Observation(str(n), records[n]), Label(str(n), targets[n])]
    before = running.take(events).facts
    assert not [fact for fact in before if isinstance(fact, Drifted) and fact.signal == "gate shares"]
    moved = [{name: value + 3.0 for name, value in record.items()} for record in records[known:]]
    taken = running.take([Observation(f"moved {n}", record) for n, record in enumerate(moved)])
    seen = [fact for fact in taken.facts if isinstance(fact, Drifted)]
    assert seen[-1].level is Level.DRIFT
    assert {(fact.record, fact.signal) for fact in seen} == {(known - 1, "gate shares")}
    assert running.records_seen == known
    assert running.account.pending == count - known


def test_a_state_of_an_earlier_version_is_read() -> None:
    first, second = pipeline("classification"), pipeline("classification")
    records = stream("classification", 777)
    first.step(*records)
    state = first.state_dict()
    for name in ("labels", "is_frozen", "tally", "observed"):
        del state[name]
    later = ("paired_error_N", "paired_loss_nats_N", "is_late_N", "is_learned_N")
    state["tick"] = {name: value for name, value in state["tick"].items() if name not in later}
    del state["adaptation"]["order"]
    second.load_state_dict(state)
    assert (second.account.received, second.account.learned) == (777, 777)
    events = late_events("classification", 300)
    assert_same(take(second, events), take(first, events))
    assert_same_state(second.state_dict(), first.state_dict())
