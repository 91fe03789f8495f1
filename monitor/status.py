"""What a run looks like right now: one immutable value for the live view, the metrics and the summary."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from monitor.durations import Durations
from monitor.journal.fold import JournalFold
from monitor.journal.schema import IntervalRow, Rows
from monitor.targets import Task
from stream_hmoe.events import Account, Evidence, Phase, Worth

__all__ = ["LeafShare", "Status", "StatusBoard", "last_shares"]


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
        account: where every record and label went; None for a run on a file.
        dead_letters: messages that could not be used, by kind of reason.
        lag_records: messages that wait in every log of the source.
        skipped: messages that were gone from a log before they could be read.
        halted: why the stream stands still; empty while it goes on.
        is_frozen: the model predicts and scores, but does not learn.
        checkpoint_failures: checkpoints that could not be written.
        checkpoint_duration_seconds: what the last checkpoint took.
        checkpoint_bytes: its size.
        disk_free_bytes: room left where the stream keeps its state.
        event_latency: how long events took from their arrival here to their facts.
        label_delay: how long labels came after their observations.
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
    is_frozen: bool = False
    checkpoint_failures: int = 0
    checkpoint_duration_seconds: float = 0.0
    checkpoint_bytes: int = 0
    disk_free_bytes: int = 0
    event_latency: Durations | None = None
    label_delay: Durations | None = None

    @property
    def level(self) -> int:
        """The highest level among the watched signals."""
        return max(self.levels.values(), default=0)

    @property
    def num_drifts(self) -> int:
        """Drifts of all watched signals."""
        return sum(self.drift_counts.values())


class StatusBoard:
    """Holds the current status; readers in other threads take the whole value at once."""

    def __init__(self, status: Status) -> None:
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
