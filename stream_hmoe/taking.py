"""One call of ``Pipeline.take``: events become predictions, learning and counts, in their order."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

from .delayed import DelayedRows
from .errors import BadRecord
from .events import (
    Event,
    EventOutcome,
    Example,
    Expired,
    Fact,
    Label,
    Observation,
    Rejected,
    Scored,
    Taken,
)
from .flow import Flow
from .labels import PendingLabels
from .record_facts import RecordFacts, cut

__all__ = ["Taking"]


class Taking:
    """Takes events in.

    Args:
        flow: what records go through.
        labels: what waits.
    """

    def __init__(self, flow: Flow, labels: PendingLabels) -> None:
        self._flow = flow
        self._labels = labels
        self._rows = DelayedRows(flow.model, flow.waiting)
        self._until_observed = flow.until_observed
        self._by_record = RecordFacts()
        # With the count to which each belongs: half a record before it is the end of a tick.
        self._facts: list[tuple[float, Fact]] = []
        self._outcomes: list[EventOutcome] = []
        self._rejections: dict[int, Rejected] = {}
        self._late_rejections: list[tuple[int, Label, Rejected]] = []
        self._delays_seconds: list[float] = []

    def take(self, events: Sequence[Event]) -> Taken:
        """Take all events, in order; see ``Pipeline.take``."""
        while len(self._outcomes) < len(events):
            event = events[len(self._outcomes)]
            if isinstance(event, Example):
                self._examples(events)
                continue
            if self._labels.advance(event.time_seconds):
                self._give_up_waiting()
            if isinstance(event, Observation):
                self._outcomes.append(self._observation(event))
            else:
                self._outcomes.append(self._label(event))
        self._do()
        # Stable: what happened at the same count stays in the order in which it happened.
        others = [fact for _, fact in sorted(self._facts, key=lambda entry: entry[0])]
        facts = [*self._by_record.in_order(), *others]
        return Taken(facts, self._outcomes, self._rejections, self._delays_seconds, self._late_rejections)

    def _examples(self, events: Sequence[Event]) -> None:
        """The examples that come next, up to the end of the tick."""
        self._do()
        begin = len(self._outcomes)
        next_ones = events[begin : begin + self._flow.until_tick]
        examples = [*takewhile(lambda event: isinstance(event, Example), next_ones)]
        records, targets = zip(*examples, strict=True)
        usual = EventOutcome.HELD_BACK if self._flow.is_frozen else EventOutcome.LEARNED
        self._outcomes += [usual] * len(examples)
        first = self._flow.records_seen
        passed = self._flow.pass_examples(records, targets)
        for rejected in passed.rejected:
            place = begin + rejected.record - first
            self._outcomes[place] = EventOutcome.REJECTED
            self._rejections[place] = rejected
        if passed.scored is not None:
            for fact in cut(passed.scored, passed.restructured):
                self._by_record.add(fact)
        self._facts += [(fact.record, fact) for fact in passed.rejected]
        self._facts += [(fact.record, fact) for fact in passed.drifted]
        self._at_end_of_tick(passed.decided)

    def _observation(self, event: Observation) -> EventOutcome:
        flow, labels = self._flow, self._labels
        flow.tally.received += 1
        if labels.is_known(event.key):
            flow.tally.duplicates += 1
            return EventOutcome.DUPLICATE
        try:
            x_D = flow.model.incremental.observe(event.features)
        except BadRecord as bad:
            flow.tally.rejected += 1
            rejected = self._rejected(bad)
            self._facts.append((rejected.record, rejected))
            self._count_record()
            return EventOutcome.REJECTED
        early = labels.claim(event.key)
        if early is None and labels.is_full(self._row_numbers):
            self._expire(1)
            if labels.is_loose(self._row_numbers):
                self._do()
                labels.tighten()
        slot = labels.admit(event.key, x_D, event.time_seconds)
        self._rows.observe(slot, event.key, flow.records_seen)
        self._until_observed -= 1
        if self._until_observed == 0:
            self._do()
        if early is None:
            return EventOutcome.PREDICTED
        try:
            known = flow.model.incremental.targets.known(early.value)
        except BadRecord as bad:
            # Its class was possible when it came, and is one too many now.
            flow.tally.labels_rejected += 1
            label = Label(event.key, early.value, early.time_seconds)
            self._late_rejections.append((len(self._outcomes), label, self._described(bad)))
            return EventOutcome.PREDICTED
        return self._join(slot, Label(event.key, early.value, early.time_seconds), known)

    def _label(self, event: Label) -> EventOutcome:
        tally, labels, targets = self._flow.tally, self._labels, self._flow.model.incremental.targets
        tally.labels_received += 1
        try:
            known = targets.known(event.value)
        except BadRecord as bad:
            tally.labels_rejected += 1
            self._rejected(bad)
            return EventOutcome.REJECTED
        slot = labels.find(event.key)
        if slot is not None:
            self._join(slot, event, known)
            return EventOutcome.JOINED
        value = targets.plain(event.value)
        outcome = labels.judge(event.key, value)
        match outcome:
            case EventOutcome.DUPLICATE:
                tally.labels_duplicate += 1
            case EventOutcome.CORRECTED:
                tally.labels_corrected += 1
            case EventOutcome.UNMATCHED:
                tally.labels_unmatched += 1
            case _:
                tally.labels_unmatched += labels.hold(event.key, value, event.time_seconds)
        return outcome or EventOutcome.EARLY

    def _join(self, slot: int, label: Label, known: float | None) -> EventOutcome:
        """An observation has its label: score what was predicted then, and learn."""
        flow, rows, inner = self._flow, self._labels.rows, self._flow.model.incremental
        flow.tally.labels_joined += 1
        observed_seconds = rows.times_seconds[slot]
        if observed_seconds > 0.0 and label.time_seconds > observed_seconds:
            delay_seconds = float(label.time_seconds - observed_seconds)
            flow.tally.label_delay_seconds += delay_seconds
            self._delays_seconds.append(delay_seconds)
        if flow.is_frozen:
            flow.tally.held_back += 1
            self._rows.hold_back(slot, label.value, known, flow.records_seen)
        else:
            flow.tally.learned += 1
            if known is None or rows.widths[slot] > inner.learner.num_features:
                self._do()
                known = inner.targets.learn(label.value)
                width = max(rows.widths[slot], inner.learner.num_features)
                inner.learner.widen(width, inner.targets.num_outputs)
            self._rows.learn(slot, label.value, known, flow.records_seen)
        self._labels.deal_with(label.key, inner.targets.plain(label.value))
        self._count_record()
        return EventOutcome.HELD_BACK if flow.is_frozen else EventOutcome.LEARNED

    @property
    def _row_numbers(self) -> int:
        """Features and classes of an observation that waits."""
        inner = self._flow.model.incremental
        return inner.encoder.width + inner.num_columns

    def _give_up_waiting(self) -> None:
        """The time of the stream has moved on: some have waited too long."""
        self._flow.tally.labels_unmatched += self._labels.drop_overdue_labels()
        if self._labels.is_overdue:
            self._expire(0)

    def _expire(self, least: int) -> None:
        """Give up on the oldest observations: on so many, and on all that are overdue or too many."""
        flow, labels = self._flow, self._labels
        first, keys = flow.records_seen, list[str]()
        while labels.is_overdue or len(keys) < least or (least and labels.is_full(self._row_numbers)):
            keys.append(labels.expire_oldest())
            flow.tally.expired += 1
            self._count_record()
        self._facts.append((first, Expired(first, tuple(keys))))

    def _count_record(self) -> None:
        """One more record is dealt with."""
        self._flow.records_seen += 1
        if self._flow.is_tick_over:
            self._do()
            self._at_end_of_tick(self._flow.close_tick())

    def _do(self) -> None:
        """Do what was put off."""
        if not len(self._rows):
            return
        done = self._rows.do()
        for fact in done.facts:
            self._by_record.add(fact)
            if isinstance(fact, Scored):
                self._facts += [(drifted.record, drifted) for drifted in self._flow.look_at(fact)]
        self._flow.add_late(done.facts, done.tick)
        self._at_end_of_tick(self._flow.add_observed(done.observed_OD))
        self._until_observed = self._flow.until_observed

    def _at_end_of_tick(self, facts: Sequence[Fact]) -> None:
        self._facts += [(self._flow.records_seen - 0.5, fact) for fact in facts]

    def _rejected(self, bad: BadRecord) -> Rejected:
        rejected = self._described(bad)
        self._rejections[len(self._outcomes)] = rejected
        return rejected

    def _described(self, bad: BadRecord) -> Rejected:
        return Rejected(self._flow.records_seen, bad.field, bad.shown, bad.reason, bad.remedy)
