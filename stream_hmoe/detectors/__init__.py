"""Detectors: evidence becomes a reading (level, threshold, change point, which leaves, how large)."""

from .checkpoint_gate import CheckpointGate
from .gate_shift import GateShiftDetector
from .gate_watch import GateWatch
from .novelty import NoveltyDetector
from .reading import GateReading
from .watch_reading import LeafShift, WatchReading

__all__ = [
    "CheckpointGate",
    "GateReading",
    "GateShiftDetector",
    "GateWatch",
    "LeafShift",
    "NoveltyDetector",
    "WatchReading",
]
