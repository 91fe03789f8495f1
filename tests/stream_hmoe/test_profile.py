"""What is told of the records is what they were, whatever the cuts, gaps, new features and new leaves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import settings as trials
from hypothesis import strategies as st

from stream_hmoe import HMoEClassifier, HMoERegressor
from stream_hmoe.events import Block, Profiled, Restructured, Scored, Topology
from stream_hmoe.layout import Task
from stream_hmoe.pipeline import Pipeline
from stream_hmoe.profile import PERIOD_RECORDS, SAMPLE_EVERY, Profile
from stream_hmoe.tick import TICK_RECORDS
from tests.stream_hmoe.drifting import assert_same_state, stream, through_disk

RECORDS = 2_430
WIDENS_AT, RENAMED_AT, GROWS_AT, BROADENS_AT = 620, 1_310, 1_730, 2_410
REJECTED_EVERY = 23
NAMES = ("a", "b", "late", "last")

generator = np.random.default_rng(0)
X = generator.normal(size=(RECORDS, 4)) * [1.0, 1e-3, 5.0, 1.0] + [0.0, 1e6, -2.0, 0.0]
X[generator.random((RECORDS, 4)) < 0.1] = np.nan
X[:WIDENS_AT, 2] = X[:BROADENS_AT, 3] = np.nan
WEIGHTS = generator.random((RECORDS, 5))


def leaves_at(record: int) -> int:
    return 4 if record < GROWS_AT else 5


def width_at(record: int) -> int:
    return 2 + (record > WIDENS_AT) + (record > BROADENS_AT)


def block(start: int, stop: int) -> Block:
    """What a model would say of records ``start`` to ``stop``; all have the same number of leaves."""
    kept = np.array([n for n in range(start, stop) if n % REJECTED_EVERY], np.int64)
    weights = WEIGHTS[kept, : leaves_at(start)]
    labels = [f"y{n}" for n in kept]
    scored = Scored(
        kept - start,
        labels,
        [f"p{n}" for n in kept],
        np.ones(len(kept)),
        kept / 1_000.0,
        np.zeros(len(kept)),
        weights / weights.sum(axis=1, keepdims=True),
    )
    width = width_at(stop)
    changes = [Restructured(RENAMED_AT - start, "a leaf has a new meaning", Topology((), (), ()))]
    restructured = tuple(changes) if start < RENAMED_AT <= stop else ()
    return Block(scored, (), X[kept][:, :width], np.zeros(len(kept)), restructured)


def told(cuts: Sequence[int], restarts: Sequence[int] = ()) -> tuple[list[Profiled], dict[str, Any]]:
    """All facts of the stream, taken in blocks that end at ``cuts`` and at the ends of ticks."""
    profile, facts, start = Profile(), list[Profiled](), 0
    ticks = range(TICK_RECORDS, RECORDS + 1, TICK_RECORDS)
    for stop in sorted({*cuts, *restarts, *ticks, GROWS_AT, RECORDS}):
        profile.add(block(start, stop), start)
        if stop % TICK_RECORDS == 0:
            facts += profile.close_tick(stop, NAMES[: width_at(stop)])
        if stop in restarts:
            state = profile.state_dict()
            profile = Profile()
            profile.load_state_dict(state)
        start = stop
    return facts, profile.state_dict()


WHOLE, STATE = told([])


def values(facts: Sequence[Profiled]) -> list[dict[str, Any]]:
    return [{field.name: getattr(fact, field.name) for field in fields(Profiled)} for fact in facts]


def expected(since: int, end: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    kept = np.array([n for n in range(since, end) if n % REJECTED_EVERY])
    return kept, X[kept][:, :3]


@trials(max_examples=25)
@given(
    cuts=st.lists(st.integers(1, RECORDS - 1), max_size=60),
    restarts=st.lists(st.integers(1, RECORDS - 1), max_size=4),
)
def test_neither_cuts_nor_restarts_change_a_bit(cuts: list[int], restarts: list[int]) -> None:
    facts, state = told(cuts, restarts)
    assert_same_state(values(facts), values(WHOLE))
    assert_same_state(state, STATE)


def test_periods_end_at_fixed_record_counts() -> None:
    assert [(fact.since, fact.record) for fact in WHOLE] == [(0, 1_000), (1_000, 2_000)]
    assert [fact.records for fact in WHOLE] == [len(expected(f.since, f.record)[0]) for f in WHOLE]
    assert PERIOD_RECORDS % TICK_RECORDS == 0


def test_features_are_described_where_they_are_present() -> None:
    for fact in WHOLE:
        _, x_ND = expected(fact.since, fact.record)
        assert fact.features == NAMES[:3]
        assert fact.present.tolist() == (~np.isnan(x_ND)).sum(axis=0).tolist()
        np.testing.assert_allclose(fact.mean, np.nanmean(x_ND, axis=0), rtol=1e-12)
        np.testing.assert_allclose(fact.deviation, np.nanstd(x_ND, axis=0), rtol=1e-6)
        assert fact.least.tolist() == np.nanmin(x_ND, axis=0).tolist()
        assert fact.most.tolist() == np.nanmax(x_ND, axis=0).tolist()


def test_small_spreads_of_large_values_do_not_cancel() -> None:
    assert WHOLE[0].deviation[1] == pytest.approx(1e-3, rel=0.1)


@pytest.mark.parametrize(("number", "since"), [(0, 0), (1, GROWS_AT)])
def test_leaves_are_described_since_they_are_what_they_are(number: int, since: int) -> None:
    fact = WHOLE[number]
    kept, x_ND = expected(since, fact.record)
    weights = WEIGHTS[kept, : leaves_at(since)]
    weights = weights / weights.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(fact.leaf_weight, weights.mean(axis=0))
    for leaf, weight_N in enumerate(weights.T):
        for feature, x_N in enumerate(x_ND.T):
            here = ~np.isnan(x_N)
            mean = np.average(x_N[here], weights=weight_N[here])
            deviation = np.sqrt(np.average((x_N[here] - mean) ** 2, weights=weight_N[here]))
            assert fact.leaf_mean[leaf, feature] == pytest.approx(mean)
            assert fact.leaf_deviation[leaf, feature] == pytest.approx(deviation, rel=1e-6)


def test_a_leaf_with_a_new_meaning_begins_again() -> None:
    profile = Profile()
    for start in range(1_000, 1_700, TICK_RECORDS):
        profile.add(block(start, start + TICK_RECORDS), start)
        profile.close_tick(start + TICK_RECORDS, NAMES)
    kept, _ = expected(RENAMED_AT, 1_700)
    assert profile.state_dict()["leaves"]["records"] == len(kept)
    assert profile.state_dict()["records"] == len(expected(1_000, 1_700)[0])


def test_a_change_after_the_last_record_of_a_tick_belongs_to_the_next_tick() -> None:
    profile = Profile()
    plain = block(0, TICK_RECORDS)
    change = (Restructured(TICK_RECORDS, "a leaf is born", Topology((), (), ())),)
    profile.add(Block(plain.scored, (), plain.x_ND, plain.y_N, change), 0)
    profile.close_tick(TICK_RECORDS, NAMES[:2])
    assert profile.state_dict()["leaves"]["records"] == len(plain.scored.record)
    profile.add(block(TICK_RECORDS, 2 * TICK_RECORDS), TICK_RECORDS)
    profile.close_tick(2 * TICK_RECORDS, NAMES[:2])
    assert profile.state_dict()["leaves"]["records"] == len(expected(TICK_RECORDS, 2 * TICK_RECORDS)[0])


def test_the_sample_is_evenly_spread_and_complete() -> None:
    for fact, since in zip(WHOLE, (0, GROWS_AT), strict=True):
        wanted = [n for n in range(since, fact.record) if n % SAMPLE_EVERY == 0 and n % REJECTED_EVERY]
        assert fact.sample_record.tolist() == wanted
        np.testing.assert_array_equal(fact.sample, X[wanted][:, :3])
        assert list(fact.sample_target) == [f"y{n}" for n in wanted]
        assert list(fact.sample_prediction) == [f"p{n}" for n in wanted]
        assert fact.sample_loss_nats.tolist() == [n / 1_000.0 for n in wanted]
        assert fact.sample_leaf.tolist() == [int(WEIGHTS[n, : leaves_at(n)].argmax()) for n in wanted]


def test_a_feature_that_never_came_has_no_mean() -> None:
    profile = Profile()
    plain = block(0, TICK_RECORDS)
    x_ND = np.column_stack([plain.x_ND, np.full(len(plain.x_ND), np.nan)])
    profile.add(Block(plain.scored, (), x_ND, plain.y_N), 950)
    (fact,) = profile.close_tick(1_000, NAMES)
    assert fact.present.tolist()[2] == 0
    for array in (fact.mean, fact.deviation, fact.least, fact.most, fact.leaf_mean[0]):
        assert np.isnan(array[2])
    assert np.isfinite(fact.mean[:2]).all()


def test_a_period_without_a_scored_record_is_not_told_of() -> None:
    assert Profile().close_tick(1_000, NAMES) == []


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_a_pipeline_tells_of_its_records_when_asked(task: Task, tmp_path: Path) -> None:
    make = HMoEClassifier if task == "classification" else HMoERegressor
    records, targets = stream(task, 1_100)

    def pipeline() -> Pipeline:
        return Pipeline(make(kinds=("linear", "regions"), experts=4), profile=True)

    whole = pipeline()
    (fact,) = (f for f in whole.step(records, targets) if isinstance(f, Profiled))
    assert fact.features == ("a", "b", "c", "d")
    assert fact.records == fact.record == 1_000
    assert fact.leaf_weight.sum() == pytest.approx(1.0)
    x_ND = np.array([[record[name] for name in "abcd"] for record in records[:1_000]])
    np.testing.assert_allclose(fact.mean, x_ND.mean(axis=0), atol=1e-9)
    assert list(fact.sample_target) == [targets[n] for n in fact.sample_record]

    broken = pipeline()
    broken.step(records[:730], targets[:730])
    resumed = pipeline()
    resumed.load_state_dict(through_disk(broken.state_dict(), tmp_path))
    (again,) = (f for f in resumed.step(records[730:], targets[730:]) if isinstance(f, Profiled))
    assert_same_state(values([again]), values([fact]))
    assert_same_state(resumed.state_dict(), whole.state_dict())


def test_a_pipeline_is_silent_about_its_records_unless_asked() -> None:
    records, targets = stream("classification", 1_000)
    silent = Pipeline(HMoEClassifier(kinds=("linear",)))
    assert not [f for f in silent.step(records, targets) if isinstance(f, Profiled)]


def test_a_profile_joins_a_pipeline_that_was_saved_without() -> None:
    records, targets = stream("classification", 2_000)
    silent = Pipeline(HMoEClassifier(kinds=("linear",)))
    silent.step(records[:1_200], targets[:1_200])
    telling = Pipeline(HMoEClassifier(kinds=("linear",)), profile=True)
    telling.load_state_dict(silent.state_dict())
    (fact,) = (f for f in telling.step(records[1_200:], targets[1_200:]) if isinstance(f, Profiled))
    assert (fact.since, fact.record, fact.records) == (1_200, 2_000, 800)
