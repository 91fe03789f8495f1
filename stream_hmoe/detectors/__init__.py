"""Evidence that the stream has changed, with a stated average run length between false alarms."""

from __future__ import annotations

from .concept import ConceptDetector, ConceptReading
from .concept_threshold import calibrated_threshold
from .concept_windows import LossSplit
from .loss_reference import LossReference

__all__ = ["ConceptDetector", "ConceptReading", "LossReference", "LossSplit", "calibrated_threshold"]
