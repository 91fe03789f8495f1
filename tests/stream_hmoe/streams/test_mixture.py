from __future__ import annotations

import itertools
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_hmoe.streams import GaussianHMoEStream, LeafChange
from stream_hmoe.streams.mixture import Gates, HMoEParameters

CHANGES = (LeafChange(2000, (1,)), LeafChange(5000, (0, 3)))
GATES: tuple[Any, ...] = get_args(Gates)


@pytest.mark.parametrize("gates", GATES)
def test_gate_weights_are_those_of_the_formula(gates: Any) -> None:
    parameters = GaussianHMoEStream(
        seed=1, gates=gates, num_features=3, num_groups=2, num_experts=3
    ).parameters_at(0)
    x = np.array([0.3, -0.5, 0.9])

    def logit(level: int, row: Any, bias: float) -> float:
        if gates[level] == "S":
            return float(row @ x + bias)
        return float(bias - parameters.scales[level] * np.linalg.norm(row - x))

    outer = np.exp([logit(0, parameters.outer[i], parameters.outer_bias[i]) for i in range(2)])
    expected = []
    for i in range(2):
        inner = np.exp([logit(1, parameters.inner[i, j], parameters.inner_bias[i, j]) for j in range(3)])
        expected += list(outer[i] / outer.sum() * inner / inner.sum())
    assert parameters.gate_weights(x[None])[0] == pytest.approx(expected)


def test_means_are_those_of_the_formula() -> None:
    parameters = GaussianHMoEStream(seed=1, num_features=3, num_groups=2, num_experts=2).parameters_at(0)
    x = np.array([0.3, -0.5, 0.9])
    expected = [parameters.slope[i, j] @ x + parameters.intercept[i, j] for i in range(2) for j in range(2)]
    assert parameters.means(x[None])[0] == pytest.approx(expected)


@pytest.mark.parametrize("gates", GATES)
@pytest.mark.parametrize("num_children", [2, 4])
def test_every_leaf_is_served_and_every_centre_lies_inside(gates: Any, num_children: int) -> None:
    for seed in range(5):
        stream = GaussianHMoEStream(seed, gates, num_groups=num_children, num_experts=num_children)
        usage = np.bincount(stream.rows(0, 4000).leaf, minlength=num_children**2) / 4000
        assert usage.min() > 0.2 / num_children**2
        parameters = stream.parameters_at(0)
        for letter, rows in zip(gates, (parameters.outer, parameters.inner), strict=True):
            assert letter == "S" or np.abs(rows).max() <= 0.8


def test_rows_come_from_their_leaf() -> None:
    stream = GaussianHMoEStream(seed=3, num_groups=2, num_experts=3, noise=0.2)
    X, y, leaf, _ = stream.rows(0, 30_000)
    parameters = stream.parameters_at(0)
    weights = parameters.gate_weights(X)
    assert np.bincount(leaf) / 30_000 == pytest.approx(weights.mean(axis=0), abs=0.012)
    residual = y - parameters.means(X)[np.arange(30_000), leaf]
    assert residual.std() == pytest.approx(0.2, rel=0.03)
    assert residual.mean() == pytest.approx(0, abs=0.006)


def fitted(stream: GaussianHMoEStream, first: int, last: int, leaf: int) -> Any:
    """The expert that least squares finds in the rows of one leaf."""
    X, y, leaves, _ = stream.rows(first, last)
    mine = leaves == leaf
    return np.linalg.lstsq(np.column_stack([X[mine], np.ones(mine.sum())]), y[mine], rcond=None)[0]


def test_only_the_named_leaves_change_and_only_then() -> None:
    stream = GaussianHMoEStream(seed=4, changes=CHANGES)
    spans = [(0, 2000), (2000, 5000), (5000, 9000)]
    for leaf in range(4):
        experts = [fitted(stream, *span, leaf) for span in spans]
        for change, (before, after) in zip(CHANGES, itertools.pairwise(experts), strict=True):
            assert (np.abs(before - after).max() > 0.5) == (leaf in change.leaves)


def test_the_parameters_are_those_the_rows_came_from() -> None:
    stream = GaussianHMoEStream(seed=4, changes=CHANGES)
    for first, last in [(0, 2000), (2000, 5000), (5000, 9000)]:
        parameters: HMoEParameters = stream.parameters_at(last - 1)
        assert parameters is stream.parameters_at(first)
        for leaf in range(4):
            expected = [*parameters.slope.reshape(4, 2)[leaf], parameters.intercept.ravel()[leaf]]
            assert fitted(stream, first, last, leaf) == pytest.approx(expected, abs=0.08)


def test_the_first_record_of_a_change_is_new_already() -> None:
    changes = [LeafChange(record, (0, 1, 2, 3)) for record in range(10, 100, 10)]
    stream = GaussianHMoEStream(seed=4, changes=changes)
    for change in changes:
        X, y, leaf, _ = stream.rows(change.record - 1, change.record + 1)
        for row, record in enumerate((change.record - 1, change.record)):
            mean = stream.parameters_at(record).means(X[row : row + 1])[0, leaf[row]]
            assert y[row] == pytest.approx(mean, abs=0.6)  # six standard deviations


def test_change_points_are_told() -> None:
    stream = GaussianHMoEStream(seed=4, changes=CHANGES)
    assert [(point.record, point.ends) for point in stream.change_points_between(0, 5001)] == [
        (2000, 2000),
        (5000, 5000),
    ]
    assert stream.rows(2001, 5000).change_points == ()


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 9000), st.integers(0, 5000))
def test_rows_drawn_later_are_the_rows_of_the_whole(first: int, count: int) -> None:
    stream = GaussianHMoEStream(seed=3, changes=CHANGES)
    part, whole = (
        stream.rows(first, first + count),
        GaussianHMoEStream(seed=3, changes=CHANGES).rows(0, first + count),
    )
    np.testing.assert_array_equal(part.X, whole.X[first:])
    np.testing.assert_array_equal(part.y, whole.y[first:])
    np.testing.assert_array_equal(part.leaf, whole.leaf[first:])


def test_seeds_differ_and_a_generator_is_a_seed() -> None:
    assert not np.array_equal(
        GaussianHMoEStream(seed=1).rows(0, 9).X, GaussianHMoEStream(seed=2).rows(0, 9).X
    )
    one, two = (GaussianHMoEStream(np.random.default_rng(7)).rows(0, 9) for _ in range(2))
    np.testing.assert_array_equal(one.y, two.y)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"num_features": 1}, "at least 2"),
        ({"gates": "LX"}, "gates are"),
        ({"changes": [LeafChange(5, (4,))]}, "leaves 0 to 3"),
        ({"changes": [LeafChange(5, (1,)), LeafChange(4, (1,))]}, "in order"),
    ],
)
def test_impossible_settings_are_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        GaussianHMoEStream(seed=1, **settings)
