"""Everything that a batch of facts adds to a journal."""

from __future__ import annotations

from dataclasses import dataclass

from .features import FeatureRow, LeafFeatureRow, SampleRow
from .flow import BadRow
from .intervals import EventRow, EvidenceRow, IntervalRow, ShareRow, TopologyRow, WorthRow

__all__ = ["Rows"]


@dataclass(frozen=True, slots=True)
class Rows:
    """What a batch of facts adds to the journal."""

    intervals: tuple[IntervalRow, ...] = ()
    shares: tuple[ShareRow, ...] = ()
    topology: tuple[TopologyRow, ...] = ()
    events: tuple[EventRow, ...] = ()
    evidence: tuple[EvidenceRow, ...] = ()
    worth: tuple[WorthRow, ...] = ()
    features: tuple[FeatureRow, ...] = ()
    leaf_features: tuple[LeafFeatureRow, ...] = ()
    samples: tuple[SampleRow, ...] = ()
    bad: tuple[BadRow, ...] = ()
