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

__all__ = ["TICK_RECORDS", "ObservedBuffer", "Tick", "TickBuffer"]

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

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
        paired_error_N: (N,) errors of predictions made right before each record was learned. They differ
            where the label came late; a challenger predicts only then, and so is compared with these.
        paired_loss_nats_N: (N,) their negative log-likelihoods.
        is_late_N: (N,) the label came late: the watch over the gates has seen the record already.
        is_learned_N: (N,) the record was learned, not held back.
    """

    record_N: npt.NDArray[np.int64]
    x_ND: Floats
    y_N: Floats
    error_N: Floats
    loss_nats_N: Floats
    paired_error_N: Floats
    paired_loss_nats_N: Floats
    is_late_N: Flags
    is_learned_N: Flags

    @classmethod
    def of_examples(
        cls,
        record_N: npt.NDArray[np.int64],
        x_ND: Floats,
        y_N: Floats,
        error_N: Floats,
        loss_nats_N: Floats,
        *,
        is_learned: bool = True,
    ) -> Self:
        """Records that brought their labels with them."""
        late_N, learned_N = np.zeros(len(y_N), np.bool_), np.full(len(y_N), is_learned)
        return cls(record_N, x_ND, y_N, error_N, loss_nats_N, error_N, loss_nats_N, late_N, learned_N)

    def chosen(self, is_chosen_N: Flags) -> Tick:
        """Some of the records."""
        if is_chosen_N.all():
            return self
        return Tick(*(getattr(self, name)[is_chosen_N] for name in Tick.__slots__))


class TickBuffer:
    """Collects blocks until a tick is complete."""

    def __init__(self) -> None:
        self._parts: list[Tick] = []

    def add(self, block: Block, first_record: int, *, is_learned: bool = True) -> None:
        """Take in what an estimator did (``step``, ``score``) on records from number ``first_record`` on."""
        scored = block.scored
        record_N, y_N = scored.record + first_record, block.y_N.astype(np.float64)
        self.add_rows(
            Tick.of_examples(record_N, block.x_ND, y_N, scored.error, scored.loss_nats, is_learned=is_learned)
        )

    def add_rows(self, rows: Tick) -> None:
        """Take in the next scored records."""
        if len(rows.record_N):
            self._parts.append(rows)

    def take(self) -> Tick:
        """The whole tick; the next one begins."""
        parts, self._parts = self._parts, []
        if not parts:
            nothing = np.empty(0)
            return Tick.of_examples(np.empty(0, np.int64), np.empty((0, 0)), nothing, nothing, nothing)
        width = parts[-1].x_ND.shape[1]
        columns = {
            name: np.concatenate([getattr(part, name) for part in parts])
            for name in Tick.__slots__
            if name != "x_ND"
        }
        return Tick(x_ND=np.concatenate([widened(part.x_ND, width) for part in parts]), **columns)

    def state_dict(self) -> dict[str, Any]:
        """The records collected so far."""
        tick = self.take()
        self._parts = [tick] if len(tick.record_N) else []
        return {name: getattr(tick, name).copy() for name in Tick.__slots__}

    def load_state_dict(self, state: Mapping[str, Any]) -> Self:
        """Take over saved records; returns itself."""
        columns: dict[str, Any] = {name: np.asarray(array) for name, array in state.items()}
        # States of earlier versions know no late labels.
        tick = Tick(**columns) if "is_late_N" in columns else Tick.of_examples(**columns)
        self._parts = [tick] if len(tick.record_N) else []
        return self


class ObservedBuffer:
    """Collects records whose label is still to come, for the watch over the gates, which needs none."""

    def __init__(self) -> None:
        self._parts: list[Floats] = []
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, x_ND: Floats) -> None:
        """Take in the next records, (N, D)."""
        if len(x_ND):
            self._parts.append(x_ND)
            self._count += len(x_ND)

    def take(self) -> Floats:
        """All of them, (N, D); the next run begins."""
        width = self._parts[-1].shape[1] if self._parts else 0
        parts = [widened(part, width) for part in self._parts]
        self._parts, self._count = [], 0
        return np.concatenate([np.empty((0, width)), *parts])

    def state_dict(self) -> dict[str, Any]:
        """The records collected so far."""
        x_ND = self.take()
        self.add(x_ND)
        return {"x_ND": x_ND.copy()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over saved records."""
        self.take()
        self.add(np.asarray(state["x_ND"]))
