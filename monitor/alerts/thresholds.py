"""From which point on something is alarming, and where alerts send people."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.problems import UsageProblem

__all__ = ["Links", "Thresholds"]


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What to be told about.

    Args:
        lag_records: messages waiting beyond which a lag that still grows is alarming.
        objective: share of records that must be usable; the rest is the error budget.
        least_records: records within an hour below which the error budget says nothing.
        dlq_ratio: dead-lettered messages for every record received.
        label_ratio: share of the records whose labels never came.
        loss_rise_nats: mean loss above the usual one that counts as harm.
        recovery_minutes: time within which the loss must recover after a drift.
        lone_experts: effective number of experts below which the gates have collapsed.
        dead_ratio: share of experts without work.
        adaptations: tests of challengers and rollbacks in 100,000 records.
        challenge_minutes: longest that challengers may be under test.
        checkpoint_minutes: oldest that the newest checkpoint may be while records come.
        free_gib: least free disk, GiB.
        samples: most series that one worker may expose.

    Raises:
        UsageProblem: a threshold makes no sense.
    """

    lag_records: int = 10_000
    objective: float = 0.99
    least_records: int = 100
    dlq_ratio: float = 0.05
    label_ratio: float = 0.2
    loss_rise_nats: float = 0.1
    recovery_minutes: int = 15
    lone_experts: float = 1.2
    dead_ratio: float = 0.5
    adaptations: float = 8.0
    challenge_minutes: int = 120
    checkpoint_minutes: int = 10
    free_gib: float = 2.0
    samples: int = 5_000

    def __post_init__(self) -> None:
        # At 14.4 times the budget, an objective below this asks for more errors than there can be.
        if not 0.94 <= self.objective < 1.0:
            raise UsageProblem(f"objective: got {self.objective}; it must be at least 0.94 and below 1")
        for name in ("dlq_ratio", "label_ratio", "dead_ratio"):
            if not 0.0 <= getattr(self, name) < 1.0:
                raise UsageProblem(f"{name}: got {getattr(self, name)}; it must be at least 0 and below 1")
        for name in ("recovery_minutes", "challenge_minutes", "checkpoint_minutes", "samples"):
            if getattr(self, name) < 1:
                raise UsageProblem(f"{name}: got {getattr(self, name)}; it must be at least 1")


@dataclass(frozen=True, slots=True)
class Links:
    """Where alerts send people.

    Args:
        runbooks: address of docs/runbooks.md.
        dashboard: address of the dashboard.
    """

    runbooks: str = "docs/runbooks.md"
    dashboard: str = "http://127.0.0.1:8501/"
