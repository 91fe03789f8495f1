"""A learner that adapts finds the number of experts, keeps to limits, and restarts bit for bit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stream_hmoe import HMoEClassifier, HMoERegressor, checkpoint
from stream_hmoe.adapting import AdaptingLearner, make_learner, restored_learner
from stream_hmoe.events import Restructured, Scored
from stream_hmoe.learner import Learner
from stream_hmoe.pipeline import Pipeline
from stream_hmoe.settings import RegionGroup, Settings
from stream_hmoe.streams import GaussianHMoEStream

RECORDS = 4000


def stream(records: int = RECORDS, experts: int = 4, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rows = GaussianHMoEStream(seed, num_groups=1, num_experts=experts).rows(0, records)
    return rows.X, rows.y


def counted(first: int, **changes: Any) -> AdaptingLearner:
    settings = replace(Settings.counted("LL", ("regions",), 24, 0, first), **changes)
    learner = AdaptingLearner(settings, "regression")
    learner.widen(2, 1)
    return learner


def assert_same(one: Any, other: Any) -> None:
    if isinstance(one, dict):
        assert one.keys() == other.keys()
        for key in one:
            assert_same(one[key], other[key])
    elif isinstance(one, np.ndarray):
        np.testing.assert_array_equal(one, other)
    elif isinstance(one, list):
        assert len(one) == len(other)
        for a, b in zip(one, other, strict=True):
            assert_same(a, b)
    else:
        assert one == other


@pytest.mark.parametrize("first", [2, 24])
def test_the_true_number_is_found_from_either_side(first: int) -> None:
    learner = counted(first)
    X, y = stream(25_000)
    learner.step(X, y)
    assert 3 <= learner.experts[0] <= 5
    assert learner.news


def test_cuts_of_the_stream_change_nothing() -> None:
    X, y = stream()
    whole, pieces = counted(2), counted(2)
    predicted = whole.step(X, y).predicted
    parts = []
    for begin, end in ((0, 1), (1, 777), (777, 1400), (1400, 1401), (1401, RECORDS)):
        parts.append(pieces.step(X[begin:end], y[begin:end]).predicted)
    np.testing.assert_array_equal(np.concatenate(parts), predicted)
    assert_same(whole.state_dict(), pieces.state_dict())
    assert whole.news == pieces.news


def test_learning_one_by_one_is_the_same() -> None:
    X, y = stream(1500)
    whole, single = counted(2), counted(2)
    whole.step(X, y)
    for x_D, target in zip(X, y.tolist(), strict=True):
        single.predict_one(x_D)
        single.learn_one(x_D, target)
    assert_same(whole.state_dict(), single.state_dict())


@pytest.mark.parametrize("first", [2, 24])
def test_a_restart_during_a_trial_changes_nothing(first: int, tmp_path: Path) -> None:
    X, y = stream()
    whole = counted(first)
    cut = 0
    while whole.on_trial is None:
        whole.step(X[cut : cut + 50], y[cut : cut + 50])
        cut += 50
    cut += 30
    whole.step(X[cut - 30 : cut], y[cut - 30 : cut])
    assert whole.on_trial is not None
    checkpoint.save(tmp_path, {"learner": whole.state_dict()})
    again = restored_learner(checkpoint.load(tmp_path)["learner"])
    assert isinstance(again, AdaptingLearner) and again.on_trial is not None
    known = len(whole.news)
    whole.step(X[cut:], y[cut:])
    again.step(X[cut:], y[cut:])
    assert_same(whole.state_dict(), again.state_dict())
    assert whole.news[known:] == tuple(again.news)
    assert again.news


def test_limits_are_kept() -> None:
    group = RegionGroup(4.0, centre_step=0.003, bias_step=0.01, forgetting=0.99, least=3, most=5)
    X, y = stream(12_000, experts=9)
    counts = set()
    for first in (1, 24):
        learner = counted(first, regions=(group,))
        for begin in range(0, len(X), 500):
            learner.step(X[begin : begin + 500], y[begin : begin + 500])
            counts.add(learner.experts[0])
    assert counts <= {3, 4, 5}
    assert 5 in counts


def test_births_keep_to_the_limit_of_a_group_without_adapting() -> None:
    settings = Settings(kinds=("regions",), experts=8, regions=(RegionGroup(4.0, most=3), RegionGroup(2.0)))
    learner = Learner(settings, "regression")
    learner.widen(2, 1)
    learner.step(*stream(2000))
    assert learner.state.regions.born_G.tolist() == [3, 8]


@pytest.mark.parametrize(
    "wrong",
    [
        {"regions": (RegionGroup(1.0, least=0),)},
        {"regions": (RegionGroup(1.0, least=4, most=3),)},
        {"experts": 4, "regions": (RegionGroup(1.0, most=5),)},
        {"first_experts": 0},
    ],
)
def test_limits_that_cannot_be_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"limits|first_experts"):
        Settings(**wrong)


def test_a_new_feature_during_a_trial_ends_it() -> None:
    X, y = stream()
    learner = counted(2)
    begin = 0
    while learner.on_trial is None:
        learner.step(X[begin : begin + 50], y[begin : begin + 50])
        begin += 50
    learner.widen(3, 1)
    assert learner.on_trial is None
    wider = np.column_stack([X, X[:, 0] * X[:, 1]])
    assert np.isfinite(learner.step(wider[begin:], y[begin:]).predicted).all()


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_without_local_experts_there_is_nothing_to_adapt(task: str) -> None:
    X, y = stream(1500)
    options: dict[str, Any] = {"kinds": ("linear",), "adapt_experts": True}
    model = HMoERegressor(**options) if task == "regression" else HMoEClassifier(**options)
    targets = y.tolist() if task == "regression" else (y > 0.0).tolist()
    block = model.step([{"a": a, "b": b} for a, b in X.tolist()], targets)
    assert len(block.scored.record) == 1500
    assert block.restructured == ()


def test_the_scale_is_learned() -> None:
    X, y = stream(20_000)
    scales = []
    for scale in (2.0, 20.0):
        group = RegionGroup(scale, centre_step=0.003, bias_step=0.01, forgetting=0.99, scale_step=0.01)
        learner = counted(24, regions=(group,))
        learner.step(X, y)
        scales.append(float(learner.state.regions.scale_G[0]))
    # the stream's kappa is 12 on inputs with standard deviation 1 / sqrt(3)
    np.testing.assert_allclose(scales, 12.0 / np.sqrt(3.0), rtol=0.25)


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_only_learners_that_are_asked_to_adapt_do(task: Any) -> None:
    assert type(make_learner(Settings(), task)) is Learner
    assert isinstance(make_learner(Settings(adapt_experts=True), task), AdaptingLearner)


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_restructurings_are_facts_in_their_place(task: str) -> None:
    X, y = stream(3000)
    options: dict[str, Any] = {"kinds": ("regions",), "experts": 24, "adapt_experts": True}
    model = HMoERegressor(**options) if task == "regression" else HMoEClassifier(**options)
    targets = y.tolist() if task == "regression" else (y > 0.0).tolist()
    records = [{"a": a, "b": b} for a, b in X.tolist()]
    pipeline, topology = Pipeline(model), model.topology
    facts = []
    for begin in range(0, len(records), 700):
        facts += pipeline.step(records[begin : begin + 700], targets[begin : begin + 700])
    seen, changed = 0, 0
    for fact in facts:
        if isinstance(fact, Scored):
            assert fact.record[0] == seen
            np.testing.assert_allclose(fact.gate_weights.sum(axis=1), 1.0)
            seen += len(fact.record)
        elif isinstance(fact, Restructured):
            assert fact.record == seen
            assert fact.lineage is not None
            assert not set(fact.lineage.children) & set(
                topology.leaves[: model.learner.settings.experts // 2]
            )
            assert set(fact.topology.leaves) != set(topology.leaves)
            topology, changed = fact.topology, changed + 1
    assert seen == len(records)
    assert changed > 0
    assert topology == model.topology


def test_a_saved_model_goes_on_adapting(tmp_path: Path) -> None:
    X, y = stream(2000)
    model = HMoERegressor(kinds=("regions",), experts=12, adapt_experts=True)
    for x, target in zip(X.tolist(), y.tolist(), strict=True):
        model.learn_one(dict(enumerate(x)), target)
    model.save(tmp_path)
    again = HMoERegressor.load(tmp_path)
    assert again.adapt_experts
    assert again.topology == model.topology
    assert isinstance(again.learner, AdaptingLearner)
    assert again.predict_one(dict(enumerate(X[0]))) == model.predict_one(dict(enumerate(X[0])))
