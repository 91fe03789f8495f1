"""Where records and labels went, how long that took, and what still waits."""

from __future__ import annotations

from collections.abc import Mapping

from monitor.durations import Durations
from monitor.metrics.families import Families, bounded
from monitor.status import Status
from stream_hmoe.events import Account

__all__ = ["MAX_LOGS", "MAX_REASONS", "collect_flow"]

MAX_LOGS = 64
MAX_REASONS = 32


def collect_flow(status: Status, start: Status, families: Families) -> None:
    """Add what came in; counters count from ``start``."""
    stream = status.stream
    if status.account is not None:
        _collect_records(stream, status.account, start.account or Account(), families)
        if status.account.labels_received or status.account.pending:
            _collect_labels(stream, status.account, start.account or Account(), families)
    for name, now, then in (
        ("hmoe_event_duration_seconds", status.event_latency, start.event_latency),
        ("hmoe_end_to_end_latency_seconds", status.end_to_end, start.end_to_end),
        ("hmoe_label_delay_seconds", status.label_delay, start.label_delay),
    ):
        if now is not None:
            families.add_durations(name, _since(now, then), stream=stream)
    families.add("hmoe_last_event_timestamp_seconds", status.time_seconds, stream=stream)
    for log, waiting in bounded(status.lag_records, MAX_LOGS).items():
        families.add("hmoe_consumer_lag_records", waiting, stream=stream, log=log)
    families.add("hmoe_skipped_records_total", status.skipped - start.skipped, stream=stream)
    new = {kind: count - start.dead_letters.get(kind, 0) for kind, count in status.dead_letters.items()}
    for kind, count in bounded(new, MAX_REASONS).items():
        families.add("hmoe_dlq_records_total", count, stream=stream, reason=kind)


def _outcomes(account: Account) -> Mapping[str, int]:
    return {
        "learned": account.learned,
        "held_back": account.held_back,
        "expired": account.expired,
        "rejected": account.rejected,
        "duplicate": account.duplicates,
    }


def _label_outcomes(account: Account) -> Mapping[str, int]:
    return {
        "joined": account.labels_joined,
        "duplicate": account.labels_duplicate,
        "corrected": account.labels_corrected,
        "unmatched": account.labels_unmatched,
        "rejected": account.labels_rejected,
    }


def _collect_records(stream: str, account: Account, start: Account, families: Families) -> None:
    families.add("hmoe_events_received_total", account.received - start.received, stream=stream)
    before = _outcomes(start)
    for outcome, count in _outcomes(account).items():
        families.add("hmoe_events_total", count - before[outcome], stream=stream, outcome=outcome)
        families.add("hmoe_account_records", count, stream=stream, outcome=outcome)
    families.add("hmoe_account_records", account.pending, stream=stream, outcome="pending")
    families.add("hmoe_account_received_records", account.received, stream=stream)
    families.add("hmoe_pending_labels", account.pending, stream=stream)


def _collect_labels(stream: str, account: Account, start: Account, families: Families) -> None:
    received = account.labels_received - start.labels_received
    families.add("hmoe_labels_received_total", received, stream=stream)
    families.add("hmoe_labels_waiting", account.labels_waiting, stream=stream)
    before = _label_outcomes(start)
    for outcome, count in _label_outcomes(account).items():
        families.add("hmoe_labels_total", count - before[outcome], stream=stream, outcome=outcome)


def _since(now: Durations, then: Durations | None) -> Durations:
    if then is None:
        return now
    counts = tuple(new - old for new, old in zip(now.counts, then.counts, strict=True))
    return Durations(now.edges_seconds, counts, now.total_seconds - then.total_seconds)
