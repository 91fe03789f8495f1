"""What every part of a frozen model has: arrays that stand still, and answers of one row for each group.

An answer is a distribution over the C classes, or, in a regression, one scaled mean (C = 1).

Shapes: B batch, D features, A = 1 + D (a constant 1 comes first), R rows of the outer gate, C outputs.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from stream_hmoe.kernels.gaussian import LARGEST

__all__ = ["Part", "Silent", "answers"]


class Part(nn.Module):
    """A part of a frozen model: buffers, no parameters."""

    def hold(self, **arrays: npt.NDArray[Any] | float) -> None:
        """Keep copies of arrays as buffers of these names; the learner may go on.

        Numbers that 32 bits cannot hold are kept so too: the export to ONNX would round them.
        """
        for name, array in arrays.items():
            self.register_buffer(name, torch.from_numpy(np.array(array, order="C")))


class Silent(Part):
    """Rows that take no part, or know nothing yet: all classes alike, or the mean 0.

    Args:
        rows: how many.
        outputs: C.
        is_class: whether classes are predicted.
    """

    answer_RC: Tensor

    def __init__(self, rows: int, outputs: int, is_class: bool) -> None:
        super().__init__()
        self.hold(answer_RC=np.full((rows, outputs), 1.0 / outputs if is_class else 0.0))

    def forward(self, z_BA: Tensor) -> Tensor:
        """Return the same (B, R, C) whatever the records are."""
        return self.answer_RC.expand(z_BA.shape[0], -1, -1)


def answers(score: Tensor, is_class: bool) -> Tensor:
    """Return scores (..., C) as class probabilities, or as means within 10 standard deviations."""
    return score.softmax(-1) if is_class else score.clamp(-LARGEST, LARGEST)
