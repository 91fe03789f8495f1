"""Every contestant that can start here keeps the two verbs' promises."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.peers.catalogue import CONTESTANTS, PEERS, UnknownPeer, expand, missing
from benchmarks.peers.contestant import NOTHING, Entry, Problem
from benchmarks.sources.stream import Array, Task

INSTALLED = [name for name, entry in CONTESTANTS.items() if missing(entry) is None]
CASES = [(name, task) for name in INSTALLED for task in CONTESTANTS[name].build]


def easy(task: Task, num_classes: int) -> tuple[Array, Array]:
    x_ND = np.random.default_rng(0).normal(size=(300, 3))
    if task == "regression":
        return x_ND, x_ND @ [3.0, -1.0, 0.5] + 10
    return x_ND, np.digitize(x_ND[:, 0], [-0.5, 0.5])[: len(x_ND)] % num_classes


def play(name: str, task: Task, num_classes: int, blocks: list[slice]) -> Array:
    x_ND, y_N = easy(task, num_classes)
    contestant = CONTESTANTS[name].build[task](
        Problem(task, 3, num_classes if task == "classification" else 0, 0)
    )
    return np.concatenate([contestant.play(contestant.prepare(x_ND[rows], y_N[rows])) for rows in blocks])


@pytest.mark.parametrize(("name", "task"), CASES)
def test_blocks_change_nothing(name: str, task: Task) -> None:
    whole = play(name, task, 3, [slice(0, 300)])
    parts = play(name, task, 3, [slice(0, 7), slice(7, 100), slice(100, 300)])
    assert whole.shape == (300,)
    np.testing.assert_array_equal(whole, parts)


@pytest.mark.parametrize("name", [name for name, task in CASES if task == "classification"])
@pytest.mark.parametrize("num_classes", [2, 3])
def test_classes_are_codes(name: str, num_classes: int) -> None:
    said = play(name, "classification", num_classes, [slice(0, 300)])
    assert said.dtype == np.int64
    assert set(said) <= {NOTHING, *range(num_classes)}


@pytest.mark.parametrize(("name", "task"), [case for case in CASES if case[0] in PEERS])
def test_peers_learn(name: str, task: Task) -> None:
    y_N = easy(task, 3)[1]
    said = play(name, task, 3, [slice(0, 300)])
    if task == "classification":
        majority = np.bincount(y_N).max() / len(y_N)
        assert np.mean(said[150:] == y_N[150:]) > majority
    else:
        assert np.mean(np.abs(said[150:] - y_N[150:])) < np.mean(np.abs(y_N))


def test_dummies_by_hand() -> None:
    y_N = np.array([1, 1, 0, 2])
    said = {}
    for name in ("no-change", "majority", "mean"):
        for task, build in CONTESTANTS[name].build.items():
            dummy = build(Problem(task, 1, 3, 0))
            said[name, task] = dummy.play(dummy.prepare(np.zeros((4, 1)), y_N)).tolist()
    assert said["no-change", "classification"] == [NOTHING, 1, 1, 0]
    assert said["no-change", "regression"] == [0, 1, 1, 0]
    assert said["majority", "classification"] == [0, 1, 1, 1]
    assert said["mean", "regression"] == [0, 1, 1, pytest.approx(2 / 3)]


def test_what_is_missing_is_named() -> None:
    assert (
        missing(Entry({}, install="some-library", modules=("no_such_module",)))
        == "not installed: pip install some-library"
    )
    assert missing(Entry({}, programs=("no-such-program",))) == "not installed: no-such-program"


def test_names_expand() -> None:
    assert expand(["none"]) == []
    assert expand(["vw", "all"])[0] == "vw"
    assert sorted(expand(["all"])) == sorted(PEERS)
    with pytest.raises(UnknownPeer, match=r"'river-afr' is not known.*river-arf"):
        expand(["river-afr"])
