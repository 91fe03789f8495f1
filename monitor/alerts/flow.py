"""Nothing comes, too much waits, or what comes cannot be used."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.alerts.rules import BY, Alert, Area, Severity
from monitor.alerts.thresholds import Thresholds

__all__ = ["flow_alerts"]

STREAM = "Stream {{ $labels.stream }} on {{ $labels.instance }}"


def flow_alerts(job: str, limits: Thresholds) -> Iterator[Alert]:
    """Alerts on the way from the source to the model."""
    yield from _worker(job)
    yield from _silence()
    yield Alert(
        "HmoeLagGrowing", Severity.WARNING, Area.FLOW,
        f"stream:hmoe_consumer_lag_records:sum > {limits.lag_records}\n"
        "and deriv(stream:hmoe_consumer_lag_records:sum[15m]) > 0",
        "The stream falls behind its source.",
        f"{STREAM} is {{{{ $value | humanize }}}} messages behind, and "
        "they still become more.",
        wait="15m",
    )  # fmt: skip
    yield from _halts()
    yield Alert(
        "HmoeDLQRate", Severity.WARNING, Area.FLOW,
        f"sum {BY} (rate(hmoe_dlq_records_total[10m]))\n"
        f"> {limits.dlq_ratio:g} * sum {BY} (rate(hmoe_events_received_total[10m]))",
        "Many messages cannot be used.",
        f"{STREAM} dead-letters {{{{ $value | humanize }}}} messages a second.",
        wait="5m",
    )  # fmt: skip
    yield Alert(
        "HmoeLabelsMissing", Severity.WARNING, Area.FLOW, _missing_labels(limits),
        "Labels do not come.",
        f"{STREAM} gets records but no labels: the model cannot learn, and nobody knows how good it is.",
        wait="10m",
    )  # fmt: skip


def _worker(job: str) -> Iterator[Alert]:
    # A worker that is gone exposes no streams: those it had within a day are named from memory. The second
    # part is for one that never came up, the third for a job without any target.
    yield Alert(
        "HmoeWorkerDown", Severity.CRITICAL, Area.WORKER,
        f'(max {BY} (last_over_time(hmoe_stream_info{{job="{job}"}}[1d]))'
        f' and on (job, instance) (up{{job="{job}"}} == 0))\n'
        f'or on (job, instance) (up{{job="{job}"}} == 0)\n'
        f'or absent(up{{job="{job}"}})',
        "A worker does not answer.",
        "{{ with $labels.instance }}The worker {{ . }} does not answer."
        "{{ else }}Prometheus knows no worker.{{ end }}"
        "{{ with $labels.stream }} It served stream {{ . }}.{{ end }}",
        wait="1m",
    )  # fmt: skip


def _halts() -> Iterator[Alert]:
    # After trouble with source or storage the service tries again by itself, within a minute at most.
    by, trouble = "by (job, instance, stream, reason)", 'reason=~"source|storage"'
    yield Alert(
        "HmoeStreamHalted", Severity.CRITICAL, Area.FLOW,
        f"max {by} (hmoe_stream_halted{{{trouble.replace('=~', '!~')}}}) == 1",
        "The stream stands still until somebody decides.",
        f"{STREAM} has halted: {{{{ $labels.reason }}}}.",
    )  # fmt: skip
    yield Alert(
        "HmoeStreamHalted", Severity.CRITICAL, Area.FLOW,
        f"max {by} (avg_over_time(hmoe_stream_halted{{{trouble}}}[5m])) > 0.5",
        "The stream stands still, however often it tries.",
        f"{STREAM} has stood still for most of the last 5 minutes: {{{{ $labels.reason }}}}.",
        wait="2m",
    )  # fmt: skip


def _silence() -> Iterator[Alert]:
    silence = f"sum {BY} (increase(hmoe_events_received_total[15m])) == 0"
    waiting = "stream:hmoe_consumer_lag_records:sum"
    yield Alert(
        "HmoeNoEvents", Severity.CRITICAL, Area.FLOW,
        f"{silence}\nand {waiting} > 0",
        "Messages wait, and none is taken.",
        f"{STREAM} has taken no record for 15 minutes, but messages wait for it.",
        wait="5m",
    )  # fmt: skip
    yield Alert(
        "HmoeNoEvents", Severity.WARNING, Area.FLOW,
        f"{silence}\nunless {waiting} > 0",
        "No records come.",
        f"{STREAM} has received no record for 15 minutes.",
        wait="5m",
    )  # fmt: skip


def _missing_labels(limits: Thresholds) -> str:
    """Too many records expire, or none at all gets its label."""
    expired = f'sum {BY} (increase(hmoe_events_total{{outcome="expired"}}[1h]))'
    settled = f'sum {BY} (increase(hmoe_events_total{{outcome=~"learned|held_back|expired"}}[1h]))'
    joined = f'sum {BY} (increase(hmoe_labels_total{{outcome="joined"}}[30m]))'
    received = f"sum {BY} (increase(hmoe_events_received_total[30m]))"
    pending = f"sum {BY} (hmoe_pending_labels)"
    return (
        f"(\n  {expired} > {limits.label_ratio:g} * {settled}\n)\n"
        f"or (\n  {joined} == 0 and {received} > {limits.least_records} and {pending} > 0\n)"
    )
