"""Rules as the YAML that Prometheus reads."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from monitor.alerts.budget import budget_alerts
from monitor.alerts.drift import drift_alerts
from monitor.alerts.flow import flow_alerts
from monitor.alerts.recording import recordings
from monitor.alerts.rules import Alert, Recording
from monitor.alerts.state import state_alerts
from monitor.alerts.thresholds import Links, Thresholds

__all__ = ["JOB", "alerts_for", "plain_yaml", "render"]

JOB = "hmoe"
SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
LEAST_WINDOW_SECONDS = 5
WIDEST = 10_000  # an expression stays on its line


def alerts_for(limits: Thresholds | None = None, job: str = JOB) -> tuple[Alert, ...]:
    """All alerts for these thresholds.

    Args:
        limits: what to be told about; None takes the usual.
        job: the name of the scrape job of the workers.
    """
    limits = limits or Thresholds()
    return (
        *flow_alerts(job, limits),
        *budget_alerts(limits),
        *drift_alerts(limits),
        *state_alerts(job, limits),
    )


def render(
    limits: Thresholds | None = None, links: Links | None = None, job: str = JOB, faster: float = 1.0
) -> str:
    """The rules file.

    Args:
        limits: what to be told about; None takes the usual.
        links: where alerts send people; None takes the usual.
        job: the name of the scrape job of the workers.
        faster: windows and waits are this many times shorter, to see alerts come and go without patience.
    """
    links = links or Links()
    groups: Mapping[str, Sequence[Recording | Alert]] = {
        "hmoe-recordings": recordings(),
        "hmoe-alerts": alerts_for(limits, job),
    }
    return plain_yaml({
        "groups": [
            {"name": name, "rules": [_faster(rule.to_dict(links), faster) for rule in rules]}
            for name, rules in groups.items()
        ]
    })  # fmt: skip


def plain_yaml(values: Mapping[str, Any]) -> str:
    """YAML with keys in their order, and text of several lines as it stands."""
    return yaml.dump(dict(values), Dumper=_Dumper, sort_keys=False, width=WIDEST, allow_unicode=True)


class _Dumper(yaml.SafeDumper):
    """Indents lists below their keys."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def _faster(rule: dict[str, Any], factor: float) -> dict[str, Any]:
    if factor == 1.0:
        return rule
    expr = re.sub(r"(?<=\[)\w+(?=\])|(?<=offset )\w+", lambda found: _shorter(found[0], factor), rule["expr"])
    wait = {"for": _shorter(rule["for"], factor, least=0)} if "for" in rule else {}
    return {**rule, "expr": expr, **wait}


def _shorter(duration: str, factor: float, least: int = LEAST_WINDOW_SECONDS) -> str:
    seconds = int(duration[:-1]) * SECONDS[duration[-1]] / factor
    return f"{max(least, round(seconds))}s"
