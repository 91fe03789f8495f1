"""A challenger that is not better is hardly ever promoted; one that is, soon; and harm is undone."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_hmoe import paired_bets
from stream_hmoe.challenger import PairedTest, PromotionBudget, RollbackWatch, Trial, Watch
from stream_hmoe.paired_bets import PARTS, WEIGHTS, start_pairs

Floats = npt.NDArray[np.float64]


def losses(records: int, effect: float, seed: int, sd: float = 0.3) -> tuple[Floats, Floats]:
    """Right-or-wrong losses of a champion and of a challenger that is better by ``effect`` deviations."""
    differ, better = sd * sd, effect * sd
    u_N = np.random.default_rng(seed).random(records)
    return np.where(u_N < (differ + better) / 2, 1.0, 0.0), np.where(
        u_N > 1.0 - (differ - better) / 2, 1.0, 0.0
    )


def assert_same(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert one.keys() == other.keys()
    for name, value in one.items():
        np.testing.assert_array_equal(value, other[name])


def test_compiled_and_plain_bets_agree() -> None:
    rng = np.random.default_rng(0)
    d_N = np.clip(rng.normal(0.01, 0.3, 3000), -1, 1)
    scale_2, limits_3 = np.array([0.02, 1.02]), np.array([1e9, 1e9, 1e9])
    compiled, plain = start_pairs(0.0), start_pairs(0.0)
    paired_bets.bet_on_pairs(compiled, d_N, scale_2, 0.1 * PARTS, WEIGHTS, limits_3)
    paired_bets.plain_bet_on_pairs(plain, d_N, scale_2, 0.1 * PARTS, WEIGHTS, limits_3)
    for one, other in zip(compiled, plain, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    ("limits", "decision"), [((1.0, 9e9, 9e9), 1), ((9e9, 1.0, 9e9), 2), ((9e9, 9e9, 50.0), 3)]
)
def test_compiled_and_plain_bets_stop_at_the_same_pair(
    limits: tuple[float, float, float], decision: int
) -> None:
    sign = -1.0 if decision == 2 else 1.0
    d_N = sign * np.random.default_rng(1).uniform(-0.5, 1.0, 400)
    arguments = (np.array([0.0, 1.0]), 0.1 * PARTS, WEIGHTS, np.array(limits))
    compiled = paired_bets.bet_on_pairs(start_pairs(0.0), d_N, *arguments)
    assert compiled == paired_bets.plain_bet_on_pairs(start_pairs(0.0), d_N, *arguments)
    assert compiled[1] == decision


@given(
    st.lists(st.floats(0.0, 1.0), min_size=1, max_size=30),
    st.floats(0.0, 1.0),
    st.floats(0.0, 0.5),
    st.floats(0.01, 2.0),
)
def test_a_pair_is_a_fair_bet_whatever_came_before(
    before: list[float], high: float, least: float, effect: float
) -> None:
    """Given any past, over the two-point law on {high, -1} with mean ``least`` (or below), E[factor] <= 1."""
    past = PairedTest(1e-12, least=least, effect=effect)
    past.update_many(np.array(before), np.array(before[::-1]))
    top = max(high, least)
    chance = (least + 1.0) / (top + 1.0)
    after = []
    for difference in (top, -1.0):
        test = PairedTest()
        test.load_state_dict(past.state_dict())
        test.update(max(difference, 0.0), max(-difference, 0.0))
        after.append(np.exp(test.evidence_nats))
    expected = chance * after[0] + (1.0 - chance) * after[1]
    assert expected <= np.exp(past.evidence_nats) * (1.0 + 1e-9)


def test_wrong_promotions_and_wrong_drops_are_rare() -> None:
    ends = []
    for seed in range(400):
        test = PairedTest(alpha=0.05, budget_records=3000)
        test.update_many(*losses(3000, 0.0, seed))
        ends.append(test.trial)
    # 20 expected at most; 33 is three standard deviations above.
    assert ends.count(Trial.PROMOTE) <= 33
    assert ends.count(Trial.DROP) <= 33
    assert ends.count(Trial.SPENT) >= 300


def test_a_better_challenger_is_promoted_and_a_worse_one_dropped() -> None:
    taken = []
    for seed in range(40):
        better, worse = PairedTest(), PairedTest()
        champion_N, challenger_N = losses(10_000, 0.1, seed)
        end = better.update_many(champion_N, challenger_N)
        assert end is not None
        taken.append(end)
        worse.update_many(challenger_N, champion_N)
        assert (better.trial, worse.trial) == (Trial.PROMOTE, Trial.DROP)
    assert np.mean(taken) < 1200


def test_better_by_less_than_wanted_is_not_promoted() -> None:
    champion_N, challenger_N = losses(10_000, 0.1, 3)
    test = PairedTest(least=0.06)
    test.update_many(champion_N, challenger_N)
    assert test.trial is Trial.DROP
    assert test.mean_difference > 0.0


def test_a_closed_test_takes_in_nothing() -> None:
    test = PairedTest(budget_records=5)
    assert test.update_many(np.zeros(3), np.zeros(3)) is None
    assert test.update_many(np.zeros(3), np.zeros(3)) == 1
    before = test.state_dict()
    assert test.update_many(np.ones(3), np.zeros(3)) is None
    assert_same(before, test.state_dict())
    assert test.records == 5


@given(st.lists(st.integers(0, 1500), max_size=4).map(sorted), st.booleans())
def test_cuts_and_restarts_change_nothing(cuts: list[int], watching: bool) -> None:
    one_N, other_N = losses(1500, 0.1, 5)

    def fresh() -> PairedTest | RollbackWatch:
        return RollbackWatch(1000) if watching else PairedTest()

    whole = fresh()
    whole.update_many(one_N, other_N)
    pieces = fresh()
    for begin, end in zip([0, *cuts], [*cuts, 1500], strict=True):
        pieces.update_many(one_N[begin:end], other_N[begin:end])
        resumed = RollbackWatch(7) if watching else PairedTest(0.5)
        resumed.load_state_dict(pieces.state_dict())
        pieces = resumed
    assert_same(whole.state_dict(), pieces.state_dict())


def test_one_by_one_is_the_same() -> None:
    one_N, other_N = losses(300, 0.1, 6)
    many, single = PairedTest(), PairedTest()
    many.update_many(one_N, other_N)
    for one, other in zip(one_N, other_N, strict=True):
        single.update(one, other)
    assert_same(many.state_dict(), single.state_dict())


def test_harm_is_rolled_back_also_when_it_begins_late() -> None:
    better_N, worse_N = losses(3000, 0.3, 7)
    same_N, other_N = losses(2000, 0.0, 8)
    watch = RollbackWatch(5000)
    assert watch.update_many(same_N, other_N) is None
    end = watch.update_many(better_N, worse_N)
    assert watch.watch is Watch.ROLL_BACK
    assert end is not None
    assert end < 700


def test_the_watch_ends_at_its_horizon_and_rarely_rolls_back_without_harm() -> None:
    ends = []
    for seed in range(300):
        watch = RollbackWatch(1000)
        end = watch.update_many(*losses(1200, 0.0, seed))
        ends.append(watch.watch)
        assert watch.watch is Watch.ROLL_BACK or end == 999
    assert ends.count(Watch.ROLL_BACK) <= 300 / 20 + 3 * np.sqrt(300 / 20)


def test_the_capital_of_the_watch_is_at_most_the_records() -> None:
    """E[R_t] <= t under the null, the martingale that the ARL rests on."""
    capitals = []
    for seed in range(4000):
        watch = RollbackWatch(200)
        watch.update_many(*losses(100, 0.0, seed))
        capitals.append(np.exp(watch.evidence_nats))
    spread = np.std(capitals) / np.sqrt(len(capitals))
    assert 100 - 4 * spread < np.mean(capitals) < 100 + 4 * spread


@given(st.lists(st.booleans(), max_size=60))
def test_error_is_never_spent_twice(promoted: list[bool]) -> None:
    """Levels of tests that were not passed add up to no more than alpha, whatever was promoted between."""
    budget = PromotionBudget(0.01)
    spent = 0.0
    for one in promoted:
        level = budget.next_alpha
        assert level > 0.0
        spent += 0.0 if one else level
        budget.settle(promoted=one)
    assert spent + budget.next_alpha <= 0.01 * (1 + 1e-12)


def test_the_budget_goes_on_after_a_restart() -> None:
    budget = PromotionBudget(0.02)
    for promoted in (False, True, True):
        budget.settle(promoted=promoted)
    resumed = PromotionBudget()
    resumed.load_state_dict(json.loads(json.dumps(budget.state_dict())))
    assert resumed.next_alpha == budget.next_alpha
    assert resumed.tested == 3


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda: PairedTest(0.0), "alpha"),
        (lambda: PairedTest(budget_records=0), "budget_records"),
        (lambda: PairedTest(bound=0.0), "bound"),
        (lambda: PairedTest(least=1.0), "least"),
        (lambda: PairedTest(effect=0.0), "effect"),
        (lambda: RollbackWatch(0), "horizon_records"),
        (lambda: PromotionBudget(1.0), "alpha"),
        (lambda: PairedTest().update(float("nan"), 0.0), "finite"),
    ],
)
def test_bad_settings_are_named(make: Any, word: str) -> None:
    with pytest.raises(ValueError, match=word):
        make()
