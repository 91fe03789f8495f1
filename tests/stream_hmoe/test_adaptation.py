"""What breaks is found, challenged and replaced; what does not break is left alone; mistakes are undone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from stream_hmoe.adaptation import WORTH_RECORDS, Adaptation
from stream_hmoe.concept_watch import CONCEPT
from stream_hmoe.controller import ControllerSettings
from stream_hmoe.covariate_watch import GATES
from stream_hmoe.events import (
    Action,
    Decided,
    Diagnosis,
    Drifted,
    Fact,
    Level,
    Phase,
    Plan,
    Watched,
    Worth,
)
from stream_hmoe.layout import Task
from stream_hmoe.pipeline import Pipeline
from tests.stream_hmoe.drifting import (
    CHANGE,
    KINDS,
    Stream,
    adaptation,
    assert_same_state,
    decisions,
    model,
    scores,
    stream,
)

TASKS: list[Task] = ["classification", "regression"]
REFERENCED = 3_000


def controlled(
    task: Task, records: Stream, adapting: Adaptation | None = None, kinds: Sequence[str] = KINDS
) -> tuple[Pipeline, Adaptation, list[Fact]]:
    adapting = adapting or adaptation()
    pipeline = Pipeline(model(task, kinds), adapting)
    return pipeline, adapting, pipeline.step(*records)


def phase_of(adapting: Adaptation) -> Phase:
    return adapting.controller.phase


def only(facts: Sequence[Fact], action: Action) -> Decided:
    (found,) = (decision for decision in decisions(facts) if decision.action is action)
    return found


def actions(facts: Sequence[Fact]) -> list[Action]:
    return [decision.action for decision in decisions(facts) if decision.action is not Action.NONE]


@pytest.mark.parametrize("task", TASKS)
def test_a_planted_change_is_alarmed_challenged_and_answered(task: Task) -> None:
    pipeline, adapting, facts = controlled(task, stream(task, 7_000))
    alarm = next(fact for fact in facts if isinstance(fact, Drifted) and fact.level is Level.DRIFT)
    assert alarm.signal == CONCEPT
    assert CHANGE <= alarm.record < CHANGE + 100
    assert abs(alarm.detail["change_point"] - CHANGE) <= 50
    challenge = only(facts, Action.CHALLENGE)
    assert challenge.record == alarm.record + 1 + adapting.controller.settings.settle_records
    assert challenge.detail["diagnosis"] == Diagnosis.GLOBAL.value
    assert challenge.detail["plans"] == [Plan.RETRAIN.value]
    promotion = only(facts, Action.PROMOTE)
    tests = {test["plan"]: test for test in promotion.detail["tests"]}
    won = tests[promotion.detail["promoted"]]
    assert won["evidence_nats"] >= won["threshold_nats"] and won["mean_gain"] > 0.0
    assert adapting.controller.phase in (Phase.COOL_DOWN, Phase.NORMAL)
    assert pipeline.model.learner.records < 7_000 - CHANGE + 100


@pytest.mark.parametrize("task", TASKS)
def test_the_promoted_model_is_better_than_the_one_left_to_itself(task: Task) -> None:
    records = stream(task, 7_000)
    _, _, facts = controlled(task, records)
    alone = Pipeline(model(task)).step(*records)
    promoted = only(facts, Action.PROMOTE).record
    mine, theirs = scores(facts)["error"], scores(alone)["error"]
    np.testing.assert_array_equal(mine[:promoted], theirs[:promoted])
    assert mine[promoted : promoted + 500].mean() < theirs[promoted : promoted + 500].mean()


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("seed", [0, 1])
def test_a_stream_that_stays_gives_no_promotion(task: Task, seed: int) -> None:
    records = stream(task, 9_000, change=9_000, seed=seed)
    pipeline = Pipeline(model(task), Adaptation())
    facts = pipeline.step(*records)
    assert Action.PROMOTE not in actions(facts)
    alone = Pipeline(model(task)).step(*records)
    assert_same_state(scores(facts), scores(alone))


def passing(task: Task) -> Stream:
    """Targets that say nothing for 250 records, then the old rule again."""
    records, targets = stream(task, 6_000, change=6_000)
    order = np.random.default_rng(5).permutation(250)
    targets[CHANGE : CHANGE + 250] = [targets[CHANGE + i] for i in order]
    return Stream(records, targets)


@pytest.mark.parametrize("task", TASKS)
def test_worthless_challengers_are_dropped_without_a_trace(task: Task) -> None:
    adapting = adaptation()
    adapting.shadow.budget_records = 1_100
    pipeline, _, facts = controlled(task, passing(task), adapting)
    assert actions(facts) == [Action.CHALLENGE, Action.DROP, Action.REREFERENCE]
    assert adapting.shadow.challengers == []
    assert phase_of(adapting) is Phase.COOL_DOWN
    alone = Pipeline(model(task))
    assert_same_state(scores(facts), scores(alone.step(*passing(task))))
    assert_same_state(pipeline.model.state_dict(), alone.model.state_dict())


@pytest.mark.parametrize("task", TASKS)
def test_a_promotion_that_turns_out_wrong_is_rolled_back(task: Task) -> None:
    records = stream(task, 7_000, back=5_150)
    pipeline, adapting, _ = controlled(task, records.part(0, 4_900))
    former = pipeline.model.learner
    facts = pipeline.step(*records.part(4_900))
    assert actions(facts) == [Action.PROMOTE, Action.REREFERENCE, Action.ROLL_BACK, Action.REREFERENCE]
    assert 5_150 < only(facts, Action.ROLL_BACK).record <= 5_450
    assert pipeline.model.learner is former
    assert former.records == 7_000
    assert phase_of(adapting) is Phase.COOL_DOWN


def test_the_last_rollback_of_a_row_holds_until_released() -> None:
    records = stream("classification", 9_000, back=5_150)
    adapting = adaptation(settings=ControllerSettings(rollbacks=1))
    pipeline, _, facts = controlled("classification", records.part(0, 6_010), adapting)
    assert actions(facts)[-2:] == [Action.ROLL_BACK, Action.HOLD]
    assert phase_of(adapting) is Phase.HELD
    adapting.is_released = True
    after = pipeline.step(*records.part(6_010))
    assert actions(after) == [Action.REREFERENCE]
    assert decisions(after)[0].record == 6_050
    assert not adapting.is_released
    assert phase_of(adapting) is Phase.NORMAL


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("capacity", [1, 3])
def test_a_concept_that_comes_back_is_restored(task: Task, capacity: int) -> None:
    adapting = adaptation()
    adapting.library.capacity = capacity
    _, _, facts = controlled(task, stream(task, 10_200, back=9_500), adapting)
    first, second = (decision for decision in decisions(facts) if decision.action is Action.CHALLENGE)
    assert first.detail["watched"]["known"] == -1
    assert second.detail["watched"]["known"] == 0
    assert second.detail["plans"] == [Plan.RESTORE.value, Plan.RETRAIN.value]
    promoted = [decision for decision in decisions(facts) if decision.action is Action.PROMOTE]
    assert promoted[-1].detail["promoted"] == Plan.RESTORE.value
    assert len(adapting.library) == min(capacity, 2)


@pytest.mark.parametrize("settings", [ControllerSettings(0), ControllerSettings(50, challenge_cost=760.0)])
def test_a_known_concept_is_restored_however_soon_or_late_it_is_judged(settings: ControllerSettings) -> None:
    """The challenge comes with the alarm, or after a wait for harm to prove worth it."""
    adapting = adaptation(settings=settings)
    _, _, facts = controlled("regression", stream("regression", 10_000, back=9_500), adapting)
    challenge = [decision for decision in decisions(facts) if decision.action is Action.CHALLENGE][-1]
    entered = [decision for decision in decisions(facts) if decision.after is Phase.DIAGNOSE][-1]
    assert (challenge.record > entered.record) == (settings.settle_records > 0)
    assert challenge.detail["plans"] == [Plan.RESTORE.value, Plan.RETRAIN.value]


def test_harm_that_passes_is_waited_for_and_not_challenged() -> None:
    adapting = adaptation(settings=ControllerSettings(challenge_cost=700.0))
    _, _, facts = controlled("classification", passing("classification"), adapting)
    assert actions(facts) == [Action.REREFERENCE]
    given_up = only(facts, Action.REREFERENCE)
    began = next(decision for decision in decisions(facts) if decision.after is Phase.DIAGNOSE)
    assert given_up.before is Phase.DIAGNOSE
    assert given_up.record == began.record + adapting.controller.settings.patience_records
    assert given_up.detail["expected_gain"] < began.detail["watched"]["rise_lower"] * 5_000


def test_gates_that_move_alone_are_not_challenged() -> None:
    adapting = adaptation((REFERENCED + 500, Level.DRIFT), (REFERENCED + 600, Level.STABLE))
    _, _, facts = controlled("classification", stream("classification", 5_000, change=5_000), adapting)
    assert actions(facts) == [Action.REREFERENCE]
    assert decisions(facts)[-2].detail["diagnosis"] == Diagnosis.COVARIATE.value
    drifted = [fact for fact in facts if isinstance(fact, Drifted) and fact.signal == "gates"]
    assert [fact.level for fact in drifted] == [Level.DRIFT, Level.STABLE]
    assert drifted[0].record == REFERENCED + 499
    assert drifted[0].detail["scripted"]
    assert vars(adapting)["gates"].rereferenced == [REFERENCED + 700]
    assert adapting.concept.is_referenced
    assert phase_of(adapting) is Phase.NORMAL


def test_a_concept_that_drifts_while_the_gates_are_calmed_is_an_episode_of_its_own() -> None:
    """Moved gates leave the reference of the losses as it is: harm is seen during the rest."""
    adapting = adaptation((CHANGE - 400, Level.DRIFT), (CHANGE - 300, Level.STABLE))
    _, _, facts = controlled("classification", stream("classification", 4_800), adapting)
    alarm = next(decision for decision in decisions(facts) if decision.before is Phase.COOL_DOWN)
    assert (alarm.after, alarm.episode) == (Phase.ALARM, 2)
    assert CHANGE < alarm.record < CHANGE + 100
    assert only(facts, Action.CHALLENGE).detail["diagnosis"] == Diagnosis.GLOBAL.value


def moved(count: int, begin: int) -> Stream:
    """From record ``begin`` on a feature that the target does not depend on is always large."""
    records, targets = stream("regression", count, change=count)
    shifted = [record | {"c": 0.5 + abs(record["c"]) / 2.0} for record in records[begin:]]
    return Stream(records[:begin] + shifted, targets)


def test_records_that_move_are_told_with_leaves_and_features_and_not_challenged() -> None:
    _, adapting, facts = controlled("regression", moved(9_000, 8_500), Adaptation())
    (alarm,) = (fact for fact in facts if isinstance(fact, Drifted) and fact.level is Level.DRIFT)
    assert alarm.signal == GATES
    assert 8_500 <= alarm.record < 8_750
    assert abs(alarm.detail["change_point"] - 8_500) <= 50
    assert alarm.detail["leaves"]
    assert alarm.detail["features"][0] == "c"
    decided = decisions(facts)[-1]
    assert (decided.action, decided.detail["diagnosis"]) == (Action.REREFERENCE, Diagnosis.COVARIATE.value)
    assert decided.detail["watched"]["leaves"] == alarm.detail["leaves"]
    assert decided.detail["watched"]["change_point"] == alarm.detail["change_point"]
    assert not adapting.gates.is_referenced and adapting.concept.is_referenced


def test_gates_and_losses_together_are_both() -> None:
    adapting = adaptation((CHANGE + 100, Level.DRIFT))
    _, _, facts = controlled("classification", stream("classification", 4_800), adapting)
    assert only(facts, Action.CHALLENGE).detail["diagnosis"] == Diagnosis.BOTH.value


def turned(task: Task) -> Stream:
    """One feature tells the target; from the change on it tells the opposite."""
    records, _ = stream(task, 6_000)
    signs = [1.0 if n < CHANGE else -1.0 for n in range(6_000)]
    values = [sign * record["a"] for sign, record in zip(signs, records, strict=True)]
    return Stream(records, values if task == "regression" else [value > 0.0 for value in values])


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("kinds", [("linear",), ("boosted",)])
def test_a_model_without_regions_is_controlled_as_well(task: Task, kinds: tuple[str, ...]) -> None:
    adapting = adaptation(settings=ControllerSettings(challenge_cost=-5_000.0))
    _, _, facts = controlled(task, turned(task), adapting, kinds)
    assert adapting.worth.is_begun
    alarm = next(fact for fact in facts if isinstance(fact, Drifted) and fact.level is Level.DRIFT)
    assert CHANGE <= alarm.record < CHANGE + 100
    assert len(alarm.detail["leaves"]) == 1
    assert only(facts, Action.CHALLENGE).detail["diagnosis"] == Diagnosis.GLOBAL.value
    assert adapting.shadow.records > 0


def challenge(adapting: Adaptation, champion: Any, **readings: Any) -> Any:
    """The records that a new learner waits to go through when a challenge is asked for."""
    watched = Watched(CHANGE + 100, change_point=CHANGE, **readings)
    adapting.controller.diagnosis = Diagnosis.GLOBAL
    adapting._challenge(watched, champion)
    (retrained,) = (one for one in adapting.shadow.challengers if one.plan is Plan.RETRAIN)
    return retrained.state_dict()


def test_a_new_learner_is_trained_on_what_still_holds() -> None:
    records = stream("classification", CHANGE + 100)
    pipeline, adapting, _ = controlled("classification", records)
    saved = adapting.state_dict()
    newer = adapting._recent.kept().from_record(CHANGE)
    everywhere = challenge(adapting, pipeline.model.learner)
    np.testing.assert_array_equal(everywhere["x_ND"], newer.x_ND)
    np.testing.assert_array_equal(everywhere["y_N"], newer.y_N)
    leaves = adapting.concept._partition.leaves  # type: ignore[union-attr]
    again = adaptation()
    again.load_state_dict(saved)
    local = challenge(again, pipeline.model.learner, is_local=True, leaves=leaves[:1])
    older = again._sample.kept().before_record(CHANGE)
    valid = older.chosen(~again.concept.lies_in(older.x_ND, leaves[:1]))
    assert 0 < len(valid.y_N) < len(older.y_N)
    np.testing.assert_array_equal(local["x_ND"], np.concatenate([valid.x_ND, newer.x_ND]))
    np.testing.assert_array_equal(local["y_N"], np.concatenate([valid.y_N, newer.y_N]))


def test_what_control_is_worth_is_told_at_fixed_counts() -> None:
    _, _, facts = controlled("classification", stream("classification", 7_000))
    told = [fact for fact in facts if isinstance(fact, Worth)]
    referenced = told[0].since
    assert referenced == REFERENCED
    assert [fact.record for fact in told] == list(range(REFERENCED, 7_001, WORTH_RECORDS))
    assert [fact.sampled for fact in told] == [(fact.record - referenced) // 10 for fact in told]
    assert told[-1].losses < told[-1].frozen_losses
    began = only(facts, Action.CHALLENGE).record
    costs = {fact.record: fact.challenger_records for fact in told}
    assert all(cost == 0 for record, cost in costs.items() if record <= began)
    assert costs[7_000] > costs[5_000] > 250


@pytest.mark.parametrize("task", TASKS)
def test_watch_and_tests_see_graded_losses_all_else_errors(
    task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline, adapting, _ = controlled(task, stream(task, REFERENCED))
    seen: dict[str, list[Any]] = {}

    def overhear(part: Any, name: str, place: int) -> None:
        step, heard = getattr(part, name), seen.setdefault(type(part).__name__, [])

        def overheard(*given: Any, **named: Any) -> Any:
            heard.append(given[place])
            return step(*given, **named)

        monkeypatch.setattr(part, name, overheard)

    overhear(adapting.shadow, "step", 2)
    overhear(adapting.concept, "update", 2)
    overhear(adapting.worth, "update", 3)
    facts = pipeline.step(*stream(task, REFERENCED + 200, change=REFERENCED).part(REFERENCED))
    error_N, nats_N = scores(facts)["error"], scores(facts)["loss_nats"]
    told = {name: np.concatenate(parts) for name, parts in seen.items()}
    assert {len(loss_N) for loss_N in told.values()} == {200}
    np.testing.assert_array_equal(adapting._recent.kept().loss_N[-200:], told["WorthCount"])
    np.testing.assert_array_equal(told["Shadow"], told["ConceptWatch"])
    if task == "classification":
        np.testing.assert_array_equal(told["WorthCount"], error_N)
        np.testing.assert_array_equal(told["Shadow"], np.minimum(nats_N, 4.0) / 4.0)
        assert nats_N.max() > 4.0
    else:
        np.testing.assert_array_equal(told["Shadow"], told["WorthCount"])
        spread = np.sqrt(pipeline.model.learner.target_3[2])
        np.testing.assert_allclose(told["Shadow"], np.minimum(error_N / (3.0 * spread), 1.0), rtol=0.05)


def test_every_change_of_level_is_a_fact() -> None:
    _, _, facts = controlled("classification", stream("classification", 7_000))
    level = Level.STABLE
    for fact in facts:
        if isinstance(fact, Watched) and fact.concept is not level:
            level = fact.concept
            (drifted,) = (one for one in facts if isinstance(one, Drifted) and one.record == fact.record - 1)
            assert (drifted.signal, drifted.level) == (CONCEPT, level)
            evidence = next(one for one in fact.evidence if one.signal == CONCEPT)
            assert drifted.statistic == evidence.evidence_nats
    assert sum(isinstance(fact, Drifted) for fact in facts) >= 2


def test_a_challenge_changes_nothing_but_the_shadow() -> None:
    """With challengers beside it the champion predicts what it would have predicted without."""
    records = stream("classification", 4_900)
    pipeline, adapting, facts = controlled("classification", records)
    assert phase_of(adapting) is Phase.SHADOW
    alone = Pipeline(model())
    assert_same_state(scores(facts), scores(alone.step(*records)))
    assert_same_state(pipeline.model.learner.state_dict(), alone.model.learner.state_dict())


@pytest.mark.parametrize("task", TASKS)
def test_facts_can_be_written_down(task: Task) -> None:
    _, _, facts = controlled(task, stream(task, 7_500, back=5_150))
    assert Action.ROLL_BACK in actions(facts)
    _, _, others = controlled("regression", moved(9_000, 8_500), Adaptation())
    assert any(isinstance(fact, Drifted) and fact.detail.get("moves") for fact in others)
    for fact in [*facts, *others]:
        if isinstance(fact, Watched):
            assert Watched.from_json(json.loads(json.dumps(fact.to_json(), allow_nan=False))) == fact
        if isinstance(fact, Drifted | Decided):
            assert json.loads(json.dumps(fact.detail, allow_nan=False)) == fact.detail
