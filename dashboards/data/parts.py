"""What each page needs besides the snapshot, bounded however long the stream is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from dashboards.data.shapes import read_lives
from dashboards.data.snapshot import HISTORY, Snapshot
from dashboards.tables.plane import Plane, plane_of
from dashboards.tables.samples import domains_of
from monitor.control.episodes import Episode, episodes_of
from monitor.control.known_changes import Answer, answers
from monitor.journal.reader import JournalReader
from monitor.journal.schema import EventKind

__all__ = [
    "ActionsPart",
    "DataPart",
    "DriftPart",
    "ExpertsPart",
    "GatesPart",
    "NowPart",
    "SystemPart",
    "actions_part",
    "data_part",
    "drift_part",
    "experts_part",
    "gates_part",
    "now_part",
    "system_part",
]

POINTS = 600
SHARE_ROWS = 24_000
FEATURE_POINTS = 200
NUM_SAMPLES = 1_000
NUM_EVENTS = 400
NUM_REJECTED = 100
NUM_DECISIONS = 2_000
NUM_BAD = 200


@dataclass(frozen=True, slots=True, eq=False)
class NowPart:
    """One row per point of the window; the newest events but for checkpoints, oldest first."""

    intervals: pd.DataFrame
    events: pd.DataFrame


@dataclass(frozen=True, eq=False)
class GatesPart:
    """One row per point of the window (and leaf); sample records; what the leaves' records are like."""

    intervals: pd.DataFrame
    shares: pd.DataFrame
    samples: pd.DataFrame
    leaf_features: pd.DataFrame
    topology: pd.DataFrame

    @cached_property
    def domains(self) -> Mapping[str, pd.Series]:
        """Ways to tell the samples apart; found out once a reading, after the first chart is drawn."""
        return domains_of(self.samples) if len(self.samples) else {}

    @cached_property
    def plane(self) -> Plane | None:
        """The gate map, in the same way; None where there is none."""
        name_of = dict(zip(self.topology["leaf"], self.topology["name"], strict=True))
        return plane_of(self.samples, self.leaf_features, name_of) if len(self.samples) else None


@dataclass(frozen=True, slots=True, eq=False)
class DriftPart:
    """One row per point of the window and signal; per point and leaf; per period and feature."""

    evidence: pd.DataFrame
    shares: pd.DataFrame
    features: pd.DataFrame


@dataclass(frozen=True, slots=True, eq=False)
class ExpertsPart:
    """Shares of the window and of the metric's window, when leaves lived, and what they serve."""

    shares: pd.DataFrame
    recent_shares: pd.DataFrame
    lives: pd.DataFrame
    restructured: pd.DataFrame
    samples: pd.DataFrame
    leaf_features: pd.DataFrame
    features: pd.DataFrame


@dataclass(frozen=True, slots=True, eq=False)
class ActionsPart:
    """What was done in the window, what followed on known changes, and what all of it was worth."""

    episodes: Sequence[Episode]
    answers: Sequence[Answer]
    worth: pd.DataFrame


@dataclass(frozen=True, slots=True, eq=False)
class DataPart:
    """Messages that could not be used, rejected records, and what features were like."""

    bad: pd.DataFrame
    rejected: pd.DataFrame
    features: pd.DataFrame


@dataclass(frozen=True, slots=True, eq=False)
class SystemPart:
    """One row per point of the window; size of the journal; checkpoints, starts and ends."""

    intervals: pd.DataFrame
    journal_bytes: int
    process_events: pd.DataFrame


def now_part(journal: JournalReader, path: Path, snapshot: Snapshot) -> NowPart:
    """Read the page of key figures."""
    return NowPart(journal.intervals(snapshot.first, snapshot.last, POINTS), _events(journal))


def gates_part(journal: JournalReader, path: Path, snapshot: Snapshot) -> GatesPart:
    """Read the page of gates."""
    return GatesPart(
        intervals=journal.intervals(snapshot.first, snapshot.last, POINTS),
        shares=_shares(journal, snapshot),
        samples=journal.samples(snapshot.first, snapshot.last, NUM_SAMPLES),
        leaf_features=journal.leaf_features(),
        topology=snapshot.topology,
    )


def drift_part(journal: JournalReader, path: Path, snapshot: Snapshot) -> DriftPart:
    """Read the page of drift."""
    return DriftPart(
        evidence=journal.evidence(snapshot.first, snapshot.last, POINTS),
        shares=_shares(journal, snapshot),
        features=journal.features(snapshot.first, snapshot.last, FEATURE_POINTS),
    )


def experts_part(journal: JournalReader, path: Path, snapshot: Snapshot) -> ExpertsPart:
    """Read the page of experts."""
    recent_first = max(0, snapshot.last - snapshot.window_records + 1)
    return ExpertsPart(
        shares=_shares(journal, snapshot),
        recent_shares=journal.shares(recent_first, snapshot.last),
        lives=read_lives(path),
        restructured=journal.events([EventKind.RESTRUCTURED], limit=NUM_EVENTS),
        samples=journal.samples(snapshot.first, snapshot.last, NUM_SAMPLES),
        leaf_features=journal.leaf_features(),
        features=journal.features(snapshot.first, snapshot.last, FEATURE_POINTS),
    )


def actions_part(journal: JournalReader, path: Path, snapshot: Snapshot) -> ActionsPart:
    """Read the page of actions."""
    first, last, metric = snapshot.first, snapshot.last, snapshot.metric
    history = journal.events(HISTORY, first, NUM_DECISIONS)
    intervals = journal.intervals(first, last, 2 * POINTS)
    episodes = episodes_of(history, intervals, journal.evidence(first, last, POINTS))
    followed = answers(history, intervals, episodes, metric.is_share, snapshot.window_records)
    return ActionsPart(episodes, followed, journal.worth(first, last, POINTS))


def data_part(journal: JournalReader, path: Path, snapshot: Snapshot) -> DataPart:
    """Read the page of data."""
    return DataPart(
        bad=journal.bad(NUM_BAD),
        rejected=journal.events([EventKind.REJECTED], limit=NUM_REJECTED),
        features=journal.features(snapshot.first, snapshot.last, FEATURE_POINTS),
    )


def system_part(journal: JournalReader, path: Path, snapshot: Snapshot) -> SystemPart:
    """Read the page of the process."""
    files = [path, *(path.with_name(path.name + ending) for ending in ("-wal", "-shm"))]
    kinds = [
        EventKind.CHECKPOINT,
        EventKind.STARTED,
        EventKind.RESUMED,
        EventKind.STOPPED,
        EventKind.FINISHED,
    ]
    return SystemPart(
        intervals=journal.intervals(snapshot.first, snapshot.last, POINTS),
        journal_bytes=sum(file.stat().st_size for file in files if file.exists()),
        process_events=journal.events(kinds, limit=NUM_EVENTS),
    )


def _shares(journal: JournalReader, snapshot: Snapshot) -> pd.DataFrame:
    """Fewer points the more leaves there are, so that a page stays small."""
    points = max(60, min(POINTS, SHARE_ROWS // max(1, len(snapshot.topology))))
    return journal.shares(snapshot.first, snapshot.last, points)


def _events(journal: JournalReader) -> pd.DataFrame:
    """The newest events; rejected records, of which there may be many, do not push out the others."""
    frequent = {EventKind.REJECTED, EventKind.CHECKPOINT}
    rare = journal.events([kind for kind in EventKind if kind not in frequent], limit=NUM_EVENTS)
    rejected = journal.events([EventKind.REJECTED], limit=NUM_REJECTED)
    found = [table for table in (rare, rejected) if not table.empty]
    return pd.concat(found or [rare]).sort_values("id", ignore_index=True)
