"""How the run is doing, interval by interval: a fold over the journal's newest intervals."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass
from statistics import median

import pandas as pd

from dashboards.words import Metric

__all__ = ["Episode", "Judged", "State", "judge"]

LEVEL_WARNING, LEVEL_DRIFT = 1, 2

# A window of 1,000 records at 80 % accuracy has a standard error of 1.3 points: smaller falls are noise.
RECOVERED_SHARE, RECOVERED_RELATIVE = 0.02, 0.10
DEGRADED_SHARE, DEGRADED_RELATIVE = 0.10, 0.50
BASELINE_INTERVALS = 40
ADAPTING_RECORDS = 20_000


class State(enum.StrEnum):
    """How the run is doing."""

    WAITING = "Waiting"
    HEALTHY = "Healthy"
    WATCHING = "Watching"
    DRIFTING = "Drifting"
    ADAPTING = "Adapting"
    DEGRADED = "Degraded"
    HELD = "Held"
    STALE = "Stale"
    HALTED = "Halted"


@dataclass(frozen=True, slots=True)
class Episode:
    """A drift and what the metric was before it.

    Args:
        record: where the interval in which drift was first seen begins.
        baseline: median of the metric over the calm intervals before; None when there were none. A median,
            because the last windows before a detection already hold changed records.
    """

    record: int
    baseline: float | None


@dataclass(frozen=True, slots=True)
class Judged:
    """One interval: its state, and the drift episode it belongs to while drifting or adapting."""

    begin: int
    state: State
    episode: Episode | None


def judge(intervals: pd.DataFrame, metric: Metric) -> list[Judged]:
    """Give every interval its state, oldest first; later intervals never change the state of earlier ones.

    Drifting while a signal is at drift level. Adapting from then on until the metric is back within 2 points
    (an error: within 10 %) of what it was, or for 20,000 records. Otherwise watching while a signal warns,
    degraded where the metric is 10 points (an error: 50 %) worse than since the start, and else healthy.

    Args:
        intervals: columns record, records, level, metric, metric_window; one row per interval, oldest first.
        metric: what the metric columns hold.
    """
    judged: list[Judged] = []
    episode: Episode | None = None
    calm: list[float] = []
    columns = (intervals[name].tolist() for name in ("record", "records", "level", "metric", "metric_window"))
    for record, records, level, running, window in zip(*columns, strict=True):
        begin, now = int(record - records), _number(window)
        if level >= LEVEL_DRIFT:
            episode = episode or Episode(begin, median(calm[-BASELINE_INTERVALS:]) if calm else None)
            judged.append(Judged(begin, State.DRIFTING, episode))
        elif episode is not None and not _is_recovered(metric, now, episode, begin):
            judged.append(Judged(begin, State.ADAPTING, episode))
        else:
            episode = None
            judged.append(Judged(begin, _calm_state(metric, level, now, _number(running)), None))
            calm += [] if now is None else [now]
    return judged


def _is_recovered(metric: Metric, now: float | None, episode: Episode, begin: int) -> bool:
    if now is None or episode.baseline is None or begin - episode.record > ADAPTING_RECORDS:
        return True
    return metric.gain(now, episode.baseline) >= -(RECOVERED_SHARE if metric.is_share else RECOVERED_RELATIVE)


def _calm_state(metric: Metric, level: int, now: float | None, running: float | None) -> State:
    if level >= LEVEL_WARNING:
        return State.WATCHING
    if now is None or running is None:
        return State.HEALTHY
    allowed = DEGRADED_SHARE if metric.is_share else DEGRADED_RELATIVE
    return State.DEGRADED if metric.gain(now, running) < -allowed else State.HEALTHY


def _number(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else float(value)
