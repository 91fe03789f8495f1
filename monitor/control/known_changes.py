"""Made streams tell when they change: how late was that seen, what was done, how soon was the metric back?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import pandas as pd

from monitor.control.episodes import Episode
from monitor.journal.schema import EventKind
from stream_hmoe.events import Level

__all__ = ["Answer", "answers", "is_back"]

BACK_SHARE, BACK_RELATIVE = 0.02, 0.10
BASELINE_INTERVALS = 8


@dataclass(frozen=True, slots=True)
class Answer:
    """A known change and what followed before the next one.

    Args:
        record: first record after the change.
        what: what changed.
        delay: records until a signal drifted or the controller raised its alarm; None if neither did.
        episode: number of the episode that began then; None if none did.
        action: what was done in that episode; empty without one.
        outcome: what came of it; empty without one.
        is_hurt: the metric fell by more than 2 points (an error: rose by more than 10 %).
        recovery: records until the metric of the window was back within that; 0 if it was not hurt, None if
            it is not back.
    """

    record: int
    what: str
    delay: int | None
    episode: int | None
    action: str
    outcome: str
    is_hurt: bool
    recovery: int | None


def answers(
    events: pd.DataFrame,
    intervals: pd.DataFrame,
    episodes: Sequence[Episode],
    is_share: bool,
    window_records: int,
) -> list[Answer]:
    """What followed on every known change, oldest first.

    Args:
        events: the journal's events: known changes, drifts.
        intervals: record and metric_window, oldest first.
        episodes: what was done.
        is_share: the metric is a share, larger is better; otherwise an error.
        window_records: records of the metric's window: what is not worse two windows later was not hurt.
    """
    changes = events[events["kind"] == EventKind.CHANGE_POINT.value]
    drifts = events[(events["kind"] == EventKind.DRIFT.value) & (events["level"] == int(Level.DRIFT))]
    records: list[int] = changes["record"].tolist()
    found = []
    for number, (record, what) in enumerate(zip(records, changes["message"].tolist(), strict=True)):
        next_record = records[number + 1] if number + 1 < len(records) else None
        episode = next((e for e in episodes if _is_within(e.alarm, record, next_record)), None)
        seen = [r for r in drifts["record"].tolist() if _is_within(r, record, next_record)]
        seen += [] if episode is None or episode.alarm is None else [episode.alarm]
        is_hurt, recovery = _recovery(intervals, record, next_record, is_share, window_records)
        found.append(
            Answer(
                record=int(record),
                what=what,
                delay=int(min(seen) - record) if seen else None,
                episode=None if episode is None else episode.number,
                action="" if episode is None else episode.action,
                outcome="" if episode is None else episode.outcome,
                is_hurt=is_hurt,
                recovery=recovery,
            )
        )
    return found


def is_back(now: float, before: float, is_share: bool) -> bool:
    """Whether a metric is within 2 points (an error: within 10 %) of what it was, or better."""
    return now >= before - BACK_SHARE if is_share else now <= before * (1.0 + BACK_RELATIVE)


def _recovery(
    intervals: pd.DataFrame, change: int, next_change: int | None, is_share: bool, window_records: int
) -> tuple[bool, int | None]:
    """Whether the metric was hurt, and the records until it was back."""
    windows = intervals[intervals["metric_window"].notna()]
    before = windows[windows["record"] <= change]["metric_window"].tail(BASELINE_INTERVALS).tolist()
    after = windows[(windows["record"] > change) & (windows["record"] <= (next_change or float("inf")))]
    if not before:
        return False, None
    baseline = median(before)
    is_hurt = False
    for record, now in zip(after["record"].tolist(), after["metric_window"].tolist(), strict=True):
        is_good = is_back(now, baseline, is_share)
        if is_hurt and is_good:
            return True, int(record - change)
        is_hurt = is_hurt or (not is_good and record - change <= 2 * window_records)
    return (True, None) if is_hurt else (False, 0)


def _is_within(record: int | None, first: int, end: int | None) -> bool:
    return record is not None and record >= first and (end is None or record < end)
