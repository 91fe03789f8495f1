"""How a stream fares: how old its events were, and the row of the journal, about once a second."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import numpy.typing as npt

from monitor.durations import Durations
from monitor.journal.schema import FlowRow
from monitor.service.intake import Arrived
from monitor.status import Status
from stream_hmoe.events import Account, Example

__all__ = ["ages_seconds", "flow_row"]

COUNTED = tuple(field.name for field in fields(Account) if field.name != "label_delay_seconds")


def ages_seconds(arrived: Arrived, begin: int, end: int, now_seconds: float) -> npt.NDArray[np.float64]:
    """How long ago some events happened, (N,) without those that do not say; 0 for what lies ahead.

    Args:
        arrived: what came in one turn.
        begin: number of the first of them.
        end: number of the first after them.
        now_seconds: Unix time.
    """
    decoded, logged = arrived.decoded, arrived.times_seconds
    happened_N = np.array([
        (logged[origin] if logged else 0.0) if isinstance(event, Example) else event.time_seconds
        for event, origin in zip(decoded.events[begin:end], decoded.origins[begin:end], strict=True)
    ])  # fmt: skip
    ages_N: npt.NDArray[np.float64] = np.maximum(now_seconds - happened_N[happened_N > 0.0], 0.0)
    return ages_N


def flow_row(status: Status, time_seconds: float, latency: Durations, delay: Durations) -> FlowRow:
    """How a stream fares.

    Args:
        status: its status now.
        time_seconds: Unix time now; that of the status is the time of its last record.
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
