"""Rows about reporting intervals, and the leaves and events in them."""

from __future__ import annotations

import enum
from dataclasses import dataclass

__all__ = ["EventKind", "EventRow", "EvidenceRow", "IntervalRow", "ShareRow", "TopologyRow", "WorthRow"]


class EventKind(enum.StrEnum):
    """What an event row tells about; the first five come from the stream, the rest from the process."""

    DRIFT = "drift"
    DECISION = "decision"
    CHANGE_POINT = "change point"
    REJECTED = "rejected"
    RESTRUCTURED = "restructured"
    STARTED = "started"
    RESUMED = "resumed"
    CHECKPOINT = "checkpoint"
    STOPPED = "stopped"
    FINISHED = "finished"


@dataclass(frozen=True, slots=True)
class IntervalRow:
    """One reporting interval, as far as the stream alone determines it (no clock, no memory).

    Args:
        record: records read when the interval closed.
        records: records in the interval, used or rejected.
        scored: records in the interval that were predicted, scored and learned from.
        loss_nats: mean negative log-likelihood; None where nothing was scored, like the next three.
        metric: accuracy (share) or mean absolute error, since the start of the stream.
        metric_window: the same over the last ``window_intervals`` intervals (see meta).
        gate_entropy_nats: mean entropy of the gate weights.
        level: highest level that a watched signal had in the interval (0, 1, 2).
        rejected_total: records rejected since the start of the stream.
        num_leaves: live leaves at the end of the interval.
        predicted: observations predicted in the interval whose labels were to come later; if there are any,
            entropy and gate weights are theirs, otherwise those of the scored records.
    """

    record: int
    records: int
    scored: int
    loss_nats: float | None
    metric: float | None
    metric_window: float | None
    gate_entropy_nats: float | None
    level: int
    rejected_total: int
    num_leaves: int
    predicted: int = 0


@dataclass(frozen=True, slots=True)
class ShareRow:
    """What one leaf did in one interval.

    Args:
        record: the interval.
        leaf: number of the leaf.
        weight: mean gate weight; the weights of an interval sum to 1.
        loss_nats: mean loss, each record weighted by the leaf's gate weight; None for a leaf without weight.
        error: mean error, weighted in the same way.
    """

    record: int
    leaf: int
    weight: float
    loss_nats: float | None
    error: float | None


@dataclass(frozen=True, slots=True)
class TopologyRow:
    """One live leaf of the model, from ``record`` on."""

    record: int
    leaf: int
    name: str
    group_name: str


@dataclass(frozen=True, slots=True)
class EventRow:
    """Something that happened at a record.

    Args:
        record: 0-based number of the record.
        kind: what happened.
        message: one sentence for people.
        signal: the watched signal, or empty.
        level: level of the signal (0, 1, 2).
        statistic: the detector's estimate, or a count; None where there is none.
        detail: JSON object for machines.
    """

    record: int
    kind: EventKind
    message: str
    signal: str = ""
    level: int = 0
    statistic: float | None = None
    detail: str = "{}"


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    """The strongest evidence of one signal in one interval.

    Args:
        record: the interval.
        signal: what is watched.
        evidence_nats: log of the evidence against "nothing has changed"; None for no evidence at all.
        threshold_nats: the evidence at which it is an alarm; None when there is no such value yet.
        level: what that means (0, 1, 2).
    """

    record: int
    signal: str
    evidence_nats: float | None
    threshold_nats: float | None
    level: int


@dataclass(frozen=True, slots=True)
class WorthRow:
    """What learning and control were worth, as told last in one interval.

    Args:
        record: the interval.
        since: record at which the copy was taken that never learned again.
        sampled: records on which model and copy were compared.
        losses: the model's losses on them.
        frozen_losses: the copy's losses on them.
        errors_avoided: their difference, reckoned up to all records since; None while nothing is sampled.
        challenger_records: records that challengers and former champions learned.
    """

    record: int
    since: int
    sampled: int
    losses: float
    frozen_losses: float
    errors_avoided: float | None
    challenger_records: int
