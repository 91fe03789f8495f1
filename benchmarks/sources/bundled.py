"""Small data sets that come inside River's package: real, and nothing to download."""

from __future__ import annotations

from river import datasets

from .records import as_stream
from .stream import Stream, Task

__all__ = ["BUNDLED", "read"]

BUNDLED: dict[str, tuple[Task, str]] = {
    "phishing": ("classification", "Phishing"),
    "bananas": ("classification", "Bananas"),
    "image_segments": ("classification", "ImageSegments"),
    "shuttle": ("classification", "Shuttle"),
    "chick_weights": ("regression", "ChickWeights"),
    "trump_approval": ("regression", "TrumpApproval"),
    "airline_passengers": ("regression", "AirlinePassengers"),
    "water_flow": ("regression", "WaterFlow"),
}


def read(name: str) -> Stream:
    """Read one of ``BUNDLED``; moments become days, month, weekday and hour."""
    task, dataset = BUNDLED[name]
    return as_stream(name, task, getattr(datasets, dataset)())
