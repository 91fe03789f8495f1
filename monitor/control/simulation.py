"""Other thresholds on recorded evidence: what would have fired when, and what nobody can know.

An e-detector raises its alarm when its evidence reaches the wanted average run length (Shin, Ramdas and
Rinaldo, arXiv 2203.03532), so in nats the threshold is ln(ARL). The journal holds the strongest evidence of
every interval, and evidence begins anew after a real alarm: beyond that point it is not what another
threshold would have seen.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd

__all__ = ["Alarm", "SignalSimulation", "simulate"]


@dataclass(frozen=True, slots=True)
class Alarm:
    """A moment at which evidence reached a threshold.

    Args:
        record: records seen at the end of its interval.
        evidence_nats: the strongest evidence of that interval.
        is_certain: nothing had been reset before that this threshold would not have reset too.
    """

    record: int
    evidence_nats: float
    is_certain: bool


@dataclass(frozen=True, slots=True)
class SignalSimulation:
    """One signal with another threshold.

    Args:
        signal: what was watched.
        recorded_threshold_nats: the threshold that was in force last; None when there never was one.
        recorded: intervals in which evidence really reached its threshold.
        alarms: intervals in which it would have reached the other one.
        unknown: real alarms below the other threshold: evidence was reset there, and how far it would have
            grown nobody knows.
    """

    signal: str
    recorded_threshold_nats: float | None
    recorded: tuple[Alarm, ...]
    alarms: tuple[Alarm, ...]
    unknown: tuple[Alarm, ...]


def simulate(evidence: pd.DataFrame, arl: float) -> list[SignalSimulation]:
    """What every signal would have done with the threshold ln(ARL).

    Args:
        evidence: record, signal, evidence_nats, threshold_nats, level; one row per interval and signal.
        arl: wanted average run length in records, at least 1.
    """
    return [
        _one(str(signal), rows.sort_values("record"), math.log(arl))
        for signal, rows in evidence.groupby("signal", sort=False)
    ]


def _one(signal: str, rows: pd.DataFrame, threshold_nats: float) -> SignalSimulation:
    recorded: list[Alarm] = []
    alarms: list[Alarm] = []
    unknown: list[Alarm] = []
    was_real = was_reached = is_altered = False
    known = rows["threshold_nats"].dropna()
    columns = (rows[name].tolist() for name in ("record", "evidence_nats", "threshold_nats"))
    for record, value, real_threshold in zip(*columns, strict=True):
        nats = -math.inf if pd.isna(value) else float(value)
        is_real = not pd.isna(real_threshold) and nats >= float(real_threshold)
        is_reached = nats >= threshold_nats
        if is_reached and not was_reached:
            alarms.append(Alarm(int(record), nats, not is_altered))
        if is_real and not was_real:
            recorded.append(Alarm(int(record), nats, True))
            if not is_reached and not was_reached:
                unknown.append(Alarm(int(record), nats, False))
        # After a reset that only one of both thresholds would have made, the evidence is another one.
        is_altered = is_altered or is_real is not is_reached
        was_real, was_reached = is_real, is_reached
    return SignalSimulation(
        signal=signal,
        recorded_threshold_nats=float(known.iloc[-1]) if len(known) else None,
        recorded=tuple(recorded),
        alarms=tuple(alarms),
        unknown=tuple(unknown),
    )
