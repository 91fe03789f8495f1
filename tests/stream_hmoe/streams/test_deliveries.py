from __future__ import annotations

import doctest
from itertools import islice, pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_hmoe.streams import DriftStream
from stream_hmoe.streams import deliveries as module
from stream_hmoe.streams.changes import CHUNK
from stream_hmoe.streams.deliveries import DISTRICTS, deliveries, late_probability, nearest_district, shares

PERIOD = 10_000


def probabilities_at(record: int) -> dict[str, Any]:
    """How likely fixed deliveries of each district are late, if they came as this record."""
    record_N = np.full(4000, record)
    table = deliveries(np.random.default_rng(0), np.zeros(4000, dtype=np.int64), PERIOD)
    late_N = late_probability(table, record_N, PERIOD)
    return {name: late_N[nearest_district(table) == number] for number, name in enumerate(DISTRICTS)}


def district_of(description: str) -> set[str]:
    return {name for name in DISTRICTS if description.startswith(name)}


def test_records_look_like_life() -> None:
    items = list(islice(DriftStream(seed=1), 5000))
    records = [record for record, _, _ in items]
    types = {name: {type(record[name]) for record in records} for name in records[0]}
    assert types["temperature_c"] == {float, type(None)}
    assert types["is_express"] == {bool}
    assert types["hour"] == {int}
    assert {record["vehicle"] for record in records} == {"bike", "van", "truck"}
    assert {label for _, label, _ in items} == {"late", "on time"}
    missing = np.mean([record["temperature_c"] is None for record in records])
    assert 0.02 < missing < 0.04


def test_labels_follow_the_truth() -> None:
    items = list(islice(DriftStream(seed=1), 40_000))
    is_late = np.array([label == "late" for _, label, _ in items])
    probability = np.array([truth.probability_late for _, _, truth in items])
    for low in (0.0, 0.25, 0.5, 0.75):
        inside = (probability >= low) & (probability < low + 0.25)
        assert is_late[inside].mean() == pytest.approx(probability[inside].mean(), abs=0.03)
    best = np.maximum(probability, 1 - probability).mean()
    assert best > 0.85


def test_a_concept_changes_where_it_says_and_in_its_district_only() -> None:
    for point in DriftStream(period=PERIOD).change_points_between(1, 2 * PERIOD + 1):
        before, after = probabilities_at(point.record - 1), probabilities_at(point.ends)
        moved = {name for name in DISTRICTS if np.abs(before[name] - after[name]).mean() > 0.3}
        unmoved = {name for name in DISTRICTS if np.array_equal(before[name], after[name])}
        assert moved == (set() if point.kind == "covariate" else district_of(point.description))
        assert unmoved == set(DISTRICTS) - moved


def test_nothing_changes_elsewhere() -> None:
    points = DriftStream(period=PERIOD).change_points_between(0, 3 * PERIOD)
    starts = [0, *(point.ends for point in points)]
    ends = [*(point.record for point in points), 3 * PERIOD]
    for first, last in zip(starts, ends, strict=True):
        np.testing.assert_array_equal(shares(np.array([first]), PERIOD), shares(np.array([last - 1]), PERIOD))
        before, after = probabilities_at(first), probabilities_at(last - 1)
        assert all(np.array_equal(before[name], after[name]) for name in DISTRICTS)


def test_traffic_moves_where_it_says() -> None:
    points = [point for point in DriftStream(period=PERIOD).change_points if point.kind == "covariate"]
    stream = DriftStream(seed=2, period=PERIOD)
    districts = np.array([truth.district for _, _, truth in islice(stream, PERIOD)])
    moved = slice(points[0].record, points[1].record)
    assert (districts[moved] == "airport").mean() == pytest.approx(0.4, abs=0.03)
    assert (districts[: moved.start] == "airport").mean() == pytest.approx(0.1, abs=0.03)
    assert (districts[moved.stop :] == "airport").mean() == pytest.approx(0.1, abs=0.03)


def test_a_recurring_concept_is_the_old_one() -> None:
    for district in ("hills", "harbour"):
        points = [
            p for p in DriftStream(period=PERIOD).change_points if district_of(p.description) == {district}
        ]
        assert [point.kind for point in points][1] == "recurring"
        first, back = probabilities_at(points[0].record - 1), probabilities_at(points[1].ends)
        np.testing.assert_array_equal(first[district], back[district])


def test_a_gradual_change_is_gradual() -> None:
    (point,) = [point for point in DriftStream(period=PERIOD).change_points if point.kind == "gradual"]
    goal = probabilities_at(point.ends)["harbour"]
    assert goal == pytest.approx(1 - probabilities_at(point.record - 1)["harbour"])
    distances = [
        np.abs(probabilities_at(record)["harbour"] - goal).mean()
        for record in range(point.record - 1, point.ends + 1, 100)
    ]
    assert len(distances) > 5
    assert all(later < earlier for earlier, later in pairwise(distances))


def test_the_schedule_repeats_without_end() -> None:
    stream = DriftStream(period=PERIOD)
    first = stream.change_points_between(1, PERIOD + 1)
    later = stream.change_points_between(50 * PERIOD + 1, 51 * PERIOD + 1)
    assert stream.change_points == first
    assert [(p.record - 50 * PERIOD, p.ends - 50 * PERIOD, p.kind, p.description) for p in later] == [
        (p.record, p.ends, p.kind, p.description) for p in first
    ]
    assert [p.record for p in later] == sorted(p.record for p in later)
    assert stream.change_points_between(first[0].record, first[0].record) == ()


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 3 * CHUNK), st.integers(0, 3 * CHUNK))
def test_seek_gives_the_identical_stream(read: int, record: int) -> None:
    whole = list(islice(DriftStream(seed=9, period=PERIOD), record + 50))
    stream = DriftStream(seed=9, period=PERIOD)
    assert list(islice(stream, read)) == whole[:read] or read > len(whole)
    stream.seek(record)
    assert stream.position == record
    assert list(islice(stream, 50)) == whole[record:]
    assert stream.position == record + 50


def test_seeds_differ_and_a_generator_is_a_seed() -> None:
    assert next(DriftStream(seed=1)) != next(DriftStream(seed=2))
    assert next(DriftStream(np.random.default_rng(3))) == next(DriftStream(np.random.default_rng(3)))


def test_impossible_settings_are_refused() -> None:
    with pytest.raises(ValueError, match="period"):
        DriftStream(period=10)
    with pytest.raises(ValueError, match="numbered from 0"):
        DriftStream().seek(-1)


def test_the_example_of_the_docstring_holds() -> None:
    assert doctest.testmod(module) == (0, 4)
