"""The row of the journal that tells how a stream fares, about once a second."""

from __future__ import annotations

from dataclasses import fields

from monitor.durations import Durations
from monitor.journal.schema import FlowRow
from monitor.status import Status
from stream_hmoe.events import Account

__all__ = ["flow_row"]

COUNTED = tuple(field.name for field in fields(Account) if field.name != "label_delay_seconds")


def flow_row(status: Status, time_seconds: float, latency: Durations, delay: Durations) -> FlowRow:
    """How a stream fares.

    Args:
        status: its status now.
        time_seconds: Unix time now: that of the status is of its last record.
        latency: of the events since the last row.
        delay: of the labels since the last row.
    """
    account = status.account or Account()
    return FlowRow(
        time_seconds=time_seconds,
        record=status.records,
        **{name: getattr(account, name) for name in COUNTED},
        label_delay_seconds=delay.total_seconds / delay.count if delay.count else None,
        dead_lettered=sum(status.dead_letters.values()),
        skipped=status.skipped,
        lag_records=sum(status.lag_records.values()) if status.lag_records else None,
        records_per_second=status.records_per_second,
        latency_p50_seconds=latency.quantile_seconds(0.5),
        latency_p99_seconds=latency.quantile_seconds(0.99),
        memory_bytes=status.memory_bytes,
        checkpoint_seconds=status.checkpoint_seconds,
        checkpoint_bytes=status.checkpoint_bytes,
        halted=status.halted,
    )
