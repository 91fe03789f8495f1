"""What a run looks like right now: one immutable value for the live view, the metrics and the summary."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from monitor.durations import Durations
from monitor.journal.fold import JournalFold
from monitor.journal.schema import IntervalRow, Rows
from monitor.targets import Task
from stream_hmoe.events import Account, Evidence, Phase, Worth

__all__ = ["Halt", "LeafShare", "Status", "StatusBoard", "last_shares", "told"]


class Halt(enum.StrEnum):
    """Kinds of reasons for which a stream stands still."""

    DEAD_LETTERS = "dead letters"
    GAP = "gap"
    SOURCE = "source"
    SINK = "sink"
    STORAGE = "storage"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class LeafShare:
    """Mean gate weight of a leaf in the last closed interval."""

    leaf: str
    group: str
    weight: float


@dataclass(frozen=True, slots=True)
class Status:
    """A run at one moment.

    Args:
        task: what is predicted.
        records: records of the stream read so far.
        rejected: records rejected so far.
        records_per_second: throughput over the last second or so.
        time_seconds: Unix time of the last record.
        memory_bytes: resident memory of the process.
        share_read: part of the input that has been read, 0 to 1; None when its length is unknown.
        checkpoint_record: records covered by the newest checkpoint.
        checkpoint_seconds: Unix time of the newest checkpoint; 0 before the first.
        interval: the last closed reporting interval; None before the first.
        shares: what its leaves did.
        levels: level of every watched signal (0, 1, 2).
        drift_counts: how often every watched signal drifted.
        last_change: the last known change of a made stream, in words; empty when none is known.
        evidence: the newest evidence of every signal with a threshold.
        phase: where the controller stands; None before it was heard of.
        decision_counts: how often it asked for each action.
        worth: what learning and control were worth; None before that was told.
        stream: name of the stream, for labels.
        account: where every record and label went; None before anything was counted.
        dead_letters: messages that could not be used, by kind of reason.
        lag_records: messages that wait in every log of the source.
        skipped: messages that were gone from a log before they could be read.
        halted: why the stream stands still, in words; empty while it goes on.
        halt: the kind of that reason; None for one without a kind.
        is_frozen: the model predicts and scores, but does not learn.
        checkpoint_failures: checkpoints that could not be written.
        checkpoint_duration_seconds: what the last checkpoint took.
        checkpoint_bytes: its size.
        event_latency: how long events took from their arrival here to their facts.
        label_delay: how long labels came after their observations.
        loss_fast_nats: running mean of the loss over the last thousand or so records; None without any.
        loss_slow_nats: the same over the last twenty thousand or so.
    """

    task: Task
    records: int = 0
    rejected: int = 0
    records_per_second: float = 0.0
    time_seconds: float = 0.0
    memory_bytes: int = 0
    share_read: float | None = None
    checkpoint_record: int = 0
    checkpoint_seconds: float = 0.0
    interval: IntervalRow | None = None
    shares: tuple[LeafShare, ...] = ()
    levels: Mapping[str, int] = field(default_factory=dict)
    drift_counts: Mapping[str, int] = field(default_factory=dict)
    last_change: str = ""
    evidence: tuple[Evidence, ...] = ()
    phase: Phase | None = None
    decision_counts: Mapping[str, int] = field(default_factory=dict)
    worth: Worth | None = None
    stream: str = "default"
    account: Account | None = None
    dead_letters: Mapping[str, int] = field(default_factory=dict)
    lag_records: Mapping[str, int] = field(default_factory=dict)
    skipped: int = 0
    halted: str = ""
    halt: Halt | None = None
    is_frozen: bool = False
    checkpoint_failures: int = 0
    checkpoint_duration_seconds: float = 0.0
    checkpoint_bytes: int = 0
    event_latency: Durations | None = None
    label_delay: Durations | None = None
    loss_fast_nats: float | None = None
    loss_slow_nats: float | None = None

    @property
    def level(self) -> int:
        """The highest level among the watched signals."""
        return max(self.levels.values(), default=0)

    @property
    def num_drifts(self) -> int:
        """Drifts of all watched signals."""
        return sum(self.drift_counts.values())


class StatusBoard:
    """Holds the current status; readers in other threads take the whole value at once.

    Args:
        status: how the run stands when the process takes it up, totals of earlier processes included:
            what this process counts is counted from there.
    """

    def __init__(self, status: Status) -> None:
        self.start = status
        self.current = status


def last_shares(rows: Rows, fold: JournalFold) -> tuple[LeafShare, ...]:
    """What the live leaves did in the last interval of ``rows``."""
    end = rows.intervals[-1].record
    weights = {share.leaf: share.weight for share in rows.shares if share.record == end}
    return tuple(
        LeafShare(leaf.name, leaf.group, weights[leaf.number])
        for leaf in fold.leaves.live
        if leaf.number in weights
    )


def told(status: Status, fold: JournalFold) -> Status:
    """The status with all that the fold knows of the stream's whole life."""
    tally = fold.so_far()
    return replace(
        status,
        rejected=tally.rejected,
        account=Account(tally.scored + tally.rejected, learned=tally.scored, rejected=tally.rejected),
        levels=fold.levels,
        drift_counts=fold.drift_counts,
        evidence=fold.control.evidence,
        phase=fold.control.phase,
        decision_counts=fold.control.decision_counts,
        worth=fold.control.worth,
        loss_fast_nats=fold.trend.fast_nats,
        loss_slow_nats=fold.trend.slow_nats,
    )
