"""What learning and control are worth: a copy of the model that never learns again stays beside it.

Shapes: N records, D features.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from .adapting import restored_learner
from .events import Worth
from .learner import Learner
from .losses import bounded_losses
from .renewal import copied

__all__ = ["WorthCount"]

Floats = npt.NDArray[np.float64]

SAMPLE_EVERY = 10


class WorthCount:
    """Counts the losses of the model and of its frozen copy on every tenth record."""

    def __init__(self) -> None:
        self._frozen: Learner | None = None
        self._since = 0
        self._sampled = 0
        self._losses = 0.0
        self._frozen_losses = 0.0

    @property
    def is_begun(self) -> bool:
        """There is a frozen copy."""
        return self._frozen is not None

    def begin(self, record: int, learner: Learner) -> None:
        """Freeze a copy of the model as it is after ``record`` records."""
        self._frozen, self._since = copied(learner), record

    def update(
        self, record_N: npt.NDArray[np.int64], x_ND: Floats, y_N: Floats, loss_N: Floats, spread: float
    ) -> None:
        """Compare on the records whose number is a multiple of ten.

        Args:
            record_N: (N,) record numbers.
            x_ND: (N, D) encoded records.
            y_N: (N,) targets.
            loss_N: (N,) losses of the model, in [0, 1].
            spread: deviation of the target, for losses.
        """
        chosen = record_N % SAMPLE_EVERY == 0
        if self._frozen is None or not chosen.any():
            return
        outcome = self._frozen.predict(x_ND[chosen, : self._frozen.num_features])
        frozen_N = bounded_losses(outcome.predicted, y_N[chosen], self._frozen.task, spread)
        self._sampled += int(chosen.sum())
        self._losses += float(loss_N[chosen].sum())
        self._frozen_losses += float(frozen_N.sum())

    def fact(self, record: int, challenger_records: int) -> Worth:
        """The counts so far."""
        return Worth(
            record, self._since, self._sampled, self._losses, self._frozen_losses, challenger_records
        )

    def state_dict(self) -> dict[str, Any]:
        """The copy and the counts."""
        return {
            "frozen": None if self._frozen is None else self._frozen.state_dict(),
            "since": self._since,
            "sampled": self._sampled,
            "losses": self._losses,
            "frozen_losses": self._frozen_losses,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over saved counts."""
        frozen = state["frozen"]
        self._frozen = None if frozen is None else restored_learner(frozen)
        self._since, self._sampled = int(state["since"]), int(state["sampled"])
        self._losses, self._frozen_losses = float(state["losses"]), float(state["frozen_losses"])
