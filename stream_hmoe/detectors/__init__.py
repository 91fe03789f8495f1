"""Detectors: evidence becomes a reading (level, threshold, change point, which leaves, how large)."""

from .checkpoint_gate import CheckpointGate
from .concept import ConceptDetector, ConceptReading
from .concept_threshold import calibrated_threshold
from .concept_windows import LossSplit
from .gate_shift import GateShiftDetector
from .gate_watch import GateWatch
from .loss_reference import LossReference
from .novelty import NoveltyDetector
from .reading import GateReading
from .watch_reading import LeafShift, WatchReading

__all__ = [
    "CheckpointGate",
    "ConceptDetector",
    "ConceptReading",
    "GateReading",
    "GateShiftDetector",
    "GateWatch",
    "LeafShift",
    "LossReference",
    "LossSplit",
    "NoveltyDetector",
    "WatchReading",
    "calibrated_threshold",
]
