import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_hmoe.evidence import Bets, accumulate, known, make_bets, make_capital
from stream_hmoe.evidence.banks import STARTS
from stream_hmoe.evidence.mixture import LOG_UNIT
from stream_hmoe.evidence.reference import Reference
from tests.stream_hmoe.evidence.gates import falling, lazies, one_hots, softs
from tests.stream_hmoe.evidence.plain import log_evidence

Floats = npt.NDArray[np.float64]
K = 6
GROUPS = np.array([0, 0, 1, 1, 1, 2])


def run(bets: Bets, g_NK: Floats, log_threshold: float = math.inf) -> tuple[Floats, int]:
    logs_N, stopped_1 = np.empty(len(g_NK)), np.zeros(1, np.int64)
    accumulate(
        bets, make_capital(bets), np.ascontiguousarray(g_NK)[:, None], log_threshold, logs_N, stopped_1
    )
    return logs_N, int(stopped_1[0])


def uncertain(p_K: Floats, rho: float = 0.0, tau: float = 1.0) -> Reference:
    return Reference(p_K, p_K * (1 - p_K), 500, rho, tau)


@pytest.mark.parametrize("groups", [None, GROUPS])
@pytest.mark.parametrize("rho", [0.0, 0.6])
@pytest.mark.parametrize(("run_records", "tau"), [(1, 1.0), (3, 2.0)])
def test_compiled_and_plain_agree(
    groups: npt.NDArray[np.int64] | None, rho: float, run_records: int, tau: float
) -> None:
    random = np.random.default_rng(0)
    p_K = falling(K)
    views = [uncertain(p_K, rho, tau), uncertain(p_K[::-1].copy(), rho / 2, tau)]
    bets = make_bets(views, groups, run=run_records, inside=True)
    g_NK = np.vstack([softs(random, p_K, 150), softs(random, p_K[::-1], 100)])
    np.testing.assert_allclose(run(bets, g_NK)[0], log_evidence(bets, g_NK), rtol=1e-9)


@given(st.integers(0, 2**32 - 1), st.integers(2, 8), st.sampled_from([0.0, 0.3, 0.9]))
def test_every_bet_is_fair_in_the_mean(seed: int, leaves: int, rho: float) -> None:
    # The evidence after one more record is linear in its weights, so its mean needs only the corners.
    random = np.random.default_rng(seed)
    p_K = softs(random, falling(leaves), 1)[0] * 0.9 + 0.1 / leaves
    reference = known(p_K)._replace(sticky=rho)
    bets = make_bets([reference], np.arange(leaves) % 2, inside=True)
    past_NK = softs(random, falling(leaves)[::-1], int(random.integers(0, 60)))
    next_K = (1 - rho) * reference.mean_K + rho * (past_NK[-1] if len(past_NK) else reference.mean_K)
    before = math.exp(run(bets, past_NK)[0][-1]) if len(past_NK) else 0.0
    after_K = np.exp([run(bets, np.vstack([past_NK, corner]))[0][-1] for corner in np.eye(leaves)])
    assert float(next_K @ after_K) == pytest.approx(before + 1.0, rel=1e-9)


@given(st.integers(0, 2**32 - 1))
def test_an_uncertain_mean_never_makes_a_bet_better(seed: int) -> None:
    random = np.random.default_rng(seed)
    p_K = falling(K)
    sure, unsure = make_bets([known(p_K)]), make_bets([uncertain(known(p_K).mean_K)])
    g_NK = softs(random, softs(random, p_K, 1)[0], 50)
    assert (run(unsure, g_NK)[0] <= run(sure, g_NK)[0] + 1e-9).all()


def test_the_correction_covers_a_mean_that_is_wrong_by_one_standard_error() -> None:
    # The true mean is on the edge of the chi-square ball that the correction allows for.
    p_K = falling(K)
    reference = uncertain(p_K)
    bets = make_bets([reference])
    random = np.random.default_rng(3)
    direction_K = random.normal(size=K) * np.sqrt(p_K)
    direction_K -= p_K * direction_K.sum()
    true_K = p_K + direction_K * reference.error / math.sqrt(float((direction_K**2 / p_K).sum()))
    past_NK = one_hots(random, true_K, 400)
    capital = make_capital(bets)
    logs_N, stopped_1 = np.empty(400), np.zeros(1, np.int64)
    accumulate(bets, capital, past_NK[:, None], math.inf, logs_N, stopped_1)
    before = capital.bank_V4[0, 3]
    mean = 0.0
    for k in range(K):
        again = make_capital(bets)
        g_NK = np.vstack([past_NK, np.eye(K)[k]])
        accumulate(bets, again, g_NK[:, None], math.inf, np.empty(401), stopped_1)
        mean += true_K[k] * again.bank_V4[0, 3]
    assert mean <= before + 1.0


def test_the_average_run_length_is_at_least_the_threshold() -> None:
    bets, arl, longest = make_bets([known(falling(K))]), 300.0, 3000
    random = np.random.default_rng(1)
    stops = [run(bets, one_hots(random, falling(K), longest), math.log(arl))[1] for _ in range(150)]
    alarms = sum(stop >= 0 for stop in stops)
    assert sum(stop + 1 if stop >= 0 else longest for stop in stops) / alarms >= arl


def test_a_lazy_chain_is_no_drift() -> None:
    p_K = falling(K)
    bets = make_bets([known(p_K)._replace(sticky=0.8)])
    random = np.random.default_rng(2)
    stops = [run(bets, lazies(random, p_K, 2000, 0.8), math.log(1000.0))[1] for _ in range(40)]
    alarms = sum(stop >= 0 for stop in stops)
    assert sum(stop + 1 if stop >= 0 else 2000 for stop in stops) / max(alarms, 1) >= 1000.0


def test_evidence_neither_overflows_nor_is_lost() -> None:
    bets = make_bets([known(falling(K))])
    random = np.random.default_rng(4)
    last_K = np.eye(K)[K - 1]
    g_NK = np.vstack([np.tile(last_K, (2000, 1)), one_hots(random, falling(K), 4000)])
    logs_N, _ = run(bets, g_NK)
    assert np.isfinite(logs_N).all()
    assert logs_N[1999] > 5 * LOG_UNIT
    assert logs_N[-1] < logs_N[1999]
    assert logs_N.min() > -1.0
    steps = np.diff(logs_N[:1999])
    assert (steps[50:] > 0.0).all()


def test_starts_stay_few() -> None:
    bets = make_bets([known(falling(3))])
    capital = make_capital(bets)
    g_NK = one_hots(np.random.default_rng(5), falling(3), 30_000)
    accumulate(bets, capital, g_NK[:, None], math.inf, np.empty(len(g_NK)), np.zeros(1, np.int64))
    alive = capital.order_VQ[0, : capital.starts_V[0]]
    assert 20 <= len(alive) < STARTS
    assert (np.diff(capital.birth_VQ[0, alive]) > 0).all()
    assert sorted(capital.order_VQ[0]) == list(range(STARTS))
