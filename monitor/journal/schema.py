"""The tables of the journal and the values of their rows; a change of columns raises SCHEMA_VERSION."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from stream_hmoe.errors import StreamHMoEError

__all__ = [
    "CREATE_TABLES",
    "SCHEMA_VERSION",
    "EventKind",
    "EventRow",
    "EvidenceRow",
    "IntervalRow",
    "JournalDamaged",
    "JournalError",
    "JournalMissing",
    "JournalNewer",
    "JournalOlder",
    "Rows",
    "ShareRow",
    "TopologyRow",
    "WorthRow",
]

SCHEMA_VERSION = 2

# meta holds, as text: schema_version, run_name, task (classification, regression), metric (accuracy, absolute
# error), target, source, interval_records, window_intervals, status (running, stopped, finished),
# product_version, started_seconds, updated_seconds (Unix time), input (JSON: how to open it again) and, when
# served, metrics_address.
# interval.record counts the records read when the interval closed (250, 500, ...); the last one of a stream
# may be shorter. event.record is the 0-based number of the record at which the event happened.
# A decision takes effect before the record of its event.
# leaf is a number that a leaf name keeps for the whole run, also after its expert is gone.
# evidence and worth carry the record of their interval. Version 2 added both and the kind "decision".
CREATE_TABLES = """
CREATE TABLE IF NOT EXISTS meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS interval (
    record INTEGER PRIMARY KEY,
    time_seconds REAL NOT NULL,
    records INTEGER NOT NULL,
    scored INTEGER NOT NULL,
    records_per_second REAL NOT NULL,
    loss_nats REAL,
    metric REAL,
    metric_window REAL,
    gate_entropy_nats REAL,
    level INTEGER NOT NULL,
    rejected_total INTEGER NOT NULL,
    num_leaves INTEGER NOT NULL,
    memory_bytes INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS share (
    record INTEGER NOT NULL,
    leaf INTEGER NOT NULL,
    weight REAL NOT NULL,
    loss_nats REAL,
    error REAL,
    PRIMARY KEY (record, leaf)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS topology (
    record INTEGER NOT NULL,
    leaf INTEGER NOT NULL,
    name TEXT NOT NULL,
    group_name TEXT NOT NULL,
    PRIMARY KEY (record, leaf)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS event (
    id INTEGER PRIMARY KEY,
    record INTEGER NOT NULL,
    time_seconds REAL NOT NULL,
    kind TEXT NOT NULL,
    signal TEXT NOT NULL,
    level INTEGER NOT NULL,
    statistic REAL,
    message TEXT NOT NULL,
    detail TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS event_by_record ON event (record);
CREATE TABLE IF NOT EXISTS evidence (
    record INTEGER NOT NULL,
    signal TEXT NOT NULL,
    evidence_nats REAL,
    threshold_nats REAL,
    level INTEGER NOT NULL,
    PRIMARY KEY (record, signal)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS worth (
    record INTEGER PRIMARY KEY,
    since INTEGER NOT NULL,
    sampled INTEGER NOT NULL,
    losses REAL NOT NULL,
    frozen_losses REAL NOT NULL,
    errors_avoided REAL,
    challenger_records INTEGER NOT NULL
);
"""


class JournalError(StreamHMoEError):
    """A journal that cannot be used."""


class JournalMissing(JournalError):
    """There is no journal at this path, or nothing has been written to it yet."""


class JournalNewer(JournalError):
    """The journal was written by a newer version of this package."""


class JournalOlder(JournalError):
    """The journal was written by an older version of this package, with other tables."""


class JournalDamaged(JournalError):
    """The file is not a journal, or it is damaged."""


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


@dataclass(frozen=True, slots=True)
class Rows:
    """What a batch of facts adds to the journal."""

    intervals: tuple[IntervalRow, ...] = ()
    shares: tuple[ShareRow, ...] = ()
    topology: tuple[TopologyRow, ...] = ()
    events: tuple[EventRow, ...] = ()
    evidence: tuple[EvidenceRow, ...] = ()
    worth: tuple[WorthRow, ...] = ()
