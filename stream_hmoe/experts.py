"""Experts: what each leaf says about the target; one bank holds all of them, group and expert first.

Shapes: B batch, D features, G groups, E experts of a group, C classes.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from stream_hmoe.geometry import affine

__all__ = ["Categorical", "CategoricalExperts", "Density", "Experts", "Gaussian", "GaussianExperts"]


class Density(ABC):
    """What all experts say for a batch."""

    @abstractmethod
    def log_likelihood(self, y_B: Tensor) -> Tensor:
        """Return the log-likelihood of the targets under every expert in nats, (B, G, E)."""


@dataclass(frozen=True, eq=False)
class Categorical(Density):
    """Class distributions, one for each expert.

    Args:
        log_prob_BGEC: (B, G, E, C) log-probabilities in nats.
    """

    log_prob_BGEC: Tensor

    def log_likelihood(self, y_B: Tensor) -> Tensor:
        """Return log-probabilities of the class indices ``y_B`` (B,) of integers, (B, G, E)."""
        index = y_B.long().reshape(-1, 1, 1, 1).expand(*self.log_prob_BGEC.shape[:-1], 1)
        return self.log_prob_BGEC.gather(-1, index).squeeze(-1)


@dataclass(frozen=True, eq=False)
class Gaussian(Density):
    """Normal distributions, one for each expert.

    Args:
        mean_BGE: (B, G, E) means in the target's unit.
        log_variance_BGE: (B, G, E) log-variances, not below the floor.
    """

    mean_BGE: Tensor
    log_variance_BGE: Tensor

    def log_likelihood(self, y_B: Tensor) -> Tensor:
        """Return log-densities of the targets ``y_B`` (B,), (B, G, E); squares that overflow are clipped."""
        residual = (y_B.reshape(-1, 1, 1) - self.mean_BGE) * (-self.log_variance_BGE / 2).exp()
        limit = math.sqrt(torch.finfo(residual.dtype).max) / 4
        return -(residual.clamp(-limit, limit).square() + self.log_variance_BGE + math.log(2 * math.pi)) / 2


class Experts(nn.Module):
    """A bank of experts."""

    @abstractmethod
    def forward(self, x_BD: Tensor) -> Density:
        """Return what all experts say for a batch of feature vectors."""


class CategoricalExperts(Experts):
    """Multinomial logistic experts, ``log_softmax(W x + b)`` over the classes.

    Args:
        weight_GECD: (G, E, C, D) slopes, used as they are: the parameter shares their memory.
        bias_GEC: (G, E, C) offsets, used as they are.

    Raises:
        ValueError: the shapes do not fit each other.
    """

    weight_GECD: nn.Parameter
    bias_GEC: nn.Parameter

    def __init__(self, weight_GECD: Tensor, bias_GEC: Tensor) -> None:
        super().__init__()
        _check_bank(weight_GECD, bias_GEC, "(G, E, C, D)", 4)
        self.weight_GECD = nn.Parameter(weight_GECD)
        self.bias_GEC = nn.Parameter(bias_GEC)

    @property
    def num_classes(self) -> int:
        """Number of classes the experts know."""
        return self.bias_GEC.shape[-1]

    def forward(self, x_BD: Tensor) -> Categorical:
        """Return the class distributions of all experts."""
        return Categorical(affine(self.weight_GECD, self.bias_GEC, x_BD).log_softmax(-1))

    @torch.no_grad()
    def grow_classes(self, num_classes: int) -> None:
        """Add classes at the end; what is said about the old ones changes by normalisation only.

        A new class starts at the mean of the old classes' rows: its logit is the mean logit everywhere, so it
        gets at most an equal share, and a constant added to all old logits changes nothing. The parameters
        are new objects: give them to the optimiser again; memory shared with arrays is shared no longer.

        Args:
            num_classes: number of classes afterwards.

        Raises:
            ValueError: fewer classes than now.
        """
        added = num_classes - self.num_classes
        if added < 0:
            raise ValueError(
                f"the experts know {self.num_classes} classes; got {num_classes}: classes are only added"
            )
        if added:
            self.weight_GECD = nn.Parameter(_append_mean(self.weight_GECD, 2, added))
            self.bias_GEC = nn.Parameter(_append_mean(self.bias_GEC, 2, added))


class GaussianExperts(Experts):
    """Normal experts ``N(y; eta'x + tau, nu)``: affine mean, constant variance (arXiv 2402.03226, eq. 4).

    The floor acts on the variance, not on its gradient: a parameter below the floor can rise again.

    Args:
        slope_GED: (G, E, D) slopes eta, used as they are: the parameter shares their memory.
        intercept_GE: (G, E) intercepts tau, used as they are.
        log_variance_GE: (G, E) log nu, used as they are.
        variance_floor: smallest variance, in the target's unit squared; positive.

    Raises:
        ValueError: the shapes do not fit each other, or the floor is not positive.
    """

    slope_GED: nn.Parameter
    intercept_GE: nn.Parameter
    log_variance_GE: nn.Parameter

    def __init__(
        self, slope_GED: Tensor, intercept_GE: Tensor, log_variance_GE: Tensor, variance_floor: float = 1e-3
    ) -> None:
        super().__init__()
        _check_bank(slope_GED, intercept_GE, "(G, E, D)", 3)
        _check_bank(slope_GED, log_variance_GE, "(G, E, D)", 3)
        if not (math.isfinite(variance_floor) and variance_floor > 0):
            raise ValueError(f"variance_floor must be positive and finite; got {variance_floor!r}")
        self.slope_GED = nn.Parameter(slope_GED)
        self.intercept_GE = nn.Parameter(intercept_GE)
        self.log_variance_GE = nn.Parameter(log_variance_GE)
        self.variance_floor = variance_floor

    def forward(self, x_BD: Tensor) -> Gaussian:
        """Return the normal distributions of all experts."""
        mean_BGE = affine(self.slope_GED, self.intercept_GE, x_BD)
        lift_GE = (math.log(self.variance_floor) - self.log_variance_GE.detach()).clamp(min=0.0)
        return Gaussian(mean_BGE, (self.log_variance_GE + lift_GE).expand_as(mean_BGE))


def _append_mean(rows: Tensor, axis: int, count: int) -> Tensor:
    mean = rows.mean(axis, keepdim=True)
    return torch.cat([rows, mean.repeat_interleave(count, axis)], axis)


def _check_bank(weight: Tensor, bias: Tensor, axes: str, dimensions: int) -> None:
    if weight.dim() != dimensions or weight.shape[:-1] != bias.shape:
        raise ValueError(
            f"experts need slopes {axes} and one offset for each row; "
            f"got {tuple(weight.shape)} and {tuple(bias.shape)}"
        )
