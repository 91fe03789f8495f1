"""What must survive is not safe, or the watching itself is in danger."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.alerts.rules import BY, Alert, Area, Severity
from monitor.alerts.thresholds import Thresholds

__all__ = ["state_alerts"]


def state_alerts(job: str, limits: Thresholds) -> Iterator[Alert]:
    """Alerts on checkpoints, disk and the number of series, and the sign of life."""
    yield Alert(
        "HmoeCheckpointStale", Severity.CRITICAL, Area.STATE,
        f"time() - max {BY} (hmoe_checkpoint_timestamp_seconds) > {60 * limits.checkpoint_minutes}\n"
        "and stream:hmoe_events_received:rate5m > 0",
        "What was learned is not made safe.",
        "The newest checkpoint of stream {{ $labels.stream }} on {{ $labels.instance }} is "
        "{{ $value | humanizeDuration }} old while records come.",
        wait="5m",
    )  # fmt: skip
    yield Alert(
        "HmoeCheckpointFailing", Severity.WARNING, Area.STATE,
        f"sum {BY} (increase(hmoe_checkpoint_failures_total[15m])) > 0",
        "A checkpoint could not be written.",
        "Checkpoints of stream {{ $labels.stream }} on {{ $labels.instance }} failed in the last 15 minutes.",
    )  # fmt: skip
    yield Alert(
        "HmoeDiskFull", Severity.CRITICAL, Area.STATE,
        f'hmoe_disk_free_bytes{{job="{job}"}} < {limits.free_gib * 2**30:.0f}',
        "The disk with the state is nearly full.",
        "{{ $labels.instance }} has {{ $value | humanize1024 }}B left where its state is kept.",
        wait="5m",
        is_of_stream=False,
    )  # fmt: skip
    yield Alert(
        "HmoeCardinalityHigh", Severity.WARNING, Area.WORKER,
        f'scrape_samples_scraped{{job="{job}"}} > {limits.samples}',
        "A worker exposes too many series.",
        "{{ $labels.instance }} exposes {{ $value | humanize }} series.",
        wait="15m",
        is_of_stream=False,
    )  # fmt: skip
    yield Alert(
        "HmoeWatchdog", Severity.NONE, Area.WORKER,
        "vector(1)",
        "Alerts reach their receiver.",
        "This always fires: where it does not arrive any more, alerts are lost.",
        is_of_stream=False,
    )  # fmt: skip
