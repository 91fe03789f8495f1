"""How challengers begin: a copy of the champion with large steps again, with fresh trees, or from nothing.

A change of concept leaves a learner with two kinds of ballast: step sizes that have become small, because
second-order experts and leaves of trees trust what they have seen, and trees whose splits cannot be
taken back. ``quickened`` takes away the first, ``renewed`` both, ``fresh`` everything.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .adapting import make_learner, restored_learner
from .kernels.boosted import BOOSTED_AXES
from .learner import Learner

__all__ = ["copied", "fresh", "quickened", "renewed"]

TRUSTED_RECORDS = 20.0


def copied(learner: Learner) -> Learner:
    """A learner of its own with the same state."""
    return restored_learner(learner.state_dict())


def fresh(learner: Learner) -> Learner:
    """A learner of the same shape that has seen nothing."""
    new = make_learner(learner.settings, learner.task)
    new.widen(learner.num_features, learner.num_outputs)
    return new


def quickened(learner: Learner, leaves: Sequence[str] = ()) -> Learner:
    """A copy that keeps what it knows and takes large steps again.

    Args:
        learner: the model to copy; it stays as it is.
        leaves: only these region leaves take large steps; everything does where none of them is left.
    """
    copy, new = copied(learner), fresh(learner)
    leaves = [leaf for leaf in leaves if leaf in copy.topology.leaves]
    curvature, prior = copy.state.regions.curvature_SEQQ, new.state.regions.curvature_SEQQ
    for group, expert in _second_order(copy, leaves):
        curvature[group, expert] = prior[group, expert]
    if not leaves:
        copy.state.linear.curvature_RR[:] = new.state.linear.curvature_RR
        copy.state.pool.curvature_LMM[:] = new.state.pool.curvature_LMM
        weight_IL = copy.state.boosted.weight_IL
        np.minimum(weight_IL, TRUSTED_RECORDS, out=weight_IL)
    return copy


def renewed(learner: Learner) -> Learner:
    """A quickened copy whose trees start again."""
    copy, new = quickened(learner), fresh(learner)
    for name in BOOSTED_AXES:
        getattr(copy.state.boosted, name)[...] = getattr(new.state.boosted, name)
    return copy


def _second_order(learner: Learner, leaves: Sequence[str]) -> list[tuple[int, int]]:
    """Indices into the curvatures of the region leaves named, or of all."""
    num_groups, num_experts = learner.state.regions.bias_GE.shape
    num_second = learner.state.regions.curvature_SEQQ.shape[0]
    wanted = set(leaves)
    first_leaf = learner.topology.group_of.index(2)
    found = []
    for second in range(num_second):
        group = num_groups - num_second + second
        for expert in range(num_experts):
            name = learner.topology.leaves[first_leaf + group * num_experts + expert]
            if not wanted or name in wanted:
                found.append((second, expert))
    return found
