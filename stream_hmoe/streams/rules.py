"""Rule-shaped classification streams whose rule changes: turning plane, moving prototypes, relabelled tree.

Shapes: N rows, D features, C classes, P prototypes, L leaves of a tree.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from stream_hmoe.streams.changes import ChangePoint, Generated, checked, draw, seed_from, stage_of

__all__ = ["MovingPrototypes", "RandomTree", "RotatingHyperplane", "Rows", "RuleStream"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

# the randomness of the rules must not be that of any chunk of rows
RULES = 2**63


class Rows(NamedTuple):
    """Rows of a stream: inputs (N, D), class numbers (N,) and the changes within."""

    X: Floats
    y: Integers
    change_points: tuple[ChangePoint, ...]


class RuleStream(ABC):
    """Inputs uniform on [-1, 1]^D that never drift, and a rule for their class that does.

    Args:
        seed: of rules and rows.
        num_features: D.
        num_classes: C.
        changes: spans (record, ends) over which one rule gives way to the next; ends = record is abrupt.
        noise: probability that a label is drawn from the other classes instead.

    Raises:
        ValueError: the changes overlap, or noise is no probability.
    """

    kind: str

    def __init__(
        self,
        seed: int | np.random.Generator,
        num_features: int,
        num_classes: int,
        changes: Sequence[tuple[int, int]],
        noise: float,
    ) -> None:
        if not 0 <= noise <= 1:
            raise ValueError(f"noise is a probability, got {noise}")
        self.seed = seed_from(seed)
        self.num_features = num_features
        self.num_classes = num_classes
        self.noise = noise
        self._changes = checked(changes)
        self._make_rules(np.random.default_rng([self.seed, RULES]), len(self._changes) + 1)

    def rows(self, first: int, last: int) -> Rows:
        """Return rows first to last (exclusive), the same whether drawn at once or in pieces."""
        X_ND, y_N = draw(self._chunk, self.seed, first, last)
        return Rows(X_ND.astype(np.float64), y_N.astype(np.int64), self.change_points_between(first, last))

    def change_points_between(self, first: int, last: int) -> tuple[ChangePoint, ...]:
        """Return the changes that begin at records first to last (exclusive)."""
        return tuple(
            ChangePoint(
                change.record,
                "abrupt" if change.record == change.ends else self.kind,
                f"rule {number} gives way to rule {number + 1}",
                change.ends,
            )
            for number, change in enumerate(self._changes)
            if first <= change.record < last
        )

    def class_probabilities(self, X_ND: Floats, record_N: Integers) -> Floats:
        """Return the true probability of each class for inputs at given records, (N, C)."""
        clean_NC = self._clean_probabilities(X_ND, *stage_of(self._changes, record_N))
        return clean_NC * (1 - self.noise) + (1 - clean_NC) * self.noise / (self.num_classes - 1)

    @abstractmethod
    def _make_rules(self, rng: np.random.Generator, num_rules: int) -> None:
        """Draw the rules."""

    @abstractmethod
    def _clean_probabilities(self, X_ND: Floats, rule_N: Integers, blend_N: Floats) -> Floats:
        """Return class probabilities (N, C) without noise, where blend leads from a rule to the next."""

    def _next(self, rule_N: Integers) -> Integers:
        return np.minimum(rule_N + 1, len(self._changes))

    def _chunk(self, rng: np.random.Generator, record_N: Integers) -> Generated:
        X_ND = rng.uniform(-1, 1, (len(record_N), self.num_features))
        reached_NC = self.class_probabilities(X_ND, record_N).cumsum(axis=1)
        y_N = (rng.uniform(size=(len(record_N), 1)) > reached_NC[:, :-1]).sum(axis=1)
        return X_ND, y_N


class RotatingHyperplane(RuleStream):
    """Two classes, one on each side of a plane through the origin, which turns while it changes."""

    kind = "incremental"

    def __init__(
        self,
        seed: int | np.random.Generator,
        num_features: int = 10,
        changes: Sequence[tuple[int, int]] = ((10_000, 15_000),),
        noise: float = 0.05,
    ) -> None:
        super().__init__(seed, num_features, 2, changes, noise)

    def _make_rules(self, rng: np.random.Generator, num_rules: int) -> None:
        self._normals = rng.normal(size=(num_rules, self.num_features))
        self._normals /= np.linalg.norm(self._normals, axis=1, keepdims=True)

    def _clean_probabilities(self, X_ND: Floats, rule_N: Integers, blend_N: Floats) -> Floats:
        share_N1 = blend_N[:, None]
        normal_ND = (1 - share_N1) * self._normals[rule_N] + share_N1 * self._normals[self._next(rule_N)]
        return _one_hot(((X_ND * normal_ND).sum(axis=1) > 0).astype(np.int64), 2)


class MovingPrototypes(RuleStream):
    """Every input has the class of its nearest prototype; while they change, prototypes move along lines."""

    kind = "incremental"

    def __init__(
        self,
        seed: int | np.random.Generator,
        num_features: int = 4,
        num_classes: int = 4,
        num_prototypes: int = 16,
        changes: Sequence[tuple[int, int]] = ((10_000, 15_000),),
        noise: float = 0.05,
    ) -> None:
        if num_prototypes < num_classes:
            raise ValueError(f"every class needs a prototype, got {num_prototypes} for {num_classes} classes")
        self.num_prototypes = num_prototypes
        super().__init__(seed, num_features, num_classes, changes, noise)

    def _make_rules(self, rng: np.random.Generator, num_rules: int) -> None:
        self._prototypes = rng.uniform(-1, 1, (num_rules, self.num_prototypes, self.num_features))
        self._classes_P = np.arange(self.num_prototypes) % self.num_classes

    def _clean_probabilities(self, X_ND: Floats, rule_N: Integers, blend_N: Floats) -> Floats:
        share_N11 = blend_N[:, None, None]
        now_NPD = (1 - share_N11) * self._prototypes[rule_N] + share_N11 * self._prototypes[
            self._next(rule_N)
        ]
        nearest_N = ((X_ND[:, None, :] - now_NPD) ** 2).sum(axis=2).argmin(axis=1)
        return _one_hot(self._classes_P[nearest_N], self.num_classes)


class RandomTree(RuleStream):
    """Boxes: a tree of axis-parallel splits whose leaves have classes; a change relabels some of the leaves.

    While one rule gives way to the next, each record follows the new labels with rising probability.
    """

    kind = "gradual"

    def __init__(
        self,
        seed: int | np.random.Generator,
        num_features: int = 5,
        num_classes: int = 3,
        depth: int = 5,
        changes: Sequence[tuple[int, int]] = ((10_000, 10_000),),
        noise: float = 0.05,
        changed_ratio: float = 0.3,
    ) -> None:
        self.depth = depth
        self.changed_ratio = changed_ratio
        super().__init__(seed, num_features, num_classes, changes, noise)

    def _make_rules(self, rng: np.random.Generator, num_rules: int) -> None:
        self._grow(rng)
        num_leaves = 2**self.depth
        num_changed = max(1, round(self.changed_ratio * num_leaves))
        self._labels = np.empty((num_rules, num_leaves), dtype=np.int64)
        self._labels[0] = rng.permutation(np.arange(num_leaves) % self.num_classes)
        for rule in range(1, num_rules):
            self._labels[rule] = self._labels[rule - 1]
            leaves = rng.choice(num_leaves, num_changed, replace=False)
            step = rng.integers(1, self.num_classes, num_changed)  # never 0: each of them gets another class
            self._labels[rule, leaves] = (self._labels[rule, leaves] + step) % self.num_classes

    def _grow(self, rng: np.random.Generator) -> None:
        """Draw the split of every node, in the middle half of its box so that no leaf is tiny."""
        num_nodes = 2**self.depth - 1
        self._feature = rng.integers(self.num_features, size=num_nodes)
        self._threshold = np.empty(num_nodes)
        low, high = {0: np.full(self.num_features, -1.0)}, {0: np.full(self.num_features, 1.0)}
        for node in range(num_nodes):
            feature = self._feature[node]
            box_low, box_high = low.pop(node), high.pop(node)
            width = box_high[feature] - box_low[feature]
            self._threshold[node] = box_low[feature] + width * rng.uniform(0.25, 0.75)
            left, right = 2 * node + 1, 2 * node + 2
            low[left], high[right] = box_low, box_high
            low[right], high[left] = box_low.copy(), box_high.copy()
            low[right][feature] = high[left][feature] = self._threshold[node]

    def _clean_probabilities(self, X_ND: Floats, rule_N: Integers, blend_N: Floats) -> Floats:
        rows_N = np.arange(len(X_ND))
        node_N = np.zeros(len(X_ND), dtype=np.int64)
        for _ in range(self.depth):
            node_N = 2 * node_N + 1 + (X_ND[rows_N, self._feature[node_N]] > self._threshold[node_N])
        leaf_N = node_N - len(self._threshold)
        old_NC = _one_hot(self._labels[rule_N, leaf_N], self.num_classes)
        new_NC = _one_hot(self._labels[self._next(rule_N), leaf_N], self.num_classes)
        return (1 - blend_N[:, None]) * old_NC + blend_N[:, None] * new_NC


def _one_hot(class_N: Integers, num_classes: int) -> Floats:
    return np.eye(num_classes)[class_N]
