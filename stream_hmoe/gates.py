"""Gates: they turn a feature vector into weights over groups, or over the experts of each group.

Shapes: B batch, D features, G groups, E experts of a group. An outer gate holds (G, D) rows and gives (B, G);
the inner gates of all groups are one bank of (G, E, D) rows and give (B, G, E).
"""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import Literal, Self

import torch
from torch import Tensor, nn

from stream_hmoe.geometry import affine, distance

__all__ = ["Gate", "GateKind", "LaplaceGate", "SoftmaxGate", "make_gate"]

GateKind = Literal["S", "L"]


class Gate(nn.Module):
    """A bank of gates; the last axis of the bank is the one whose weights sum to 1.

    The biases of a gate share one free shift; theory pins the last one at 0. Here it is left free, because no
    weight, likelihood or gradient of another parameter depends on it.

    Args:
        weight: (G, D) or (G, E, D) rows, used as they are: the parameter shares their memory.
        bias: (G,) or (G, E) offsets, used as they are.

    Raises:
        ValueError: the shapes do not fit each other.
    """

    weight: nn.Parameter
    bias: nn.Parameter

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        super().__init__()
        if weight.dim() not in (2, 3) or weight.shape[:-1] != bias.shape:
            raise ValueError(
                f"a gate needs rows (G, D) with biases (G,), or (G, E, D) with (G, E); "
                f"got {tuple(weight.shape)} with {tuple(bias.shape)}"
            )
        self.weight = nn.Parameter(weight)
        self.bias = nn.Parameter(bias)

    @abstractmethod
    def logits(self, x_BD: Tensor) -> Tensor:
        """Return scores before normalising, (B, G) or (B, G, E)."""

    @abstractmethod
    def born_at(self, points: Tensor, scale: float = 1.0) -> Self:
        """Place the children at points, in place: the largest logit is at the nearest point.

        Args:
            points: (G, D) or (G, E, D), like the rows.
            scale: kappa, how sharply a nearer point wins; positive.

        Returns:
            This gate.
        """

    def forward(self, x_BD: Tensor) -> Tensor:
        """Return log gate weights in nats, (B, G) or (B, G, E)."""
        return self.logits(x_BD).log_softmax(-1)


class SoftmaxGate(Gate):
    """The softmax gate, ``z = a'x + b`` (arXiv 2410.02935, the letter S)."""

    def logits(self, x_BD: Tensor) -> Tensor:
        """Return scores before normalising, (B, G) or (B, G, E)."""
        return affine(self.weight, self.bias, x_BD)

    @torch.no_grad()
    def born_at(self, points: Tensor, scale: float = 1.0) -> Self:
        """Set ``a = kappa c`` and ``b = -kappa ||c||^2 / 2``: then ``z`` falls with ``||c - x||^2``."""
        _check_scale(scale)
        self.weight.copy_(scale * points)
        self.bias.copy_(-scale / 2 * points.square().sum(-1))
        return self


class LaplaceGate(Gate):
    """The Laplace gate, ``z = b - kappa ||a - x||`` with the plain norm (arXiv 2410.02935, the letter L).

    The scale kappa is an extension: the paper has ``kappa = 1``, which is the default. There is one for each
    group: of the group's logit in an outer gate, of the group's whole gate in an inner bank.
    A fixed scale is the buffer ``scale`` holding kappa, so that who shares its memory can change it;
    a learned one is the parameter ``log_scale``, so that no step can make kappa negative.

    Args:
        weight: (G, D) or (G, E, D) centres a, used as they are.
        bias: (G,) or (G, E) offsets b, used as they are.
        scale: (G,) kappas, positive, used as they are when fixed; ``None`` means 1.
        learn_scale: whether gradients reach kappa.

    Raises:
        ValueError: the shapes do not fit each other, or a scale is not positive.
    """

    scale: Tensor | None
    log_scale: nn.Parameter | None

    def __init__(
        self, weight: Tensor, bias: Tensor, scale: Tensor | None = None, *, learn_scale: bool = False
    ) -> None:
        super().__init__(weight, bias)
        scale_G = weight.new_ones(weight.shape[0]) if scale is None else scale
        if scale_G.shape != weight.shape[:1] or not bool((scale_G > 0).all()):
            raise ValueError(
                f"a Laplace gate needs {weight.shape[0]} positive scales; got {scale_G.tolist()}"
            )
        self.register_buffer("scale", None if learn_scale else scale_G)
        self.register_parameter("log_scale", nn.Parameter(scale_G.log()) if learn_scale else None)

    def kappa_G(self) -> Tensor:
        """Return the scale of every group, (G,), whichever way it is held."""
        if self.log_scale is not None:
            return self.log_scale.exp()
        assert self.scale is not None
        return self.scale

    def logits(self, x_BD: Tensor) -> Tensor:
        """Return scores before normalising, (B, G) or (B, G, E)."""
        kappa = self.kappa_G() if self.bias.dim() == 1 else self.kappa_G().unsqueeze(-1)
        return self.bias - kappa * distance(self.weight, x_BD)

    @torch.no_grad()
    def born_at(self, points: Tensor, scale: float = 1.0) -> Self:
        """Put the centres at the points, the biases at 0 and every kappa at ``scale``."""
        _check_scale(scale)
        self.weight.copy_(points)
        self.bias.zero_()
        if self.log_scale is not None:
            self.log_scale.fill_(math.log(scale))
        if self.scale is not None:
            self.scale.fill_(scale)
        return self


def make_gate(
    kind: GateKind, weight: Tensor, bias: Tensor, scale: Tensor | None, *, learn_scale: bool = False
) -> Gate:
    """Return a gate of the kind ``"S"`` or ``"L"``; a softmax gate has no scale, its rows hold it."""
    if kind == "S":
        return SoftmaxGate(weight, bias)
    return LaplaceGate(weight, bias, scale, learn_scale=learn_scale)


def _check_scale(scale: float) -> None:
    if not (math.isfinite(scale) and scale > 0):
        raise ValueError(f"scale must be positive and finite; got {scale!r}")
