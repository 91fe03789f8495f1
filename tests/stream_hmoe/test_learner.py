"""Promises of the learner on encoded records, whatever the records are."""

from __future__ import annotations

import copy
import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from stream_hmoe import layout
from stream_hmoe.layout import Task
from stream_hmoe.learner import EARLY_RENEWALS, RENEWAL, Learner
from stream_hmoe.settings import GATES, KINDS, RegionGroup, Settings
from tests.stream_hmoe.learners import (
    FEATURES,
    GROUPS,
    TASKS,
    Floats,
    assert_same_state,
    learned,
    learner,
    stream,
)

SMALL: dict[str, Any] = {"regions": GROUPS, "experts": 4, "remembered": 30, "prototypes": 8, "stages": 2}
EXTREMES = [1e300, -1e300, 1.7e308, -1.7e308, 5e-324, 0.0, 1.0, 1e9, float("nan")]
values = st.one_of(st.sampled_from(EXTREMES), st.floats(allow_nan=True, allow_infinity=False))


def assert_sound(model: Learner, x_ND: Floats) -> None:
    outcome = model.predict(x_ND, weights=True)
    assert np.isfinite(outcome.predicted).all() and np.isfinite(outcome.leaf_weights).all()
    np.testing.assert_allclose(outcome.leaf_weights.sum(1), 1.0, rtol=1e-9)
    assert outcome.leaf_weights.shape == (len(x_ND), len(model.topology.leaves))
    assert (outcome.leaf_weights >= 0).all()
    if model.task == "classification":
        np.testing.assert_allclose(outcome.predicted.sum(1), 1.0, rtol=1e-9)
        assert (outcome.predicted >= 0).all()
    else:
        assert (outcome.predicted[:, 1] > 0).all()


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("gates", GATES)
@settings(max_examples=25)
@given(x_ND=arrays.arrays(np.float64, (24, FEATURES), elements=values), seed=st.integers(0, 2**32 - 1))
def test_any_finite_or_missing_values_give_finite_predictions_that_sum_to_one(
    gates: str, task: Task, x_ND: Floats, seed: int
) -> None:
    model = learner(task, gates=gates, **SMALL)
    random = np.random.default_rng(seed)
    y_N = random.integers(3, size=24) if task == "classification" else random.choice(EXTREMES[:-1], size=24)
    assert_sound(model, x_ND)
    outcome = model.step(x_ND, y_N)
    assert np.isfinite(outcome.loss_nats).all()
    assert_sound(model, x_ND)
    state = model.state_dict()
    assert all(np.isfinite(part).all() for part in state.values() if isinstance(part, np.ndarray))


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_works_alone(kind: str, task: Task) -> None:
    if (kind, task) == ("prototypes", "regression"):
        with pytest.raises(ValueError, match=r"kinds: got .*prototypes only classify, add a kind"):
            learner(task, (kind,))
        return
    model, (x_ND, _) = learner(task, (kind,)), stream(task, 600)
    signal_N = np.nan_to_num(x_ND[:, 0], nan=100.0) - 100.0
    y_N = np.digitize(signal_N, [-0.6, 0.6]) if task == "classification" else 5.0 + signal_N
    predicted = model.step(x_ND, y_N).predicted[300:]
    assert_sound(model, x_ND)
    if task == "classification":
        assert (predicted.argmax(1) == y_N[300:]).mean() > 0.6
    else:
        assert np.abs(predicted[:, 0] - y_N[300:]).mean() < 0.6 * np.abs(signal_N).mean()


@pytest.mark.parametrize("task", TASKS)
def test_raw_values_of_any_size_do_not_diverge(task: Task) -> None:
    x_ND, y_N = stream(task, 1500)
    y_N = y_N if task == "classification" else 1e9 * y_N
    plain = learner(task).step(x_ND, y_N)
    huge = learner(task).step(1e9 * x_ND, y_N)
    np.testing.assert_allclose(huge.predicted, plain.predicted, rtol=1e-3, atol=1e-3)


def test_a_constant_target_is_predicted_ever_better() -> None:
    x_ND, _ = stream("regression", 2000)
    outcome = learner("regression").step(x_ND, np.full(2000, 7.0))
    assert np.isfinite(outcome.predicted).all() and np.isfinite(outcome.loss_nats).all()
    miss_N = np.abs(outcome.predicted[:, 0] - 7.0)
    assert miss_N[-500:].mean() < 0.1 * miss_N[:50].mean() and miss_N[-500:].max() < 0.5


def test_a_class_that_vanishes_is_forgotten_and_may_come_back() -> None:
    model, (x_ND, _) = learner("classification"), stream("classification", 1500)
    vanished_N = model.step(x_ND, np.repeat([2, 0, 2], 500)).predicted[:, 2]
    assert vanished_N[499] > 0.9 and vanished_N[999] < 0.1 and vanished_N[1499] > 0.9
    assert (vanished_N >= 0).all() and vanished_N[999] > 0


@pytest.mark.parametrize("features", [0, 2, 40])
def test_a_thousand_classes(features: int) -> None:
    """With 40 features every tree is one leaf: its histograms would not fit."""
    model = Learner(Settings(), "classification")
    model.widen(features, 1000)
    x_ND, _ = stream("classification", 60, features)
    outcome = model.step(x_ND, np.arange(60) * 16, weights=True)
    np.testing.assert_allclose(outcome.predicted.sum(1), 1.0, rtol=1e-9)
    assert_sound(model, x_ND)
    assert (model.state.boosted.value_ILC.shape[1] == 1) == (features == 40)


@pytest.mark.parametrize("task", TASKS)
def test_prediction_is_pure(task: Task) -> None:
    model = learned(task, **SMALL)
    before, (x_ND, _) = copy.deepcopy(model.state_dict()), stream(task, 20)
    first = model.predict(x_ND, weights=True)
    for x_D, predicted in zip(x_ND, first.predicted, strict=True):
        np.testing.assert_array_equal(model.predict_one(x_D), predicted)
    again = model.predict(x_ND[::-1], weights=True)
    for a, b in zip(first, again, strict=True):
        np.testing.assert_array_equal(a, b[::-1])
    assert_same_state(before, model.state_dict())


cuts = st.lists(st.integers(0, 450), max_size=6).map(lambda at: [0, *sorted(at), 450])


@pytest.mark.parametrize("task", TASKS)
@settings(max_examples=12)
@given(cuts=cuts)
def test_how_records_are_cut_into_steps_changes_no_bit(task: Task, cuts: list[int]) -> None:
    whole, parts, rows = learner(task, **SMALL), learner(task, **SMALL), stream(task, 450)
    expected = whole.step(*rows, weights=True)
    found = [parts.step(*rows.rows(a, b), weights=True) for a, b in itertools.pairwise(cuts)]
    for column, joined in zip(expected, map(np.concatenate, zip(*found, strict=True)), strict=True):
        np.testing.assert_array_equal(column, joined)
    assert_same_state(whole.state_dict(), parts.state_dict())


@pytest.mark.parametrize("task", TASKS)
@settings(max_examples=12)
@given(data=st.data())
def test_predicting_and_learning_one_by_one_is_stepping(task: Task, data: st.DataObject) -> None:
    """Whatever is predicted in between, and whether or not the record itself is."""
    stepped, single, rows = learner(task, **SMALL), learner(task, **SMALL), stream(task, 120)
    expected = stepped.step(*rows).predicted
    looked = st.lists(st.integers(0, 119), max_size=2)
    for n, (x_D, y) in enumerate(zip(*rows, strict=True)):
        if n % 20 == 0:
            others, is_predicted = data.draw(st.tuples(looked, st.booleans()))
        for other in others:
            single.predict_one(rows.x_ND[other])
        if is_predicted:
            np.testing.assert_array_equal(single.predict_one(x_D), expected[n])
        single.learn_one(x_D, y)
    assert_same_state(stepped.state_dict(), single.state_dict())


@pytest.mark.parametrize("task", TASKS)
def test_a_saved_state_goes_on_bit_for_bit(task: Task) -> None:
    model = learned(task, records=500)
    resumed = Learner(Settings(experts=2, gates="SS"), task).load_state_dict(
        copy.deepcopy(model.state_dict())
    )
    assert_same_state(model.state_dict(), resumed.state_dict())
    for one in (model, resumed):
        one.widen(FEATURES + 2, 4 if task == "classification" else 1)
    x_ND, y_N = stream(task, 10_000, FEATURES + 2, seed=9)
    y_N[::7] = 3
    for a, b in zip(model.step(x_ND, y_N), resumed.step(x_ND, y_N), strict=True):
        np.testing.assert_array_equal(a, b)
    assert_same_state(model.state_dict(), resumed.state_dict())


@pytest.mark.parametrize("task", TASKS)
def test_a_state_is_a_copy(task: Task) -> None:
    model = learned(task, records=50, **SMALL)
    saved = model.state_dict()
    before = copy.deepcopy(saved)
    model.step(*stream(task, 50))
    assert_same_state(saved, before)


@pytest.mark.parametrize("task", TASKS)
def test_what_was_learned_keeps_its_place_when_features_and_classes_appear(task: Task) -> None:
    model = learned(task, **SMALL)
    (x_ND, _), before = stream(task, 30), copy.deepcopy(model.state_dict())
    old = model.predict(x_ND).predicted
    model.widen(FEATURES + 2, 3 if task == "classification" else 1)
    wider_ND = np.hstack([x_ND, np.full((30, 2), np.nan)])
    new = model.predict(wider_ND).predicted
    after = model.state_dict()
    for name in ("scale.mean_D", "memory.record_AN", "regions.centre_GEA", "linear.curvature_RR"):
        kept = tuple(slice(0, length) for length in before[name].shape)
        np.testing.assert_array_equal(after[name][kept], before[name])
    # additive and boosted groups look at bins of the new features, which have learned nothing yet
    np.testing.assert_allclose(new, old, rtol=1e-9)


@pytest.mark.parametrize("task", TASKS)
def test_what_was_learned_without_features_keeps_its_place_too(task: Task) -> None:
    model = Learner(Settings(**SMALL), task)
    model.widen(0, 2 if task == "classification" else 1)
    model.step(np.empty((40, 0)), np.arange(40) % 2)
    before = float(model.state.linear.curvature_RR[0, 0])
    assert before < 0.5
    model.widen(2, model.num_outputs)
    assert model.state.linear.curvature_RR[0, 0] == before
    np.testing.assert_array_equal(np.diag(model.state.linear.curvature_RR)[1:], 1.0)


def test_new_classes_start_with_little_and_old_ones_keep_their_order() -> None:
    model, (x_ND, _) = learned("classification", **SMALL), stream("classification", 30)
    old = model.predict(x_ND).predicted
    model.widen(FEATURES, 5)
    new = model.predict(x_ND).predicted
    assert (new[:, :3].argmax(1) == old.argmax(1)).mean() > 0.9
    assert new[:, 3:].sum(1).mean() < 0.3


def test_trees_begin_again_when_their_leaves_no_longer_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    model = learned("classification", ("boosted",), 900, regions=GROUPS, bins=4)
    assert model.state.boosted.leaves_I.max() > 1
    leaves = model.state.boosted.value_ILC.shape[1]
    monkeypatch.setattr(layout, "HISTOGRAM_BUDGET", 50_000)
    model.widen(FEATURES + 1, 3)
    trees = model.state.boosted
    assert 1 < trees.value_ILC.shape[1] < leaves
    assert (trees.leaves_I == 1).all() and (trees.value_ILC == 0).all()
    np.testing.assert_array_equal(trees.rate_K, layout.BOOSTED["classification"]["rate_K"])
    assert_sound(model, stream("classification", 5, FEATURES + 1).x_ND)


def test_bins_are_renewed_at_their_record_counts() -> None:
    model, rows, renewed = learner("regression", ("additive",)), stream("regression", 3100), []
    for x_D, y in zip(*rows, strict=True):
        edges = model.state.additive.edge_DH.copy()
        model.learn_one(x_D, y)
        if not np.array_equal(edges, model.state.additive.edge_DH):
            renewed.append(model.records)
    assert renewed == [*EARLY_RENEWALS, *range(RENEWAL, 3100, RENEWAL)]


def test_before_any_class_is_known_all_leaves_share_alike() -> None:
    model = Learner(Settings(), "classification")
    model.widen(2, 0)
    outcome = model.predict(np.ones((3, 2)), weights=True)
    assert outcome.predicted.shape == (3, 0)
    np.testing.assert_array_equal(outcome.leaf_weights, 1 / len(model.topology.leaves))
    assert model.predict_one(np.ones(2)).size == 0


def test_what_the_kernels_could_not_hold_is_refused() -> None:
    model = learner("classification", **SMALL)
    before, (x_ND, y_N) = model.state_dict(), stream("classification", 4)
    for wrong in (x_ND[:, :2], x_ND[0], np.hstack([x_ND, x_ND])):
        with pytest.raises(ValueError, match=r"records: got shape .* for 3 features; widen first"):
            model.step(wrong, y_N)
        with pytest.raises(ValueError, match="records: got shape"):
            model.predict(wrong)
    with pytest.raises(ValueError, match=r"targets: got shape \(3,\) for 4 records"):
        model.step(x_ND, y_N[:3])
    for unknown in (-1, 3):
        with pytest.raises(ValueError, match=f"class index: got {unknown} for 3 classes"):
            model.step(x_ND, np.array([0, 1, unknown, 0]))
        with pytest.raises(ValueError, match="class index"):
            model.learn_one(x_ND[0], unknown)
    assert_same_state(before, model.state_dict())


def test_leaves_are_named_and_grouped() -> None:
    topology = learner("classification").topology
    assert len(topology.leaves) == len(topology.group_of) == len(set(topology.leaves)) == 6 * 24 + 8
    assert topology.leaves[2] == "regions 2 1st order/0"
    assert topology.groups[topology.group_of[2]] == "regions 2 1st order"
    assert topology.groups[topology.group_of[-1]] == topology.leaves[-1] == "boosted quick"
    assert topology.group_of == tuple(sorted(topology.group_of))


def test_groups_that_are_alike_have_names_and_leaves_of_their_own() -> None:
    twins = (RegionGroup(scale=2.0), RegionGroup(scale=2.0), RegionGroup(scale=2.0, step=1.0))
    model = Learner(Settings(kinds=("regions",), regions=twins, experts=3), "classification")
    assert model.topology.groups[2:5] == (
        "regions 2 1st order",
        "regions 2 1st order #2",
        "regions 2 1st order #3",
    )
    assert len(set(model.topology.leaves)) == len(model.topology.leaves) == 2 + 9 + 6
    model.widen(2, 2)
    outcome = model.step(np.zeros((5, 2)), np.zeros(5, np.int64), weights=True)
    np.testing.assert_allclose(outcome.leaf_weights.sum(axis=1), 1.0)
