"""The threshold lab: what another threshold would have made of the recorded evidence."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from dashboards.charts.lab import CERTAIN, POSSIBLE, REAL
from monitor.control.simulation import SignalSimulation

__all__ = ["alarm_rows", "alarm_table"]

MOST_ALARMS = 1_500


def alarm_rows(found: Sequence[SignalSimulation]) -> pd.DataFrame:
    """Alarms for a chart -> record, signal, kind, evidence_nats; the newest ones."""
    rows = [
        (alarm.record, one.signal, kind, alarm.evidence_nats)
        for one in found
        for alarms, is_real in ((one.recorded, True), (one.alarms, False))
        for alarm in alarms
        for kind in (REAL if is_real else CERTAIN if alarm.is_certain else POSSIBLE,)
    ]
    table = pd.DataFrame(rows, columns=["record", "signal", "kind", "evidence_nats"])
    return table.sort_values("record", kind="stable", ignore_index=True).tail(MOST_ALARMS)


def alarm_table(found: Sequence[SignalSimulation]) -> pd.DataFrame:
    """Numbers of alarms -> signal, raised, would (for certain), may (evidence was reset before), unknown."""
    rows = [
        (
            one.signal,
            len(one.recorded),
            sum(alarm.is_certain for alarm in one.alarms),
            sum(not alarm.is_certain for alarm in one.alarms),
            len(one.unknown),
        )
        for one in found
    ]
    return pd.DataFrame(rows, columns=["signal", "raised", "would", "may", "unknown"])
