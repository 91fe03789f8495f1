"""The scored records between two fixed record counts, collected however the stream arrives in pieces.

Watching, testing and deciding happen on whole ticks only, so that no cut of the stream changes a bit of them.

Shapes: N records, D features.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from .events import Block
from .replay import widened

__all__ = ["TICK_RECORDS", "Tick", "TickBuffer"]

Floats = npt.NDArray[np.float64]

TICK_RECORDS = 50


@dataclass(frozen=True, slots=True, eq=False)
class Tick:
    """The scored records of one tick; there are fewer than ``TICK_RECORDS`` when some were rejected.

    Args:
        record_N: (N,) record numbers.
        x_ND: (N, D) encoded records, as they were learned.
        y_N: (N,) targets as the learner takes them.
        error_N: (N,) errors of the predictions: 0 or 1, or absolute errors.
        loss_nats_N: (N,) their negative log-likelihoods.
    """

    record_N: npt.NDArray[np.int64]
    x_ND: Floats
    y_N: Floats
    error_N: Floats
    loss_nats_N: Floats


class TickBuffer:
    """Collects blocks until a tick is complete."""

    def __init__(self) -> None:
        self._parts: list[Tick] = []

    def add(self, block: Block, first_record: int) -> None:
        """Take in what an estimator's ``step`` did on records from number ``first_record`` on."""
        scored = block.scored
        if len(scored.record):
            y_N = block.y_N.astype(np.float64)
            record_N = scored.record + first_record
            self._parts.append(Tick(record_N, block.x_ND, y_N, scored.error, scored.loss_nats))

    def take(self) -> Tick:
        """The whole tick; the next one begins."""
        parts, self._parts = self._parts, []
        if not parts:
            nothing = np.empty(0)
            return Tick(np.empty(0, np.int64), np.empty((0, 0)), nothing, nothing, nothing)
        width = parts[-1].x_ND.shape[1]
        return Tick(
            np.concatenate([part.record_N for part in parts]),
            np.concatenate([widened(part.x_ND, width) for part in parts]),
            np.concatenate([part.y_N for part in parts]),
            np.concatenate([part.error_N for part in parts]),
            np.concatenate([part.loss_nats_N for part in parts]),
        )

    def state_dict(self) -> dict[str, Any]:
        """The records collected so far."""
        tick = self.take()
        self._parts = [tick] if len(tick.record_N) else []
        return {name: getattr(tick, name).copy() for name in Tick.__slots__}

    def load_state_dict(self, state: Mapping[str, Any]) -> Self:
        """Take over saved records; returns itself."""
        tick = Tick(**{name: np.asarray(array) for name, array in state.items()})
        self._parts = [tick] if len(tick.record_N) else []
        return self
