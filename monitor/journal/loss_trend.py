"""Running means of the loss, one that forgets quickly and one that forgets slowly, to see it get worse."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["FAST_RECORDS", "SLOW_RECORDS", "LossTrend"]

FAST_RECORDS = 1_000
SLOW_RECORDS = 20_000


class LossTrend:
    """Exponentially weighted means, each divided by the weight it has seen: right from the first record on.

    ``m = sum_i w_i l_i / sum_i w_i`` with ``w_i`` halved by every ``FAST_RECORDS`` (``SLOW_RECORDS``) records
    that came after record ``i``; the records of one interval count as one at its end.
    """

    def __init__(self) -> None:
        self._halves = (FAST_RECORDS, SLOW_RECORDS)
        self._weights = [0.0, 0.0]
        self._sums = [0.0, 0.0]

    @property
    def fast_nats(self) -> float | None:
        """The mean that forgets half within ``FAST_RECORDS`` records; None before any."""
        return self._mean(0)

    @property
    def slow_nats(self) -> float | None:
        """The mean that forgets half within ``SLOW_RECORDS`` records; None before any."""
        return self._mean(1)

    def add(self, records: int, loss_nats: float) -> None:
        """Take in the next records.

        Args:
            records: how many, at least 1.
            loss_nats: their mean loss.
        """
        for index, half in enumerate(self._halves):
            kept = 0.5 ** (records / half)
            self._weights[index] = kept * self._weights[index] + (1.0 - kept)
            self._sums[index] = kept * self._sums[index] + (1.0 - kept) * loss_nats

    def state_dict(self) -> dict[str, Any]:
        """Everything needed to continue."""
        return {"weights": list(self._weights), "sums": list(self._sums)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue where ``state_dict`` was taken."""
        self._weights = [float(weight) for weight in state["weights"]]
        self._sums = [float(total) for total in state["sums"]]

    def _mean(self, index: int) -> float | None:
        return self._sums[index] / self._weights[index] if self._weights[index] > 0.0 else None
