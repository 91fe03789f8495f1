"""Observations and labels find each other by key; what waits is bounded, and what comes twice is known."""

from __future__ import annotations

import pytest

from stream_hmoe import HMoEClassifier, HMoERegressor
from stream_hmoe.events import (
    Account,
    Event,
    EventOutcome,
    Example,
    Expired,
    Label,
    Observation,
    Order,
    Predicted,
    Rejected,
    Scored,
)
from stream_hmoe.labels import LabelSettings
from stream_hmoe.pipeline import Pipeline
from stream_hmoe.targets import ClassTargets
from tests.stream_hmoe.late_events import BAD, assert_adds_up, columns

O = EventOutcome  # noqa: E741


def pipeline(max_pending: int = 100, max_age_seconds: float | None = None) -> Pipeline:
    return Pipeline(HMoEClassifier(("LL"), ("linear",)), labels=LabelSettings(max_pending, max_age_seconds))


def seen(key: str, time_seconds: float = 0.0) -> Observation:
    return Observation(key, {"a": float(len(key))}, time_seconds)


def outcomes(running: Pipeline, *events: Event) -> list[EventOutcome]:
    found = running.take(events).outcomes
    assert_adds_up(running.account)
    return found


def test_a_label_joins_its_observation_once() -> None:
    running = pipeline()
    events: list[Event] = [
        seen("one", 10.0),
        Label("one", "yes", 25.0),
        Label("one", "yes"),
        Label("one", "no"),
    ]
    assert outcomes(running, *events) == [O.PREDICTED, O.JOINED, O.DUPLICATE, O.CORRECTED]
    assert outcomes(running, seen("one")) == [O.DUPLICATE]
    assert running.account == Account(
        received=2,
        learned=1,
        duplicates=1,
        labels_received=3,
        labels_joined=1,
        labels_duplicate=1,
        labels_corrected=1,
        label_delay_seconds=15.0,
    )
    assert running.model.learner.records == 1


def test_an_early_label_is_joined_right_after_the_prediction() -> None:
    running = pipeline()
    running.take([Example({"a": 1.0}, "no")] * 3)
    assert outcomes(running, Label("one", "yes"), Label("one", "yes"), Label("one", "no")) == [
        O.EARLY,
        O.DUPLICATE,
        O.CORRECTED,
    ]
    assert running.account.labels_waiting == 1
    taken = running.take([seen("one"), seen("two")])
    assert taken.outcomes == [O.LEARNED, O.PREDICTED]
    predicted, scored = columns(taken.facts, Predicted), columns(taken.facts, Scored)
    assert (predicted["keys"], predicted["record"].tolist()) == (["one", "two"], [3, 4])
    assert predicted["predictions"][0] == "no"
    assert (scored["targets"], scored["predictions"], scored["error"].tolist()) == (["yes"], ["no"], [1.0])
    assert running.account.labels_waiting == 0


def test_an_early_label_is_held_back_while_the_model_is_frozen() -> None:
    running = pipeline()
    running.take([Example({"a": 1.0}, "no")] * 3)
    running.order(Order.FREEZE)
    assert outcomes(running, Label("one", "yes"), seen("one")) == [O.EARLY, O.HELD_BACK]
    assert (running.account.held_back, running.model.learner.records) == (1, 3)


def test_what_is_unusable_is_rejected() -> None:
    running = pipeline()
    events: list[Event] = [Observation("one", BAD), seen("two"), Label("two", None), Label("two", "yes")]
    taken = running.take(events)
    assert taken.outcomes == [O.REJECTED, O.PREDICTED, O.REJECTED, O.JOINED]
    assert {place: fact.field for place, fact in taken.rejections.items()} == {0: "a", 2: "target"}
    assert [fact.record for fact in taken.facts if isinstance(fact, Rejected)] == [0]
    assert_adds_up(running.account)
    assert (running.account.rejected, running.account.labels_rejected) == (1, 1)


def test_a_rejected_observation_may_come_again_mended() -> None:
    running = pipeline()
    assert outcomes(running, Observation("one", BAD), Label("one", "yes")) == [O.REJECTED, O.EARLY]
    assert outcomes(running, seen("one")) == [O.LEARNED]


def test_the_oldest_observation_goes_when_there_is_no_room() -> None:
    running = pipeline(max_pending=2)
    taken = running.take([seen("one"), seen("two"), seen("three"), Label("one", "yes"), Label("two", "yes")])
    assert taken.outcomes == [O.PREDICTED, O.PREDICTED, O.PREDICTED, O.UNMATCHED, O.JOINED]
    assert [fact for fact in taken.facts if isinstance(fact, Expired)] == [Expired(0, ("one",))]
    assert (running.account.expired, running.account.pending, running.records_seen) == (1, 1, 2)


def test_observations_expire_by_the_times_of_the_stream() -> None:
    running = pipeline(max_age_seconds=60.0)
    running.take([seen("one", 100.0), seen("two", 130.0), Label("nobody", "yes", 160.0)])
    assert (running.account.pending, running.account.labels_waiting) == (2, 1)
    taken = running.take([seen("three", 161.0)])
    assert [fact for fact in taken.facts if isinstance(fact, Expired)] == [Expired(0, ("one",))]
    assert outcomes(running, Label("one", "yes", 162.0), Label("two", "yes")) == [O.UNMATCHED, O.JOINED]
    running.take([seen("four", 1_000.0)])
    assert_adds_up(running.account)
    assert (running.account.expired, running.account.labels_unmatched) == (2, 2)
    assert running.account.labels_waiting == 0


def test_a_time_that_jumps_back_does_no_harm() -> None:
    running = pipeline(max_age_seconds=60.0)
    running.take([seen("one", 1_000.0), seen("old", 3.0), seen("two", 1_050.0)])
    assert running.account.pending == 3
    running.take([Label("old", "yes", 1_060.0)])
    assert (running.account.labels_joined, running.account.expired) == (1, 0)


def test_who_says_no_time_waits_from_the_first_time_that_is_told() -> None:
    running = pipeline(max_age_seconds=60.0)
    running.take([seen("one"), seen("two", 1_000.0), seen("three", float("nan")), seen("four", 1_060.0)])
    assert running.account.expired == 0
    running.take([seen("five", 1_061.0)])
    assert running.account.expired == 3


def test_early_labels_are_bounded_by_number() -> None:
    running = pipeline(max_pending=2)
    assert outcomes(running, *(Label(key, "yes") for key in "abc")) == [O.EARLY] * 3
    assert (running.account.labels_waiting, running.account.labels_unmatched) == (2, 1)
    assert outcomes(running, seen("a"), seen("b")) == [O.PREDICTED, O.LEARNED]


def test_keys_are_remembered_for_a_while() -> None:
    running = pipeline(max_pending=2)
    for key in "abc":
        running.take([seen(key), Label(key, "yes")])
    assert outcomes(running, Label("c", "yes"), Label("b", "no"), Label("a", "yes")) == [
        O.DUPLICATE,
        O.CORRECTED,
        O.EARLY,
    ]


def test_an_early_label_of_a_class_too_many_is_rejected_when_it_is_claimed() -> None:
    running = pipeline()
    targets = running.model.incremental.targets
    assert isinstance(targets, ClassTargets)
    targets.classes.max_classes = 2
    events: list[Event] = [Label("one", "third"), seen("two"), Label("two", "first")]
    events += [seen("three"), Label("three", "second"), seen("one"), Label("one", "first")]
    taken = running.take(events)
    assert taken.outcomes[-2:] == [O.PREDICTED, O.JOINED]
    ((place, label, why),) = taken.late_rejections
    assert (place, label) == (5, Label("one", "third"))
    assert "max_classes is 2" in why.reason
    assert running.account.labels_rejected == 1
    assert_adds_up(running.account)


def test_a_number_is_the_same_however_it_is_written() -> None:
    running = Pipeline(HMoERegressor(kinds=("linear",)))
    events: list[Event] = [seen("one"), Label("one", "1.5"), Label("one", 1.5), Label("one", 2)]
    assert outcomes(running, *events) == [O.PREDICTED, O.JOINED, O.DUPLICATE, O.CORRECTED]


def test_a_class_that_was_not_known_then_costs_the_most() -> None:
    running = pipeline()
    events: list[Event] = [seen("one"), Example({"a": 2.0}, "no"), seen("two"), Label("two", "yes")]
    scored = columns(running.take([*events, Label("one", "no")]).facts, Scored)
    worst = pytest.approx(34.5388, abs=1e-3)
    assert scored["loss_nats"].tolist() == [worst, worst, worst]
    assert scored["predictions"] == [None, "no", None]


@pytest.mark.parametrize(
    ("max_pending", "max_age_seconds", "field"), [(0, None, "max_pending"), (5, 0.0, "max_age_seconds")]
)
def test_settings_are_checked(max_pending: int, max_age_seconds: float | None, field: str) -> None:
    with pytest.raises(ValueError, match=field):
        LabelSettings(max_pending, max_age_seconds)


def test_fewer_wide_records_wait_and_their_room_is_given_up() -> None:
    settings = LabelSettings(max_pending=2_000, max_pending_numbers=8_000)
    running = Pipeline(HMoEClassifier(("LL"), ("linear",)), labels=settings)
    running.take([seen(f"narrow {n}") for n in range(2_000)])
    assert running.account.pending == 2_000
    wide = {f"f{n}": float(n) for n in range(39)}
    running.take([Observation("wide", wide)])
    assert running.account.pending == 8_000 // (39 + 2)
    assert len(running._labels.rows.widths) == running.account.pending - 1 + 256
    assert outcomes(running, Label("wide", "yes"), Label("narrow 1999", "no"), Label("narrow 0", "no")) == [
        O.JOINED,
        O.JOINED,
        O.UNMATCHED,
    ]
