"""How large every array of the model is, and how the whole model is made or widened.

The lengths of the axes follow from the settings, the number of features D and of outputs C. Two
things are bounded: second-order experts need (1 + D)^2 numbers each and are first-order beyond
``LARGEST_CURVATURE``; the trees' histograms share ``HISTOGRAM_BUDGET`` numbers, so that trees have
fewer leaves where features and classes are many, down to one: a constant without histograms. Leaves are
halved, not taken away one by one, since trees of another size have to start again.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from .kernels.additive import ADDITIVE_AXES, Additive, uniform_edges
from .kernels.arrays import Axes, allocate, resize
from .kernels.boosted import BOOSTED_AXES, Boosted
from .kernels.categorical import State
from .kernels.linear import LINEAR_AXES, Linear
from .kernels.linear import PRIOR as LINEAR_PRIOR
from .kernels.nearest import MEMORY_AXES, PROTOTYPE_AXES, Memory, Prototypes
from .kernels.pool import POOL_AXES, Pool
from .kernels.pool import PRIOR as POOL_PRIOR
from .kernels.region_learning import PRIOR as REGION_PRIOR
from .kernels.region_learning import PRIOR_MEAN as REGION_PRIOR_MEAN
from .kernels.regions import REGION_AXES, Regions
from .kernels.scaling import SCALE_AXES, Scale
from .settings import Settings

__all__ = ["PARTS", "Task", "active_rows", "allocate_state", "widen_state"]

Task = Literal["classification", "regression"]

LARGEST_CURVATURE = 64
HISTOGRAM_BUDGET = 16_000_000
RANKED_AT_ONCE = 32
POOL_STEPS = (0.001, 0.005, 0.02)
POOL_FORGETTING = (0.998, 0.9995)
FIRST_POOL_WEIGHT = {"classification": 1.5, "regression": 1.0}
BOOSTED = {
    "classification": {
        "rate_K": (0.005, 0.02),
        "shrink_K": (0.5, 0.5),
        "doubt_K": (0.01, 0.05),
        "tie_K": (0.1, 0.2),
    },
    "regression": {
        "rate_K": (0.03, 0.02),
        "shrink_K": (0.3, 0.5),
        "doubt_K": (0.01, 0.05),
        "tie_K": (0.05, 0.2),
    },
}
ALLOWED_SHARE = {"classification": (0.7, 0.7), "regression": (1.0, 0.7)}

PARTS: dict[str, tuple[Any, dict[str, Axes]]] = {
    "scale": (Scale, SCALE_AXES),
    "linear": (Linear, LINEAR_AXES),
    "regions": (Regions, REGION_AXES),
    "memory": (Memory, MEMORY_AXES),
    "prototypes": (Prototypes, PROTOTYPE_AXES),
    "additive": (Additive, ADDITIVE_AXES),
    "boosted": (Boosted, BOOSTED_AXES),
    "pool": (Pool, POOL_AXES),
}


def allocate_state(settings: Settings, task: Task, num_features: int, num_outputs: int) -> State:
    """A model that has seen nothing, for D features and C outputs."""
    sizes = _sizes(settings, task, num_features, num_outputs)
    parts = {name: allocate(part, axes, sizes[name]) for name, (part, axes) in PARTS.items()}
    state = _assemble(settings, parts, num_features, records=0)
    for name, values in _region_values(settings).items():
        getattr(state.regions, name)[:] = values
    for name, pair in BOOSTED[task].items():
        getattr(state.boosted, name)[:] = pair
    state.pool.rate_L[:] = POOL_STEPS if task == "classification" else POOL_FORGETTING
    state.pool.active_M[:] = active_rows(settings, task)
    state.pool.weight_LM[:] = state.pool.active_M * (FIRST_POOL_WEIGHT[task] / state.pool.active_M.sum())
    state.pool.curvature_LMM[:] = np.eye(state.pool.active_M.size) * POOL_PRIOR
    _fit(settings, task, state, old_width=0)
    return state


def widen_state(settings: Settings, task: Task, old: State, num_features: int, num_outputs: int) -> State:
    """The same model with room for more features or classes; what was learned keeps its place.

    Trees whose leaves no longer fit the budget start again.
    """
    sizes = _sizes(settings, task, num_features, num_outputs)
    used = {"boosted": {"L": int(old.boosted.leaves_I.max(initial=1))}}
    parts = {
        name: resize(getattr(old, name), axes, sizes[name], used.get(name))
        for name, (_, axes) in PARTS.items()
    }
    if parts["boosted"].value_ILC.shape[1] != old.boosted.value_ILC.shape[1]:
        fresh = allocate(Boosted, BOOSTED_AXES, sizes["boosted"])
        for name in BOOSTED[task]:
            getattr(fresh, name)[:] = getattr(old.boosted, name)
        parts["boosted"] = fresh
    state = _assemble(settings, parts, num_features, records=int(old.records_1[0]))
    _fit(settings, task, state, old_width=old.z_A.size)
    return state


def active_rows(settings: Settings, task: Task) -> list[float]:
    """1.0 for every row of the outer gate that takes part, 0.0 for the others.

    Raises:
        ValueError: none does, as prototypes alone in a regression.
    """
    kinds = set(settings.kinds)
    rows = [float("linear" in kinds)] * 2 + [float("regions" in kinds)] * len(settings.regions)
    rows += [float("memory" in kinds), float("prototypes" in kinds and task == "classification")]
    rows += [float("additive" in kinds)] * 2 + [float("boosted" in kinds)] * 2
    if not any(rows):
        raise ValueError(
            f"kinds: got {settings.kinds!r}; prototypes only classify, add a kind for regression"
        )
    return rows


def _sizes(settings: Settings, task: Task, num_features: int, num_outputs: int) -> dict[str, dict[str, int]]:
    """Length of every axis letter, by part (letters mean different things in different parts)."""
    classes, wide = max(num_outputs, 1), 1 + num_features
    square = wide if wide <= LARGEST_CURVATURE else 0
    common = {
        "1": 1,
        "J": 2,
        "D": num_features,
        "A": wide,
        "C": classes,
        "B": settings.bins,
        "H": settings.bins - 1,
    }
    groups = len(settings.regions)
    second = sum(region.forgetting is not None for region in settings.regions)
    cells = 2 * settings.stages * max(num_features, 1) * settings.bins * (classes + 1)
    leaves = settings.leaves if "boosted" in settings.kinds else 1
    while leaves > 1 and leaves * cells > HISTOGRAM_BUDGET:
        leaves = max(leaves // 2, 1)
    members = groups + 8
    pools = len(POOL_STEPS if task == "classification" else POOL_FORGETTING)
    own: dict[str, dict[str, int]] = {
        "linear": {"R": square},
        "regions": {"G": groups, "S": second, "E": settings.experts, "Q": square},
        "memory": {"N": settings.remembered},
        "prototypes": {"V": settings.prototypes},
        "boosted": {"K": 2, "I": 2 * settings.stages, "N": 2 * leaves, "L": leaves, "W": classes + 1},
        "pool": {"M": members, "L": pools, "T": members + pools},
    }
    if leaves == 1:
        own["boosted"]["B"] = 0
    return {name: {**common, **own.get(name, {})} for name in PARTS}


def _assemble(settings: Settings, parts: dict[str, Any], num_features: int, records: int) -> State:
    laplace = [int(letter == "L") for letter in settings.gates]
    return State(
        **parts,
        records_1=np.array([records], np.int64),
        laplace_2=np.array(laplace, np.int64),
        z_A=np.zeros(1 + num_features),
    )


def _region_values(settings: Settings) -> dict[str, Any]:
    regions = settings.regions
    return {
        "scale_G": [region.scale for region in regions],
        "step_G": [region.step for region in regions],
        "centre_step_G": [region.centre_step for region in regions],
        "forgetting_G": [region.forgetting or 1.0 for region in regions],
        "bias_step_G": [region.bias_step for region in regions],
        "scale_step_G": [region.scale_step for region in regions],
        "most_G": [settings.most_experts(region) for region in regions],
        "cutoff_1": settings.cutoff,
    }


def _fit(settings: Settings, task: Task, state: State, old_width: int) -> None:
    """Starting values that are not the same for every new entry of an array.

    ``old_width`` is 1 + the features of the model that was widened, 0 when there was none.
    """
    state.additive.edge_DH[max(old_width - 1, 0) :] = uniform_edges(settings.bins)
    wide = slice(old_width, None)
    diagonals = [(state.linear.curvature_RR, LINEAR_PRIOR)]
    prior = REGION_PRIOR if task == "classification" else REGION_PRIOR_MEAN
    diagonals += [(curvature_QQ, prior) for block in state.regions.curvature_SEQQ for curvature_QQ in block]
    for curvature, value in diagonals:
        diagonal = np.einsum("ii->i", curvature)
        diagonal[wide] = value
    trees, features = state.boosted.allowed_ID.shape
    state.boosted.allowed_ID[:] = _allowed(settings.seed, task, trees, features)


def _allowed(seed: int, task: Task, trees: int, features: int) -> npt.NDArray[np.int64]:
    """Which features each tree may split on, by the seed and the number of features alone."""
    allowed = np.zeros((trees, features), np.int64)
    for tree in range(trees):
        ranks = [_ranks(seed, tree, first) for first in range(0, features, RANKED_AT_ONCE)]
        rank = np.concatenate([np.empty(0), *ranks])[:features]
        share = ALLOWED_SHARE[task][tree * 2 // trees]
        allowed[tree, np.argsort(rank)[: max(1, round(share * features))]] = 1
    return allowed


@lru_cache(maxsize=4_096)
def _ranks(seed: int, tree: int, first: int) -> npt.NDArray[np.float64]:
    """A random number for each of some features: a feature keeps its own however many others come."""
    features = range(first, first + RANKED_AT_ONCE)
    return np.array([np.random.default_rng((seed, tree, d)).random() for d in features])
