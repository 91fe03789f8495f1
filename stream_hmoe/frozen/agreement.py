"""How closely a frozen model agrees with the learner it was taken from.

Shapes: N records, D features, C outputs, K leaves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stream_hmoe.learner import Learner

__all__ = ["TOLERANCE", "Agreement", "compare", "remembered"]

Floats = npt.NDArray[np.float64]

TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class Agreement:
    """The largest differences on some records.

    Args:
        records: how many records.
        predicted: of a probability or a deviation, relative to it; of a mean, relative to its size plus the
            deviation.
        leaf_weights: of a leaf weight.
    """

    records: int
    predicted: float
    leaf_weights: float

    @property
    def is_close(self) -> bool:
        """Whether both are within ``TOLERANCE``."""
        return max(self.predicted, self.leaf_weights) <= TOLERANCE


def compare(predict: Callable[[Floats], tuple[Floats, Floats]], learner: Learner, x_ND: Floats) -> Agreement:
    """Compare predictions and leaf weights with the learner's on encoded records (N, D)."""
    predicted_NC, weight_NK = predict(x_ND)
    truth = learner.predict(x_ND, weights=True)
    size_NC = truth.predicted
    if learner.task == "regression":
        mean_N, deviation_N = truth.predicted.T
        size_NC = np.stack([np.abs(mean_N) + deviation_N, deviation_N], 1)
    return Agreement(
        len(x_ND),
        float((np.abs(predicted_NC - truth.predicted) / size_NC).max(initial=0.0)),
        float(np.abs(weight_NK - truth.leaf_weights).max(initial=0.0)),
    )


def remembered(learner: Learner) -> Floats:
    """The records in a learner's memory, (N, D), put back on the features' present scales."""
    memory, scale = learner.state.memory, learner.state.scale
    count = min(int(memory.count_1[0]), memory.target_N.size)
    z_ND = memory.record_AN[1:, :count].T
    x_ND: Floats = scale.mean_D + z_ND * np.sqrt(np.maximum(scale.variance_D, 0.0))
    return x_ND
