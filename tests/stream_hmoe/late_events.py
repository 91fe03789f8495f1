"""Made streams of observations, labels and examples in which everything happens that can."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any, NamedTuple

import numpy as np

from stream_hmoe.events import (
    Account,
    Event,
    EventOutcome,
    Example,
    Fact,
    Label,
    Observation,
    Predicted,
    Rejected,
    Scored,
)
from stream_hmoe.layout import Task
from stream_hmoe.pipeline import Pipeline
from tests.stream_hmoe.drifting import assert_same_state, stream

BAD = {"a": float("inf")}


class Whole(NamedTuple):
    """What a pipeline made of some events, in however many calls."""

    facts: list[Fact]
    outcomes: list[EventOutcome]
    rejections: dict[int, Rejected]


def take(pipeline: Pipeline, events: Sequence[Event], cuts: Iterable[int] = ()) -> Whole:
    """Give the events in pieces."""
    whole, begin = Whole([], [], {}), 0
    for cut in [*cuts, len(events)]:
        taken = pipeline.take(events[begin : begin + cut])
        whole.facts.extend(taken.facts)
        whole.outcomes.extend(taken.outcomes)
        whole.rejections.update({begin + place: fact for place, fact in taken.rejections.items()})
        begin += cut
        assert_adds_up(pipeline.account)
    return whole


def late_events(task: Task, count: int, delay: int = 120, seed: int = 3) -> list[Event]:
    """A drifting stream of which most labels come later, by up to twice ``delay`` records.

    Among them: records without label, labels without record, labels that come first, come twice or change
    their mind; what cannot be used; features, categories and a class that appear; and records with labels.
    """
    random = np.random.default_rng(seed)
    records, targets = stream(task, count, change=count * 4 // 5)
    placed: list[tuple[float, Event]] = []
    for n, (record, target) in enumerate(zip(records, targets, strict=True)):
        kind = random.random()
        key, seconds = f"record {n}", 1_000.0 + n
        wait = float(random.integers(0, 2 * delay + 1))
        if n > count // 3 and n % 3 == 0:
            record |= {"late": float(n % 7), "colour": "red" if n % 4 else "blue"}
        if n > count // 2 and n % 40 == 7:
            target = "perhaps" if task == "classification" else 30.0
        if n % 31 == 13:
            record = BAD
        if kind < 0.1:
            placed.append((n, Example(record, target)))
            continue
        placed.append((n, Observation(key, record, seconds if n % 5 else 0.0)))
        if kind < 0.15:
            continue
        if kind < 0.2:
            wait = -wait / 8.0
        label = Label(key, target, seconds + wait)
        placed.append((n + wait, label))
        if kind < 0.25:
            placed.append((n + wait + 40.0, label))
        elif kind < 0.3:
            placed.append((n + wait + 40.0, label._replace(value=targets[n - 1])))
        elif kind < 0.33:
            placed.append((n + wait / 2.0, label._replace(value=float("nan"))))
        elif kind < 0.36:
            placed.append((n, Observation(key, record, seconds)))
        elif kind < 0.38:
            placed.append((n, label._replace(key=f"nobody {n}")))
    order = sorted(range(len(placed)), key=lambda place: placed[place][0])
    return [placed[place][1] for place in order]


def columns(facts: Iterable[Fact], kind: type[Predicted] | type[Scored]) -> dict[str, Any]:
    """All facts of one kind as whole columns."""
    parts = [fact for fact in facts if isinstance(fact, kind)]
    whole: dict[str, Any] = {}
    for field in fields(kind):
        values = [getattr(part, field.name) for part in parts]
        is_array = bool(values) and isinstance(values[0], np.ndarray)
        whole[field.name] = np.concatenate(values) if is_array else [one for part in values for one in part]
    return whole


def assert_same(one: Whole, other: Whole) -> None:
    """The same to the last bit, whatever calls it came from."""
    for kind in (Predicted, Scored):
        assert_same_state(columns(one.facts, kind), columns(other.facts, kind))
    rest = [
        [fact for fact in facts if not isinstance(fact, Predicted | Scored)] for facts in (one[0], other[0])
    ]
    restructured_last = [
        sorted(facts, key=lambda fact: type(fact).__name__ == "Restructured") for facts in rest
    ]
    assert restructured_last[0] == restructured_last[1]
    assert one.outcomes == other.outcomes
    assert one.rejections == other.rejections


def assert_adds_up(account: Account) -> None:
    """Both sums that an account promises."""
    assert account.received == (
        account.learned
        + account.held_back
        + account.pending
        + account.expired
        + account.rejected
        + account.duplicates
    )
    assert account.labels_received == (
        account.labels_joined
        + account.labels_waiting
        + account.labels_duplicate
        + account.labels_corrected
        + account.labels_unmatched
        + account.labels_rejected
    )
