"""A frozen model in a file predicts records as the model did, in both formats."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from stream_hmoe import HMoEClassifier, HMoERegressor
from stream_hmoe.errors import BadCheckpoint, MissingPackage
from stream_hmoe.frozen import FrozenModel, compare, model, onnx_program, remembered
from stream_hmoe.frozen.model import FORMATS
from tests.stream_hmoe.made_records import MODELS, Model, made

RECORDS, LATER = 500, 150
ROOT = Path(__file__).parents[3]
CASES = [(kind, form) for kind in MODELS for form in FORMATS]
each = pytest.mark.parametrize(("kind", "form"), CASES)


@cache
def trained(kind: type[Model]) -> Model:
    """A model of numbers, a category, gaps, and a feature and a class that came late."""
    taught = kind()
    records, targets = made(kind, RECORDS + LATER)
    taught.step(records[:RECORDS], targets[:RECORDS])
    return taught


@cache
def content(kind: type[Model], form: Any) -> bytes:
    return FrozenModel.of(trained(kind).state_dict(), form).to_bytes()


def loaded(kind: type[Model], form: str, path: Path) -> FrozenModel:
    path.write_bytes(content(kind, form))
    return FrozenModel.load(path)


@each
def test_a_loaded_file_predicts_as_the_model(kind: type[Model], form: str, tmp_path: Path) -> None:
    frozen, whole = loaded(kind, form, tmp_path / "model"), trained(kind)
    records, _ = made(kind, RECORDS + LATER)
    records = [*records[RECORDS:], {}, {"colour": "violet", "unheard of": 3}, {"a": 1e300, "b": -1e300}]
    truth = whole.learner.predict(frozen._encoder.encode_many(records), weights=True)
    for some in (slice(0, 0), slice(0, 1), slice(None)):
        predicted, weights = frozen.predict(records[some])
        np.testing.assert_allclose(predicted, truth.predicted[some], rtol=1e-12)
        np.testing.assert_allclose(weights, truth.leaf_weights[some], rtol=1e-9, atol=1e-15)
    assert frozen.labels == getattr(whole, "labels", ())
    assert frozen.feature_names == whole.feature_names
    assert frozen.leaves == whole.topology.leaves
    assert frozen.description["records"] == RECORDS


@each
def test_one_record_and_a_frame(kind: type[Model], form: str, tmp_path: Path) -> None:
    frozen, whole = loaded(kind, form, tmp_path / "model"), trained(kind)
    records = made(kind, 40)[0]
    for record in records[:5]:
        assert frozen.gate_weights_one(record) == pytest.approx(whole.gate_weights_one(record), abs=1e-12)
        if isinstance(whole, HMoEClassifier):
            assert frozen.predict_one(record) == whole.predict_one(record)
            probabilities = frozen.predict_proba_one(record)
            assert probabilities == pytest.approx(whole.predict_proba_one(record), rel=1e-12)
        else:
            assert frozen.predict_one(record) == pytest.approx(whole.predict_one(record), rel=1e-12)
            assert frozen.predict_proba_one(record) == {}
    one_by_one, _ = frozen.predict(records)
    as_frame, _ = frozen.predict(pd.DataFrame(records))
    np.testing.assert_array_equal(as_frame, one_by_one)


@each
def test_a_file_says_nothing_of_the_machine_that_wrote_it(kind: type[Model], form: str) -> None:
    assert str(ROOT).encode() not in content(kind, form)
    assert b"site-packages" not in content(kind, form)


@pytest.mark.parametrize("form", FORMATS)
def test_facts_added_to_the_description_are_saved(form: Any, tmp_path: Path) -> None:
    frozen = loaded(HMoERegressor, form, tmp_path / "model")
    frozen.description["place"] = "Bruges"
    frozen.save(tmp_path / "again")
    again = FrozenModel.load(tmp_path / "again")
    assert again.description == {**json.loads(json.dumps(frozen.description)), "place": "Bruges"}
    x_ND = remembered(trained(HMoERegressor).learner)
    assert compare(again.predict_encoded, trained(HMoERegressor).learner, x_ND).is_close


@pytest.mark.parametrize("form", FORMATS)
def test_a_damaged_file_is_told(form: Any, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged"
    damaged.write_bytes(content(HMoERegressor, form)[:5000])
    with pytest.raises(BadCheckpoint, match="no whole"):
        FrozenModel.load(damaged)


def test_an_onnx_file_of_others_is_told(tmp_path: Path) -> None:
    import onnx

    foreign = onnx.load_model_from_string(content(HMoERegressor, "onnx"))
    del foreign.metadata_props[:]
    (tmp_path / "foreign.onnx").write_bytes(foreign.SerializeToString())
    with pytest.raises(BadCheckpoint, match="what its columns mean"):
        FrozenModel.load(tmp_path / "foreign.onnx")


def test_a_newer_description_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model, "SCHEMA", 0)
    with pytest.raises(BadCheckpoint, match="got schema 1, expected 0"):
        loaded(HMoERegressor, "torch", tmp_path / "model")


@pytest.mark.parametrize("package", onnx_program.PACKAGES)
def test_a_missing_package_is_named_with_its_extra(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_program, "find_spec", lambda name: None if name == package else object())
    with pytest.raises(MissingPackage, match=rf"{package} is not installed: pip install stream-hmoe\[onnx\]"):
        FrozenModel.of(trained(HMoERegressor).state_dict(), "onnx")
