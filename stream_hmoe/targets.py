"""What the learner is taught: class indices, or finite numbers; and what a prediction of them cost."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from .features import ClassIndex, Label, finite_target
from .kernels.categorical import LEAST_PROBABILITY
from .kernels.gaussian import gaussian_loss

__all__ = ["ClassTargets", "MeanTargets", "Targets"]

UNKNOWN_CLASS = -1

Floats = npt.NDArray[np.float64]


class Targets(Protocol):
    """How targets become what the learner takes."""

    @property
    def num_outputs(self) -> int:
        """Outputs the learner needs: classes seen so far, or 1."""

    def known(self, target: object) -> float | None:
        """The target as the learner takes it; None for a class that was never learned.

        Raises:
            BadRecord: the target cannot be learned.
        """

    def learn(self, target: object) -> float:
        """The same, after adding the class if it is new."""

    def plain(self, target: object) -> Label:
        """A target that can be learned, as a value that can be saved and compared."""

    def column(self, values: Sequence[float | None]) -> npt.NDArray[Any]:
        """(N,) array of the type the kernels take; None is what they do not learn."""

    def answers(self, predicted: Floats) -> tuple[list[Any], Floats]:
        """The N predictions, and (N,) the probability given to each, or its standard deviation.

        Args:
            predicted: (N, C) class probabilities, all 0 before any class was known, or (N, 2) moments.
        """

    def errors(self, predictions: Sequence[Any], targets: Sequence[Any]) -> Floats:
        """(N,) 0 or 1, or absolute errors."""

    def loss(self, predicted: Floats, known: float | None) -> float:
        """Negative log-likelihood in nats of a target under a prediction made before it was learned."""

    def state_dict(self) -> dict[str, Any]:
        """Everything learned."""

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over a saved state."""


class ClassTargets:
    """Classes, numbered as they appear."""

    def __init__(self) -> None:
        self.classes = ClassIndex()

    @property
    def num_outputs(self) -> int:
        """Classes seen so far."""
        return len(self.classes)

    @property
    def labels(self) -> tuple[Label, ...]:
        """The label of each class index."""
        return self.classes.labels

    def known(self, target: object) -> int | None:
        """Index of the class, None when it is new; a class beyond the limit raises BadRecord."""
        index = self.classes.index_of(target)
        if index is None and len(self.classes) >= self.classes.max_classes:
            self.classes.learn(target)
        return index

    def learn(self, target: object) -> int:
        """Index of the class, new if need be."""
        return self.classes.learn(target)

    def plain(self, target: object) -> Label:
        """The label itself."""
        plain: Label = target.item() if isinstance(target, np.generic) else target  # type: ignore[assignment]
        return plain

    def column(self, values: Sequence[float | None]) -> npt.NDArray[Any]:
        """(N,) int64."""
        return np.array([UNKNOWN_CLASS if value is None else value for value in values], dtype=np.int64)

    def answers(self, predicted: Floats) -> tuple[list[Any], Floats]:
        """The most probable classes, None before any was known, and their probabilities."""
        best = predicted.max(axis=1, initial=0.0)
        if not predicted.shape[1]:
            return [None] * len(predicted), best
        labels, chosen = self.labels, predicted.argmax(axis=1).tolist()
        return [labels[c] if p > 0.0 else None for c, p in zip(chosen, best.tolist(), strict=True)], best

    def errors(self, predictions: Sequence[Any], targets: Sequence[Any]) -> Floats:
        """1 where the class is another one."""
        return np.array([float(p != t) for p, t in zip(predictions, targets, strict=True)])

    def loss(self, predicted: Floats, known: float | None) -> float:
        """-log p; a class never seen had the least probability there is."""
        return -math.log(max(LEAST_PROBABILITY, 0.0 if known is None else float(predicted[int(known)])))

    def state_dict(self) -> dict[str, Any]:
        """The labels."""
        return self.classes.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over saved labels."""
        self.classes.load_state_dict(state)


class MeanTargets:
    """Finite numbers, as they are."""

    num_outputs = 1

    def known(self, target: object) -> float:
        """The target as a finite float."""
        return finite_target(target)

    def learn(self, target: object) -> float:
        """The target as a finite float."""
        return finite_target(target)

    def plain(self, target: object) -> float:
        """The target as a finite float."""
        return finite_target(target)

    def column(self, values: Sequence[float | None]) -> npt.NDArray[Any]:
        """(N,) float64."""
        return np.array(values, dtype=np.float64)

    def answers(self, predicted: Floats) -> tuple[list[Any], Floats]:
        """Means and standard deviations."""
        return predicted[:, 0].tolist(), predicted[:, 1]

    def errors(self, predictions: Sequence[Any], targets: Sequence[Any]) -> Floats:
        """Absolute differences."""
        truth_N = np.array([self.known(target) for target in targets], dtype=np.float64)
        return np.abs(truth_N - np.array(predictions, dtype=np.float64))

    def loss(self, predicted: Floats, known: float | None) -> float:
        """The Gaussian's negative log-likelihood."""
        return gaussian_loss(float(known or 0.0), float(predicted[0]), float(predicted[1]))

    def state_dict(self) -> dict[str, Any]:
        """Nothing is learned about targets."""
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Nothing to take over."""
