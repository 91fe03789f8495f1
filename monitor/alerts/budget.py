"""The error budget: how fast records that cannot be used eat it up, over several windows.

Sources: Beyer et al., The Site Reliability Workbook (2018), chapter 5, "Alerting on SLOs", multiwindow,
multi-burn-rate alerts.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from monitor.alerts.rules import Alert, Area, Severity
from monitor.alerts.thresholds import Thresholds

__all__ = ["BURNS", "budget_alerts"]


class Burn(NamedTuple):
    """A rate of burning and the windows over which it must hold: one to be sure, one to end in time."""

    rate: float
    long: str
    short: str
    severity: Severity


BURNS = (
    Burn(14.4, "1h", "5m", Severity.CRITICAL),
    Burn(6.0, "6h", "30m", Severity.CRITICAL),
    Burn(3.0, "1d", "2h", Severity.WARNING),
    Burn(1.0, "3d", "6h", Severity.WARNING),
)


def budget_alerts(limits: Thresholds) -> Iterator[Alert]:
    """One alert a burn; a stream with hardly any records has none."""
    budget = 1.0 - limits.objective
    for burn in BURNS:
        most = f"{burn.rate * budget:.4g}"
        yield Alert(
            "HmoeErrorBudgetBurn", burn.severity, Area.FLOW,
            f"stream:hmoe_event_errors:ratio_rate{burn.long} > {most}\n"
            f"and stream:hmoe_event_errors:ratio_rate{burn.short} > {most}\n"
            f"and stream:hmoe_events_received:increase1h > {limits.least_records}",
            "Too many records cannot be used.",
            "{{ $value | humanizePercentage }} of the records of stream {{ $labels.stream }} on "
            f"{{{{ $labels.instance }}}} could not be used in the last {burn.long}; the error budget allows "
            f"{100 * budget:.4g}% of them.",
            labels={"long": burn.long, "short": burn.short},
        )  # fmt: skip
