"""The journal -> one snapshot of tables, read in one go so that the whole page tells one story."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from dashboards.words import Metric
from monitor.control.episodes import Episode, Step, episodes_of, steps_of
from monitor.control.known_changes import Answer, answers
from monitor.journal.reader import JournalReader, Span
from monitor.journal.schema import EventKind, JournalDamaged, JournalError, JournalMissing, JournalNewer
from stream_hmoe.events import Phase

__all__ = ["WINDOWS", "Notice", "Snapshot", "notice", "read"]

WINDOWS: Mapping[str, int | None] = {"5k": 5_000, "20k": 20_000, "100k": 100_000, "all": None}

POINTS = 600
SHARE_ROWS = 24_000
RECENT_INTERVALS = 400
NUM_EVENTS = 400
NUM_REJECTED = 100
NUM_MARKERS = 400
NUM_HISTORY = 600
HISTORY = (EventKind.DECISION, EventKind.DRIFT, EventKind.CHANGE_POINT)


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """What the journal held at one moment.

    Args:
        meta: what the run says about itself.
        span: which records are covered; None before the first interval closes.
        first: first record of the window.
        intervals: one row per point of the window.
        recent: one row per interval, the newest ones, whatever the window.
        shares: one row per point of the window and leaf.
        recent_shares: one row per interval and leaf, for the metric's window.
        topology: the live leaves.
        events: the newest events but for checkpoints, oldest first.
        markers: drift events and known change points of the window.
        evidence: one row per point of the window and signal.
        worth: one row per interval, the newest ones, in which it was told what control was worth.
        step: the controller's newest decision; None before the first.
        history: decisions, drifts and known changes of the newest intervals.
    """

    meta: Mapping[str, str]
    span: Span | None
    first: int
    intervals: pd.DataFrame
    recent: pd.DataFrame
    shares: pd.DataFrame
    recent_shares: pd.DataFrame
    topology: pd.DataFrame
    events: pd.DataFrame
    markers: pd.DataFrame
    evidence: pd.DataFrame
    worth: pd.DataFrame
    step: Step | None
    history: pd.DataFrame

    @property
    def phase(self) -> Phase | None:
        """Where the controller stands; None where there is none."""
        if self.step is not None:
            return self.step.after
        return None if self.evidence.empty else Phase.NORMAL

    @property
    def episodes(self) -> list[Episode]:
        """What was done about drift over the newest intervals, oldest first."""
        return episodes_of(self.history, self.recent, self.evidence.iloc[:0])

    def answers(self, episodes: Sequence[Episode]) -> list[Answer]:
        """What followed on the known changes of the newest intervals, oldest first."""
        return answers(self.history, self.recent, episodes, self.metric.is_share, self.window_records)

    @property
    def interval_records(self) -> int:
        """Length of a reporting interval."""
        return _whole(self.meta, "interval_records", 250)

    @property
    def window_records(self) -> int:
        """Number of records over which the metric of the last window is taken."""
        return self.interval_records * _whole(self.meta, "window_intervals", 4)

    @property
    def metric(self) -> Metric:
        """The metric that the run reports."""
        is_share = self.meta.get("task", "classification") == "classification"
        return Metric(self.meta.get("metric", "accuracy" if is_share else "MAE").replace("_", " "), is_share)

    @property
    def is_running(self) -> bool:
        """Whether the run has not said that it ended."""
        return self.meta.get("status", "running") not in ("finished", "stopped")


@dataclass(frozen=True, slots=True)
class Notice:
    """Why there is nothing to draw, for people.

    Args:
        title: two or three words.
        sentence: what is the case.
        remedy: what to do.
        is_fault: something is wrong; otherwise it is only a matter of waiting.
    """

    title: str
    sentence: str
    remedy: str
    is_fault: bool


def read(path: Path, window: int | None) -> Snapshot:
    """Read the newest ``window`` records, or everything.

    Raises:
        JournalError: there is no journal, or it cannot be read.
    """
    with JournalReader(path) as journal:
        meta = journal.meta()
        span = journal.span()
        topology = journal.topology()
        last = span.last if span else 0
        first = 0 if window is None else max(0, last - window + 1)
        interval, intervals = _whole(meta, "interval_records", 250), _whole(meta, "window_intervals", 4)
        recent_first = last - RECENT_INTERVALS * interval + 1
        newest_first = last - intervals * interval + 1
        return Snapshot(
            meta=meta,
            span=span,
            first=first,
            intervals=journal.intervals(first, last, POINTS),
            recent=journal.intervals(max(0, recent_first), last),
            shares=journal.shares(first, last, _share_points(len(topology))),
            recent_shares=journal.shares(max(0, newest_first), last),
            topology=topology,
            events=_events(journal),
            markers=journal.events([EventKind.DRIFT, EventKind.CHANGE_POINT], first, NUM_MARKERS),
            evidence=journal.evidence(first, last, POINTS),
            worth=journal.worth(max(0, recent_first), last),
            step=next(iter(steps_of(journal.events([EventKind.DECISION], limit=1))), None),
            history=journal.events(HISTORY, max(0, recent_first), NUM_HISTORY),
        )


def notice(error: JournalError) -> Notice:
    """Say in plain words why a journal cannot be shown."""
    words = str(error)
    sentence = f"{words[:1].upper()}{words[1:]}."
    match error:
        case JournalMissing():
            remedy = "This page fills by itself as soon as a run writes there."
            return Notice("No journal yet", sentence, remedy, is_fault=False)
        case JournalNewer():
            remedy = "Upgrade the installation that serves this page; the journal itself is fine."
            return Notice("Journal from a newer version", sentence, remedy, is_fault=True)
        case JournalDamaged() if _is_locked(error):
            remedy = "Another program holds the file. This page tries again by itself; nothing is lost."
            return Notice("Journal is locked", sentence, remedy, is_fault=False)
        case _:
            remedy = "Check the path, or move the file away and start the run again."
            return Notice("Journal cannot be read", sentence, remedy, is_fault=True)


def _is_locked(error: JournalError) -> bool:
    cause = error.__cause__
    return isinstance(cause, sqlite3.OperationalError) and cause.sqlite_errorcode in (
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
    )


def _events(journal: JournalReader) -> pd.DataFrame:
    """The newest events; rejected records, of which there may be many, do not push out the others."""
    frequent = {EventKind.REJECTED, EventKind.CHECKPOINT}
    rare = journal.events([kind for kind in EventKind if kind not in frequent], limit=NUM_EVENTS)
    rejected = journal.events([EventKind.REJECTED], limit=NUM_REJECTED)
    found = [table for table in (rare, rejected) if not table.empty]
    return pd.concat(found or [rare]).sort_values("id", ignore_index=True)


def _whole(meta: Mapping[str, str], key: str, if_none: int) -> int:
    return max(1, int(meta.get(key, if_none)))


def _share_points(num_leaves: int) -> int:
    """Points per leaf: fewer the more leaves there are, so that a page stays small."""
    return max(60, min(POINTS, SHARE_ROWS // max(1, num_leaves)))
