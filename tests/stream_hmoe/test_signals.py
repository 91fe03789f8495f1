"""What is watched on the gates, and when it says so."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from river import drift
from river.base import DriftDetector

from stream_hmoe.checkpoint import load, save
from stream_hmoe.events import Drifted, Level, Topology
from stream_hmoe.signals import CALM, ENTROPY, LONGEST, RUN_RECORDS, GateSignals
from tests.stream_hmoe.learners import Floats, assert_same_state

TOPOLOGY = Topology(("a/0", "a/1", "b", "c"), (0, 0, 1, 2), ("a", "b", "c"))
DETECTORS = [
    None,
    drift.ADWIN(delta=0.001),
    drift.KSWIN(alpha=1e-5, seed=1),
    drift.PageHinkley(threshold=1.0, min_instances=20),
]


def gate_weights(count: int, seed: int, shifted_from: int = 10**9) -> Floats:
    """Weights (N, 4) around a mean that moves from group a to group c."""
    random = np.random.default_rng(seed)
    before = random.dirichlet([12.0, 12.0, 8.0, 4.0], size=count)
    after = random.dirichlet([2.0, 2.0, 8.0, 24.0], size=count)
    return np.where(np.arange(count)[:, None] < shifted_from, before, after)


def watch(signals: GateSignals, weight_NK: Floats, cuts: list[int] | None = None) -> list[Drifted]:
    cuts = cuts or [0, len(weight_NK)]
    records = np.arange(len(weight_NK))
    return [
        fact for a, b in itertools.pairwise(cuts) for fact in signals.update(records[a:b], weight_NK[a:b])
    ]


@pytest.mark.parametrize("detector", DETECTORS, ids=str)
def test_a_planted_shift_is_signalled_after_it_happened_and_soon(detector: Any) -> None:
    at = 10_000
    facts = watch(GateSignals(TOPOLOGY, detector), gate_weights(20_000, 1, at))
    drifts = [fact for fact in facts if fact.level is Level.DRIFT]
    assert drifts and at <= drifts[0].record < at + 40 * RUN_RECORDS
    assert {"group a", "group c"} <= {fact.signal for fact in drifts}
    (first,) = [fact for fact in drifts if fact.signal == "group c"][:1]
    assert first.statistic == pytest.approx(0.67, abs=0.1)
    assert first.record % RUN_RECORDS == RUN_RECORDS - 1


def test_a_stationary_stream_is_rarely_signalled() -> None:
    facts = [fact for seed in range(8) for fact in watch(GateSignals(TOPOLOGY), gate_weights(25_000, seed))]
    assert len(facts) <= 2


def test_a_drift_is_said_once_and_stable_when_all_has_been_quiet() -> None:
    facts = watch(GateSignals(TOPOLOGY), gate_weights(20_000, 1, 10_000))
    for signal in {fact.signal for fact in facts}:
        own = [fact for fact in facts if fact.signal == signal]
        assert [fact.level for fact in own] == [Level.DRIFT, Level.STABLE]
        assert own[1].record - own[0].record >= CALM * RUN_RECORDS


class Counting(DriftDetector):
    """Fires at one count of values; 0 for never."""

    def __init__(self, at: int = 0) -> None:
        super().__init__()
        self.at = at
        self.values: list[float] = []

    def update(self, x: float) -> None:
        self.values.append(x)
        self._drift_detected = len(self.values) == self.at


def test_values_are_means_over_runs_of_entropy_and_group_shares() -> None:
    signals, weight_NK = GateSignals(TOPOLOGY, Counting()), gate_weights(3 * RUN_RECORDS + 7, 4)
    watch(signals, weight_NK)
    runs = weight_NK[: 3 * RUN_RECORDS].reshape(3, RUN_RECORDS, 4)
    entropy = -(runs * np.log(runs)).sum(2).mean(1)
    means = runs.mean(1)
    expected = [entropy, means[:, :2].sum(1), means[:, 2], means[:, 3]]
    assert signals._names == (ENTROPY, "group a", "group b", "group c")
    for detector, values in zip(signals._detectors, expected, strict=True):
        np.testing.assert_allclose(detector.values, values)  # type: ignore[attr-defined]


def test_leaves_without_weight_have_no_entropy() -> None:
    signals = GateSignals(TOPOLOGY, Counting())
    watch(signals, np.tile(np.eye(4)[0], (RUN_RECORDS, 1)))
    assert [detector.values for detector in signals._detectors] == [[0.0], [1.0], [0.0], [0.0]]  # type: ignore[attr-defined]


def test_a_detector_begins_again_after_a_drift_and_after_the_longest_run() -> None:
    signals = GateSignals(TOPOLOGY, Counting(at=3))
    watch(signals, gate_weights(3 * RUN_RECORDS, 1))
    assert signals.state_dict()["seen"] == [[]] * 4
    signals = GateSignals(TOPOLOGY, Counting())
    watch(signals, gate_weights((LONGEST - 1) * RUN_RECORDS, 1))
    assert len(signals.state_dict()["seen"][0]) == LONGEST - 1
    watch(signals, gate_weights(RUN_RECORDS, 1))
    assert signals.state_dict()["seen"] == [[]] * 4


@settings(max_examples=15)
@given(cuts=st.lists(st.integers(0, 2000), max_size=8).map(lambda at: [0, *sorted(at), 2000]))
def test_how_records_are_cut_changes_nothing(cuts: list[int]) -> None:
    weight_NK = gate_weights(2000, 7, 1000)
    whole, parts = GateSignals(TOPOLOGY), GateSignals(TOPOLOGY)
    assert watch(whole, weight_NK) == watch(parts, weight_NK, cuts)
    assert_same_state(whole.state_dict(), parts.state_dict())


@pytest.mark.parametrize("detector", DETECTORS, ids=str)
@pytest.mark.parametrize("at", [0, 25, 9_990, 10_333, 11_000])
def test_after_a_restart_the_same_facts_follow(detector: Any, at: int, tmp_path: Any) -> None:
    weight_NK = gate_weights(14_000, 1, 10_000)
    whole, before, after = (GateSignals(TOPOLOGY, detector) for _ in range(3))
    expected = watch(whole, weight_NK)
    found = watch(before, weight_NK[:at])
    save(tmp_path, before.state_dict())
    after.load_state_dict(load(tmp_path))
    records = np.arange(at, 14_000)
    assert expected and found + after.update(records, weight_NK[at:]) == expected
    assert_same_state(whole.state_dict(), after.state_dict())
