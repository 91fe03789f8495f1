"""Rows about what came and what could not be used."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["BadRow", "FlowRow"]


@dataclass(frozen=True, slots=True)
class FlowRow:
    """What came, what became of it and how the process fared, about once a second.

    Totals are since the first start of the stream, whatever restarted in between.

    Args:
        time_seconds: Unix time.
        record: records dealt with (the count that intervals go by).
        received: records received; next come the parts that it is the sum of.
        labels_received: labels received; next come the parts that it is the sum of.
        label_delay_seconds: mean time from observation to label since the last row; None without a label.
        dead_lettered: messages that could not be used.
        skipped: messages that were gone before they could be read.
        lag_records: messages that wait in the source; None when unknown.
        records_per_second: throughput.
        latency_p50_seconds: half of the events since the last row took at most so long; None without any.
        latency_p99_seconds: ... and all but one in a hundred.
        memory_bytes: resident memory.
        checkpoint_seconds: Unix time of the newest checkpoint; 0 before the first.
        checkpoint_bytes: its size.
        halted: why the stream stands still; empty while it goes on.
    """

    time_seconds: float
    record: int
    received: int
    learned: int
    held_back: int
    pending: int
    expired: int
    rejected: int
    duplicates: int
    labels_received: int
    labels_joined: int
    labels_waiting: int
    labels_duplicate: int
    labels_corrected: int
    labels_unmatched: int
    labels_rejected: int
    label_delay_seconds: float | None
    dead_lettered: int
    skipped: int
    lag_records: int | None
    records_per_second: float
    latency_p50_seconds: float | None
    latency_p99_seconds: float | None
    memory_bytes: int
    checkpoint_seconds: float
    checkpoint_bytes: int
    halted: str


@dataclass(frozen=True, slots=True)
class BadRow:
    """A message or record that could not be used; the newest few hundred are kept as samples.

    Args:
        record: records dealt with when it came.
        time_seconds: Unix time when it came.
        origin: where it stands: ``payments/3@1042`` or ``line 17``.
        field: the field at fault; empty when the whole is.
        value: its value, as text, shortened.
        reason: what is wrong.
        remedy: what can be done.
        text: the message itself, shortened.
    """

    record: int
    time_seconds: float
    origin: str
    field: str
    value: str
    reason: str
    remedy: str
    text: str
