"""The compiled kernels are the torch model: gates, predictions and gradients, for all combinations.

The torch model lives in copies of the learner's own arrays. Skipping is off (cutoff 0), because the torch
model skips nothing. Shapes: G groups, E experts of a group, C classes, A = 1 + D features, T = M + L rows
of the outer gate: M groups, of which the regions are the active ones, then L pools.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor

from stream_hmoe.gates import make_gate
from stream_hmoe.hmoe import HMoE
from stream_hmoe.kernels.pool import CENTRE_STEP, SLOPE_STEP
from stream_hmoe.kernels.region_learning import (
    PRIOR,
    PRIOR_MEAN,
    VARIANCE_FLOOR,
    VARIANCE_RATE,
)
from stream_hmoe.layout import Task
from stream_hmoe.learner import Learner
from stream_hmoe.settings import GATES, RegionGroup
from tests.stream_hmoe.learners import GROUPS, TASKS, Stream, learned, stream

Floats = npt.NDArray[np.float64]

G, LEARNED, CHECKED = len(GROUPS), 300, 25
REGIONS = slice(2, 2 + G)
BIAS_STEP = RegionGroup(scale=1.0).bias_step
CASES = [(gates, task) for gates in GATES for task in TASKS]


class Before(NamedTuple):
    """A learner just before one step: copies of its arrays and the scaled record."""

    regions: Any
    pool: Any
    z_A: Floats
    mixture: Any
    model: HMoE
    leaf_weights: Floats
    predicted: Floats
    target: float


def trained(gates: str, task: Task) -> tuple[Learner, Stream]:
    model = learned(task, ("regions",), LEARNED, gates=gates, experts=5, regions=GROUPS, cutoff=0.0)
    return model, stream(task, LEARNED + CHECKED).rows(LEARNED, LEARNED + CHECKED)


def torch_model(regions: Any, pool: Any, gates: str, task: Task) -> HMoE:
    """The groups of a learner as a torch model that lives in its arrays."""
    is_classifier = task == "classification"
    weight = regions.weight_GECA if is_classifier else regions.weight_GECA[:, :, 0]
    return HMoE.from_arrays(
        outer_weight=pool.centre_TA[REGIONS, 1:],
        outer_bias=pool.log_prior_T[REGIONS],
        inner_weight=regions.centre_GEA[:, :, 1:],
        inner_bias=regions.bias_GE,
        inner_scale=regions.scale_G,
        expert_weight=weight[..., 1:],
        expert_bias=weight[..., 0],
        expert_log_variance=None if is_classifier else np.log(regions.variance_GE),
        variance_floor=VARIANCE_FLOOR,
        gates=gates,  # type: ignore[arg-type]
    )


def look(model: Learner, gates: str, x_D: Floats, y: float) -> Before:
    """Predict a record, and copy what learning it will change."""
    centre, variance = model.target_3[1:]
    outcome = model.predict(x_D[None], weights=True)
    regions, pool = copy.deepcopy((model.state.regions, model.state.pool))
    z_A = model.state.z_A.copy()
    hmoe = torch_model(regions, pool, gates, model.task)
    target = y if model.task == "classification" else (y - centre) / np.sqrt(variance)
    mixture = hmoe(torch.from_numpy(z_A[None, 1:]))
    return Before(regions, pool, z_A, mixture, hmoe, outcome.leaf_weights[0], outcome.predicted[0], target)


def each_record(gates: str, task: Task) -> Iterator[tuple[Learner, Before, Any, Any]]:
    """Predict and learn the records one by one -> the learner, what was before, regions and pool after.

    Records at which an expert is born are left out: a birth is no gradient step.
    """
    model, rows = trained(gates, task)
    quiet = 0
    for x_D, y in zip(*rows, strict=True):
        before = look(model, gates, x_D, y)
        model.step(x_D[None], np.array([y]))
        after = model.state.regions
        if np.array_equal(after.birth_record_G, before.regions.birth_record_G):
            quiet += 1
            yield model, before, after, model.state.pool
    assert quiet > CHECKED // 2


def outer_gate(before: Before, gates: str) -> tuple[Tensor, Tensor, Tensor]:
    """The outer gate over the regions and the pools by torch -> rows (of T), centres, log weights."""
    pool = before.pool
    rows = torch.tensor([*range(2, 2 + G), *range(pool.active_M.size, pool.gate_T.size)])
    gate = make_gate(
        gates[0],  # type: ignore[arg-type]
        torch.from_numpy(pool.centre_TA[rows, 1:]),
        torch.from_numpy(pool.log_prior_T[rows]),
        None,
    )
    return rows, gate.weight, gate(torch.from_numpy(before.z_A[None, 1:]))[0]


def group_log_likelihood(before: Before) -> tuple[Tensor, Tensor]:
    """log sum_e g_e p_e(y) of every group (G,), and the responsibilities (G, E)."""
    target = torch.tensor([before.target])
    joint = before.mixture.log_inner_BGE + before.mixture.density.log_likelihood(target)
    return joint.logsumexp(2)[0], joint.softmax(2)[0].detach()


@pytest.mark.parametrize(("gates", "task"), CASES)
def test_gates_and_predictions_are_those_of_torch(gates: str, task: Task) -> None:
    model, rows = trained(gates, task)
    for x_D, y in zip(*rows, strict=True):
        before = look(model, gates, x_D, y)
        regions, pool, mixture = before.regions, before.pool, before.mixture
        with torch.no_grad():
            inner = mixture.log_inner_BGE[0].exp().numpy()
            np.testing.assert_allclose(regions.gate_GE, inner, rtol=1e-9, atol=1e-12)
            outer = pool.gate_T[REGIONS]
            among_groups = mixture.log_outer_BG[0].exp().numpy()
            np.testing.assert_allclose(outer / outer.sum(), among_groups, rtol=1e-9)
            rows_T, _, log_weight = outer_gate(before, gates)
            np.testing.assert_allclose(pool.gate_T[rows_T], log_weight.exp().numpy(), rtol=1e-9)

            pooled = pool.gate_T[pool.active_M.size :]
            say_LM = np.abs(pool.weight_LM) * pool.active_M
            weight_M = pool.gate_T[: pool.active_M.size] + pooled @ (say_LM / say_LM.sum(1, keepdims=True))
            leaves = before.leaf_weights[2 : 2 + inner.size].reshape(inner.shape)
            np.testing.assert_allclose(leaves, weight_M[REGIONS, None] * inner, rtol=1e-9, atol=1e-12)

            if task == "classification":
                of_groups = (inner[..., None] * mixture.density.log_prob_BGEC[0].exp().numpy()).sum(1)
                np.testing.assert_allclose(pool.probability_TC[REGIONS], of_groups, rtol=1e-9)
                two_level = mixture.probabilities()[0].numpy()
                kernel = outer @ pool.probability_TC[REGIONS] / outer.sum()
                whole = pool.gate_T @ pool.probability_TC
            else:
                of_groups = (inner * mixture.density.mean_BGE[0].numpy()).sum(1)
                np.testing.assert_allclose(pool.mean_T[REGIONS], of_groups, rtol=1e-9, atol=1e-12)
                two_level = mixture.mean().numpy()[0]
                kernel = outer @ pool.mean_T[REGIONS] / outer.sum()
                mean = pool.gate_T @ pool.mean_T
                square = pool.gate_T @ (pool.variance_T + pool.mean_T**2)
                deviation = np.sqrt(model.target_3[2])
                whole = np.array(
                    [model.target_3[1] + deviation * mean, deviation * np.sqrt(square - mean**2)]
                )
            np.testing.assert_allclose(kernel, two_level, rtol=1e-9, atol=1e-12)
            np.testing.assert_allclose(before.predicted, whole, rtol=1e-9)


@pytest.mark.parametrize(("gates", "task"), CASES)
def test_inner_gates_move_along_the_gradient_of_their_groups_log_likelihood(gates: str, task: Task) -> None:
    for _, before, after, _ in each_record(gates, task):
        log_likelihood, share = group_log_likelihood(before)
        log_likelihood.sum().backward()
        gate = before.model.inner
        assert gate.weight.grad is not None and gate.bias.grad is not None
        step_G = before.regions.centre_step_G * (before.regions.scale_G if gates[1] == "S" else 1.0)
        moved = (after.centre_GEA - before.regions.centre_GEA)[..., 1:]
        expected = step_G[:, None, None] * gate.weight.grad.numpy()
        np.testing.assert_allclose(moved, expected, rtol=1e-6, atol=1e-12)
        moved = after.bias_GE - before.regions.bias_GE
        np.testing.assert_allclose(moved, BIAS_STEP * gate.bias.grad.numpy(), rtol=1e-6, atol=1e-12)
        surplus = share.numpy() - before.regions.gate_GE
        np.testing.assert_allclose(moved, BIAS_STEP * surplus, rtol=1e-6, atol=1e-12)


def surprises(before: Before, task: Task) -> Floats:
    """1[y = c] - p_c, or the residual, of every expert: (G, E, C)."""
    density = before.mixture.density
    if task == "regression":
        return np.asarray(before.target - density.mean_BGE[0].detach().numpy())[..., None]
    probability = density.log_prob_BGEC[0].detach().exp().numpy()
    return np.asarray(np.eye(probability.shape[-1])[int(before.target)] - probability)


@pytest.mark.parametrize(("gates", "task"), CASES)
def test_first_order_experts_take_normalised_gradient_steps(gates: str, task: Task) -> None:
    bend = 0.25 if task == "classification" else 1.0
    for _, before, after, _ in each_record(gates, task):
        log_likelihood, share = group_log_likelihood(before)
        log_likelihood.sum().backward()
        slope, intercept = list(before.model.experts.parameters())[:2]
        assert slope.grad is not None and intercept.grad is not None
        gradient = torch.cat([intercept.grad[..., None], slope.grad], -1)[0].numpy()
        # least squares take the gradient of the halved square: the likelihood's times the variance
        unit_E = before.regions.variance_GE[0] if task == "regression" else np.ones(share.shape[1])
        step = GROUPS[0].step
        size_E = unit_E * step / (1.0 + step * share[0].numpy() * bend * (before.z_A @ before.z_A))
        moved = after.weight_GECA[0] - before.regions.weight_GECA[0]
        expected = size_E.reshape(-1, *(1,) * (gradient.ndim - 1)) * gradient
        np.testing.assert_allclose(moved.reshape(expected.shape), expected, rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize(("gates", "task"), CASES)
def test_second_order_experts_are_recursive_least_squares(gates: str, task: Task) -> None:
    bend, prior = (0.25, PRIOR) if task == "classification" else (1.0, PRIOR_MEAN)
    forgetting = GROUPS[1].forgetting
    assert forgetting is not None
    for _, before, after, _ in each_record(gates, task):
        z_A = before.z_A
        share_E = group_log_likelihood(before)[1][1].numpy()
        for e in range(before.regions.born_G[1]):
            R_AA = before.regions.curvature_SEQQ[0, e]
            turned_A, spread = R_AA @ z_A, z_A @ R_AA @ z_A
            kept = 1.0 - (1.0 - forgetting) * share_E[e]
            new_AA = R_AA - np.outer(turned_A, turned_A) / (kept / (bend * share_E[e]) + spread)
            if np.trace(new_AA) < kept * prior * z_A.size:
                new_AA = new_AA / kept
            step = share_E[e] / (1.0 + bend * share_E[e] * spread)
            moved = after.weight_GECA[1, e] - before.regions.weight_GECA[1, e]
            expected = step * np.outer(surprises(before, task)[1, e], turned_A)
            np.testing.assert_allclose(moved, expected, rtol=1e-6, atol=1e-12)
            np.testing.assert_allclose(after.curvature_SEQQ[0, e], new_AA, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("gates", GATES)
def test_variances_of_experts_move_along_their_gradient(gates: str) -> None:
    for _, before, after, _ in each_record(gates, "regression"):
        group_log_likelihood(before)[0].sum().backward()
        log_variance = list(before.model.experts.parameters())[2]
        assert log_variance.grad is not None
        # 2 nu^2 dL/dnu = h (e^2 - nu): the step of a running mean of squares
        step = VARIANCE_RATE * 2.0 * before.regions.variance_GE * log_variance.grad.numpy()
        expected = np.maximum(before.regions.variance_GE + step, VARIANCE_FLOOR)
        np.testing.assert_allclose(after.variance_GE, expected, rtol=1e-9)


@pytest.mark.parametrize(("gates", "task"), CASES)
def test_the_outer_gate_moves_along_the_gradient_of_the_mixtures_log_likelihood(
    gates: str, task: Task
) -> None:
    for _, before, _, after in each_record(gates, task):
        rows, centre, log_weight = outer_gate(before, gates)
        pool = before.pool
        if task == "classification":
            log_density = np.log(pool.probability_TC[rows, int(before.target)])
        else:
            miss = np.minimum((before.target - pool.mean_T[rows]) ** 2 / pool.variance_T[rows], 40.0)
            log_density = -0.5 * (np.log(pool.variance_T[rows]) + miss)
        (gradient,) = torch.autograd.grad((log_weight + torch.from_numpy(log_density)).logsumexp(0), centre)
        step = CENTRE_STEP if gates[0] == "L" else SLOPE_STEP
        moved = (after.centre_TA - pool.centre_TA)[rows, 1:]
        np.testing.assert_allclose(moved, step * gradient.numpy(), rtol=1e-6, atol=1e-12)
        others = np.setdiff1d(np.arange(pool.gate_T.size), rows)
        np.testing.assert_array_equal(after.centre_TA[others], pool.centre_TA[others])


@pytest.mark.parametrize("task", TASKS)
def test_a_record_on_a_laplace_centre_moves_all_but_that_centre(task: Task) -> None:
    model, rows = trained("LL", task)
    (x_D, y), *_ = zip(*rows, strict=True)
    z_A = look(model, "LL", x_D, y).z_A
    model.state.regions.centre_GEA[:, 1, 1:] = z_A[1:]
    model.state.pool.centre_TA[2, 1:] = z_A[1:]
    before = look(model, "LL", x_D, y)
    model.step(x_D[None], np.array([y]))
    regions, pool = model.state.regions, model.state.pool
    np.testing.assert_array_equal(regions.centre_GEA[:, 1], before.regions.centre_GEA[:, 1])
    np.testing.assert_array_equal(pool.centre_TA[2], before.pool.centre_TA[2])
    assert (regions.centre_GEA[:, 0, 1:] != before.regions.centre_GEA[:, 0, 1:]).all()
    assert (pool.centre_TA[3, 1:] != before.pool.centre_TA[3, 1:]).all()
    log_likelihood, _ = group_log_likelihood(before)
    log_likelihood.sum().backward()
    assert before.model.inner.weight.grad is not None
    assert (before.model.inner.weight.grad[:, 1] == 0).all()
    assert all(np.isfinite(array).all() for part in model.state[:8] for array in part)
