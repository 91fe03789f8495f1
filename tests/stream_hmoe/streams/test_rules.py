from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_hmoe.streams import MovingPrototypes, RandomTree, RotatingHyperplane, RuleStream

CHANGES = ((1000, 1000), (3000, 5000), (6000, 6000))
KINDS: list[type[Any]] = [RotatingHyperplane, MovingPrototypes, RandomTree]


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
def stream(request: pytest.FixtureRequest) -> RuleStream:
    made: RuleStream = request.param(seed=5, changes=CHANGES)
    return made


def rule_at(stream: RuleStream, record: int) -> Any:
    """The class probabilities of fixed inputs, if they came as this record."""
    X_ND = np.random.default_rng(0).uniform(-1, 1, (2000, stream.num_features))
    return stream.class_probabilities(X_ND, np.full(2000, record))


def test_rows_have_the_promised_shapes(stream: RuleStream) -> None:
    X, y, points = stream.rows(0, 5000)
    assert X.shape == (5000, stream.num_features)
    assert np.abs(X).max() <= 1
    assert set(y.tolist()) == set(range(stream.num_classes))
    assert [point.record for point in points] == [1000, 3000]


def test_the_rule_changes_where_it_says(stream: RuleStream) -> None:
    for before, after in [(999, 1000), (2999, 5000), (5999, 6000)]:
        moved = np.abs(rule_at(stream, before) - rule_at(stream, after)).max(axis=1) > 0.5
        assert moved.mean() > 0.1


def test_the_rule_changes_nowhere_else(stream: RuleStream) -> None:
    for first, last in [(0, 999), (1000, 2999), (5000, 5999), (6000, 90_000)]:
        np.testing.assert_array_equal(rule_at(stream, first), rule_at(stream, last))


def test_a_slow_change_moves_all_the_way(stream: RuleStream) -> None:
    goal = rule_at(stream, 5000)
    distances = [np.abs(rule_at(stream, record) - goal).mean() for record in range(2999, 5001, 200)]
    assert all(later < earlier for earlier, later in itertools.pairwise(distances))


def test_kinds_and_ends_are_told(stream: RuleStream) -> None:
    points = stream.change_points_between(1, 6001)
    assert [(point.record, point.ends) for point in points] == list(CHANGES)
    assert [point.kind for point in points] == ["abrupt", stream.kind, "abrupt"]
    assert stream.change_points_between(1001, 3000) == ()


def test_labels_follow_the_probabilities(stream: RuleStream) -> None:
    X, y, _ = stream.rows(0, 40_000)
    probabilities = stream.class_probabilities(X, np.arange(40_000))
    assert probabilities.sum(axis=1) == pytest.approx(1)
    # 40,000 draws: four standard errors of a frequency are below 0.01
    assert np.bincount(y) / 40_000 == pytest.approx(probabilities.mean(axis=0), abs=0.01)
    assert probabilities[np.arange(40_000), y].mean() == pytest.approx(
        (probabilities**2).sum(axis=1).mean(), abs=0.01
    )


def test_noise_is_the_share_of_wrong_labels() -> None:
    for noise in (0.0, 0.3):
        quiet = RandomTree(seed=2, changes=(), noise=noise)
        X, y, _ = quiet.rows(0, 20_000)
        right = quiet.class_probabilities(X, np.zeros(20_000, dtype=np.int64)).argmax(axis=1)
        assert (right != y).mean() == pytest.approx(noise, abs=0.015)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_is_the_same_stream(kind: type[Any]) -> None:
    rows, again, other = (kind(seed=seed).rows(0, 500) for seed in (1, 1, 2))
    np.testing.assert_array_equal(rows.X, again.X)
    np.testing.assert_array_equal(rows.y, again.y)
    assert not np.array_equal(rows.X, other.X)


@settings(deadline=None, max_examples=20)
@given(st.sampled_from(KINDS), st.integers(0, 10_000), st.integers(0, 5000))
def test_rows_drawn_later_are_the_rows_of_the_whole(kind: type[Any], first: int, count: int) -> None:
    stream = kind(seed=3, changes=CHANGES)
    part, whole = stream.rows(first, first + count), stream.rows(0, first + count)
    np.testing.assert_array_equal(part.X, whole.X[first:])
    np.testing.assert_array_equal(part.y, whole.y[first:])


@pytest.mark.parametrize(("ratio", "least", "most"), [(1.0, 1.0, 1.0), (0.25, 0.05, 0.6)])
def test_the_promised_share_of_a_tree_is_relabelled(ratio: float, least: float, most: float) -> None:
    tree = RandomTree(seed=4, depth=5, changed_ratio=ratio, changes=((10, 10),), noise=0)
    X = np.random.default_rng(0).uniform(-1, 1, (20_000, 5))
    before, after = (tree.class_probabilities(X, np.full(20_000, record)) for record in (9, 10))
    assert least <= (before != after).any(axis=1).mean() <= most


def test_impossible_settings_are_refused() -> None:
    with pytest.raises(ValueError, match="noise"):
        RotatingHyperplane(seed=1, noise=1.5)
    with pytest.raises(ValueError, match="prototype"):
        MovingPrototypes(seed=1, num_classes=5, num_prototypes=4)
    with pytest.raises(ValueError, match="overlap"):
        RandomTree(seed=1, changes=((5, 8), (6, 9)))
