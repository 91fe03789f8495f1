"""The HTTP API: records and labels in, predictions out; experts, gates, drift, orders, health, metrics.

``gateway`` says what the API asks of the service, ``bodies`` what is sent and answered,
``app`` puts it together.
"""

from __future__ import annotations

from monitor.http.app import build_app
from monitor.http.gateway import Answer, Caller, Gateway, Intake, Ordered, Prediction, Refusal
from monitor.http.server import HttpServer

__all__ = [
    "Answer",
    "Caller",
    "Gateway",
    "HttpServer",
    "Intake",
    "Ordered",
    "Prediction",
    "Refusal",
    "build_app",
]
