"""What several rules and pictures need, computed once: ``level:metric:operations``."""

from __future__ import annotations

from monitor.alerts.rules import BY, Recording

__all__ = ["BUDGET_WINDOWS", "recordings"]

BUDGET_WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")


def recordings() -> tuple[Recording, ...]:
    """All recording rules."""
    return (
        Recording("stream:hmoe_events_received:rate5m", f"sum {BY} (rate(hmoe_events_received_total[5m]))"),
        Recording("stream:hmoe_events_received:increase1h", _received("1h")),
        *(
            Recording(f"stream:hmoe_event_errors:ratio_rate{window}", _errors(window))
            for window in BUDGET_WINDOWS
        ),
        Recording("stream:hmoe_consumer_lag_records:sum", f"sum {BY} (hmoe_consumer_lag_records)"),
        Recording("stream:hmoe_dlq_records:rate5m", f"sum {BY} (rate(hmoe_dlq_records_total[5m]))"),
        Recording(
            "stream:hmoe_event_duration_seconds:p99_rate5m",
            "histogram_quantile(0.99, sum by (job, instance, stream, le) "
            "(rate(hmoe_event_duration_seconds_bucket[5m])))",
        ),
        Recording(
            "stream:hmoe_end_to_end_latency_seconds:p99_rate5m",
            "histogram_quantile(0.99, sum by (job, instance, stream, le) "
            "(rate(hmoe_end_to_end_latency_seconds_bucket[5m])))",
        ),
        Recording(
            "stream:hmoe_label_delay_seconds:p50_rate5m",
            "histogram_quantile(0.5, sum by (job, instance, stream, le) "
            "(rate(hmoe_label_delay_seconds_bucket[5m])))",
        ),
        Recording(
            "stream:hmoe_gate_experts:effective",
            f'sum {BY} (hmoe_gate_entropy_ratio) * sum {BY} (hmoe_experts{{level="expert"}})',
        ),
        # The usual loss ends half an hour ago, so that harm does not become usual while it is looked at;
        # a stream that is younger has only its slow mean.
        Recording(
            "stream:hmoe_loss:usual6h",
            f'sum {BY} (avg_over_time(hmoe_loss{{window="slow"}}[6h] offset 30m)) '
            f'or sum {BY} (hmoe_loss{{window="slow"}})',
        ),
        Recording(
            "stream:hmoe_loss:rise", f'sum {BY} (hmoe_loss{{window="fast"}}) - stream:hmoe_loss:usual6h'
        ),
    )


def _received(window: str) -> str:
    return f"sum {BY} (increase(hmoe_events_received_total[{window}]))"


def _errors(window: str) -> str:
    """Share of the records that could not be used."""
    bad = f'sum {BY} (rate(hmoe_events_total{{outcome="rejected"}}[{window}]))'
    return f"{bad} / sum {BY} (rate(hmoe_events_total[{window}]))"
