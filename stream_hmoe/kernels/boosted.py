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
from .compiled import inlined, linked
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
Counts = npt.NDArray[np.float32]

GRACE = 50
LEAST_GAIN = 12.0
LEAST_SHARE = 0.02
LARGEST_SCORE = 3.0
LEAST_BEND = 0.05


class Boosted(NamedTuple):
    """Trees (feature < 0: a leaf; the right child follows the left), leaf values, split statistics."""

    feature_IN: Integers
    threshold_IN: Floats
    child_IN: Integers
    slot_IN: Integers
    leaves_I: Integers
    allowed_ID: Integers
    value_ILC: Floats
    bend_ILC: Floats
    weight_IL: Floats
    spread_IL: Floats
    seen_IL: Integers
    histogram_ILDBW: Counts
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


@linked
def _walk(feature_N: Integers, threshold_N: Floats, child_N: Integers, z_A: Floats) -> int:
    """The leaf node that a record reaches."""
    node = 0
    while feature_N[node] >= 0:
        node = child_N[node] + (1 if z_A[feature_N[node] + 1] > threshold_N[node] else 0)
    return node


@inlined
def _sum_scores(trees: Boosted, k: int, z_A: Floats) -> None:
    """Walk ensemble k's trees to their leaves and add up the shrunken leaf values into ``score_C``."""
    stages = trees.node_I.size // trees.rate_K.size
    for c in range(trees.score_C.size):
        trees.score_C[c] = 0.0
    for i in range(k * stages, (k + 1) * stages):
        node = _walk(trees.feature_IN[i], trees.threshold_IN[i], trees.child_IN[i], z_A)
        trees.node_I[i] = node
        leaf = trees.slot_IN[i, node]
        for c in range(trees.score_C.size):
            trees.score_C[c] += trees.shrink_K[k] * trees.value_ILC[i, leaf, c]


@inlined
def predict_boosted(trees: Boosted, z_A: Floats, probability_MC: Floats, first: int) -> None:
    """Softmax of each ensemble's summed scores."""
    for k in range(trees.rate_K.size):
        _sum_scores(trees, k, z_A)
        softmax(trees.score_C, probability_MC[first + k])


@inlined
def predict_boosted_mean(trees: Boosted, z_A: Floats, mean_M: Floats, first: int) -> None:
    """Each ensemble's summed score as a mean."""
    for k in range(trees.rate_K.size):
        _sum_scores(trees, k, z_A)
        mean_M[first + k] = min(max(trees.score_C[0], -10.0), 10.0)


@linked
def learn_boosted(trees: Boosted, z_A: Floats, y: int, bin_D: Integers, edge_DH: Floats) -> None:
    """Every stage takes one Newton step in its leaf on the log loss given the stages before it."""
    stages = trees.node_I.size // trees.rate_K.size
    classes = trees.score_C.size
    score_C, trial_C = trees.score_C, trees.trial_C
    for k in range(trees.rate_K.size):
        for c in range(classes):
            score_C[c] = 0.0
        for i in range(k * stages, (k + 1) * stages):
            leaf = trees.slot_IN[i, trees.node_I[i]]
            value_C, bend_C = trees.value_ILC[i, leaf], trees.bend_ILC[i, leaf]
            for c in range(classes):
                trial_C[c] = score_C[c] + value_C[c]
                score_C[c] += trees.shrink_K[k] * value_C[c]
            softmax(trial_C, trial_C)
            trees.weight_IL[i, leaf] += 1.0
            rate = max(1.0 / (trees.weight_IL[i, leaf] + 1.0), trees.rate_K[k])
            spread = 0.0
            for c in range(classes):
                p = trial_C[c]
                residual = (1.0 if c == y else 0.0) - p
                trial_C[c] = residual
                spread += residual * residual
                bend_C[c] += rate * (p * (1.0 - p) - bend_C[c])
                value_C[c] = _bounded(value_C[c] + rate * residual / max(bend_C[c], LEAST_BEND))
            trees.spread_IL[i, leaf] += rate * (spread - trees.spread_IL[i, leaf])
            _observe(trees.histogram_ILDBW[i, leaf], bin_D, trial_C)
            trees.seen_IL[i, leaf] += 1
            if trees.seen_IL[i, leaf] % GRACE == 0 and trees.leaves_I[i] < trees.weight_IL.shape[1]:
                _consider_split(trees, i, leaf, trees.doubt_K[k], trees.tie_K[k], edge_DH)


@linked
def learn_boosted_mean(trees: Boosted, z_A: Floats, u: float, bin_D: Integers, edge_DH: Floats) -> None:
    """Every stage moves its leaf towards the scaled target less the stages before it."""
    stages = trees.node_I.size // trees.rate_K.size
    trial_C = trees.trial_C
    for k in range(trees.rate_K.size):
        left_over = u
        for i in range(k * stages, (k + 1) * stages):
            leaf = trees.slot_IN[i, trees.node_I[i]]
            value = trees.value_ILC[i, leaf, 0]
            trial_C[0] = left_over - value
            left_over -= trees.shrink_K[k] * value
            trees.weight_IL[i, leaf] += 1.0
            rate = max(1.0 / (trees.weight_IL[i, leaf] + 1.0), trees.rate_K[k])
            trees.bend_ILC[i, leaf, 0] = 1.0
            trees.value_ILC[i, leaf, 0] = value + rate * trial_C[0]
            trees.spread_IL[i, leaf] += rate * (trial_C[0] * trial_C[0] - trees.spread_IL[i, leaf])
            _observe(trees.histogram_ILDBW[i, leaf], bin_D, trial_C)
            trees.seen_IL[i, leaf] += 1
            if trees.seen_IL[i, leaf] % GRACE == 0 and trees.leaves_I[i] < trees.weight_IL.shape[1]:
                _consider_split(trees, i, leaf, trees.doubt_K[k], trees.tie_K[k], edge_DH)


@linked
def _bounded(value: float) -> float:
    return min(max(value, -LARGEST_SCORE), LARGEST_SCORE)


@linked
def _observe(histogram_DBW: Counts, bin_D: Integers, residual_C: Floats) -> None:
    """Add the residuals to the leaf's histograms of every feature; a tree of one leaf keeps none."""
    if histogram_DBW.shape[1] == 0:
        return
    classes = residual_C.size
    for d in range(bin_D.size):
        for c in range(classes):
            histogram_DBW[d, bin_D[d], c] += residual_C[c]
        histogram_DBW[d, bin_D[d], classes] += 1.0


@linked
def _consider_split(
    trees: Boosted, i: int, leaf: int, doubt_level: float, tie: float, edge_DH: Floats
) -> None:
    """Split the reached leaf if the best feature's gain is material and surely, or as good as, the best."""
    if edge_DH.shape[0] == 0:
        return
    total_C = trees.total_C
    classes = total_C.size
    count = _totals(trees.histogram_ILDBW[i, leaf, 0], trees.histogram_ILDBW.shape[3], total_C)
    best = 0.0
    second = 0.0
    best_feature = -1
    best_bin = 0
    for d in range(edge_DH.shape[0]):
        if trees.allowed_ID[i, d] == 0:
            continue
        gain, at = _best_cut(trees.histogram_ILDBW[i, leaf, d], total_C, trees.left_C, count)
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
    doubt = math.sqrt(math.log(1.0 / doubt_level) / (2.0 * count))
    if second < best * (1.0 - doubt) or doubt < tie:
        left = _totals(trees.histogram_ILDBW[i, leaf, best_feature], best_bin + 1, trees.left_C)
        _split(trees, i, best_feature, edge_DH[best_feature, best_bin], left, count - left)


@linked
def _totals(histogram_BW: Counts, bins: int, total_C: Floats) -> float:
    """Residual sums of the first bins into ``total_C`` -> the number of records behind them."""
    classes = total_C.size
    for c in range(classes):
        total_C[c] = 0.0
    count = 0.0
    for b in range(bins):
        count += histogram_BW[b, classes]
        for c in range(classes):
            total_C[c] += histogram_BW[b, c]
    return count


@linked
def _best_cut(histogram_BW: Counts, total_C: Floats, left_C: Floats, count: float) -> tuple[float, int]:
    """Largest sum over outputs of S_left^2/n_left + S_right^2/n_right - S^2/n, and the bin it cuts after."""
    classes = total_C.size
    base = 0.0
    for c in range(classes):
        left_C[c] = 0.0
        base += total_C[c] * total_C[c] / count
    left = 0.0
    best = 0.0
    at = 0
    for b in range(histogram_BW.shape[0] - 1):
        left += histogram_BW[b, classes]
        right = count - left
        for c in range(classes):
            left_C[c] += histogram_BW[b, c]
        if left < LEAST_SHARE * count or right < LEAST_SHARE * count:
            continue
        gain = -base
        for c in range(classes):
            other = total_C[c] - left_C[c]
            gain += left_C[c] * left_C[c] / left + other * other / right
        if gain > best:
            best = gain
            at = b
    return best, at


@inlined
def _split(trees: Boosted, i: int, feature: int, threshold: float, left: float, right: float) -> None:
    """Turn the reached leaf into a split; both children start from its value and the residuals on their side.

    ``left`` and ``right`` count the records on each side; ``left_C`` and ``total_C`` hold residual sums.
    """
    node = trees.node_I[i]
    low = trees.slot_IN[i, node]
    high = trees.leaves_I[i]
    classes = trees.total_C.size
    for c in range(classes):
        bend = max(trees.bend_ILC[i, low, c], LEAST_BEND)
        value = trees.value_ILC[i, low, c]
        trees.bend_ILC[i, high, c] = trees.bend_ILC[i, low, c]
        above = value + (trees.total_C[c] - trees.left_C[c]) / right / bend
        below = value + trees.left_C[c] / left / bend
        trees.value_ILC[i, high, c] = _bounded(above) if classes > 1 else above
        trees.value_ILC[i, low, c] = _bounded(below) if classes > 1 else below
    for d in range(trees.histogram_ILDBW.shape[2]):
        for b in range(trees.histogram_ILDBW.shape[3]):
            for w in range(classes + 1):
                trees.histogram_ILDBW[i, low, d, b, w] = 0.0
    trees.weight_IL[i, low], trees.weight_IL[i, high] = 0.5 * left, 0.5 * right
    trees.spread_IL[i, high] = trees.spread_IL[i, low]
    trees.seen_IL[i, low] = 0
    child = 2 * trees.leaves_I[i] - 1
    trees.feature_IN[i, node] = feature
    trees.threshold_IN[i, node] = threshold
    trees.child_IN[i, node] = child
    trees.slot_IN[i, child] = low
    trees.slot_IN[i, child + 1] = high
    trees.leaves_I[i] += 1
