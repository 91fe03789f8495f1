"""HMoE: the two-level mixture of experts as a torch module.

Shapes: B batch, D features, G groups, E experts of a group, C classes.
"""

from __future__ import annotations

import math
from typing import Literal, Self, cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from stream_hmoe.experts import CategoricalExperts, Experts, GaussianExperts
from stream_hmoe.gates import Gate, GateKind, make_gate
from stream_hmoe.mixture import Mixture

__all__ = ["HMoE"]

Array = npt.NDArray[np.floating]
Gates = Literal["SS", "SL", "LS", "LL"]
Task = Literal["classification", "regression"]


class HMoE(nn.Module):
    """``p(y|x) = sum_i g_i(x) sum_j g_{j|i}(x) f_ij(y|x)``, with an inner gate a group (arXiv 2410.02935).

    Inputs should be about standardised. Groups and experts start at random points of that scale; ``born_at``
    moves them to data. In a larger model, ``nn.Sequential(encoder, HMoE(8))`` gives a :class:`Mixture` with a
    likelihood, and ``nn.Sequential(encoder, HMoE(8), Expectation(), head)`` passes a tensor on.

    Args:
        num_features: D.
        num_groups: G.
        num_experts: E, experts of each group.
        gates: kind of the outer and the inner gates, S for softmax and L for Laplace, outer letter first.
        task: categorical or Gaussian experts.
        num_classes: C, for classification; ``grow_classes`` adds more.
        learn_scale: whether the scale of Laplace gates is learned; an extension of the paper.
        scale: kappa of the gates at the start; the paper has 1.
        variance_floor: smallest variance of an expert, for regression.
        generator: source of the random start; torch's own if ``None``.

    Raises:
        ValueError: a size below 1, an unknown kind of gate or task, a scale or floor that is not positive.

    >>> model = HMoE(3, num_classes=2, generator=torch.Generator().manual_seed(0))
    >>> model(torch.zeros(5, 3)).probabilities().shape
    torch.Size([5, 2])
    """

    outer: Gate
    inner: Gate
    experts: Experts

    def __init__(
        self,
        num_features: int,
        *,
        num_groups: int = 4,
        num_experts: int = 4,
        gates: Gates = "LL",
        task: Task = "classification",
        num_classes: int = 2,
        learn_scale: bool = False,
        scale: float = 1.0,
        variance_floor: float = 1e-3,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        _check_sizes(num_features, num_groups, num_experts, num_classes)
        outer_kind, inner_kind = _kinds(gates)
        shape = (num_groups, num_experts)
        self.outer = make_gate(
            outer_kind,
            torch.empty(num_groups, num_features),
            torch.empty(num_groups),
            None,
            learn_scale=learn_scale,
        )
        self.inner = make_gate(
            inner_kind, torch.empty(*shape, num_features), torch.empty(shape), None, learn_scale=learn_scale
        )
        outer_points = _normal((num_groups, num_features), generator)
        inner_points = outer_points.unsqueeze(1) + _normal((*shape, num_features), generator)
        self.born_at(outer_points, inner_points, scale)
        step = 1 / math.sqrt(num_features)
        if task == "classification":
            weight = step * _normal((*shape, num_classes, num_features), generator)
            self.experts = CategoricalExperts(weight, torch.zeros(*shape, num_classes))
        elif task == "regression":
            weight = step * _normal((*shape, num_features), generator)
            self.experts = GaussianExperts(weight, torch.zeros(shape), torch.zeros(shape), variance_floor)
        else:
            raise ValueError(f"task must be 'classification' or 'regression'; got {task!r}")

    def forward(self, x_BD: Tensor) -> Mixture:
        """Return the mixture for a batch of feature vectors (B, D); B may be 0.

        Raises:
            ValueError: not a batch of D features.
        """
        if x_BD.dim() != 2 or x_BD.shape[1] != self.num_features:
            raise ValueError(f"expected a batch (B, {self.num_features}); got shape {tuple(x_BD.shape)}")
        return Mixture(self.outer(x_BD), self.inner(x_BD), self.experts(x_BD))

    @property
    def num_features(self) -> int:
        """Number of features D."""
        return self.outer.weight.shape[-1]

    def born_at(self, outer_points: Tensor, inner_points: Tensor, scale: float = 1.0) -> Self:
        """Place groups and experts at data points, in place: each serves what is nearest to its own.

        Args:
            outer_points: (G, D) one point for each group.
            inner_points: (G, E, D) one point for each expert.
            scale: kappa of both levels.

        Returns:
            This model.
        """
        self.outer.born_at(outer_points, scale)
        self.inner.born_at(inner_points, scale)
        return self

    def grow_classes(self, num_classes: int) -> None:
        """Add classes; see :meth:`CategoricalExperts.grow_classes`.

        Raises:
            TypeError: a regression model.
            ValueError: fewer classes than now.
        """
        if not isinstance(self.experts, CategoricalExperts):
            raise TypeError("a regression model has no classes")
        self.experts.grow_classes(num_classes)

    @classmethod
    def from_arrays(
        cls,
        *,
        outer_weight: Array,
        outer_bias: Array,
        inner_weight: Array,
        inner_bias: Array,
        expert_weight: Array,
        expert_bias: Array,
        expert_log_variance: Array | None = None,
        outer_scale: Array | None = None,
        inner_scale: Array | None = None,
        gates: Gates = "LL",
        variance_floor: float = 1e-3,
    ) -> Self:
        """Return a model that lives in the given arrays: a change on either side is seen by the other.

        Args:
            outer_weight: (G, D) centres or slopes of the outer gate.
            outer_bias: (G,).
            inner_weight: (G, E, D) centres or slopes of the inner gates.
            inner_bias: (G, E).
            expert_weight: (G, E, C, D) for classification, (G, E, D) for regression.
            expert_bias: (G, E, C), or (G, E).
            expert_log_variance: (G, E) for regression, ``None`` for classification.
            outer_scale: (G,) kappa of each group's outer logit; ``None`` means 1; not used by a softmax gate.
            inner_scale: (G,) kappa of each group's inner gate; the same.
            gates: kinds of the outer and the inner gates.
            variance_floor: smallest variance of an expert, for regression.

        Raises:
            ValueError: shapes or types that do not fit each other, or an array that cannot be written.
        """
        if inner_weight.ndim != 3:
            raise ValueError(f"inner_weight must be (G, E, D); got shape {inner_weight.shape}")
        groups, experts, features = inner_weight.shape
        model = cls(
            features,
            num_groups=groups,
            num_experts=experts,
            gates=gates,
            generator=torch.Generator(),
        )
        outer_kind, inner_kind = _kinds(gates)
        outer_scale_G = None if outer_scale is None else _shared(outer_scale)
        inner_scale_G = None if inner_scale is None else _shared(inner_scale)
        model.outer = make_gate(outer_kind, _shared(outer_weight), _shared(outer_bias), outer_scale_G)
        model.inner = make_gate(inner_kind, _shared(inner_weight), _shared(inner_bias), inner_scale_G)
        model.experts = (
            CategoricalExperts(_shared(expert_weight), _shared(expert_bias))
            if expert_log_variance is None
            else GaussianExperts(
                _shared(expert_weight), _shared(expert_bias), _shared(expert_log_variance), variance_floor
            )
        )
        _check_fit(model, (groups, experts), features)
        return model


def _kinds(gates: str) -> tuple[GateKind, GateKind]:
    if gates not in ("SS", "SL", "LS", "LL"):
        raise ValueError(f"gates must be 'SS', 'SL', 'LS' or 'LL' (outer letter first); got {gates!r}")
    return cast(tuple[GateKind, GateKind], tuple(gates))


def _normal(shape: tuple[int, ...], generator: torch.Generator | None) -> Tensor:
    return torch.randn(shape, generator=generator)


def _shared(array: Array) -> Tensor:
    if not array.flags.writeable or array.dtype not in (np.float32, np.float64):
        raise ValueError(
            f"expected a writeable float32 or float64 array; got {array.dtype}, {array.flags.writeable=}"
        )
    return torch.from_numpy(array)


def _check_sizes(*sizes: int) -> None:
    if min(sizes) < 1:
        raise ValueError(
            f"num_features, num_groups, num_experts and num_classes must be at least 1; got {sizes}"
        )


def _check_fit(model: HMoE, shape: tuple[int, int], num_features: int) -> None:
    types = {str(tensor.dtype) for tensor in model.state_dict().values()}
    if len(types) > 1:
        raise ValueError(f"all arrays must have one type; got {sorted(types)}")
    outer, rows = model.outer.weight.shape, next(model.experts.parameters()).shape
    if outer != (shape[0], num_features) or rows[:2] != shape or rows[-1] != num_features:
        raise ValueError(
            f"inner_weight has G, E = {shape} and D = {num_features}; "
            f"outer_weight has {tuple(outer)}, expert_weight {tuple(rows)}"
        )
