"""The sums over records say what brute force would."""

from __future__ import annotations

import math

import numpy as np
import pytest

from stream_hmoe.adapting import AdaptingLearner
from stream_hmoe.kernels.region_learning import VARIANCE_FLOOR
from stream_hmoe.layout import Task
from stream_hmoe.learner import Learner
from stream_hmoe.settings import RegionGroup, Settings
from stream_hmoe.structure import cuts, expert_price, fade, removals
from tests.stream_hmoe.structure.made_groups import (
    CLASSES,
    FEATURES,
    SLOTS,
    Floats,
    drawn,
    inputs,
    with_constant,
)
from tests.stream_hmoe.structure.test_edits import weights


def watching(like: Learner) -> AdaptingLearner:
    """A learner that adapts, with the state of another."""
    group = RegionGroup(scale=2.0, forgetting=0.99)
    settings = Settings(
        gates=like.settings.gates,
        kinds=("regions",),
        experts=SLOTS,
        regions=(group,),
        cutoff=0.0,
        adapt_experts=True,
    )
    learner = AdaptingLearner(settings, like.task)
    learner.widen(FEATURES, CLASSES if like.task == "classification" else 1)
    learner.state = like.state
    learner.state.regions.most_G[:] = learner.state.regions.born_G
    return learner


def densities(learner: Learner, z_A: Floats, y: float) -> Floats:
    """Of every live expert at one record."""
    regions = learner.state.regions
    born = int(regions.born_G[0])
    says_EC: Floats = regions.weight_GECA[0, :born] @ z_A
    if learner.task == "classification":
        power_EC: Floats = np.exp(says_EC - says_EC.max(axis=1, keepdims=True))
        chance_EC: Floats = power_EC / power_EC.sum(axis=1, keepdims=True)
        return chance_EC[:, int(y)]
    variance_E: Floats = np.maximum(regions.variance_GE[0, :born], VARIANCE_FLOOR)
    near_E: Floats = np.exp(-0.5 * (y - says_EC[:, 0]) ** 2 / variance_E)
    return near_E / np.sqrt(2.0 * math.pi * variance_E)


@pytest.mark.parametrize("gates", ["LL", "SS"])
@pytest.mark.parametrize("task", ["classification", "regression"])
def test_the_harm_of_a_removal_is_that_of_leaving_it_out(gates: str, task: Task) -> None:
    learner = watching(drawn(gates, task))
    learner.target_3[:] = (1000.0, 0.0, 1.0)
    x_1D = 0.5 * inputs(1, seed=2)
    y = 1.0 if task == "classification" else 0.2
    # the learner scales a record by moments that include it: what it makes of this one is what counts
    learner.predict(x_1D)
    z_A = learner.state.z_A.copy()
    gate_E, density_E = (
        weights(learner.state.regions, gates[1] == "L", z_A[None, 1:])[0],
        densities(learner, z_A, y),
    )
    learner.step(x_1D, np.array([y]))
    p = gate_E @ density_E
    for harm in removals(learner.state.regions, learner._watch, 0):
        e = harm.expert
        handed = [p + gate_E[e] * (density_E[j] - density_E[e]) for j in range(4)]
        handed[e] = (p - gate_E[e] * density_E[e]) / (1.0 - gate_E[e])
        losses = -np.log(np.array(handed) / p)
        assert harm.nats == pytest.approx(losses.min(), rel=1e-6, abs=1e-9)
        assert (e if harm.heir < 0 else harm.heir) == losses.argmin()


@pytest.mark.parametrize("axis", [1, 2, 3])
def test_a_kink_is_cut_across(axis: int) -> None:
    group = RegionGroup(scale=2.0, forgetting=0.999)
    settings = Settings(kinds=("regions",), experts=4, regions=(group,), adapt_experts=True, first_experts=1)
    learner = AdaptingLearner(settings, "regression")
    learner.widen(FEATURES, 1)
    x_ND = inputs(450, seed=5)
    learner.step(x_ND, np.abs(x_ND[:, axis - 1]) + 0.01 * x_ND[:, 0])
    (gain,) = cuts(learner.state.regions, learner._watch, 0, is_class=False)
    assert abs(gain.cut.direction_A[axis]) == 1.0
    assert gain.nats > 10.0 * expert_price(learner.state.regions, 2000)
    slopes = learner.state.regions.weight_GECA[0, 0, 0, axis] + gain.cut.shift_2CA[:, 0, axis]
    assert slopes[0] < -0.5 < 0.5 < slopes[1]


def test_a_line_is_not_worth_a_cut() -> None:
    group = RegionGroup(scale=2.0, forgetting=0.999)
    settings = Settings(kinds=("regions",), experts=4, regions=(group,), adapt_experts=True, first_experts=1)
    learner = AdaptingLearner(settings, "regression")
    learner.widen(FEATURES, 1)
    x_ND = inputs(450, seed=5)
    learner.step(x_ND, x_ND @ np.array([1.0, -2.0, 0.5]) + np.random.default_rng(0).normal(0, 0.3, 450))
    (gain,) = cuts(learner.state.regions, learner._watch, 0, is_class=False)
    # what four more coefficients and a variance gain by chance, with room for the first records
    assert gain.nats < 10.0 / 450


def test_faded_sums_say_the_same() -> None:
    learner = watching(drawn())
    learner.step(inputs(100), np.zeros(100))
    before = removals(learner.state.regions, learner._watch, 0)
    fade(learner._watch, 0, 0.5)
    after = removals(learner.state.regions, learner._watch, 0)
    assert [harm.heir for harm in after] == [harm.heir for harm in before]
    np.testing.assert_allclose([harm.nats for harm in after], [harm.nats for harm in before], rtol=1e-12)


def test_what_is_tried_is_bounded() -> None:
    settings = Settings(kinds=("regions",), experts=2, regions=(RegionGroup(1.0),), adapt_experts=True)
    learner = AdaptingLearner(settings, "regression")
    learner.widen(40, 1)
    assert learner._watch.direction_JB.shape == (16, 17)
    assert with_constant(inputs(1)).shape == (1, 1 + FEATURES)
