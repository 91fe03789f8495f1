"""Made-up deliveries as the input of a run: no file, no server, and changes that are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from monitor.run.settings import KnownChange
from monitor.sources.chunk import Position, Sample, Source
from monitor.sources.drift_source import DriftSource
from stream_hmoe.streams import DriftStream

__all__ = ["NAME", "DriftInput"]

NAME = "made-up deliveries"


@dataclass(frozen=True, slots=True)
class DriftInput:
    """An endless ``DriftStream``.

    Args:
        seed: the same seed gives the same stream.
        period: records after which its schedule of changes repeats.
    """

    seed: int
    period: int

    @property
    def name(self) -> str:
        """What people call it."""
        return NAME

    @property
    def target(self) -> str:
        """What is to be predicted: is the parcel late or on time?"""
        return "delivery"

    def changes(self, first: int, last: int) -> Sequence[KnownChange]:
        """What changes at records ``first`` to ``last`` (exclusive)."""
        points = self._stream().change_points_between(first, last)
        return [KnownChange(point.record, f"{point.description} ({point.kind})") for point in points]

    def identity(self) -> Mapping[str, Any]:
        """What makes it the same stream."""
        return {"target": self.target, "seed": self.seed, "period": self.period}

    def open(self, position: Position | None) -> DriftSource:
        """The source at a position, or at its beginning."""
        return DriftSource(self._stream(), self.target, position)

    def sample(self, source: Source, limit: int) -> Sample:
        """A look at the next records, which stay in the source."""
        return source.sample(limit)

    def _stream(self) -> DriftStream:
        return DriftStream(self.seed, self.period)
