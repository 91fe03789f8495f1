"""Rules that wake people: what is recorded, what is alarming, and the YAML that Prometheus reads.

One file an idea: each gives alerts for given thresholds; ``rendering`` puts them together.
"""

from .recording import recordings
from .rendering import alerts_for, render
from .rules import AREAS, Alert, Recording, Severity
from .thresholds import Links, Thresholds

__all__ = [
    "AREAS",
    "Alert",
    "Links",
    "Recording",
    "Severity",
    "Thresholds",
    "alerts_for",
    "recordings",
    "render",
]
