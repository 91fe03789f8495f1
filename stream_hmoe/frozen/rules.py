"""Rules: binned additive experts on one feature at a time, and boosted trees on several.

Shapes: B batch, D features, A = 1 + D, H edges, S = H + 1 bins, C outputs, J = 2 step sizes,
K ensembles, I trees in all, N nodes of a tree, F = I * N.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from torch import Tensor
from torch.nn import functional

from stream_hmoe.frozen.part import Part, answers
from stream_hmoe.kernels.additive import Additive
from stream_hmoe.kernels.boosted import Boosted

__all__ = ["FrozenAdditive", "FrozenBoosted"]

Integers = npt.NDArray[np.int64]


class FrozenAdditive(Part):
    """The summed weights of the bins that a record falls into, for each step size.

    Args:
        additive: the learner's.
        is_class: whether classes are predicted.
    """

    edge_DH: Tensor
    weight_XY: Tensor
    intercept_JC: Tensor
    bin_S: Tensor

    def __init__(self, additive: Additive, is_class: bool) -> None:
        super().__init__()
        self.is_class = is_class
        _, features, bins, _ = additive.weight_JDBC.shape
        weight_DSJC = additive.weight_JDBC.transpose(1, 2, 0, 3)
        self.hold(
            edge_DH=additive.edge_DH,
            weight_XY=weight_DSJC.reshape(features * bins, additive.intercept_JC.size),
            intercept_JC=additive.intercept_JC,
            bin_S=np.arange(bins),
        )

    def forward(self, z_BA: Tensor) -> Tensor:
        """Return the answers (B, J, C)."""
        bin_BD1 = (z_BA[:, 1:, None] > self.edge_DH).sum(2, keepdim=True)
        is_hit_BX = (bin_BD1 == self.bin_S).to(z_BA.dtype).flatten(1)
        score_BJC = (is_hit_BX @ self.weight_XY).reshape(-1, *self.intercept_JC.shape)
        return answers(self.intercept_JC + score_BJC, self.is_class)


class FrozenBoosted(Part):
    """The shrunken sum of the leaves that a record reaches, for each ensemble.

    Nodes of all trees are numbered on, N for each; a leaf is its own child, so that every record can take as
    many steps as the deepest tree has levels.

    Args:
        trees: the learner's.
        is_class: whether classes are predicted.
    """

    root_I: Tensor
    feature_F: Tensor
    threshold_F: Tensor
    child_F: Tensor
    value_FC: Tensor

    def __init__(self, trees: Boosted, is_class: bool) -> None:
        super().__init__()
        self.is_class = is_class
        self.ensembles = trees.shrink_K.size
        nodes = 2 * int(trees.leaves_I.max()) - 1
        feature_IN, child_IN = trees.feature_IN[:, :nodes], trees.child_IN[:, :nodes]
        is_leaf_IN = feature_IN < 0
        count, outputs = len(feature_IN), trees.value_ILC.shape[2]
        shrink_I = np.repeat(trees.shrink_K, count // self.ensembles)
        value_INC = np.take_along_axis(trees.value_ILC, trees.slot_IN[:, :nodes, None], axis=1)
        root_I = nodes * np.arange(count)
        own_IN = np.arange(nodes)[None]
        self.depth = _depth(is_leaf_IN, child_IN)
        self.hold(
            root_I=root_I,
            feature_F=np.where(is_leaf_IN, 0, feature_IN).reshape(-1),
            threshold_F=np.where(is_leaf_IN, math.inf, trees.threshold_IN[:, :nodes]).reshape(-1),
            child_F=(np.where(is_leaf_IN, own_IN, child_IN) + root_I[:, None]).reshape(-1),
            value_FC=(shrink_I[:, None, None] * value_INC).reshape(-1, outputs),
        )

    def forward(self, z_BA: Tensor) -> Tensor:
        """Return the answers (B, K, C)."""
        node_BI = self.root_I.expand(z_BA.shape[0], -1)
        for _ in range(self.depth):
            z_BI = z_BA[:, 1:].gather(1, self.feature_F[node_BI])
            node_BI = self.child_F[node_BI] + (z_BI > self.threshold_F[node_BI]).long()
        value_BIC = functional.embedding(node_BI, self.value_FC)
        score_BKC = value_BIC.unflatten(1, (self.ensembles, -1)).sum(2)
        return answers(score_BKC, self.is_class)


def _depth(is_leaf_IN: npt.NDArray[np.bool_], child_IN: Integers) -> int:
    """Levels of splits in the deepest tree; children have larger numbers than their parents."""
    level_IN = np.zeros(is_leaf_IN.shape, np.int64)
    for tree, node in np.argwhere(~is_leaf_IN):
        level_IN[tree, child_IN[tree, node] : child_IN[tree, node] + 2] = level_IN[tree, node] + 1
    return int(level_IN.max())
