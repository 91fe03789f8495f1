"""The same records give the same facts, however they are cut and wherever the run was broken off."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as trials
from hypothesis import strategies as st

from stream_hmoe import HMoERegressor
from stream_hmoe.adaptation import Adaptation
from stream_hmoe.controller import ControllerSettings
from stream_hmoe.events import (
    Action,
    Decided,
    Drifted,
    Fact,
    Level,
    Phase,
    Plan,
    Rejected,
    Restructured,
    Scored,
    Watched,
)
from stream_hmoe.layout import Task
from stream_hmoe.pipeline import Pipeline
from stream_hmoe.signals import RiverSignals
from stream_hmoe.tick import TICK_RECORDS
from tests.stream_hmoe.drifting import (
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

TASKS: list[Task] = ["classification", "regression"]
BAD = {"a": float("inf")}


def eventful(task: Task, count: int) -> Stream:
    """A drifting stream with bad records all along, and features and a class that appear in the shadow."""
    records, targets = stream(task, count)
    for n in range(4_790, count):
        if n % 3 == 0:
            records[n] = records[n] | {"late": float(n % 7)}
        if n % 40 == 7:
            targets[n] = "perhaps" if task == "classification" else 30.0
    for n in range(4_820, count, 2):
        records[n] = records[n] | {"colour": "red" if n % 4 else "blue"}
    records[13::31] = [BAD] * len(records[13::31])
    records[4_700:4_780] = [BAD] * 80
    return Stream(records, targets)


def pipeline(task: Task, adapting: Adaptation | None = None) -> Pipeline:
    made = model(task)
    return Pipeline(made, adapting or adaptation(), RiverSignals(made.topology))


def run(running: Pipeline, records: Stream, cuts: list[int]) -> list[Fact]:
    """All facts of the records, given in pieces."""
    facts, begin = list[Fact](), 0
    for cut in [*cuts, len(records.targets)]:
        facts += running.step(*records.part(begin, begin + cut))
        begin += cut
    return facts


class Whole(NamedTuple):
    """A run in one piece."""

    records: Stream
    facts: list[Fact]
    state: dict[str, Any]


@pytest.fixture(scope="module", params=TASKS)
def whole(request: pytest.FixtureRequest) -> Whole:
    records = eventful(request.param, 5_300)
    running = pipeline(request.param)
    return Whole(records, run(running, records, []), running.state_dict())


@trials(max_examples=6)
@given(cuts=st.lists(st.one_of(st.integers(0, 60), st.integers(0, 2_000)), min_size=1, max_size=40))
def test_cuts_change_nothing(whole: Whole, cuts: list[int]) -> None:
    task: Task = "regression" if isinstance(whole.records.targets[0], float) else "classification"
    running = pipeline(task)
    assert_same_facts(run(running, whole.records, cuts), whole.facts)
    assert_same_state(running.state_dict(), whole.state)


def test_record_by_record_changes_nothing(whole: Whole) -> None:
    task: Task = "regression" if isinstance(whole.records.targets[0], float) else "classification"
    running = pipeline(task)
    facts = run(running, whole.records, [1] * 5_300)
    assert_same_facts(facts, whole.facts)
    assert_same_state(running.state_dict(), whole.state)


def test_news_while_challengers_run_are_learned_by_all(whole: Whole) -> None:
    """Bad records, features and a class that appear change nothing about what is decided."""
    asked = [decision.action for decision in decisions(whole.facts)]
    assert Action.CHALLENGE in asked
    assert (
        Action.PROMOTE in asked or Action.DROP in asked or whole.state["adaptation"]["shadow"]["challengers"]
    )
    shadow = whole.state["adaptation"]["shadow"]
    champion = whole.state["model"]["learner"]
    others = [entry["learner"] for entry in shadow["challengers"]]
    others += [] if shadow["former"] is None else [shadow["former"]]
    assert others
    for other in others:
        assert other["num_features"] == champion["num_features"]
        assert other["num_outputs"] == champion["num_outputs"]


def test_rejected_records_keep_their_numbers(whole: Whole) -> None:
    bad = [n for n, record in enumerate(whole.records.records) if record is BAD]
    rejected = [fact for fact in whole.facts if isinstance(fact, Rejected)]
    assert [fact.record for fact in rejected] == bad
    assert {fact.field for fact in rejected} == {"a"}
    assert scores(whole.facts)["record"].tolist() == sorted(set(range(5_300)) - set(bad))


def test_a_tick_of_bad_records_is_passed_over(whole: Whole) -> None:
    watched = [fact.record for fact in whole.facts if isinstance(fact, Watched)]
    assert watched == [n for n in range(TICK_RECORDS, 5_301, TICK_RECORDS) if n != 4_750]


# Where a run is broken off: within every phase, most in the middle of a tick.
PLACES = {
    "before the first record": (0, Phase.NORMAL),
    "before there is a reference": (517, Phase.NORMAL),
    "normal": (3_517, Phase.NORMAL),
    "warning": (4_017, Phase.WARN),
    "alarm": (4_617, Phase.ALARM),
    "waiting for harm": (4_717, Phase.DIAGNOSE),
    "catching up": (4_763, Phase.SHADOW),
    "tested": (4_967, Phase.SHADOW),
    "between two ticks": (5_000, Phase.SHADOW),
    "former champion": (5_217, Phase.COOL_DOWN),
    "held": (5_617, Phase.HELD),
    "released": (5_811, Phase.HELD),
    "rest": (6_003, Phase.COOL_DOWN),
    "normal again": (8_333, Phase.NORMAL),
}
RELEASED, END = 5_810, 8_600
SETTINGS = ControllerSettings(settle_records=100, challenge_cost=520.0, rollbacks=1)


def to_be_held() -> tuple[Pipeline, Adaptation]:
    adapting = adaptation((4_000, Level.WARNING), (4_100, Level.STABLE), settings=SETTINGS)
    return pipeline("classification", adapting), adapting


def go_on(running: Pipeline, records: Stream, end: int) -> list[Fact]:
    """Facts up to record ``end``; an operator releases the hold on the way."""
    facts = list[Fact]()
    if running.records_seen <= RELEASED < end:
        facts += running.step(*records.part(running.records_seen, RELEASED))
        assert running.adaptation is not None
        running.adaptation.is_released = True
    return facts + running.step(*records.part(running.records_seen, end))


@pytest.fixture(scope="module")
def unbroken() -> Whole:
    records = stream("classification", END, back=5_150)
    running, _ = to_be_held()
    return Whole(records, go_on(running, records, END), running.state_dict())


def test_the_unbroken_run_goes_through_every_phase(unbroken: Whole) -> None:
    assert {
        phase for decision in decisions(unbroken.facts) for phase in (decision.before, decision.after)
    } == set(Phase) - {Phase.DROP}


@pytest.mark.parametrize("place", PLACES)
def test_a_restart_in_any_phase_changes_nothing(unbroken: Whole, place: str, tmp_path: Path) -> None:
    at, phase = PLACES[place]
    first, adapting = to_be_held()
    facts = go_on(first, unbroken.records, at)
    assert adapting.controller.phase is phase
    shadow, is_ready = adapting.shadow, [one.is_ready for one in adapting.shadow.challengers]
    expected = {"catching up": [False], "tested": [True], "between two ticks": [True]}
    assert is_ready == expected.get(place, [])
    assert (shadow.state_dict()["former"] is not None) == (place == "former champion")
    assert adapting.is_released == (place == "released")
    second, _ = to_be_held()
    second.load_state_dict(through_disk(first.state_dict(), tmp_path))
    facts += go_on(second, unbroken.records, END)
    assert_same_facts(facts, unbroken.facts)
    assert_same_state(second.state_dict(), unbroken.state)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("at", [4_633, 5_033])
def test_a_restart_of_the_whole_as_it_is_run_changes_nothing(task: Task, at: int, tmp_path: Path) -> None:
    """With the real watch over the gates, news and bad records, into a pipeline made with other settings."""
    records = eventful(task, 5_300)
    first, second = (
        pipeline(task, Adaptation()),
        pipeline(task, Adaptation(settings=ControllerSettings(1, 2, 3))),
    )
    first.step(*records.part(0, at))
    second.load_state_dict(through_disk(first.state_dict(), tmp_path))
    assert_same_facts(second.step(*records.part(at)), first.step(*records.part(at)))
    assert_same_state(second.state_dict(), first.state_dict())


def growing(adapting: Adaptation | None) -> Pipeline:
    """A model that chooses the number of its experts."""
    return Pipeline(HMoERegressor(kinds=("regions",), experts=24, adapt_experts=True), adapting)


@pytest.fixture(scope="module")
def growth() -> Whole:
    records = stream("regression", 5_500)
    running = growing(Adaptation())
    return Whole(records, run(running, records, []), running.state_dict())


def rows_before_news(facts: list[Fact]) -> list[Fact]:
    """What comes with the scored records of every step first, then what else happened."""
    return sorted(facts, key=lambda fact: not isinstance(fact, Scored | Restructured))


def test_scored_records_are_cut_where_the_set_of_experts_changes(growth: Whole) -> None:
    changes = [fact.record for fact in growth.facts if isinstance(fact, Restructured)]
    assert len(changes) > 2
    parts = [fact for fact in growth.facts if isinstance(fact, Scored)]
    assert [part.record[0] for part in parts] == [0, *changes]
    assert [part.record[-1] + 1 for part in parts] == [*changes, 5_500]
    kinds = [type(fact) for fact in growth.facts[: 2 * len(changes) + 1]]
    assert kinds == [Scored, *[Restructured, Scored] * len(changes)]
    for part in parts:
        lengths = {len(getattr(part, field.name)) for field in fields(part)}
        assert lengths == {len(part.record)}


def test_rejected_records_leave_the_cuts_where_they_are() -> None:
    records, targets = stream("regression", 3_000)
    bad_records, bad_targets = [BAD] * 60 + records, targets[:60] + targets
    clean, gaps = growing(None).step(records, targets), growing(None).step(bad_records, bad_targets)
    changes = [fact.record + 60 for fact in clean if isinstance(fact, Restructured)]
    assert changes
    assert [fact.record for fact in gaps if isinstance(fact, Restructured)] == changes
    firsts = [fact.record[0] for fact in gaps if isinstance(fact, Scored)]
    assert firsts == [60, *changes]


@pytest.mark.parametrize("cut", [37, 1_000])
def test_cuts_change_nothing_while_the_set_of_experts_changes(growth: Whole, cut: int) -> None:
    running = growing(Adaptation())
    facts = run(running, growth.records, [cut] * (5_500 // cut))
    assert_same_facts(rows_before_news(facts), growth.facts)
    assert_same_state(running.state_dict(), growth.state)
    changes = {fact.record for fact in facts if isinstance(fact, Restructured)}
    assert changes <= {fact.record[0] for fact in facts if isinstance(fact, Scored)}


@pytest.mark.parametrize("at", [2_017, 5_017])
def test_a_restart_while_the_set_of_experts_changes_changes_nothing(
    growth: Whole, at: int, tmp_path: Path
) -> None:
    first, second = growing(Adaptation()), growing(Adaptation())
    facts = first.step(*growth.records.part(0, at))
    second.load_state_dict(through_disk(first.state_dict(), tmp_path))
    facts += second.step(*growth.records.part(at))
    assert_same_facts(rows_before_news(facts), growth.facts)
    assert_same_state(second.state_dict(), growth.state)


def test_saving_changes_nothing() -> None:
    records = stream("classification", 1_000)
    saving, other = pipeline("classification"), pipeline("classification")
    facts = []
    for begin in range(0, 1_000, 37):
        facts += saving.step(*records.part(begin, begin + 37))
        saving.state_dict()
    assert_same_facts(facts, other.step(*records))


def test_without_control_only_records_are_facts() -> None:
    records = stream("classification", 300)
    scored = Pipeline(model()).step(*records)
    assert [type(fact) for fact in scored] == [Scored]
    block = model().step(*records)
    columns = scores([block.scored])
    assert_same_state(scores(scored), columns)


def test_a_step_without_usable_records() -> None:
    running = pipeline("classification")
    assert running.step([], []) == []
    facts = running.step([BAD] * 60, ["yes"] * 60)
    assert [fact.record for fact in facts if isinstance(fact, Rejected)] == list(range(60))
    assert len(facts) == 60
    assert running.records_seen == 60
    facts = running.step([BAD] * 60 + [{"a": 1.0}] * 3, ["yes"] * 63)
    assert scores(facts)["record"].tolist() == [120, 121, 122]


@pytest.mark.parametrize(("records", "targets"), [(3, 2), (2, 3), (0, 1)])
def test_records_and_targets_go_in_pairs(records: int, targets: int) -> None:
    running = pipeline("classification")
    before = running.state_dict()
    with pytest.raises(ValueError, match=f"in pairs: got {records} and {targets}"):
        running.step([{"a": 1.0}] * records, ["yes"] * targets)
    assert_same_state(running.state_dict(), before)


def test_a_state_of_other_parts_is_refused_whole() -> None:
    first = pipeline("classification")
    first.step(*stream("classification", 120))
    made = model()
    for other in (Pipeline(model(), adaptation()), Pipeline(made, None, RiverSignals(made.topology))):
        before = other.state_dict()
        with pytest.raises(ValueError, match="this one is to have no"):
            other.load_state_dict(first.state_dict())
        with pytest.raises(ValueError, match="the saved pipeline has no"):
            first.load_state_dict(before)
        assert_same_state(other.state_dict(), before)


def test_facts_come_in_stream_order() -> None:
    records = eventful("classification", 5_300)
    facts = pipeline("classification").step(*records)
    assert isinstance(facts[0], Scored)
    ends = [
        fact.record + (0 if isinstance(fact, Watched | Decided) else 1)
        for fact in facts[1:]
        if isinstance(fact, Watched | Decided | Drifted)
    ]
    assert ends == sorted(ends)
    plans = {plan for decision in decisions(facts) for plan in decision.detail.get("plans", [])}
    assert plans == {Plan.RETRAIN.value}
    assert np.isfinite(scores(facts)["loss_nats"]).all()
