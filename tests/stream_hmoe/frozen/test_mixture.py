"""A frozen mixture predicts what the learner predicts, whatever the learner has seen."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from stream_hmoe import layout
from stream_hmoe.adapting import AdaptingLearner
from stream_hmoe.frozen import FrozenMixture, compare
from stream_hmoe.layout import Task
from stream_hmoe.learner import Learner
from stream_hmoe.settings import GATES, KINDS, Settings
from tests.stream_hmoe.learners import CLASSES, FEATURES, GROUPS, TASKS, Floats, learned, learner, stream

REACHED = 1e-12  # what the order of sums leaves; a hundred times less is usual
LATER = 300
EXTREMES = [1e300, -1e300, 1.7e308, -1.7e308, 5e-324, 0.0, 1.0, 1e9, float("nan")]
values = st.one_of(st.sampled_from(EXTREMES), st.floats(allow_nan=True, allow_infinity=False))


def predicted(mixture: FrozenMixture, x_ND: Floats) -> tuple[Floats, Floats]:
    with torch.inference_mode():
        predicted_NC, weight_NK = mixture(torch.from_numpy(x_ND))
    return predicted_NC.numpy(), weight_NK.numpy()


def assert_equal(model: Learner, x_ND: Floats) -> None:
    mixture = FrozenMixture(model)
    found = compare(lambda x: predicted(mixture, x), model, x_ND)
    assert found.records == len(x_ND)
    assert found.predicted <= REACHED
    assert found.leaf_weights <= REACHED


def records(task: Task, begin: int, features: int = FEATURES) -> Floats:
    return stream(task, begin + LATER, features).x_ND[begin:]


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("gates", GATES)
@pytest.mark.parametrize("seen", [1, 2, 5, 30, 130, 1200])
def test_every_pair_of_gates_from_the_first_record_on(gates: str, task: Task, seen: int) -> None:
    assert_equal(learned(task, records=seen, gates=gates), records(task, seen))


@pytest.mark.parametrize(("task", "kind"), [(task, kind) for task in TASKS for kind in KINDS])
def test_every_kind_with_the_linear_one_alone(task: Task, kind: str) -> None:
    assert_equal(learned(task, kinds=("linear", kind), records=700), records(task, 700))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_alone(kind: str) -> None:
    assert_equal(learned("classification", kinds=(kind,), records=700), records("classification", 700))


@pytest.mark.parametrize("task", TASKS)
def test_features_and_classes_that_came_later(task: Task) -> None:
    model = learned(task, records=400)
    before = records(task, 400)
    model.widen(FEATURES + 2, CLASSES + 1 if task == "classification" else 1)
    late_ND = np.pad(before, ((0, 0), (0, 2)), constant_values=np.nan)
    assert_equal(model, late_ND)
    late_ND[:, -1] = np.arange(len(before)) % 7
    y_N: Any = np.arange(len(before)) % (CLASSES + 1) if task == "classification" else late_ND[:, -1]
    model.step(late_ND[:200], y_N[:200])
    assert_equal(model, late_ND)


def test_one_class() -> None:
    model = Learner(Settings(), "classification")
    model.widen(FEATURES, 1)
    model.step(records("classification", 0)[:40], np.zeros(40, np.int64))
    assert_equal(model, records("classification", 40))


def test_many_classes_whose_trees_are_constants(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "HISTOGRAM_BUDGET", 1000)
    model = Learner(Settings(), "classification")
    model.widen(FEATURES, 60)
    x_ND = records("classification", 300)
    model.step(x_ND[:200], (np.nan_to_num(x_ND[:200, 1]) % 60).astype(np.int64))
    assert model.state.boosted.value_ILC.shape[1] == 1
    assert_equal(model, x_ND)


def test_many_features() -> None:
    model = learner("classification", features=80)
    model.step(stream("classification", 300, 80).x_ND, stream("classification", 300, 80).y_N)
    assert model.state.linear.curvature_RR.size == 0  # first-order from here on
    assert_equal(model, records("classification", 300, 80))


@pytest.mark.parametrize("cutoff", [0.0, 0.2])
def test_gates_that_skip_nothing_or_much(cutoff: float) -> None:
    assert_equal(learned("classification", records=600, cutoff=cutoff), records("classification", 600))


@pytest.mark.parametrize("task", TASKS)
def test_a_number_of_experts_that_follows_the_data(task: Task) -> None:
    model = AdaptingLearner(
        Settings(kinds=("linear", "regions"), regions=GROUPS, experts=6, adapt_experts=True, first_experts=2),
        task,
    )
    model.widen(FEATURES, CLASSES if task == "classification" else 1)
    model.step(*stream(task, 3000))
    assert model.experts != (2, 2)  # an edit won its trial
    assert_equal(model, records(task, 3000))


@cache
def trained(task: Task) -> tuple[Learner, FrozenMixture]:
    model = learned(task, records=1000, regions=GROUPS, experts=4, remembered=30, prototypes=8)
    return model, FrozenMixture(model)


@pytest.mark.parametrize("task", TASKS)
@given(x_ND=arrays.arrays(np.float64, (6, FEATURES), elements=values))
def test_any_finite_or_missing_values(task: Task, x_ND: Floats) -> None:
    model, mixture = trained(task)
    found = compare(lambda x: predicted(mixture, x), model, x_ND)
    assert max(found.predicted, found.leaf_weights) <= REACHED


def test_the_learner_goes_on_and_the_frozen_one_does_not() -> None:
    model = learned("classification", records=300)
    mixture, x_ND = FrozenMixture(model), records("classification", 300)
    before, _ = predicted(mixture, x_ND)
    model.step(*stream("classification", 300, seed=8))
    after, _ = predicted(mixture, x_ND)
    assert before.tobytes() == after.tobytes()
    assert np.abs(model.predict(x_ND).predicted - after).max() > 0.01
    assert not list(mixture.parameters())


@pytest.mark.parametrize(("features", "classes"), [(0, 2), (3, 0)])
def test_nothing_learned_is_nothing_to_freeze(features: int, classes: int) -> None:
    model = Learner(Settings(), "classification")
    model.widen(features, classes)
    with pytest.raises(ValueError, match="has to learn"):
        FrozenMixture(model)
