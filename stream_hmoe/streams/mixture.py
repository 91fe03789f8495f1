"""Rows from a known two-level Gaussian HMoE, whose leaves may change abruptly.

Shapes: N rows, D features, G groups, E experts of a group, K = G E leaves in order group by group.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from stream_hmoe.streams.changes import ChangePoint, Generated, draw, seed_from

__all__ = ["GaussianHMoEStream", "HMoEParameters", "HMoERows", "LeafChange"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Gates = Literal["SS", "SL", "LS", "LL"]

# the randomness of the parameters must not be that of any chunk of rows
PARAMETERS = 2**63
CANDIDATES = 32
SUPPORT_FOR_CENTRES = 0.8


class LeafChange(NamedTuple):
    """From this record on, these leaves have new experts."""

    record: int
    leaves: tuple[int, ...]


class HMoERows(NamedTuple):
    """Rows: inputs (N, D), targets (N,), the leaf each came from (N,), and the changes within."""

    X: Floats
    y: Floats
    leaf: Integers
    change_points: tuple[ChangePoint, ...]


@dataclass(frozen=True, slots=True, eq=False)
class HMoEParameters:
    """The parameters of p(y|x) = sum_i g_i(x) sum_j g_{j|i}(x) N(y; slope_ij'x + intercept_ij, variance_ij).

    Gate weights are the softmax of logits a'x + b (letter S) or b - kappa ||a - x|| (letter L).

    Args:
        gates: letter of the outer, then of the inner gates.
        outer: (G, D) rows a of the outer gate.
        outer_bias: (G,) its b.
        inner: (G, E, D) rows of the inner gates.
        inner_bias: (G, E) their b.
        scales: kappa of the outer and of the inner gates; 1 where the letter is S.
        slope: (G, E, D) of the experts.
        intercept: (G, E).
        variance: (G, E).
    """

    gates: Gates
    outer: Floats
    outer_bias: Floats
    inner: Floats
    inner_bias: Floats
    scales: tuple[float, float]
    slope: Floats
    intercept: Floats
    variance: Floats

    def gate_weights(self, X_ND: Floats) -> Floats:
        """Return the weight of every leaf, (N, K); rows sum to 1."""
        outer_NG = _softmax(_logits(self.gates[0], X_ND, self.outer, self.outer_bias, self.scales[0]))
        inner_NGE = _softmax(_logits(self.gates[1], X_ND, self.inner, self.inner_bias, self.scales[1]))
        return (outer_NG[:, :, None] * inner_NGE).reshape(len(X_ND), -1)

    def means(self, X_ND: Floats) -> Floats:
        """Return the mean of every expert, (N, K)."""
        return (X_ND @ np.moveaxis(self.slope, -1, 0).reshape(X_ND.shape[1], -1)) + self.intercept.ravel()


class GaussianHMoEStream:
    """Draws x uniform on [-1, 1]^D, then a leaf by the gates, then y by its expert.

    Centres lie inside the support and D is at least 2: in one dimension a Laplace gate whose centre lies
    outside is a softmax gate, and its parameters cannot be told apart.

    Args:
        seed: of parameters and rows.
        gates: letter of the outer, then of the inner gates: S softmax, L Laplace.
        num_features: D.
        num_groups: G.
        num_experts: E.
        changes: when which leaves get a new expert; the gates never change.
        sharpness: kappa of Laplace gates and length of softmax rows; larger makes harder borders.
        noise: standard deviation of y around its expert's mean.

    Raises:
        ValueError: D is below 2, or a change is out of order or names an unknown leaf.
    """

    def __init__(
        self,
        seed: int | np.random.Generator,
        gates: Gates = "LL",
        num_features: int = 2,
        num_groups: int = 2,
        num_experts: int = 2,
        changes: Sequence[LeafChange] = (),
        sharpness: float = 12.0,
        noise: float = 0.1,
    ) -> None:
        if num_features < 2:
            raise ValueError(
                "num_features must be at least 2: in one dimension the gates cannot be identified"
            )
        if gates not in ("SS", "SL", "LS", "LL"):
            raise ValueError(f"gates are SS, SL, LS or LL, got {gates!r}")
        self.seed = seed_from(seed)
        self.changes = tuple(LeafChange(*change) for change in changes)
        self._check_changes(num_groups * num_experts)
        rng = np.random.default_rng([self.seed, PARAMETERS])
        probe_ND = rng.uniform(-1, 1, (1000, num_features))
        drawn = [
            _random_parameters(
                rng, gates, (num_groups, num_experts, num_features), sharpness, noise, probe_ND
            )
            for _ in range(CANDIDATES)
        ]
        # with hard borders some draws leave a leaf nearly without data; the best of a few does not
        best = max(drawn, key=lambda candidate: candidate.gate_weights(probe_ND).mean(axis=0).min())
        self._parameters = [best]
        for change in self.changes:
            self._parameters.append(_with_new_experts(rng, self._parameters[-1], change.leaves))

    def parameters_at(self, record: int) -> HMoEParameters:
        """Return the parameters that a record is drawn from."""
        return self._parameters[sum(change.record <= record for change in self.changes)]

    def rows(self, first: int, last: int) -> HMoERows:
        """Return rows first to last (exclusive), the same whether drawn at once or in pieces."""
        X_ND, y_N, leaf_N = draw(self._chunk, self.seed, first, last)
        return HMoERows(
            X_ND.astype(np.float64),
            y_N.astype(np.float64),
            leaf_N.astype(np.int64),
            self.change_points_between(first, last),
        )

    def change_points_between(self, first: int, last: int) -> tuple[ChangePoint, ...]:
        """Return the changes at records first to last (exclusive)."""
        return tuple(
            ChangePoint(
                change.record, "abrupt", f"new experts in leaves {list(change.leaves)}", change.record
            )
            for change in self.changes
            if first <= change.record < last
        )

    def _check_changes(self, num_leaves: int) -> None:
        records = [change.record for change in self.changes]
        if records != sorted(records):
            raise ValueError(f"changes must be in order, got records {records}")
        unknown = {leaf for change in self.changes for leaf in change.leaves} - set(range(num_leaves))
        if unknown:
            raise ValueError(f"there are leaves 0 to {num_leaves - 1}, got {sorted(unknown)}")

    def _chunk(self, rng: np.random.Generator, record_N: Integers) -> Generated:
        num_rows = len(record_N)
        X_ND = rng.uniform(-1, 1, (num_rows, self._parameters[0].outer.shape[1]))
        reached_NK = self._parameters[0].gate_weights(X_ND).cumsum(axis=1)
        leaf_N = (rng.uniform(size=(num_rows, 1)) > reached_NK[:, :-1]).sum(axis=1)
        noise_N = rng.normal(size=num_rows)
        stage_N = np.searchsorted([change.record for change in self.changes], record_N, side="right")
        y_N = np.empty(num_rows)
        for stage in np.unique(stage_N):
            now_N, parameters = stage_N == stage, self._parameters[stage]
            mean_N = np.take_along_axis(parameters.means(X_ND[now_N]), leaf_N[now_N, None], axis=1)[:, 0]
            y_N[now_N] = mean_N + noise_N[now_N] * np.sqrt(parameters.variance.ravel()[leaf_N[now_N]])
        return X_ND, y_N, leaf_N


def _random_parameters(
    rng: np.random.Generator,
    gates: Gates,
    shape_GED: tuple[int, int, int],
    sharpness: float,
    noise: float,
    probe_ND: Floats,
) -> HMoEParameters:
    """Draw parameters; the borders of every inner gate cross the region of its own group."""
    num_groups, num_experts, num_features = shape_GED
    outer_scale, inner_scale = (sharpness if letter == "L" else 1.0 for letter in gates)
    middle = np.zeros((1, num_features))
    outer, outer_bias = _random_gate(rng, gates[0], middle, np.ones((1, num_features)), num_groups, sharpness)
    weights_NG = _softmax(_logits(gates[0], probe_ND, outer[0], outer_bias[0], outer_scale))
    weights_NG /= weights_NG.sum(axis=0)
    middle_GD = weights_NG.T @ probe_ND
    reach_GD = np.sqrt(3 * (weights_NG.T @ probe_ND**2 - middle_GD**2))  # half the width, were it uniform
    inner, inner_bias = _random_gate(rng, gates[1], middle_GD, reach_GD, num_experts, sharpness)
    return HMoEParameters(
        gates,
        outer[0],
        outer_bias[0],
        inner,
        inner_bias,
        (outer_scale, inner_scale),
        rng.normal(size=shape_GED),
        rng.normal(size=(num_groups, num_experts)),
        np.full((num_groups, num_experts), noise**2),
    )


def _random_gate(
    rng: np.random.Generator,
    letter: str,
    middle_GD: Floats,
    reach_GD: Floats,
    num_children: int,
    sharpness: float,
) -> tuple[Floats, Floats]:
    """Draw a bank of gates, rows (G, children, D), biases (G, children), each for its part of the input."""
    shape = (len(middle_GD), num_children, middle_GD.shape[1])
    bias = rng.normal(0, 0.5, shape[:2])
    if letter == "L":
        centres = middle_GD[:, None] + SUPPORT_FOR_CENTRES * reach_GD[:, None] * rng.uniform(-1, 1, shape)
        return centres.clip(-SUPPORT_FOR_CENTRES, SUPPORT_FOR_CENTRES), bias
    rows = rng.normal(size=shape)
    rows *= sharpness / np.linalg.norm(rows, axis=-1, keepdims=True)
    return rows, bias - (rows * middle_GD[:, None]).sum(axis=-1)


def _with_new_experts(
    rng: np.random.Generator, parameters: HMoEParameters, leaves: Sequence[int]
) -> HMoEParameters:
    """Return the parameters with other experts in some leaves, far enough from the old to matter."""
    slope, intercept = parameters.slope.copy(), parameters.intercept.copy()
    for leaf in leaves:
        place = np.unravel_index(leaf, intercept.shape)
        slope[place] = rng.normal(size=slope.shape[-1])
        intercept[place] += rng.choice((-1.0, 1.0)) * rng.uniform(1.5, 2.5)
    return replace(parameters, slope=slope, intercept=intercept)


def _logits(letter: str, X_ND: Floats, rows: Floats, bias: Floats, scale: float) -> Floats:
    if letter == "S":
        linear: Floats = np.tensordot(X_ND, rows, axes=(-1, -1)) + bias
        return linear
    shift = X_ND.reshape(len(X_ND), *(1,) * (rows.ndim - 1), -1) - rows
    near: Floats = bias - scale * np.sqrt((shift**2).sum(axis=-1))
    return near


def _softmax(logits: Floats) -> Floats:
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    weights: Floats = powers / powers.sum(axis=-1, keepdims=True)
    return weights
