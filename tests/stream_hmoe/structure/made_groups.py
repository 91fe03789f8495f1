"""Learners with one region group whose experts, gate and informations are drawn at random."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from stream_hmoe.kernels.regions import Regions
from stream_hmoe.layout import Task
from stream_hmoe.learner import Learner
from stream_hmoe.settings import RegionGroup, Settings

Floats = npt.NDArray[np.float64]
SLOTS, FEATURES, CLASSES = 6, 3, 3


def drawn(
    gates: str = "LL", task: Task = "regression", *, born: int = 4, second_order: bool = True, seed: int = 0
) -> Learner:
    """A learner that has seen nothing but whose region group has ``born`` experts; no weight is skipped."""
    rng = np.random.default_rng(seed)
    group = RegionGroup(scale=2.0, forgetting=0.99 if second_order else None)
    settings = Settings(gates=gates, kinds=("regions",), experts=SLOTS, regions=(group,), cutoff=0.0)
    learner = Learner(settings, task)
    learner.widen(FEATURES, CLASSES if task == "classification" else 1)
    learner.state.scale.count_D[:] = 1000.0
    learner.state.scale.variance_D[:] = 1.0
    regions = learner.state.regions
    regions.born_G[:] = born
    regions.centre_GEA[0, :born, 1:] = rng.normal(size=(born, FEATURES))
    regions.bias_GE[0, :born] = rng.normal(size=born)
    regions.weight_GECA[0, :born] = rng.normal(size=regions.weight_GECA[0, :born].shape)
    regions.variance_GE[0, :born] = rng.uniform(0.1, 1.0, born)
    regions.usage_GE[0, :born] = rng.dirichlet(np.ones(born))
    if second_order:
        root_EAA = rng.normal(size=(born, 1 + FEATURES, 1 + FEATURES))
        regions.curvature_SEQQ[0, :born] = root_EAA @ root_EAA.swapaxes(1, 2) + 0.1 * np.eye(1 + FEATURES)
    return learner


def predictions(learner: Learner, regions: Regions, x_ND: Floats) -> Floats:
    """What the learner would predict with these regions: of a mean the mean alone."""
    learner.state = learner.state._replace(regions=regions)
    predicted = learner.predict(x_ND).predicted
    return predicted if learner.task == "classification" else predicted[:, :1]


def copies(regions: Regions) -> dict[str, Any]:
    return {name: array.copy() for name, array in regions._asdict().items()}


def inputs(count: int = 40, seed: int = 1) -> Floats:
    return np.random.default_rng(seed).normal(size=(count, FEATURES))


def with_constant(x_ND: Floats) -> Floats:
    return np.column_stack([np.ones(len(x_ND)), x_ND])
