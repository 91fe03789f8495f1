import numpy as np
import pytest

from benchmarks.drift import MEASURES, PARTS, main
from benchmarks.drift_suite.rivals import cusum, match
from benchmarks.drift_suite.run_lengths import mean_delay, run_length
from benchmarks.drift_suite.worlds import soft_suite, suite, unseen_suite


def test_a_censored_run_counts_its_time_but_no_alarm() -> None:
    found = run_length([[(100, True), (300, False)], [(200, True), (200, False)]], 200.0)
    assert found.ratio == pytest.approx(800 / 2 / 200)
    assert found.low <= found.ratio <= found.high
    assert (found.alarms, found.streams) == (2, 4)


def test_a_miss_counts_as_the_longest_run() -> None:
    found = mean_delay([10, 30, None, None], 100)
    assert (found.mean, found.missed) == (60.0, 0.5)
    assert np.isnan(mean_delay([], 100).mean)


def test_changes_are_means_and_the_suites_share_none() -> None:
    changes = [*suite(), *unseen_suite(), *soft_suite()]
    for change in changes:
        assert change.p_K.sum() == pytest.approx(1.0)
        assert change.q_K.sum() == pytest.approx(1.0)
        assert change.kl_nats > 0.02
        drawn_NK = change.sample(np.random.default_rng(0), True, 4000)
        np.testing.assert_allclose(drawn_NK.mean(axis=0), change.q_K, atol=0.04)
    assert not {c.name for c in suite()} & {c.name for c in unseen_suite()}


def test_a_matched_rival_has_the_wanted_run_length() -> None:
    change = suite()[1]
    nulls = [change.sample(np.random.default_rng(seed), False, 2000) for seed in range(40)]
    threshold = match(cusum(change), lambda index: nulls[index], 40, 300.0, 0.0, 12.0, 12)
    found = [cusum(change)(g_NK, threshold) for g_NK in nulls]
    time = sum(2000 if alarm is None else alarm + 1 for alarm in found)
    assert time / sum(alarm is not None for alarm in found) == pytest.approx(300.0, rel=0.2)


def test_the_command_prints_a_part(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["leaf", "--quick"]) == 0
    assert "leaf is named" in " ".join(capsys.readouterr().out.split())


def test_without_parts_all_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    measured: dict[str, bool] = {}
    for part in PARTS:
        monkeypatch.setitem(MEASURES, part, lambda *_, part=part: {"new": measured.setdefault(part, True)})
    assert main([]) == 0
    assert list(measured) == list(PARTS)
    with pytest.raises(SystemExit):
        main(["speed"])
