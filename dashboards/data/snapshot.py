"""What every page needs: who the run is, how it is doing, what it decided last; cheap however long it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from dashboards.words import Metric
from monitor.control.episodes import Episode, Step, episodes_of, steps_of
from monitor.journal.reader import JournalReader, Span
from monitor.journal.schema import EventKind
from stream_hmoe.events import Phase

__all__ = ["HISTORY", "WINDOWS", "Snapshot", "read", "window_first"]

WINDOWS: Mapping[str, int | None] = {"5k": 5_000, "20k": 20_000, "100k": 100_000, "all": None}

RECENT_INTERVALS = 400
NUM_MARKERS = 400
NUM_HISTORY = 600
NUM_FLOW = 600
FLOW_SECONDS = 600.0
HISTORY = (EventKind.DECISION, EventKind.DRIFT, EventKind.CHANGE_POINT)
MARKED = (EventKind.DRIFT, EventKind.CHANGE_POINT, EventKind.DECISION, EventKind.RESTRUCTURED)
NO_EVIDENCE = pd.DataFrame(columns=["record", "signal", "evidence_nats", "threshold_nats", "level"])


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """What the journal held at one moment.

    Args:
        meta: what the run says about itself.
        span: which records are covered; None before the first interval closes.
        first: first record of the window.
        recent: one row per interval, the newest ones, whatever the window.
        topology: the live leaves.
        markers: drift events, known change points, decisions and changes of shape of the window.
        step: the controller's newest decision; None before the first.
        history: decisions, drifts and known changes of the newest intervals.
        episodes: what was done about drift over the newest intervals, oldest first.
        is_watched: evidence is collected.
        flow: what came and how the process fared, the newest rows; empty for a run without a service.
    """

    meta: Mapping[str, str]
    span: Span | None
    first: int
    recent: pd.DataFrame
    topology: pd.DataFrame
    markers: pd.DataFrame
    step: Step | None
    history: pd.DataFrame
    episodes: Sequence[Episode]
    is_watched: bool
    flow: pd.DataFrame

    @property
    def phase(self) -> Phase | None:
        """Where the controller stands; None where there is none."""
        if self.step is not None:
            return self.step.after
        return Phase.NORMAL if self.is_watched else None

    @property
    def last(self) -> int:
        """Record of the newest interval; 0 before the first."""
        return 0 if self.span is None else self.span.last

    @property
    def halted(self) -> str:
        """Why the stream stands still; empty while it goes on."""
        return "" if self.flow.empty else str(self.flow["halted"].iloc[-1])

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


def read(journal: JournalReader, window: int | None) -> Snapshot:
    """Read what every page needs, with marks of the newest ``window`` records, or of all.

    Raises:
        JournalError: the journal cannot be read.
    """
    meta, span = journal.meta(), journal.span()
    last = span.last if span else 0
    first = window_first(last, window)
    recent_first = max(0, last - RECENT_INTERVALS * _whole(meta, "interval_records", 250) + 1)
    newest_first = max(0, last - _whole(meta, "interval_records", 250))
    recent = journal.intervals(recent_first, last)
    history = journal.events(HISTORY, recent_first, NUM_HISTORY)
    return Snapshot(
        meta=meta,
        span=span,
        first=first,
        recent=recent,
        topology=journal.topology(),
        markers=journal.events(MARKED, first, NUM_MARKERS),
        step=next(iter(steps_of(journal.events([EventKind.DECISION], limit=1))), None),
        history=history,
        episodes=episodes_of(history, recent, NO_EVIDENCE),
        is_watched=not journal.evidence(newest_first, last).empty,
        flow=_flow(journal, meta),
    )


def _flow(journal: JournalReader, meta: Mapping[str, str]) -> pd.DataFrame:
    """The last ten minutes in which the process said how it fares."""
    updated = float(meta.get("updated_seconds", 0.0))
    return journal.flow(updated - FLOW_SECONDS, NUM_FLOW)


def window_first(last: int, window: int | None) -> int:
    """First record of the newest ``window`` records, or of all."""
    return 0 if window is None else max(0, last - window + 1)


def _whole(meta: Mapping[str, str], key: str, if_none: int) -> int:
    return max(1, int(meta.get(key, if_none)))
