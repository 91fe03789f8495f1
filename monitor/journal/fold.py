"""Turns facts into journal rows: a pure fold, so that a resumed run writes the rows of an uninterrupted one.

Shapes: N scored records of a piece, K live leaves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from monitor.journal.control import ControlFold
from monitor.journal.leaves import LeafRegister, LeafTotals
from monitor.journal.loss_trend import LossTrend
from monitor.journal.pieces import Piece, entropy_nats, join, share_rows
from monitor.journal.profiles import feature_rows, leaf_feature_rows, sample_rows
from monitor.journal.rejections import Rejections
from monitor.journal.schema import (
    EventRow,
    EvidenceRow,
    FeatureRow,
    IntervalRow,
    LeafFeatureRow,
    Rows,
    SampleRow,
    ShareRow,
    TopologyRow,
    WorthRow,
)
from monitor.journal.sentences import decision_event, drift_event, restructure_event
from stream_hmoe.events import (
    Decided,
    Drifted,
    Fact,
    Level,
    Predicted,
    Profiled,
    Rejected,
    Restructured,
    Scored,
    Topology,
    Watched,
    Worth,
)

__all__ = ["INTERVAL_RECORDS", "WINDOW_INTERVALS", "JournalFold", "Tally"]

INTERVAL_RECORDS = 250
WINDOW_INTERVALS = 4


@dataclass(frozen=True, slots=True)
class Tally:
    """A stream in four numbers.

    Args:
        scored: records predicted, scored and learned from.
        rejected: records that could not be used.
        metric: accuracy or mean absolute error of the scored records; None without any.
        loss_nats: their mean loss.
    """

    scored: int
    rejected: int
    metric: float | None
    loss_nats: float | None


class JournalFold:
    """Collects facts and gives the rows of every interval as it closes.

    Whole intervals are summed at once from the records themselves, so neither the cut of the stream into
    blocks nor a restart changes the last bit of a row.

    Where labels come later, records are counted as they are dealt with: a record that was scored or rejected,
    or whose label never came, counts in the interval of that moment. Gate weights and their entropy are then
    those of the predictions made in the interval, losses and errors those of the labels that came.

    Args:
        is_classification: the metric is accuracy (1 - error); otherwise the mean absolute error.
        topology: the model's shape before the first record.
        interval_records: length of a reporting interval.
        window_intervals: length of the metric's window, in intervals.
    """

    def __init__(
        self,
        is_classification: bool,
        topology: Topology,
        interval_records: int = INTERVAL_RECORDS,
        window_intervals: int = WINDOW_INTERVALS,
    ) -> None:
        self._is_classification = is_classification
        self._interval_records = interval_records
        self._window_intervals = window_intervals
        self.leaves = LeafRegister(topology)
        self.totals = LeafTotals()
        self.control = ControlFold(interval_records)
        self.trend = LossTrend()
        self._is_started = False
        self._closed = 0
        self._records_seen = 0
        self._pieces: list[Piece] = []
        self._predicted: list[Piece] = []
        self._rejections: dict[int, Rejections] = {}
        self._drifts: list[Drifted] = []
        self._num_leaves = len(topology.leaves)
        self._restructures: list[tuple[int, int]] = []
        self._levels: dict[str, int] = {}
        self._interval_levels: dict[str, int] = {}
        self._drift_counts: dict[str, int] = {}
        self._rejected_total = 0
        self._scored_total = 0
        self._error_total = 0.0
        self._loss_total = 0.0
        self._window: list[tuple[int, float]] = []

    @property
    def levels(self) -> Mapping[str, int]:
        """Highest level in the last closed interval of every watched signal that ever changed its level."""
        return dict(self._interval_levels)

    @property
    def drift_counts(self) -> Mapping[str, int]:
        """How often every watched signal drifted since the start of the stream."""
        return dict(self._drift_counts)

    @property
    def rejected_total(self) -> int:
        """Records rejected since the start of the stream, the interval under way included."""
        return self._rejected_total + sum(value.total for value in self._rejections.values())

    def so_far(self) -> Tally:
        """The stream up to its last record, the interval under way included."""
        waiting = join(self._pieces)
        scored = self._scored_total + len(waiting.record)
        loss = self._loss_total + float(waiting.loss_nats.sum())
        return Tally(
            scored=scored,
            rejected=self.rejected_total,
            metric=self._metric(scored, self._error_total + float(waiting.error.sum())),
            loss_nats=loss / scored if scored else None,
        )

    def add(self, facts: Iterable[Fact], records_seen: int) -> Rows:
        """Take in the facts of the next stretch of the stream -> the rows they complete.

        Args:
            facts: in stream order.
            records_seen: records of the stream read so far, all facts about them given.
        """
        rows = _RowLists()
        if not self._is_started:
            self._is_started = True
            rows.topology.extend(self.leaves.rows(0))
        for fact in facts:
            self._take(fact, rows)
        self.leaves.forget()
        self._records_seen = records_seen
        while records_seen - self._closed >= self._interval_records:
            self._close(self._closed + self._interval_records, rows)
        return rows.frozen()

    def finish(self) -> Rows:
        """The stream ended: close the interval under way -> its rows."""
        rows = _RowLists()
        if self._records_seen > self._closed:
            self._close(self._records_seen, rows)
        for rejections in self._rejections.values():
            self._rejected_total += rejections.total
            rows.tell(self._records_seen, rejections.event())
        self._rejections = {}
        return rows.frozen()

    def state_dict(self) -> dict[str, Any]:
        """Everything needed to continue: numpy arrays and JSON-able values."""
        return {
            "is_started": self._is_started,
            "closed": self._closed,
            "records_seen": self._records_seen,
            "rejected_total": self._rejected_total,
            "scored_total": self._scored_total,
            "error_total": self._error_total,
            "loss_total": self._loss_total,
            "levels": dict(self._levels),
            "interval_levels": dict(self._interval_levels),
            "drift_counts": dict(self._drift_counts),
            "window": [list(entry) for entry in self._window],
            "rejections": {str(key): value.state_dict() for key, value in self._rejections.items()},
            "drifts": [[d.record, d.signal, int(d.level), float(d.statistic)] for d in self._drifts],
            "num_leaves": self._num_leaves,
            "restructures": [list(entry) for entry in self._restructures],
            "leaves": self.leaves.state_dict(),
            "totals": self.totals.state_dict(),
            "control": self.control.state_dict(),
            "trend": self.trend.state_dict(),
            "piece": join(self._pieces).state_dict(),
            "predicted": join(self._predicted).state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue where ``state_dict`` was taken."""
        self._is_started = bool(state["is_started"])
        self._closed = int(state["closed"])
        self._records_seen = int(state["records_seen"])
        self._rejected_total = int(state["rejected_total"])
        self._scored_total = int(state["scored_total"])
        self._error_total = float(state["error_total"])
        self._loss_total = float(state["loss_total"])
        self._levels = _integers(state["levels"])
        self._interval_levels = _integers(state["interval_levels"])
        self._drift_counts = _integers(state["drift_counts"])
        self._window = [(int(count), float(total)) for count, total in state["window"]]
        self._rejections = {
            int(key): Rejections.from_state_dict(value) for key, value in state["rejections"].items()
        }
        self._drifts = [Drifted(r, signal, Level(level), s) for r, signal, level, s in state["drifts"]]
        self._num_leaves = int(state["num_leaves"])
        self._restructures = [(int(record), int(count)) for record, count in state["restructures"]]
        self.leaves.load_state_dict(state["leaves"])
        self.totals.load_state_dict(state["totals"])
        self.control.load_state_dict(state["control"])
        self.trend.load_state_dict(state["trend"])
        self._pieces = _loaded(state["piece"])
        self._predicted = _loaded(state["predicted"])

    def _take(self, fact: Fact, rows: _RowLists) -> None:
        match fact:
            case Scored():
                self._pieces.append(Piece.of(fact, self.leaves.numbers))
            case Predicted():
                self._predicted.append(Piece.of_predicted(fact, self.leaves.numbers))
            case Rejected():
                interval = fact.record // self._interval_records
                self._rejections.setdefault(interval, Rejections()).add(fact)
            case Drifted():
                self._drifts.append(fact)
                if fact.level is Level.DRIFT:
                    self._drift_counts[fact.signal] = self._drift_counts.get(fact.signal, 0) + 1
                rows.tell(fact.record, drift_event(fact))
            case Restructured():
                self.leaves.restructure(fact.topology, fact.record)
                self._restructures.append((fact.record, len(fact.topology.leaves)))
                rows.topology = [row for row in rows.topology if row.record != fact.record]
                rows.topology.extend(self.leaves.rows(fact.record))
                rows.tell(fact.record, restructure_event(fact))
            case Profiled():
                # A change of the leaves may have been told before, though it came later.
                leaf = self.leaves.numbers_before(fact.record)
                rows.features.extend(feature_rows(fact))
                rows.leaf_features.extend(leaf_feature_rows(fact, leaf))
                rows.samples.extend(sample_rows(fact, leaf))
            case Watched() | Worth():
                self.control.take(fact)
            case Decided():
                self.control.take(fact)
                rows.tell(fact.record, decision_event(fact))

    def _close(self, end: int, rows: _RowLists) -> None:
        """Give the rows of the interval that ends before record ``end``."""
        piece, self._pieces = _popped(self._pieces, end)
        predicted, self._predicted = _popped(self._predicted, end)
        weighed = predicted if len(predicted.record) else piece
        self._count_errors(piece)
        self._pop_levels(end)
        rejections = self._rejections.pop((end - 1) // self._interval_records, None)
        if rejections is not None:
            self._rejected_total += rejections.total
            rows.tell(end - 0.5, rejections.event())  # before whatever belongs to the next interval
        shares = share_rows(end, piece, weighed)
        self.totals.add(shares, len(weighed.record), len(piece.record))
        rows.shares.extend(shares)
        evidence, worth = self.control.close(end)
        rows.evidence.extend(evidence)
        rows.worth.extend(worth)
        windowed = [sum(column) for column in zip(*self._window, strict=True)]
        rows.intervals.append(
            IntervalRow(
                record=end,
                records=end - self._closed,
                scored=len(piece.record),
                loss_nats=float(piece.loss_nats.mean()) if len(piece.record) else None,
                metric=self._metric(self._scored_total, self._error_total),
                metric_window=self._metric(windowed[0], windowed[1]),
                gate_entropy_nats=entropy_nats(weighed.gate_weights),
                level=max(self._interval_levels.values(), default=0),
                rejected_total=self._rejected_total,
                num_leaves=self._pop_num_leaves(end),
                predicted=len(predicted.record),
            )
        )
        self._closed = end

    def _pop_levels(self, end: int) -> None:
        """Highest level that every signal had in the interval; signals keep their last level afterwards."""
        self._interval_levels = dict(self._levels)
        for drift in self._drifts:
            if drift.record < end:
                highest = max(int(drift.level), self._interval_levels.get(drift.signal, 0))
                self._interval_levels[drift.signal] = highest
                self._levels[drift.signal] = int(drift.level)
        self._drifts = [drift for drift in self._drifts if drift.record >= end]

    def _pop_num_leaves(self, end: int) -> int:
        for record, count in self._restructures:
            if record < end:
                self._num_leaves = count
        self._restructures = [entry for entry in self._restructures if entry[0] >= end]
        return self._num_leaves

    def _count_errors(self, piece: Piece) -> None:
        total = float(piece.error.sum())
        self._scored_total += len(piece.record)
        self._error_total += total
        self._loss_total += float(piece.loss_nats.sum())
        if len(piece.record):
            self.trend.add(len(piece.record), float(piece.loss_nats.mean()))
        self._window = [*self._window, (len(piece.record), total)][-self._window_intervals :]

    def _metric(self, count: float, total: float) -> float | None:
        if count == 0:
            return None
        return 1.0 - total / count if self._is_classification else total / count


class _RowLists:
    """Rows under construction."""

    def __init__(self) -> None:
        self.intervals: list[IntervalRow] = []
        self.shares: list[ShareRow] = []
        self.topology: list[TopologyRow] = []
        self.events: list[tuple[float, EventRow]] = []
        self.evidence: list[EvidenceRow] = []
        self.worth: list[WorthRow] = []
        self.features: list[FeatureRow] = []
        self.leaf_features: list[LeafFeatureRow] = []
        self.samples: list[SampleRow] = []

    def tell(self, at: float, event: EventRow) -> None:
        """Add an event that belongs to a record count: their order is that of the counts, however cut."""
        self.events.append((at, event))

    def frozen(self) -> Rows:
        events = [event for _, event in sorted(self.events, key=lambda told: told[0])]
        others = {name: tuple(rows) for name, rows in vars(self).items() if name != "events"}
        return Rows(**others, events=tuple(events))


def _popped(pieces: Sequence[Piece], end: int) -> tuple[Piece, list[Piece]]:
    """The records before ``end`` as one piece, and the others."""
    taken, left = [], []
    for piece in pieces:
        cut = int(piece.record.searchsorted(end))
        if cut > 0:
            taken.append(piece.part(0, cut))
        if cut < len(piece.record):
            left.append(piece.part(cut, len(piece.record)))
    return join(taken), left


def _loaded(state: Mapping[str, Any]) -> list[Piece]:
    piece = Piece.from_state_dict(state)
    return [piece] if len(piece.record) else []


def _integers(values: Mapping[str, Any]) -> dict[str, int]:
    return {key: int(value) for key, value in values.items()}
