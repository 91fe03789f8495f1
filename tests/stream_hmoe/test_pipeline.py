"""The whole flow: the same facts however the stream is cut, and after any restart."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from river import drift

from stream_hmoe import HMoEClassifier
from stream_hmoe.checkpoint import load, save
from stream_hmoe.events import Drifted, Fact, Level, Rejected, Scored
from stream_hmoe.pipeline import Pipeline
from tests.stream_hmoe.learners import assert_same_state
from tests.stream_hmoe.made_records import MODELS, Model, made, small

COUNT = 300
COLUMNS = ("record", "targets", "predictions", "probabilities", "loss_nats", "error", "gate_weights")


def spoiled(model: type[Model], count: int) -> tuple[list[Any], list[Any]]:
    records, targets = made(model, count)
    for number in range(17, count, 53):
        records[number]["a"] = "spoiled"
    return records, targets


def sensitive() -> drift.PageHinkley:
    return drift.PageHinkley(min_instances=2, delta=0.0, threshold=1e-4)


def run(pipeline: Pipeline, stream: tuple[list[Any], list[Any]], cuts: list[int]) -> list[list[Fact]]:
    records, targets = stream
    return [pipeline.step(records[a:b], targets[a:b]) for a, b in itertools.pairwise(cuts)]


def told(steps: list[list[Fact]]) -> dict[str, Any]:
    """All facts, joined over the steps."""
    facts = [fact for step in steps for fact in step]
    scored = [fact for fact in facts if isinstance(fact, Scored)]
    found: dict[str, Any] = {
        name: [value for part in scored for value in np.array(getattr(part, name)).tolist()]
        for name in COLUMNS
    }
    for kind in (Rejected, Drifted):
        found[kind.__name__] = [fact for fact in facts if isinstance(fact, kind)]
    return found


@pytest.mark.parametrize("model", MODELS)
@settings(max_examples=8)
@given(cuts=st.lists(st.integers(0, COUNT), max_size=6).map(lambda at: [0, *sorted(at), COUNT]))
def test_how_the_stream_is_cut_changes_no_fact(model: type[Model], cuts: list[int]) -> None:
    stream = spoiled(model, COUNT)
    whole, parts = (Pipeline(small(model), sensitive()) for _ in range(2))
    expected, found = told(run(whole, stream, [0, COUNT])), told(run(parts, stream, cuts))
    assert found == expected
    assert [fact.record for fact in expected["Rejected"]] == [*range(17, COUNT, 53)]
    assert expected["Drifted"] and len(expected["record"]) == COUNT - len(expected["Rejected"])
    assert_same_state(whole.state_dict(), parts.state_dict())


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("at", [0, 1, 133, 299])
def test_after_a_restart_the_same_facts_follow(model: type[Model], at: int, tmp_path: Path) -> None:
    """The state brings its own settings along, whatever the new pipeline was made with."""
    stream = spoiled(model, COUNT)
    whole, before = (Pipeline(model(experts=5, gates="LS"), sensitive()) for _ in range(2))
    expected = told(run(whole, stream, [0, at, COUNT]))
    first = run(before, stream, [0, at])
    save(tmp_path, before.state_dict())
    after = Pipeline(model(), sensitive())
    after.load_state_dict(load(tmp_path))
    rest = run(after, (stream[0][at:], stream[1][at:]), [0, COUNT - at])
    assert told(first + rest) == expected
    assert_same_state(whole.state_dict(), after.state_dict())


def drifts(is_changing: bool) -> list[int]:
    """Record numbers of drifts where a line tells the classes apart, until a chess board may take over."""
    a, b = np.random.default_rng(1).normal(size=(2, 12_000))
    is_board = is_changing & (np.arange(12_000) >= 6_000)
    targets = np.where(is_board, (np.floor(3 * a) + np.floor(3 * b)) % 2 == 0, a + b > 0)
    records = [{"a": one, "b": other} for one, other in zip(a.tolist(), b.tolist(), strict=True)]
    facts = Pipeline(HMoEClassifier(experts=6)).step(records, targets.tolist())
    found = [fact for fact in facts if isinstance(fact, Drifted) and fact.level is Level.DRIFT]
    return [fact.record for fact in found if fact.record > 2_000]  # before that, gates are still forming


def test_a_planted_shift_of_the_gates_is_signalled_and_a_stationary_stream_is_not() -> None:
    assert drifts(is_changing=False) == []
    found = drifts(is_changing=True)
    assert found and 6_000 <= min(found) < 10_000


def test_a_step_of_bad_records_alone_scores_nothing() -> None:
    pipeline = Pipeline(small(HMoEClassifier))
    pipeline.step([{"a": 1.0}], ["x"])
    facts = pipeline.step([{"a": "much"}], ["x"])
    assert [type(fact) for fact in facts] == [Rejected]
    assert isinstance(facts[0], Rejected) and facts[0].record == 1
    assert facts[0].field == "a" and facts[0].value == "much" and facts[0].remedy
    assert pipeline.step([], []) == [] and pipeline.records_seen == 2
