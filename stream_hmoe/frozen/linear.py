"""The two linear experts that serve every record.

Shapes: B batch, A = 1 + features, C outputs, J = 2 experts.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from stream_hmoe.frozen.part import Part, answers
from stream_hmoe.kernels.linear import Linear

__all__ = ["FrozenLinear"]


class FrozenLinear(Part):
    """``softmax(W_j z)``, or ``w_j' z`` in a regression.

    Args:
        linear: the learner's.
        is_class: whether classes are predicted.
    """

    weight_JCA: Tensor

    def __init__(self, linear: Linear, is_class: bool) -> None:
        super().__init__()
        self.is_class = is_class
        self.hold(weight_JCA=linear.weight_JCA)

    def forward(self, z_BA: Tensor) -> Tensor:
        """Return the answers (B, J, C)."""
        score_BX = functional.linear(z_BA, self.weight_JCA.flatten(0, 1))
        return answers(score_BX.reshape(-1, *self.weight_JCA.shape[:2]), self.is_class)
