"""The stream drifts, the model suffers, or the control over it does not settle."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.alerts.rules import BY, Alert, Area, Severity
from monitor.alerts.thresholds import Thresholds

__all__ = ["drift_alerts"]

WHERE = "stream {{ $labels.stream }} on {{ $labels.instance }}"


def drift_alerts(limits: Thresholds) -> Iterator[Alert]:
    """Alerts on drift and what is done about it: drift alone wakes nobody."""
    yield Alert(
        "HmoeDrift", Severity.WARNING, Area.DRIFT,
        "sum by (job, instance, stream, signal) (increase(hmoe_drift_detections_total[10m])) > 0\n"
        "or max by (job, instance, stream, signal) (hmoe_drift_level) >= 2",
        "The stream has changed.",
        f"{{{{ $labels.signal }}}} of {WHERE} drifted within the last 10 minutes.",
    )  # fmt: skip
    yield Alert(
        "HmoeDriftHarmful", Severity.CRITICAL, Area.DRIFT,
        f"stream:hmoe_loss:rise > {limits.loss_rise_nats:g}\n"
        f"and sum {BY} (increase(hmoe_drift_detections_total[1h])) > 0",
        "The stream has changed, the model is worse, and it does not recover.",
        f"The loss of {WHERE} has been {{{{ printf `%.2f` $value }}}} nats above the usual one for "
        f"{limits.recovery_minutes} minutes after a drift.",
        wait=f"{limits.recovery_minutes}m",
    )  # fmt: skip
    yield from _experts(limits)
    yield from _control(limits)


def _experts(limits: Thresholds) -> Iterator[Alert]:
    # A single good expert is right for a simple stream, so only a fall to it is told.
    effective = "stream:hmoe_gate_experts:effective"
    yield Alert(
        "HmoeGateCollapse", Severity.WARNING, Area.MODEL,
        f"{effective} < {limits.lone_experts:g}\nand max_over_time({effective}[1d]) > 2",
        "The gates leave all the work to one expert.",
        f"The work of {WHERE} is done by {{{{ printf `%.1f` $value }}}} experts in effect; it was more than "
        "2 within the last day.",
        wait="15m",
    )  # fmt: skip
    yield Alert(
        "HmoeDeadExperts", Severity.WARNING, Area.MODEL,
        f"sum {BY} (hmoe_dead_experts)\n"
        f'> {limits.dead_ratio:g} * sum {BY} (hmoe_experts{{level="expert"}})',
        "Many experts have no work.",
        f"{{{{ $value | humanize }}}} experts of {WHERE} get next to no records.",
        wait="1h",
    )  # fmt: skip


def _control(limits: Thresholds) -> Iterator[Alert]:
    ended = f'sum {BY} (increase(hmoe_adaptations_total{{action=~"challenge|roll_back"}}[1h]))'
    yield Alert(
        "HmoeFlappingAdaptation", Severity.WARNING, Area.MODEL,
        f"{ended} >= 3\n"
        f"and {ended} > {limits.adaptations / 100_000:g} * stream:hmoe_events_received:increase1h",
        "The model is challenged again and again.",
        f"{{{{ $value | humanize }}}} challenges and rollbacks of {WHERE} ended in the last hour.",
    )  # fmt: skip
    yield Alert(
        "HmoeChallengerStuck", Severity.WARNING, Area.MODEL,
        f"sum {BY} (hmoe_adaptation_in_progress) == 1\nand stream:hmoe_events_received:rate5m > 0",
        "A challenger is under test for too long.",
        f"Challengers of {WHERE} have been under test for {limits.challenge_minutes} minutes.",
        wait=f"{limits.challenge_minutes}m",
    )  # fmt: skip
    yield Alert(
        "HmoeRollback", Severity.WARNING, Area.MODEL,
        f'sum {BY} (increase(hmoe_adaptations_total{{action="roll_back"}}[15m])) > 0',
        "A promoted model was taken back.",
        f"A model that {WHERE} had promoted turned out worse than the one it replaced, which serves again.",
    )  # fmt: skip
    yield Alert(
        "HmoeControllerHeld", Severity.WARNING, Area.MODEL,
        f'sum {BY} (hmoe_controller_phase{{phase="held"}}) == 1',
        "The controller does nothing until it is released.",
        f"Several promotions of {WHERE} in a row were taken back, so the controller waits for an operator.",
        wait="1m",
    )  # fmt: skip
