import math

import numpy as np
import numpy.typing as npt
import pytest

from stream_hmoe.evidence import (
    Bets,
    Capital,
    Severity,
    accumulate,
    flagged_leaves,
    group_shares,
    known,
    leaf_log_capital,
    leaf_shares,
    make_bets,
    make_capital,
    measure,
    richest_start,
)
from tests.stream_hmoe.evidence.gates import falling, one_hots

K, BEFORE = 8, 1000
P_K = falling(K)
GROUPS = np.arange(K) // 2


def grown(k: int, ratio: float) -> npt.NDArray[np.float64]:
    q_K: npt.NDArray[np.float64] = P_K * (1 - ratio * P_K[k]) / (1 - P_K[k])
    q_K[k] = ratio * P_K[k]
    return q_K


def after(q_K: npt.NDArray[np.float64], records: int, seed: int) -> tuple[Bets, Capital]:
    bets = make_bets([known(P_K)], GROUPS)
    capital = make_capital(bets)
    random = np.random.default_rng(seed)
    g_NK = np.vstack([one_hots(random, P_K, BEFORE), one_hots(random, q_K, records)])
    accumulate(bets, capital, g_NK[:, None], math.inf, np.empty(len(g_NK)), np.zeros(1, np.int64))
    return bets, capital


def severity(q_K: npt.NDArray[np.float64], records: int, seed: int) -> Severity:
    bets, capital = after(q_K, records, seed)
    richest = richest_start(capital)
    assert richest is not None
    return measure(bets, capital, known(P_K), *richest)


def test_nothing_is_known_before_the_first_record() -> None:
    bets = make_bets([known(P_K)], GROUPS)
    capital = make_capital(bets)
    assert richest_start(capital) is None
    assert flagged_leaves(bets, capital, 100.0) == {}
    np.testing.assert_array_equal(leaf_shares(bets, capital), np.full(K, 1 / K))
    np.testing.assert_array_equal(group_shares(capital), np.full(4, 1 / 4))


def test_severity_and_change_point_come_near_the_truth() -> None:
    q_K = grown(4, 3.0)
    found = [severity(q_K, 2000, seed) for seed in range(8)]
    truth = float((q_K * np.log(q_K / P_K)).sum())
    assert np.mean([s.kl_nats for s in found]) == pytest.approx(truth, rel=0.15)
    distance = 0.5 * float(np.abs(q_K - P_K).sum())
    assert np.mean([s.total_variation for s in found]) == pytest.approx(distance, rel=0.1)
    assert np.median([abs(s.records - 2000) for s in found]) < 100
    for s in found:
        assert s.kl_lower_nats < truth * 1.1
        assert s.total_variation_lower < distance * 1.1
        assert s.share_K.sum() == pytest.approx(1.0)
        assert s.share_K.argmax() == 4


def test_what_chance_gives_is_taken_off() -> None:
    # With no change at all the plug-in divergence is (K - 1) / (2 n).
    values = [severity_of_oldest(seed) for seed in range(20)]
    assert np.mean([s.kl_lower_nats for s in values]) < 1e-4
    assert np.mean([s.total_variation_lower for s in values]) < 0.005


def severity_of_oldest(seed: int) -> Severity:
    bets, capital = after(P_K, 1000, seed)
    return measure(bets, capital, known(P_K), 0, int(capital.order_VQ[0, 0]))


@pytest.mark.parametrize(("ratio", "direction"), [(3.0, 1), (0.05, -1)])
def test_the_leaf_that_moved_has_the_evidence(ratio: float, direction: int) -> None:
    right = 0
    for seed in range(10):
        bets, capital = after(grown(3, ratio), 1200, seed)
        assert leaf_shares(bets, capital).sum() == pytest.approx(1.0)
        moved = flagged_leaves(bets, capital, 1000.0).get(3)
        right += int(leaf_shares(bets, capital).argmax()) == 3 and moved == direction
        assert leaf_log_capital(bets, capital).argmax() == leaf_shares(bets, capital).argmax()
    assert right >= 9


def test_the_group_that_moved_has_the_groups_evidence() -> None:
    q_K = P_K.copy()
    q_K[4:6] *= 2.5
    _, capital = after(q_K / q_K.sum(), 800, 1)
    assert group_shares(capital).argmax() == 2
    assert capital.bank_V4[0, 1] > capital.bank_V4[0, 0]


def test_without_a_change_nothing_is_flagged() -> None:
    for seed in range(10):
        bets, capital = after(P_K, 2000, seed)
        assert flagged_leaves(bets, capital, 10_000.0) == {}
