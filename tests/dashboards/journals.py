"""Journals for the tests: a drifting stream from a formula, stored by the journal's own writer."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from dashboards.data.snapshot import Snapshot, read
from monitor.journal.fold import JournalFold
from monitor.journal.reader import JournalReader
from monitor.journal.schema import EventKind, EventRow, IntervalRow, Rows, ShareRow, TopologyRow
from monitor.journal.writer import JournalWriter, Stamp
from stream_hmoe.controller import ControllerSettings
from stream_hmoe.events import Topology, Verdict, Watched, Worth
from tests.dashboards import made_tables
from tests.monitor.journal.made_control import decided, reading

Part = TypeVar("Part")

START_SECONDS = 1_700_000_000.0


@dataclass(frozen=True)
class Story:
    """What happens on the stream of a test journal.

    Args:
        records: length; a multiple of ``interval``.
        changes: records at which the stream really changes.
        seen_after: records between a change and its detection.
        recover_after: records between a change and full recovery.
        groups: number of leaves of each group, by name.
        is_controlled: there is evidence, and decisions follow.
        is_served: a service writes it, with flow, bad messages, features and samples.
    """

    records: int = 20_000
    interval: int = 250
    changes: tuple[int, ...] = (8_000,)
    seen_after: int = 600
    recover_after: int = 4_000
    groups: tuple[tuple[str, int], ...] = (("regions", 4), ("trees", 3), ("always on", 1))
    records_per_second: float = 2_000.0
    is_classification: bool = True
    is_controlled: bool = False
    is_served: bool = False

    @property
    def meta(self) -> dict[str, str]:
        return {
            "task": "classification" if self.is_classification else "regression",
            "metric": "accuracy" if self.is_classification else "mae",
            "target": "label",
            "source": "drifting stream",
            "status": "running",
            "interval_records": str(self.interval),
            "window_intervals": "4",
        }

    @property
    def leaves(self) -> list[tuple[int, str, str]]:
        names = [(f"{group}/{number}", group) for group, count in self.groups for number in range(count)]
        return [(leaf, name, group) for leaf, (name, group) in enumerate(names)]


def write(path: Path, story: Story, extra: Iterable[EventRow] = ()) -> Path:
    """Write the journal of a story; its last row is stamped ``finished_seconds(story)``."""
    writer = JournalWriter(path, story.meta)
    rows = list(_intervals(story))
    topology = tuple(TopologyRow(0, leaf, name, group) for leaf, name, group in story.leaves)
    writer.write(Rows(topology=topology, events=(_event(0, EventKind.STARTED, "started"),)), _stamp(story, 0))
    events = sorted([*_events(story), *extra], key=lambda event: event.record)
    control = _control(story)
    for row in rows:
        shares = tuple(_shares(story, row.record))
        due = tuple(e for e in events if row.record - story.interval <= e.record < row.record)
        decided = tuple(e for e in control.events if row.record - story.interval < e.record <= row.record)
        written = Rows(
            intervals=(row,),
            shares=shares,
            events=(*due, *decided),
            evidence=tuple(e for e in control.evidence if e.record == row.record),
            worth=tuple(w for w in control.worth if w.record == row.record),
        )
        writer.write(written, _stamp(story, row.record))
    writer.set_meta({"updated_seconds": repr(finished_seconds(story))})
    writer.close()
    if story.is_served:
        _serve(path, story)
    return path


def snapshot(path: Path, window: int | None) -> Snapshot:
    """What every page reads."""
    with JournalReader(path) as journal:
        return read(journal, window)


def part(path: Path, window: int | None, read_part: Callable[[JournalReader, Path, Snapshot], Part]) -> Part:
    """What one page reads besides."""
    with JournalReader(path) as journal:
        return read_part(journal, path, read(journal, window))


def finished_seconds(story: Story) -> float:
    """Unix time of the last record."""
    return START_SECONDS + story.records / story.records_per_second


def _serve(path: Path, story: Story) -> None:
    """What a service writes besides: flow, bad messages, features and samples."""
    profiled = made_tables.profile(story.records, story.changes[0], len(story.leaves))
    ends = range(story.interval, story.records + 1, story.interval)
    flows = [made_tables.flow(end, _stamp(story, end).time_seconds, labels=end) for end in ends]
    bad = made_tables.bad(story.records // 2, _stamp(story, story.records // 2).time_seconds)
    made_tables.add(path, replace(profiled, bad=(bad,)), flows)


def _stamp(story: Story, record: int) -> Stamp:
    wobble = 1.0 + 0.05 * math.sin(record / 1_700)
    seconds = START_SECONDS + record / story.records_per_second
    return Stamp(seconds, story.records_per_second * wobble, 180_000_000)


def _damage(story: Story, record: int) -> float:
    """How much of the last change the model has not learned yet: 1 at the change, 0 once recovered."""
    since = [record - change for change in story.changes if change < record]
    return max(0.0, 1.0 - since[-1] / story.recover_after) if since else 0.0


def _intervals(story: Story) -> Iterable[IntervalRow]:
    random = np.random.default_rng(7)
    total = 0.0
    for number, record in enumerate(range(story.interval, story.records + 1, story.interval), start=1):
        window = 0.84 + 0.012 * random.standard_normal() - 0.22 * _damage(story, record)
        total += window
        error = (window, total / number) if story.is_classification else (1.0 - window, 1.0 - total / number)
        seen = any(0 <= record - change - story.seen_after < 1_000 for change in story.changes)
        yield IntervalRow(
            record=record,
            records=story.interval,
            scored=story.interval,
            loss_nats=0.4 + 0.5 * _damage(story, record),
            metric=error[1],
            metric_window=error[0],
            gate_entropy_nats=1.4 + 0.3 * _damage(story, record) + 0.02 * float(random.standard_normal()),
            level=2 if seen else 0,
            rejected_total=record // 6_000,
            num_leaves=len(story.leaves),
        )


def _shares(story: Story, record: int) -> Iterable[ShareRow]:
    leaves = np.array([leaf for leaf, _, _ in story.leaves])
    epoch = sum(change < record for change in story.changes)
    moved = 1.5 * np.cos(leaves * 1.7 + epoch * 2.1) + 0.25 * np.sin(record / 900 + leaves)
    before = 1.5 * np.cos(leaves * 1.7 + (epoch - 1) * 2.1) + 0.25 * np.sin(record / 900 + leaves)
    scores = moved + (before - moved) * _damage(story, record)
    weights = np.exp(scores) / np.exp(scores).sum()
    for leaf, weight in zip(leaves.tolist(), weights.tolist(), strict=True):
        error = 0.1 + 0.02 * leaf + 0.2 * _damage(story, record)
        yield ShareRow(record, leaf, weight, 0.3 + 0.05 * leaf, error)


def _events(story: Story) -> Iterable[EventRow]:
    for change in story.changes:
        if change >= story.records:
            continue
        yield EventRow(change, EventKind.CHANGE_POINT, "the stream changes here")
        seen = change + story.seen_after
        if seen < story.records:
            yield EventRow(seen, EventKind.DRIFT, "group trees moved", "group trees", 2, 0.31)
            yield EventRow(seen + 40, EventKind.DRIFT, "gate entropy moved", "gate entropy", 2, 1.62)
        if seen + 1_000 < story.records:
            yield EventRow(seen + 1_000, EventKind.DRIFT, "group trees is stable", "group trees", 0, 0.30)


def _control(story: Story) -> Rows:
    """Evidence, decisions and worth: at every change an alarm, a challenge, a promotion."""
    if not story.is_controlled:
        return Rows()
    watched = [_watched(story, record) for record in range(50, story.records + 1, 50)]
    facts = [
        *decided(watched, ControllerSettings()),
        *(Worth(r, 1_000, r // 8, r / 80, r / 60, r // 4) for r in range(2_000, story.records + 1, 2_000)),
    ]
    fold = JournalFold(story.is_classification, Topology((), (), ()), story.interval)
    return fold.add(sorted(facts, key=lambda fact: fact.record), story.records)


def _watched(story: Story, record: int) -> Watched:
    since = min((record - change for change in story.changes if change <= record), default=100_000)
    share = min(1.3, since / story.seen_after) if since <= story.seen_after + 200 else 0.05
    seen = replace(reading(record, share, 0.9 * share), change_point=record - since, leaves=("trees/1",))
    better = Verdict.BETTER if since >= story.seen_after + 800 else Verdict.RUNNING
    return replace(seen, rise=0.2, rise_lower=0.1, challengers=better)


def _event(record: int, kind: EventKind, message: str) -> EventRow:
    return EventRow(record, kind, message)
