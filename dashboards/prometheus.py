"""What Prometheus says is firing: its HTTP API, asked rarely and never waited for long.

https://prometheus.io/docs/prometheus/latest/querying/api/#alerts
"""

from __future__ import annotations

import http.client
import json
import urllib.request
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

__all__ = ["Alert", "PrometheusProblem", "alerts_of"]

TIMEOUT_SECONDS = 2.0
MOST_BYTES = 5_000_000


class PrometheusProblem(Exception):
    """Prometheus cannot be asked; the message says why."""


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert.

    Args:
        name: of its rule.
        state: ``firing`` or ``pending``.
        severity: critical, warning or info; empty when it has none.
        stream: which stream; empty when it is of the whole process.
        since: RFC 3339 time from which its condition held.
        summary: one sentence.
        runbook: address of the runbook.
    """

    name: str
    state: str
    severity: str
    stream: str
    since: str
    summary: str
    runbook: str


def alerts_of(address: str) -> list[Alert]:
    """The alerts of a Prometheus server, the firing ones first.

    Raises:
        PrometheusProblem: the server cannot be reached, or answers something else.
    """
    if urlsplit(address).scheme not in ("http", "https"):
        raise PrometheusProblem(f"{address} is no http address")
    url = f"{address.rstrip('/')}/api/v1/alerts"
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310  http is asked for
            content = json.loads(answer.read(MOST_BYTES))
        found = [_alert(entry) for entry in content["data"]["alerts"]]
    except (OSError, http.client.HTTPException) as error:
        raise PrometheusProblem(f"{url} cannot be reached: {error}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise PrometheusProblem(f"{url} does not answer like Prometheus") from error
    return sorted(found, key=lambda alert: (alert.state != "firing", alert.name, alert.stream))


def _alert(entry: dict[str, Any]) -> Alert:
    labels, notes = entry["labels"], entry.get("annotations", {})
    return Alert(
        name=str(labels["alertname"]),
        state=str(entry["state"]),
        severity=str(labels.get("severity", "")),
        stream=str(labels.get("stream", "")),
        since=str(entry.get("activeAt", "")),
        summary=str(notes.get("summary", "")),
        runbook=str(notes.get("runbook_url", "")),
    )
