"""Records in, one after the other or in whole columns: the same model, the same predictions, bit for bit."""

from __future__ import annotations

import copy
import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_hmoe import HMoEClassifier, HMoERegressor
from stream_hmoe.errors import BadCheckpoint, BadRecord
from tests.stream_hmoe.learners import assert_same_state
from tests.stream_hmoe.made_records import MODELS, Model, made, small

COUNT = 240
BAD = [
    ({"a": "much", "colour": "red"}, None),
    ({"a": float("inf")}, None),
    ({"a": 1.0, "new": [1]}, None),
    ("no record", None),
    ({"a": 1.0}, float("nan")),
    ({"a": 1.0, "brand new": 2.0}, [1]),
]


def cut(count: int) -> st.SearchStrategy[list[int]]:
    return st.lists(st.integers(0, count), max_size=6).map(lambda at: [0, *sorted(at), count])


def joined(parts: list[Any], name: str) -> list[Any]:
    return [value for part in parts for value in getattr(part, name)]


@pytest.mark.parametrize("model", MODELS)
@settings(max_examples=8)
@given(cuts=cut(COUNT))
def test_steps_frames_and_single_records_do_the_same(model: type[Model], cuts: list[int]) -> None:
    records, targets = made(model, COUNT)
    frame = pd.DataFrame(records)
    single, stepped, framed = small(model), small(model), small(model)
    predictions = []
    for record, target in zip(records, targets, strict=True):
        predictions.append(single.predict_one(record))
        single.learn_one(record, target)
    blocks = [stepped.step(records[a:b], targets[a:b]).scored for a, b in itertools.pairwise(cuts)]
    frames = [
        framed.step_frame(frame[a:b], targets[a:b], weights=True)[0] for a, b in itertools.pairwise(cuts)
    ]
    assert joined(blocks, "predictions") == joined(frames, "predictions") == predictions
    for name in ("loss_nats", "error", "gate_weights"):
        np.testing.assert_array_equal(joined(blocks, name), joined(frames, name), err_msg=name)
    assert_same_state(single.state_dict(), stepped.state_dict())
    assert_same_state(single.state_dict(), framed.state_dict())


@pytest.mark.parametrize("model", MODELS)
def test_many_is_one_by_one(model: type[Model]) -> None:
    records, targets = made(model, COUNT)
    frame, labels = pd.DataFrame(records), pd.Series(targets)
    single, many = small(model), small(model)
    for record, target in zip(records, targets, strict=True):
        single.learn_one(record, target)
    many.learn_many(frame, labels)
    assert_same_state(single.state_dict(), many.state_dict())
    assert many.predict_many(frame).tolist() == [single.predict_one(record) for record in records]
    if isinstance(many, HMoEClassifier) and isinstance(single, HMoEClassifier):
        rows = many.predict_proba_many(frame).to_dict("records")
        assert rows == [single.predict_proba_one(record) for record in records]


@pytest.mark.parametrize("model", MODELS)
def test_looking_changes_nothing(model: type[Model]) -> None:
    records, targets = made(model, 200)
    one = small(model)
    one.step(records[:150], targets[:150])
    before = copy.deepcopy(one.state_dict())
    for record in [*records[150:], {}, {"never": 1.0}, {"colour": "never"}]:
        one.predict_one(record)
        weights = one.gate_weights_one(record)
        assert weights.shape == (len(one.topology.leaves),)
        assert weights.sum() == pytest.approx(1.0, rel=1e-9)
        if isinstance(one, HMoEClassifier):
            assert sum(one.predict_proba_one(record).values()) == pytest.approx(1.0)
    one.predict_many(pd.DataFrame(records))
    assert_same_state(before, one.state_dict())


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(("record", "target"), BAD)
def test_a_rejected_record_leaves_the_state_untouched(model: type[Model], record: Any, target: Any) -> None:
    records, targets = made(model, 60)
    one, clean = small(model), small(model)
    for learned in (one, clean):
        learned.step(records[:40], targets[:40])
    with pytest.raises(BadRecord):
        one.learn_one(record, targets[0] if target is None else target)
    assert_same_state(clean.state_dict(), one.state_dict())
    block = one.step([*records[40:50], record, *records[50:]], [*targets[40:50], target, *targets[50:]])
    clean.step(records[40:], targets[40:])
    assert [fact.record for fact in block.rejected] == [10]
    assert block.scored.record.tolist() == [*range(10), *range(11, 21)]
    assert_same_state(clean.state_dict(), one.state_dict())


@pytest.mark.parametrize("model", MODELS)
def test_a_frame_is_learned_up_to_the_part_with_a_bad_value(model: type[Model]) -> None:
    records, targets = made(model, 30)
    one, fresh = small(model), small(model)
    frame = pd.DataFrame([*records, {"a": "much"}])
    with pytest.raises(BadRecord, match="field 'a': got 'much'"):
        one.step_frame(frame, [*targets, targets[0]])
    assert_same_state(fresh.state_dict(), one.state_dict())


@pytest.mark.parametrize("model", MODELS)
def test_a_loaded_model_goes_on_bit_for_bit(model: type[Model], tmp_path: Path) -> None:
    """New features and, for classes, a new one appear after the load."""
    records, targets = made(model, 10_300)
    one = model(experts=6, gates="SL", seed=3)
    one.step(records[:300], targets[:300])
    one.save(tmp_path)
    other = model.load(tmp_path)
    assert (other.gates, other.experts, other.seed) == ("SL", 6, 3)
    assert_same_state(one.state_dict(), other.state_dict())
    found, expected = (each.step(records[300:], targets[300:]).scored for each in (other, one))
    assert found.predictions == expected.predictions
    for name in ("probabilities", "loss_nats", "error", "gate_weights"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name), err_msg=name)
    assert_same_state(one.state_dict(), other.state_dict())
    assert one.learner.num_features > 4


def test_a_model_of_the_other_task_is_refused_and_nothing_changes(tmp_path: Path) -> None:
    classifier, regressor = small(HMoEClassifier), small(HMoERegressor)
    classifier.learn_one({"x": 1.0}, "a")
    classifier.save(tmp_path)
    with pytest.raises(BadCheckpoint, match="a classification model, not a regression model"):
        HMoERegressor.load(tmp_path)
    for one, other in ((classifier, regressor), (regressor, classifier)):
        before = copy.deepcopy(one.state_dict())
        with pytest.raises(BadCheckpoint, match=r"the state is that of a .* model, not of a .* model"):
            one.load_state_dict(other.state_dict())
        assert_same_state(before, one.state_dict())


def test_before_anything_is_learned() -> None:
    classifier, regressor = HMoEClassifier(), HMoERegressor()
    assert classifier.predict_one({"x": 1}) is None and classifier.predict_proba_one({"x": 1}) == {}
    assert regressor.predict_one({"x": 1}) == 0.0
    frame = pd.DataFrame({"x": [1.0, 2.0]})
    assert classifier.predict_many(frame).tolist() == [None, None]
    assert classifier.predict_proba_many(frame).shape == (2, 0)
    models: tuple[Model, ...] = (classifier, regressor)
    for model in models:
        weights = model.gate_weights_one({"x": 1})
        assert len(weights) == len(model.topology.leaves) and weights.sum() == pytest.approx(1.0)
        scored = model.step([], []).scored
        assert len(scored.record) == len(scored.predictions) == 0


def test_a_new_class_costs_the_least_probability_and_counts_as_a_miss() -> None:
    model = HMoEClassifier(experts=4)
    scored = model.step([{"x": 1.0}] * 3, ["a", "a", "b"]).scored
    assert scored.predictions == [None, "a", "a"]
    assert scored.error.tolist() == [1.0, 0.0, 1.0]
    np.testing.assert_allclose(scored.loss_nats, [15 * np.log(10), 0.0, 15 * np.log(10)])
    assert model.labels == ("a", "b")


@pytest.mark.parametrize("model", MODELS)
def test_records_without_numbers(model: type[Model]) -> None:
    one = model()
    records = [{"colour": ("red", "green", "blue")[n % 3], "town": None} for n in range(300)]
    targets = [("x", "y", "x")[n % 3] if model is HMoEClassifier else 10.0 * (n % 3) for n in range(300)]
    scored = one.step(records, targets).scored
    limit = 0.05 if model is HMoEClassifier else 1.0
    assert scored.error[-100:].mean() < limit
    assert np.isfinite(scored.loss_nats).all()


@pytest.mark.parametrize("model", MODELS)
def test_records_without_any_feature(model: type[Model]) -> None:
    one = small(model)
    targets = ["a", "b", "a", "a"] * 40 if model is HMoEClassifier else [1.0, 2.0, 1.0, 1.0] * 40
    scored = one.step([{}] * 160, targets).scored
    assert np.isfinite(scored.loss_nats).all()
    prediction = one.predict_one({})
    assert prediction == "a" if model is HMoEClassifier else 0.9 < prediction < 1.6


@pytest.mark.parametrize("model", MODELS)
def test_what_was_only_observed_is_no_feature_yet(model: type[Model]) -> None:
    """All ways in go on while the encoder knows columns that the learner does not."""
    records, targets = made(model, COUNT)
    one, clean = small(model), small(model)
    for learned in (one, clean):
        learned.step(records[:100], targets[:100])
    x_D = one.incremental.observe({"z observed": 1.0, **records[0]})
    assert len(x_D) == len(one.feature_names) + 1
    assert one.feature_names == clean.feature_names
    frame = pd.DataFrame(records[100:])
    assert [one.predict_one(record) for record in records[100:]] == clean.predict_many(frame).tolist()
    assert one.predict_many(frame).tolist() == clean.predict_many(frame).tolist()
    np.testing.assert_array_equal(one.gate_weights_one(records[100]), clean.gate_weights_one(records[100]))
    scored = one.step(records[100:101], targets[100:101]).scored
    assert scored.predictions == clean.step(records[100:101], targets[100:101]).scored.predictions
    assert one.feature_names == (*clean.feature_names, "z observed", "z observed missing")
    again = small(model)
    again.step(records[:100], targets[:100])
    again.incremental.observe({"z observed": 1.0, **records[0]})
    again.learn_many(frame, pd.Series(targets[100:]))
    assert again.learner.records == COUNT
    assert "z observed" in again.feature_names


@pytest.mark.parametrize("model", MODELS)
def test_scoring_is_stepping_without_learning(model: type[Model]) -> None:
    records, targets = made(model, 120)
    one = small(model)
    one.step(records[:100], targets[:100])
    before = copy.deepcopy(one.state_dict())
    block = one.score([*records[100:], {"a": float("inf")}], [*targets[100:], targets[0]])
    assert_same_state(one.state_dict(), before)
    assert block.scored.predictions == [one.predict_one(record) for record in records[100:]]
    assert [fact.record for fact in block.rejected] == [20]
    assert block.restructured == ()
    first = one.step(records[100:101], targets[100:101]).scored
    for name in ("predictions", "loss_nats", "error", "gate_weights", "probabilities"):
        np.testing.assert_array_equal(getattr(block.scored, name)[:1], getattr(first, name), err_msg=name)
    new = one.score(records[:1], ["never seen" if isinstance(one, HMoEClassifier) else 1e6])
    assert new.scored.error[0] > 0.0
    if isinstance(one, HMoEClassifier):
        assert (new.y_N.tolist(), new.scored.loss_nats[0] > 30.0) == ([-1], True)
