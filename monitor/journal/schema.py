"""The tables of the journal and the values of their rows; a change of columns raises SCHEMA_VERSION."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from stream_hmoe.errors import StreamHMoEError

__all__ = [
    "CREATE_TABLES",
    "SCHEMA_VERSION",
    "BadRow",
    "EventKind",
    "EventRow",
    "EvidenceRow",
    "FeatureRow",
    "FlowRow",
    "IntervalRow",
    "JournalDamaged",
    "JournalError",
    "JournalMissing",
    "JournalNewer",
    "JournalOlder",
    "LeafFeatureRow",
    "Rows",
    "SampleRow",
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
class FlowRow:
    """What came, what became of it and how the process fared, about once a second.

    Totals are since the first start of the stream, whatever restarted in between.

    Args:
        time_seconds: Unix time.
        record: records dealt with (the count that intervals go by).
        received: records received; next come the parts that it is the sum of.
        labels_received: labels received; next come the parts that it is the sum of.
        label_delay_seconds: mean time from observation to label since the last row; None without a label.
        dead_lettered: messages that could not be used.
        skipped: messages that were gone before they could be read.
        lag_records: messages that wait in the source; None when unknown.
        records_per_second: throughput.
        latency_p50_seconds: half of the events since the last row took at most so long; None without any.
        latency_p99_seconds: ... and all but one in a hundred.
        memory_bytes: resident memory.
        checkpoint_seconds: Unix time of the newest checkpoint; 0 before the first.
        checkpoint_bytes: its size.
        halted: why the stream stands still; empty while it goes on.
    """

    time_seconds: float
    record: int
    received: int
    learned: int
    held_back: int
    pending: int
    expired: int
    rejected: int
    duplicates: int
    labels_received: int
    labels_joined: int
    labels_waiting: int
    labels_duplicate: int
    labels_corrected: int
    labels_unmatched: int
    labels_rejected: int
    label_delay_seconds: float | None
    dead_lettered: int
    skipped: int
    lag_records: int | None
    records_per_second: float
    latency_p50_seconds: float | None
    latency_p99_seconds: float | None
    memory_bytes: int
    checkpoint_seconds: float
    checkpoint_bytes: int
    halted: str


@dataclass(frozen=True, slots=True)
class BadRow:
    """A message or record that could not be used; the newest few hundred are kept as samples.

    Args:
        record: records dealt with when it came.
        time_seconds: Unix time when it came.
        origin: where it stands: ``payments/3@1042`` or ``line 17``.
        field: the field at fault; empty when the whole is.
        value: its value, as text, shortened.
        reason: what is wrong.
        remedy: what can be done.
        text: the message itself, shortened.
    """

    record: int
    time_seconds: float
    origin: str
    field: str
    value: str
    reason: str
    remedy: str
    text: str


@dataclass(frozen=True, slots=True)
class FeatureRow:
    """What one feature was like over a period of records.

    Args:
        record: end of the period.
        since: its begin.
        feature: name of the encoded feature.
        present_ratio: share of the records that had it.
        mean: where it was present; None where it never was, like the rest.
    """

    record: int
    since: int
    feature: str
    present_ratio: float
    mean: float | None
    deviation: float | None
    least: float | None
    most: float | None


@dataclass(frozen=True, slots=True)
class LeafFeatureRow:
    """What one leaf's records were like over a period, each record weighted by the leaf's gate weight."""

    record: int
    leaf: int
    feature: str
    mean: float | None
    deviation: float | None


@dataclass(frozen=True, slots=True)
class SampleRow:
    """One record of a few, evenly spread over a period.

    Args:
        record: its number.
        leaf: the leaf with the most weight in it.
        target: its label.
        prediction: the prediction, made before the label was used.
        loss_nats: its loss.
        values: JSON object: encoded feature -> value, null where missing.
    """

    record: int
    leaf: int
    target: str
    prediction: str
    loss_nats: float
    values: str


@dataclass(frozen=True, slots=True)
class Rows:
    """What a batch of facts adds to the journal."""

    intervals: tuple[IntervalRow, ...] = ()
    shares: tuple[ShareRow, ...] = ()
    topology: tuple[TopologyRow, ...] = ()
    events: tuple[EventRow, ...] = ()
    evidence: tuple[EvidenceRow, ...] = ()
    worth: tuple[WorthRow, ...] = ()
    features: tuple[FeatureRow, ...] = ()
    leaf_features: tuple[LeafFeatureRow, ...] = ()
    samples: tuple[SampleRow, ...] = ()
    bad: tuple[BadRow, ...] = ()
