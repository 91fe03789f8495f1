"""Rules on several features: hierarchical gates of hard splits (trees), boosted stage by stage.

A tree is an HMoE whose gates are hard and axis-aligned and whose experts are constants. The trees of
an ensemble form a chain: stage t fits what the shrunken sum of the stages before it leaves over.
A leaf splits when one feature's gain is clearly best (Hoeffding bound) or as good as any other (tie).

Shapes: K ensembles, I trees in all (I / K an ensemble), N nodes, L leaves, D features, B bins,
C outputs (classes; 1 for a mean), W = C + 1 (residual sums and the count).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .arrays import Axes, scratch
from .compiled import compiled
from .steps import softmax

__all__ = [
    "BOOSTED_AXES",
    "Boosted",
    "learn_boosted",
    "learn_boosted_mean",
    "predict_boosted",
    "predict_boosted_mean",
]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

GRACE = 50
LEAST_GAIN = 12.0
LEAST_SHARE = 0.02
LARGEST_SCORE = 3.0
LEAST_BEND = 0.05


class Boosted(NamedTuple):
    """Trees (feature < 0 marks a leaf; the right child follows the left), leaf values and split statistics."""

    feature_IN: Integers
    threshold_IN: Floats
    child_IN: Integers
    slot_IN: Integers
    nodes_I: Integers
    leaves_I: Integers
    allowed_ID: Integers
    value_ILC: Floats
    bend_ILC: Floats
    weight_IL: Floats
    spread_IL: Floats
    seen_IL: Integers
    histogram_ILDBW: npt.NDArray[np.float32]
    shrink_K: Floats
    rate_K: Floats
    doubt_K: Floats
    tie_K: Floats

    node_I: Integers
    score_C: Floats
    trial_C: Floats
    total_C: Floats
    left_C: Floats


BOOSTED_AXES = {
    "feature_IN": Axes("IN", -1, np.int64),
    "threshold_IN": Axes("IN"),
    "child_IN": Axes("IN", 0, np.int64),
    "slot_IN": Axes("IN", 0, np.int64),
    "nodes_I": Axes("I", 1, np.int64),
    "leaves_I": Axes("I", 1, np.int64),
    "allowed_ID": Axes("ID", 1, np.int64),
    "value_ILC": Axes("ILC"),
    "bend_ILC": Axes("ILC", 0.25),
    "weight_IL": Axes("IL"),
    "spread_IL": Axes("IL", 1.0),
    "seen_IL": Axes("IL", 0, np.int64),
    "histogram_ILDBW": Axes("ILDBW", 0.0, np.float32),
    "shrink_K": Axes("K", 0.5),
    "rate_K": Axes("K", 0.01),
    "doubt_K": Axes("K", 0.01),
    "tie_K": Axes("K", 0.1),
    "node_I": scratch("I", np.int64),
    "score_C": scratch("C"),
    "trial_C": scratch("C"),
    "total_C": scratch("C"),
    "left_C": scratch("C"),
}


@compiled
def _sum_scores(trees: Boosted, k: int, z_A: Floats) -> None:
    """Walk ensemble k's trees to their leaves and add up the shrunken leaf values into ``score_C``."""
    stages = trees.node_I.size // trees.rate_K.size
    for c in range(trees.score_C.size):
        trees.score_C[c] = 0.0
    for i in range(k * stages, (k + 1) * stages):
        node = 0
        while trees.feature_IN[i, node] >= 0:
            right = z_A[trees.feature_IN[i, node] + 1] > trees.threshold_IN[i, node]
            node = trees.child_IN[i, node] + (1 if right else 0)
        trees.node_I[i] = node
        value_C = trees.value_ILC[i, trees.slot_IN[i, node]]
        for c in range(trees.score_C.size):
            trees.score_C[c] += trees.shrink_K[k] * value_C[c]


@compiled
def predict_boosted(trees: Boosted, z_A: Floats, probability_MC: Floats, first: int) -> None:
    """Softmax of each ensemble's summed scores."""
    for k in range(trees.rate_K.size):
        _sum_scores(trees, k, z_A)
        softmax(trees.score_C, probability_MC[first + k])


@compiled
def predict_boosted_mean(trees: Boosted, z_A: Floats, mean_M: Floats, first: int) -> None:
    """Each ensemble's summed score as a mean."""
    for k in range(trees.rate_K.size):
        _sum_scores(trees, k, z_A)
        mean_M[first + k] = min(max(trees.score_C[0], -10.0), 10.0)


@compiled
def learn_boosted(trees: Boosted, z_A: Floats, y: int, bin_D: Integers, edge_DH: Floats) -> None:
    """Every stage takes one Newton step in its leaf on the log loss given the stages before it."""
    stages = trees.node_I.size // trees.rate_K.size
    classes = trees.score_C.size
    for k in range(trees.rate_K.size):
        for c in range(classes):
            trees.score_C[c] = 0.0
        for i in range(k * stages, (k + 1) * stages):
            leaf = trees.slot_IN[i, trees.node_I[i]]
            value_C = trees.value_ILC[i, leaf]
            for c in range(classes):
                trees.trial_C[c] = trees.score_C[c] + value_C[c]
                trees.score_C[c] += trees.shrink_K[k] * value_C[c]
            softmax(trees.trial_C, trees.trial_C)
            rate = _count(trees, i, k, leaf)
            spread = 0.0
            for c in range(classes):
                p = trees.trial_C[c]
                residual = (1.0 if c == y else 0.0) - p
                trees.trial_C[c] = residual
                spread += residual * residual
                bend = trees.bend_ILC[i, leaf, c]
                bend += rate * (p * (1.0 - p) - bend)
                trees.bend_ILC[i, leaf, c] = bend
                value_C[c] = _bounded(value_C[c] + rate * residual / max(bend, LEAST_BEND))
            _observe(trees, i, leaf, rate, spread, bin_D)
            if trees.seen_IL[i, leaf] % GRACE == 0:
                _consider_split(trees, i, k, edge_DH)


@compiled
def learn_boosted_mean(trees: Boosted, z_A: Floats, u: float, bin_D: Integers, edge_DH: Floats) -> None:
    """Every stage moves its leaf towards the scaled target less the stages before it."""
    stages = trees.node_I.size // trees.rate_K.size
    for k in range(trees.rate_K.size):
        left_over = u
        for i in range(k * stages, (k + 1) * stages):
            leaf = trees.slot_IN[i, trees.node_I[i]]
            before = trees.value_ILC[i, leaf, 0]
            residual = left_over - before
            left_over -= trees.shrink_K[k] * before
            rate = _count(trees, i, k, leaf)
            trees.bend_ILC[i, leaf, 0] = 1.0
            trees.value_ILC[i, leaf, 0] = before + rate * residual
            trees.trial_C[0] = residual
            _observe(trees, i, leaf, rate, residual * residual, bin_D)
            if trees.seen_IL[i, leaf] % GRACE == 0:
                _consider_split(trees, i, k, edge_DH)


@compiled
def _bounded(value: float) -> float:
    return min(max(value, -LARGEST_SCORE), LARGEST_SCORE)


@compiled
def _count(trees: Boosted, i: int, k: int, leaf: int) -> float:
    """Count the record in its leaf -> the rate of this step: 1/n at first, never below the ensemble's."""
    trees.weight_IL[i, leaf] += 1.0
    trees.seen_IL[i, leaf] += 1
    return max(1.0 / (trees.weight_IL[i, leaf] + 1.0), trees.rate_K[k])


@compiled
def _observe(trees: Boosted, i: int, leaf: int, rate: float, spread: float, bin_D: Integers) -> None:
    """Add the residuals (in ``trial_C``) to the leaf's histograms of every feature."""
    trees.spread_IL[i, leaf] += rate * (spread - trees.spread_IL[i, leaf])
    classes = trees.score_C.size
    for d in range(bin_D.size):
        cell_W = trees.histogram_ILDBW[i, leaf, d, bin_D[d]]
        for c in range(classes):
            cell_W[c] += trees.trial_C[c]
        cell_W[classes] += 1.0


@compiled
def _consider_split(trees: Boosted, i: int, k: int, edge_DH: Floats) -> None:
    """Split the reached leaf if the best feature's gain is material and surely, or as good as, the best."""
    node = trees.node_I[i]
    leaf = trees.slot_IN[i, node]
    classes = trees.score_C.size
    if trees.leaves_I[i] >= trees.value_ILC.shape[1]:
        return
    count = _totals(trees, i, leaf)
    base = 0.0
    for c in range(classes):
        base += trees.total_C[c] ** 2 / count
    best = 0.0
    second = 0.0
    best_feature = -1
    best_bin = 0
    for d in range(edge_DH.shape[0]):
        if trees.allowed_ID[i, d] == 0:
            continue
        gain, at = _best_cut(trees, i, leaf, d, count, base)
        if gain > best:
            second = best
            best = gain
            best_feature = d
            best_bin = at
        elif gain > second:
            second = gain
    material = best * max(1, classes - 1) > LEAST_GAIN * max(trees.spread_IL[i, leaf], 1e-6)
    if best_feature < 0 or not material:
        return
    doubt = math.sqrt(math.log(1.0 / trees.doubt_K[k]) / (2.0 * count))
    if second < best * (1.0 - doubt) or doubt < trees.tie_K[k]:
        _split(trees, i, node, best_feature, best_bin, edge_DH[best_feature, best_bin], count)


@compiled
def _totals(trees: Boosted, i: int, leaf: int) -> float:
    """Residual sums of a leaf into ``total_C`` -> the number of records behind them."""
    classes = trees.score_C.size
    for c in range(classes):
        trees.total_C[c] = 0.0
    count = 0.0
    for b in range(trees.histogram_ILDBW.shape[3]):
        count += trees.histogram_ILDBW[i, leaf, 0, b, classes]
        for c in range(classes):
            trees.total_C[c] += trees.histogram_ILDBW[i, leaf, 0, b, c]
    return count


@compiled
def _best_cut(trees: Boosted, i: int, leaf: int, d: int, count: float, base: float) -> tuple[float, int]:
    """Largest sum over outputs of S_left^2/n_left + S_right^2/n_right - S^2/n, and the bin it cuts after."""
    classes = trees.score_C.size
    for c in range(classes):
        trees.left_C[c] = 0.0
    left = 0.0
    best = 0.0
    at = 0
    for b in range(trees.histogram_ILDBW.shape[3] - 1):
        cell_W = trees.histogram_ILDBW[i, leaf, d, b]
        left += cell_W[classes]
        right = count - left
        enough = left >= LEAST_SHARE * count and right >= LEAST_SHARE * count
        gain = -base
        for c in range(classes):
            trees.left_C[c] += cell_W[c]
            if enough:
                gain += trees.left_C[c] ** 2 / left + (trees.total_C[c] - trees.left_C[c]) ** 2 / right
        if enough and gain > best:
            best = gain
            at = b
    return best, at


@compiled
def _split(trees: Boosted, i: int, node: int, d: int, at: int, threshold: float, count: float) -> None:
    """Turn a leaf into a split; both children start from its value and what the histogram knows of them."""
    classes = trees.score_C.size
    low = trees.slot_IN[i, node]
    high = trees.leaves_I[i]
    left = 0.0
    for c in range(classes):
        trees.left_C[c] = 0.0
    for b in range(at + 1):
        left += trees.histogram_ILDBW[i, low, d, b, classes]
        for c in range(classes):
            trees.left_C[c] += trees.histogram_ILDBW[i, low, d, b, c]
    right = count - left
    for c in range(classes):
        bend = max(trees.bend_ILC[i, low, c], LEAST_BEND)
        value = trees.value_ILC[i, low, c]
        trees.bend_ILC[i, high, c] = trees.bend_ILC[i, low, c]
        trees.value_ILC[i, high, c] = value + (trees.total_C[c] - trees.left_C[c]) / right / bend
        trees.value_ILC[i, low, c] = value + trees.left_C[c] / left / bend
        if classes > 1:
            trees.value_ILC[i, high, c] = _bounded(trees.value_ILC[i, high, c])
            trees.value_ILC[i, low, c] = _bounded(trees.value_ILC[i, low, c])
    trees.weight_IL[i, low] = 0.5 * left
    trees.weight_IL[i, high] = 0.5 * right
    trees.spread_IL[i, high] = trees.spread_IL[i, low]
    trees.seen_IL[i, low] = 0
    trees.seen_IL[i, high] = 0
    for feature in range(trees.histogram_ILDBW.shape[2]):
        for b in range(trees.histogram_ILDBW.shape[3]):
            for w in range(classes + 1):
                trees.histogram_ILDBW[i, low, feature, b, w] = 0.0
                trees.histogram_ILDBW[i, high, feature, b, w] = 0.0
    child = trees.nodes_I[i]
    trees.feature_IN[i, node] = d
    trees.threshold_IN[i, node] = threshold
    trees.child_IN[i, node] = child
    trees.slot_IN[i, child] = low
    trees.slot_IN[i, child + 1] = high
    trees.nodes_I[i] += 2
    trees.leaves_I[i] += 1
