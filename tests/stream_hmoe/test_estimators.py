"""The estimators keep River's contracts, and work wherever River's own do."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest
from river import checks, compose, evaluate, metrics, preprocessing, stream

from stream_hmoe import HMoEClassifier, HMoERegressor
from tests.stream_hmoe.learners import assert_same_state
from tests.stream_hmoe.made_records import MODELS, Model, made, small

INSTANCES = [HMoEClassifier(), HMoERegressor()]
CASES = [
    pytest.param(model, check, id=f"{type(model).__name__}:{check.__name__}")
    for model in INSTANCES
    for check in checks.yield_checks(model)
]


@pytest.mark.parametrize(("model", "check"), CASES)
def test_keeps_rivers_contract(model: Any, check: Any) -> None:
    check(model.clone())


@pytest.mark.parametrize("model", MODELS)
def test_stands_at_the_end_of_a_pipeline_and_is_evaluated_by_river(model: type[Model]) -> None:
    records, targets = made(model, 400)
    numbers: list[Any] = [{"a": record["a"], "b": record["b"] or 0.0} for record in records]
    pipeline = preprocessing.StandardScaler() | small(model)
    metric: Any = metrics.Accuracy() if model is HMoEClassifier else metrics.MAE()
    evaluate.progressive_val_score(zip(numbers, targets, strict=True), pipeline, metric)
    if model is HMoEClassifier:
        most_frequent = max(map(targets.count, targets)) / len(targets)
        assert metric.get() > most_frequent
    else:
        deviation = pd.Series(targets).sub(pd.Series(targets).mean()).abs().mean()
        assert metric.get() < deviation
    assert pipeline.predict_one(numbers[0]) == pipeline[model.__name__].predict_one(
        pipeline["StandardScaler"].transform_one(numbers[0])
    )
    selected = compose.Select("a") | small(model)
    selected.learn_one(numbers[0], targets[0])
    assert selected[model.__name__].learner.num_features == 1


@pytest.mark.parametrize("model", MODELS)
def test_rivers_evaluation_is_predict_then_learn(model: type[Model]) -> None:
    records, targets = made(model, 200)
    rows: Any = zip(records, targets, strict=True)
    metric: Any = metrics.Accuracy() if model is HMoEClassifier else metrics.MAE()
    evaluated, stepped = small(model), small(model)
    evaluate.progressive_val_score(rows, evaluated, metric)
    error = stepped.step(records, targets).scored.error
    assert_same_state(evaluated.state_dict(), stepped.state_dict())
    if model is HMoEClassifier:
        # River leaves the first record out: there is nothing to predict yet
        assert metric.get() == pytest.approx(1.0 - error[1:].mean())
    else:
        assert metric.get() == pytest.approx(error.mean())


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("copied", [copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])  # noqa: S301
def test_a_copy_goes_its_own_way(model: type[Model], copied: Any) -> None:
    """Also a copy made between predicting a record and learning it."""
    records, targets = made(model, 200)
    one = small(model)
    one.step(records[:100], targets[:100])
    one.predict_one(records[100])
    other = copied(one)
    before = copy.deepcopy(other.state_dict())
    for record, target in zip(records[100:], targets[100:], strict=True):
        one.learn_one(record, target)
    assert_same_state(before, other.state_dict())
    for record, target in zip(records[100:], targets[100:], strict=True):
        other.learn_one(record, target)
    assert_same_state(one.state_dict(), other.state_dict())


@pytest.mark.parametrize("model", MODELS)
def test_a_clone_has_the_settings_and_none_of_the_knowledge(model: type[Model]) -> None:
    one = model(gates="LS", kinds=["linear", "memory"], experts=3, seed=7)
    one.step(*made(model, 50))
    clone = one.clone()
    assert (clone.gates, clone.kinds, clone.experts, clone.seed) == ("LS", ("linear", "memory"), 3, 7)
    fresh = model(gates="LS", kinds=("linear", "memory"), experts=3, seed=7)
    assert_same_state(clone.state_dict(), fresh.state_dict())


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("wrong", [{"gates": "AB"}, {"kinds": ["forest"]}, {"experts": 0}])
def test_a_wrong_setting_is_said_at_once(model: type[Model], wrong: dict[str, Any]) -> None:
    (name,) = wrong
    with pytest.raises(ValueError, match=f"^{name}: got"):
        model(**wrong)


def test_records_of_rivers_streams() -> None:
    x, y = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([True, False])
    rows = stream.iter_array(x, y, feature_names=["u", "v"])
    model = HMoEClassifier()
    for record, target in rows:
        model.learn_one(record, target)
    assert set(model.predict_proba_one({"u": 1.0, "v": 2.0})) == {True, False}
