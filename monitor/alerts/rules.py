"""The words of rules: what is computed ahead of time, and what somebody is told about."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Any

from monitor.alerts.thresholds import Links

__all__ = ["AREAS", "BY", "Alert", "Area", "Recording", "Severity"]

# Every series of a stream is summed by these, so that alerts of one worker and stream find each other.
BY = "by (job, instance, stream)"


class Severity(enum.StrEnum):
    """Who hears of it, and when."""

    CRITICAL = "critical"  # somebody is woken
    WARNING = "warning"  # somebody looks within the working day
    NONE = "none"  # a sign of life, for machines


class Area(enum.StrEnum):
    """What an alert is about: a critical one silences the warnings of its area."""

    WORKER = "worker"
    FLOW = "flow"
    DRIFT = "drift"
    MODEL = "model"
    STATE = "state"


AREAS = tuple(area.value for area in Area)


@dataclass(frozen=True, slots=True)
class Recording:
    """A series that Prometheus computes at every evaluation.

    Args:
        record: ``level:metric:operations``.
        expr: PromQL.
    """

    record: str
    expr: str

    def to_dict(self, links: Links) -> dict[str, Any]:
        """As in a rules file."""
        return {"record": self.record, "expr": self.expr}


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that somebody is told about.

    Args:
        name: CamelCase, beginning with ``Hmoe``; several rules may share it.
        severity: who is told.
        area: what it is about.
        expr: PromQL; true while it has results.
        wait: how long it must be true, as Prometheus writes durations; empty for at once.
        summary: one static sentence.
        description: sentences with the labels and values of this case.
        labels: further labels.
        is_of_stream: it carries the label ``stream``.
    """

    name: str
    severity: Severity
    area: Area
    expr: str
    summary: str
    description: str
    wait: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    is_of_stream: bool = True

    @property
    def anchor(self) -> str:
        """Where its section in the runbooks is."""
        return self.name.lower()

    def to_dict(self, links: Links) -> dict[str, Any]:
        """As in a rules file."""
        page = f"{links.dashboard}?stream={{{{ $labels.stream }}}}" if self.is_of_stream else links.dashboard
        return {
            "alert": self.name,
            "expr": self.expr,
            **({"for": self.wait} if self.wait else {}),
            "labels": {"severity": self.severity.value, "area": self.area.value, **self.labels},
            "annotations": {
                "summary": self.summary,
                "description": self.description,
                "runbook_url": f"{links.runbooks}#{self.anchor}",
                "dashboard_url": page,
            },
        }
