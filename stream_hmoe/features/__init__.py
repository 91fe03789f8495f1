"""Records and targets -> numbers: the first step of every learner."""

from stream_hmoe.features.encoder import FeatureEncoder
from stream_hmoe.features.targets import ClassIndex, Label, finite_target

__all__ = ["ClassIndex", "FeatureEncoder", "Label", "finite_target"]
