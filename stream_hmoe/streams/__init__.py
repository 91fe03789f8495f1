"""Synthetic streams that drift at known points, so that what a learner or detector says can be checked."""

from stream_hmoe.streams.changes import Change, ChangePoint
from stream_hmoe.streams.deliveries import DriftStream, Truth
from stream_hmoe.streams.mixture import GaussianHMoEStream, HMoEParameters, HMoERows, LeafChange
from stream_hmoe.streams.rules import MovingPrototypes, RandomTree, RotatingHyperplane, Rows, RuleStream

__all__ = [
    "Change",
    "ChangePoint",
    "DriftStream",
    "GaussianHMoEStream",
    "HMoEParameters",
    "HMoERows",
    "LeafChange",
    "MovingPrototypes",
    "RandomTree",
    "RotatingHyperplane",
    "Rows",
    "RuleStream",
    "Truth",
]
