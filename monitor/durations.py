"""A histogram of durations: bounded memory, exact counts at fixed edges, as Prometheus wants them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

__all__ = ["END_TO_END_EDGES_SECONDS", "EVENT_EDGES_SECONDS", "LABEL_EDGES_SECONDS", "Durations"]

EVENT_EDGES_SECONDS = (
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
)  # fmt: skip
END_TO_END_EDGES_SECONDS = (
    0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 3_600.0, 86_400.0,
)  # fmt: skip
LABEL_EDGES_SECONDS = (0.1, 1.0, 10.0, 60.0, 300.0, 1_800.0, 3_600.0, 21_600.0, 86_400.0, 604_800.0)


@dataclass(frozen=True, slots=True)
class Durations:
    """How many durations fell between which edges.

    Args:
        edges_seconds: upper edges, ascending; what is longer than the last falls in one more bucket.
        counts: one count a bucket.
        total_seconds: sum of all durations.
    """

    edges_seconds: Sequence[float]
    counts: tuple[int, ...]
    total_seconds: float = 0.0

    @classmethod
    def none(cls, edges_seconds: Sequence[float]) -> Durations:
        """No duration yet."""
        return cls(edges_seconds, (0,) * (len(edges_seconds) + 1))

    def and_also(self, seconds: Sequence[float] | npt.NDArray[np.float64]) -> Durations:
        """These and more."""
        if not len(seconds):
            return self
        buckets = np.searchsorted(self.edges_seconds, seconds)
        counts = np.bincount(buckets, minlength=len(self.counts)) + self.counts
        return replace(
            self, counts=tuple(counts.tolist()), total_seconds=self.total_seconds + float(np.sum(seconds))
        )

    def plus(self, seconds: float, times: int) -> Durations:
        """These and one that occurred several times."""
        counts = list(self.counts)
        counts[bisect_left(self.edges_seconds, seconds)] += times
        return replace(self, counts=tuple(counts), total_seconds=self.total_seconds + seconds * times)

    def since(self, earlier: Durations) -> Durations:
        """These without the earlier ones."""
        counts = tuple(now - then for now, then in zip(self.counts, earlier.counts, strict=True))
        return replace(self, counts=counts, total_seconds=self.total_seconds - earlier.total_seconds)

    @property
    def count(self) -> int:
        """How many there were."""
        return sum(self.counts)

    def quantile_seconds(self, share: float) -> float | None:
        """Upper edge of the bucket that holds this share of them, infinite for the last; None without any."""
        wanted, so_far = share * self.count, 0
        if not self.count:
            return None
        for edge, count in zip((*self.edges_seconds, float("inf")), self.counts, strict=True):
            so_far += count
            if so_far >= wanted:
                return edge
        return float("inf")
