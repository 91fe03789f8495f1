"""Any River detector watches gates and loss; facts do not depend on cuts or restarts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as trials
from hypothesis import strategies as st
from river import drift
from river.base import DriftDetector

from stream_hmoe.events import Drifted, Level, Scored, Topology
from stream_hmoe.signals import CALM, LONGEST, RUN_RECORDS, RiverSignals
from tests.stream_hmoe.drifting import assert_same_state, through_disk

TOPOLOGY = Topology(("a/0", "a/1", "b"), (0, 0, 1), ("a", "b"))
SIGNALS = {"loss", "gate entropy", "group a", "group b"}
DETECTORS = [drift.ADWIN(), drift.PageHinkley(threshold=1.0), drift.KSWIN(alpha=1e-4, window_size=60, seed=1)]
CHANGE = 8_000


def scored(count: int, change: int, seed: int = 0) -> Scored:
    """Scored records whose gates and losses both move at ``change``."""
    rng = np.random.default_rng(seed)
    is_new_N = np.arange(count) >= change
    weight_NK = rng.dirichlet([4.0, 4.0, 2.0], count)
    weight_NK[is_new_N] = weight_NK[is_new_N][:, ::-1] ** 3
    weight_NK /= weight_NK.sum(axis=1, keepdims=True)
    loss_N = rng.exponential(0.2, count) + 1.5 * is_new_N
    return part_of(Scored(np.arange(count), [], [], loss_N, loss_N, loss_N, weight_NK), 0, count)


def part_of(whole: Scored, begin: int, end: int) -> Scored:
    columns: list[Any] = [whole.probabilities, whole.loss_nats, whole.error, whole.gate_weights]
    return Scored(whole.record[begin:end], [], [], *(column[begin:end] for column in columns))


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda detector: type(detector).__name__)
def test_every_signal_is_seen_by_any_detector(detector: DriftDetector) -> None:
    facts = RiverSignals(TOPOLOGY, detector).update(scored(12_000, CHANGE))
    drifted = [fact for fact in facts if fact.level is Level.DRIFT and fact.record >= CHANGE]
    assert {fact.signal for fact in drifted} == SIGNALS
    assert min(fact.record for fact in drifted) < CHANGE + 3_000
    assert not [fact for fact in facts if fact.record < CHANGE]


def test_the_default_is_quiet_on_a_stream_that_stays() -> None:
    assert RiverSignals(TOPOLOGY).update(scored(20_000, 20_000)) == []


def test_a_signal_calms_down_again() -> None:
    facts = RiverSignals(TOPOLOGY).update(scored(16_000, CHANGE))
    for signal in SIGNALS:
        mine = [fact for fact in facts if fact.signal == signal]
        assert [fact.level for fact in mine] == [Level.DRIFT, Level.STABLE]
        assert mine[1].record - mine[0].record >= CALM * RUN_RECORDS


def test_the_statistic_is_the_mean_of_a_run() -> None:
    whole = scored(12_000, CHANGE)
    facts = RiverSignals(TOPOLOGY).update(whole)
    fact = next(fact for fact in facts if fact.signal == "loss")
    run = slice(fact.record + 1 - RUN_RECORDS, fact.record + 1)
    assert fact.statistic == pytest.approx(whole.loss_nats[run].mean())
    shares = next(fact for fact in facts if fact.signal == "group a")
    run = slice(shares.record + 1 - RUN_RECORDS, shares.record + 1)
    assert shares.statistic == pytest.approx(whole.gate_weights[run, :2].sum(axis=1).mean())


@trials(max_examples=15)
@given(st.lists(st.integers(0, 700), max_size=20))
def test_cuts_change_nothing(cuts: list[int]) -> None:
    whole, signals = scored(10_000, CHANGE), RiverSignals(TOPOLOGY)
    facts, begin = list[Drifted](), 0
    for cut in [*cuts, len(whole.record)]:
        facts += signals.update(part_of(whole, begin, begin + cut))
        begin += cut
    unbroken = RiverSignals(TOPOLOGY)
    assert facts == unbroken.update(whole)
    assert_same_state(signals.state_dict(), unbroken.state_dict())


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda detector: type(detector).__name__)
@pytest.mark.parametrize("cut", [0, 4_017, 8_333])
def test_a_restart_changes_nothing(detector: DriftDetector, cut: int, tmp_path: Path) -> None:
    whole = scored(12_000, CHANGE)
    first, second, unbroken = (RiverSignals(TOPOLOGY, detector) for _ in range(3))
    facts = first.update(part_of(whole, 0, cut))
    second.load_state_dict(through_disk(first.state_dict(), tmp_path))
    assert facts + second.update(part_of(whole, cut, 12_000)) == unbroken.update(whole)
    assert_same_state(second.state_dict(), unbroken.state_dict())


def test_what_is_kept_is_bounded() -> None:
    signals = RiverSignals(TOPOLOGY)
    count = (LONGEST + 10) * RUN_RECORDS
    signals.update(scored(count, count))
    assert [len(values) for values in signals.state_dict()["seen"]] == [10] * len(SIGNALS)
