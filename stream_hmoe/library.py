"""Models of concepts that were accepted once, kept to be restored when their concept comes back.

Shapes: N records, D features.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from .adapting import restored_learner
from .learner import Learner
from .losses import bounded_losses

__all__ = ["Library"]

Floats = npt.NDArray[np.float64]


class Library:
    """A few models, each the champion of a time in which nothing drifted.

    Args:
        capacity: how many are kept; the one that has not been of use for longest goes first.
    """

    def __init__(self, capacity: int = 3) -> None:
        self.capacity = capacity
        self._models: dict[int, Learner] = {}
        self._next = 0

    def __len__(self) -> int:
        return len(self._models)

    def store(self, state: dict[str, Any]) -> int:
        """Keep the model of which ``state_dict`` was taken -> its number."""
        number = self._next
        self._next += 1
        self._models[number] = restored_learner(state)
        while len(self._models) > self.capacity:
            del self._models[next(iter(self._models))]
        return number

    def model(self, number: int) -> Learner:
        """A stored model; asking for it counts as use."""
        model = self._models.pop(number)
        self._models[number] = model
        return model

    def best(self, x_ND: Floats, y_N: npt.NDArray[Any], champion_N: Floats, spread: float) -> int:
        """The stored model that would have lost least on these records, if clearly less than the champion.

        Clearly: by two standard errors of the paired differences. It is a hint whom to challenge with, and
        no test: the challenger must still win one.

        Args:
            x_ND: (N, D) encoded records since a change.
            y_N: (N,) their targets.
            champion_N: (N,) the champion's losses on them, from before it learned them.
            spread: deviation of the target, for losses.

        Returns:
            Its number; -1 when there is none.
        """
        best, least = -1, 0.0
        for number, model in self._models.items():
            known = len(y_N) > 1 and model.num_outputs > 0 and model.num_features <= x_ND.shape[1]
            if not known:
                continue
            outcome = model.predict(x_ND[:, : model.num_features])
            gain_N = bounded_losses(outcome.predicted, y_N, model.task, spread) - champion_N
            clearly = float(gain_N.mean() + 2.0 * gain_N.std() / np.sqrt(len(gain_N)))
            if clearly < least:
                best, least = number, clearly
        return best

    def state_dict(self) -> dict[str, Any]:
        """Every model, the longest unused first."""
        models = [[number, model.state_dict()] for number, model in self._models.items()]
        return {"capacity": self.capacity, "next": self._next, "models": models}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over saved models."""
        self.capacity, self._next = int(state["capacity"]), int(state["next"])
        self._models = {int(number): restored_learner(saved) for number, saved in state["models"]}
