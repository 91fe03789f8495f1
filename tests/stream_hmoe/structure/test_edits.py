"""Edits keep what mathematics lets them keep: the density, the mass, the number of slots, their arguments."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_hmoe.kernels.regions import UNBORN, Regions
from stream_hmoe.layout import Task
from stream_hmoe.structure import Cut, Edit, grow, merge, prune, revive, split
from stream_hmoe.structure.imitation import Gate, gate_weights
from tests.stream_hmoe.structure.made_groups import (
    FEATURES,
    SLOTS,
    copies,
    drawn,
    inputs,
    predictions,
    with_constant,
)

COMBOS = ["SS", "SL", "LS", "LL"]
TASKS: list[Task] = ["classification", "regression"]
CUT = Cut(
    np.array([0.0, 1.0, 0.0, 0.0]), np.array([1.0, 0.3, 0.1, -0.2]), 0.5, np.zeros((2, 1, 4)), np.full(2, 0.4)
)


def weights(regions: Regions, laplace: bool, x_ND: np.ndarray) -> np.ndarray:
    born = int(regions.born_G[0])
    gate = Gate(regions.centre_GEA[0, :born], regions.bias_GE[0, :born], float(regions.scale_G[0]), laplace)
    return gate_weights(gate, with_constant(x_ND))


@pytest.mark.parametrize("gates", COMBOS)
@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("second_order", [False, True])
def test_a_split_keeps_the_function(gates: str, task: Task, second_order: bool) -> None:
    learner, x_ND = drawn(gates, task, second_order=second_order), inputs()
    before = predictions(learner, learner.state.regions, x_ND)
    edit = split(learner.state.regions, gates[1] == "L", 0, 2)
    assert edit.regions.born_G[0] == 5
    np.testing.assert_allclose(predictions(learner, edit.regions, x_ND), before, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("gates", COMBOS)
@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("second_order", [False, True])
def test_merging_the_copies_of_a_split_undoes_it(gates: str, task: Task, second_order: bool) -> None:
    learner = drawn(gates, task, second_order=second_order)
    before, laplace = learner.state.regions, gates[1] == "L"
    halves = split(before, laplace, 0, 1)
    after = merge(halves.regions, laplace, 0, (halves.children[0], halves.children[1])).regions
    for name in ("centre_GEA", "bias_GE", "weight_GECA", "usage_GE", "variance_GE"):
        kept = getattr(before, name)[0, :4]
        np.testing.assert_allclose(getattr(after, name)[0, :4], kept, rtol=1e-6, atol=1e-9, err_msg=name)
    if second_order:
        np.testing.assert_allclose(after.curvature_SEQQ[0, :4], before.curvature_SEQQ[0, :4], rtol=1e-6)
    assert after.born_G[0] == 4


@pytest.mark.parametrize("gates", COMBOS)
def test_a_merge_keeps_the_mass_at_the_place_where_the_pair_served(gates: str) -> None:
    learner, laplace = drawn(gates), gates[1] == "L"
    place_1D = inputs(1, seed=4)
    before = weights(learner.state.regions, laplace, place_1D)[0]
    edit = merge(learner.state.regions, laplace, 0, (0, 3), with_constant(place_1D)[0])
    after = weights(edit.regions, laplace, place_1D)[0]
    np.testing.assert_allclose(after, [before[0] + before[3], before[1], before[2]], rtol=1e-12)


def test_a_merge_of_different_experts_counts_their_distance_as_variance() -> None:
    learner = drawn(second_order=False)
    regions = learner.state.regions
    regions.weight_GECA[0, :2] = 0.0
    regions.weight_GECA[0, :2, 0, 0] = [1.0, -1.0]
    regions.usage_GE[0, :2] = 0.25
    regions.variance_GE[0, :2] = 0.1
    after = merge(regions, True, 0, (0, 1)).regions
    assert after.weight_GECA[0, 0, 0, 0] == pytest.approx(0.0, abs=1e-12)
    assert after.variance_GE[0, 0] == pytest.approx(1.1)


def test_under_a_softmax_gate_a_merged_slope_has_the_cross_term() -> None:
    learner = drawn("LS", second_order=False)
    regions = learner.state.regions
    regions.centre_GEA[0, :2] = 0.0
    regions.centre_GEA[0, :2, 1] = [0.1, -0.1]
    regions.weight_GECA[0, :2] = 0.0
    regions.weight_GECA[0, :2, 0, 0] = [1.0, -1.0]
    regions.usage_GE[0, :2] = 0.25
    # half of 1 * 0.1 plus half of -1 * -0.1: how the pair's mean turns at 0
    assert merge(regions, False, 0, (0, 1)).regions.weight_GECA[0, 0, 0, 1] == pytest.approx(0.1)
    assert merge(regions, True, 0, (0, 1)).regions.weight_GECA[0, 0, 0, 1] == pytest.approx(0.0)


def test_second_order_experts_merge_to_the_least_squares_of_both_pasts() -> None:
    rng = np.random.default_rng(3)
    learner = drawn(born=2)
    regions = learner.state.regions
    z = [with_constant(rng.normal(size=(50, FEATURES))) for _ in range(2)]
    u = [rng.normal(size=50) for _ in range(2)]
    for e in range(2):
        regions.curvature_SEQQ[0, e] = np.linalg.inv(z[e].T @ z[e])
        regions.weight_GECA[0, e, 0] = np.linalg.lstsq(z[e], u[e], rcond=None)[0]
    after = merge(regions, True, 0, (0, 1)).regions
    together = np.linalg.lstsq(np.concatenate(z), np.concatenate(u), rcond=None)[0]
    np.testing.assert_allclose(after.weight_GECA[0, 0, 0], together, rtol=1e-8)


@pytest.mark.parametrize("gates", COMBOS)
def test_a_fitted_gate_keeps_the_borders_better(gates: str) -> None:
    learner, laplace, x_ND = drawn(gates, born=5), gates[1] == "L", inputs(200)
    wanted = weights(learner.state.regions, laplace, x_ND)
    wanted[:, 1] += wanted[:, 4]
    errors = []
    for input_NA in (None, with_constant(x_ND)):
        edit = prune(learner.state.regions, laplace, 0, 4, heir=1, input_NA=input_NA)
        ratio = wanted[:, :4] / weights(edit.regions, laplace, x_ND)
        errors.append((wanted[:, :4] * np.log(ratio)).sum(axis=1).mean())
    assert 0.0 <= errors[1] < 0.9 * errors[0]


@pytest.mark.parametrize("gates", COMBOS)
def test_without_an_heir_the_others_weigh_as_before_among_themselves(gates: str) -> None:
    learner, laplace, x_ND = drawn(gates), gates[1] == "L", inputs()
    before = np.delete(weights(learner.state.regions, laplace, x_ND), 1, axis=1)
    edit = prune(learner.state.regions, laplace, 0, 1)
    np.testing.assert_allclose(
        weights(edit.regions, laplace, x_ND), before / before.sum(axis=1, keepdims=True), rtol=1e-10
    )
    assert edit.regions.bias_GE[0, 3] == UNBORN


@pytest.mark.parametrize("gates", COMBOS)
@pytest.mark.parametrize("task", TASKS)
def test_an_expert_that_grows_beside_the_only_one_changes_nothing(gates: str, task: Task) -> None:
    learner, x_ND = drawn(gates, task, born=1), inputs()
    before = predictions(learner, learner.state.regions, x_ND)
    edit = grow(learner.state.regions, gates[1] == "L", 0, with_constant(inputs(1, seed=9))[0], prior=1.0)
    np.testing.assert_allclose(predictions(learner, edit.regions, x_ND), before, rtol=1e-12)


@pytest.mark.parametrize("gates", COMBOS)
def test_an_expert_grows_where_it_is_wanted(gates: str) -> None:
    learner, laplace = drawn(gates), gates[1] == "L"
    place_A = np.array([1.0, 9.0, -9.0, 9.0])
    edit = grow(learner.state.regions, laplace, 0, place_A, prior=2.0)
    assert weights(edit.regions, laplace, place_A[None, 1:])[0].argmax() == 4
    np.testing.assert_array_equal(edit.regions.curvature_SEQQ[0, 4], 2.0 * np.eye(1 + FEATURES))


@pytest.mark.parametrize("gates", COMBOS)
def test_a_cut_puts_the_copies_on_their_sides(gates: str) -> None:
    learner, laplace = drawn(gates), gates[1] == "L"
    edit = split(learner.state.regions, laplace, 0, 2, CUT)
    ahead, behind = CUT.place_A + CUT.direction_A, CUT.place_A - CUT.direction_A
    there = weights(edit.regions, laplace, np.stack([behind, CUT.place_A, ahead])[:, 1:])[:, [2, 4]]
    assert there[0, 0] > there[0, 1]
    assert there[1, 0] == pytest.approx(there[1, 1])
    assert there[2, 0] < there[2, 1]


def test_a_revived_expert_leaves_its_place_and_halves_another() -> None:
    learner = drawn()
    edit = revive(learner.state.regions, True, 0, dead=1, parent=3)
    assert edit.regions.born_G[0] == 4
    assert edit.origin_E.tolist()[:4] == [0, 2, -1, -1]
    assert edit.heirs == ((0,), (0, 1, 2, 3), (1,), (2, 3))


@pytest.mark.parametrize(
    ("born", "edit"),
    [
        (SLOTS, lambda r: split(r, True, 0, 0)),
        (SLOTS, lambda r: grow(r, True, 0, np.ones(1 + FEATURES), 1.0)),
        (0, lambda r: grow(r, True, 0, np.ones(1 + FEATURES), 1.0)),
        (1, lambda r: prune(r, True, 0, 0)),
        (3, lambda r: prune(r, True, 0, 3)),
        (3, lambda r: merge(r, True, 0, (1, 1))),
        (3, lambda r: merge(r, True, 0, (1, 3))),
        (3, lambda r: revive(r, True, 0, 1, 1)),
    ],
)
def test_what_cannot_be_done_is_refused(born: int, edit: object) -> None:
    with pytest.raises(ValueError, match=r"expert|slots|pair|last|dead"):
        edit(drawn(born=born).state.regions)  # type: ignore[operator]


STEPS = st.lists(
    st.tuples(st.sampled_from(["split", "merge", "prune", "revive", "grow"]), st.integers(0, 99)), max_size=12
)


def one(regions: Regions, laplace: bool, kind: str, number: int) -> Edit | None:
    born = int(regions.born_G[0])
    e, other = number % born, (number + 1) % born
    match kind:
        case "split" if born < SLOTS:
            return split(regions, laplace, 0, e, CUT if number % 2 else None)
        case "grow" if born < SLOTS:
            return grow(regions, laplace, 0, with_constant(inputs(1, seed=number))[0], 1.0)
        case "merge" if born > 1:
            return merge(regions, laplace, 0, (e, other))
        case "prune" if born > 1:
            return prune(regions, laplace, 0, e, heir=other if number % 2 else None)
        case "revive" if born > 1:
            return revive(regions, laplace, 0, e, other)
    return None


@given(steps=STEPS, gates=st.sampled_from(COMBOS), second_order=st.booleans())
def test_any_edits_leave_a_sound_group(steps: list[tuple[str, int]], gates: str, second_order: bool) -> None:
    learner = drawn(gates, second_order=second_order)
    regions = learner.state.regions
    for kind, number in steps:
        old = copies(regions)
        edit = one(regions, gates[1] == "L", kind, number)
        if edit is None:
            continue
        assert all(np.array_equal(getattr(regions, name), array) for name, array in old.items())
        born = int(edit.regions.born_G[0])
        assert len(edit.heirs) == regions.born_G[0]
        assert {slot for slots in edit.heirs for slot in slots} == set(range(born))
        assert sorted(edit.origin_E[edit.origin_E >= 0]) == sorted({*edit.origin_E} - {-1})
        if kind != "grow":
            gone = edit.regions.usage_GE[0, :born].sum() - regions.usage_GE[0, : int(regions.born_G[0])].sum()
            assert gone == pytest.approx(0.0, abs=1e-12)
        regions = edit.regions
        assert (regions.variance_GE[0, :born] > 0.0).all()
        assert np.isfinite(predictions(learner, regions, inputs())).all()
