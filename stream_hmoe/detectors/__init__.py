"""Detectors: evidence becomes a reading (level, threshold, change point, which leaves, how large)."""

from .gate_shift import GateShiftDetector
from .reading import GateReading

__all__ = ["GateReading", "GateShiftDetector"]
