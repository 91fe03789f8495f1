"""Loss given gate: valid bets, the same compiled and plain, whole or in pieces; finds and names what rose."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_hmoe import checkpoint
from stream_hmoe.detectors import ConceptDetector, LossReference, calibrated_threshold
from stream_hmoe.detectors.concept_bets import bets_for, no_evidence
from stream_hmoe.detectors.concept_steps import plain_take_in, take_in
from stream_hmoe.events import Level

Floats = npt.NDArray[np.float64]
USAGE_K = np.array([0.4, 0.3, 0.2, 0.1])
MEAN_K = np.array([0.1, 0.2, 0.05, 0.1])


def draw(
    records: int, seed: int, mean_K: Floats = MEAN_K, usage_K: Floats = USAGE_K, soft: bool = False
) -> tuple[Floats, Floats]:
    """Gate weights and graded losses (gamma of shape 2, cut at 1)."""
    rng = np.random.default_rng(seed)
    g_NK = np.eye(usage_K.size)[rng.choice(usage_K.size, records, p=usage_K)]
    if soft:
        g_NK = rng.gamma(2.0 * g_NK + 0.2)
        g_NK /= g_NK.sum(axis=1, keepdims=True)
    return g_NK, np.minimum(rng.gamma(2.0, size=records) * (g_NK @ mean_K) / 2.0, 1.0)


def detector(seed: int = 0, arl: float = 2000, **settings: Any) -> ConceptDetector:
    return ConceptDetector(LossReference.estimate(*draw(3000, seed)), arl, **settings)


def flat(state: Any) -> list[Any]:
    if isinstance(state, dict):
        return [item for value in state.values() for item in flat(value)]
    return [state.tolist()] if isinstance(state, np.ndarray) else [state]


@pytest.mark.parametrize("correlation", [0.0, 0.4])
@pytest.mark.parametrize("soft", [False, True])
def test_compiled_and_plain_bets_agree(soft: bool, correlation: float) -> None:
    estimated = LossReference.estimate(*draw(2000, 1, soft=soft))
    state = {**estimated.state_dict(), "correlation": correlation}
    reference = LossReference.from_state(state)
    bets = bets_for(reference, 1.0)
    g_NK, loss_N = draw(500, 2, 1.2 * MEAN_K, soft=soft)
    one, other = no_evidence(reference, 1.0, 7.0), no_evidence(reference, 1.0, 7.0)
    taken, capital = take_in(bets, one, g_NK, loss_N, 1e30)
    assert taken == plain_take_in(bets, other, g_NK, loss_N, 1e30)[0] == 500
    assert capital == pytest.approx(float(other.capital_JK.sum() + other.everywhere_J.sum()))
    for name in one._fields:
        if name != "scratch_K":
            np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=1e-9, atol=1e-12)


def test_compiled_and_plain_bets_stop_at_the_same_record() -> None:
    reference = LossReference.estimate(*draw(2000, 1))
    bets = bets_for(reference, 1.0)
    g_NK, loss_N = draw(2000, 2, 2.0 * MEAN_K)
    taken, capital = take_in(bets, no_evidence(reference, 1.0, 0.0), g_NK, loss_N, 500.0)
    assert 0 < taken < 2000
    assert capital >= 500.0
    assert plain_take_in(bets, no_evidence(reference, 1.0, 0.0), g_NK, loss_N, 500.0)[0] == taken


leaf_means = st.lists(st.floats(0.0, 1.0), min_size=1, max_size=5)


@given(leaf_means, st.data(), st.floats(0.0, 3.0))
def test_every_bet_is_fair_and_can_be_paid(means: list[float], data: st.DataObject, caution: float) -> None:
    """For any weights, over losses 0 and 1 of the expected mean: E[factor] <= 1, no factor is negative."""
    leaves = len(means)
    weights = data.draw(st.lists(st.floats(0.0, 1.0), min_size=leaves, max_size=leaves))
    g_K = (np.array(weights) + 1e-6) / (np.array(weights) + 1e-6).sum()
    reference = LossReference.known(np.array(means), np.full(leaves, 1.0 / leaves))
    bets = bets_for(reference, caution)
    chance = float(g_K @ reference.mean_loss_K)
    capitals = []
    for loss in (0.0, 1.0):
        evidence = no_evidence(reference, caution, 0.0)
        take_in(bets, evidence, g_K[None], np.array([loss]), 1e30)
        assert (evidence.capital_JK > 0.0).all()
        assert (evidence.everywhere_J > 0.0).all()
        capitals.append(float(evidence.capital_JK.sum() + evidence.everywhere_J.sum()))
    assert (1.0 - chance) * capitals[0] + chance * capitals[1] <= 1.0 + 1e-9


def test_the_capital_is_at_most_the_records() -> None:
    """E[R_t] = t while losses are as expected: what the ARL rests on."""
    reference = LossReference.known(MEAN_K, USAGE_K)
    capitals = []
    for seed in range(3000):
        g_NK, _ = draw(50, seed)
        loss_N = np.where(np.random.default_rng(seed + 10**6).random(50) < g_NK @ MEAN_K, 1.0, 0.0)
        one = ConceptDetector(reference, 1e12)
        one.update_many(g_NK, loss_N)
        capitals.append(np.exp(one.evidence_nats))
    spread = np.std(capitals) / np.sqrt(len(capitals))
    assert 50 - 4 * spread < np.mean(capitals) < 50 + 4 * spread


def test_false_alarms_keep_the_average_run_length() -> None:
    alarms = 0
    for seed in range(60):
        one = detector(seed, arl=1000)
        g_NK, loss_N = draw(4000, 1000 + seed)
        begin = 0
        while (alarm := one.update_many(g_NK[begin:], loss_N[begin:])) is not None:
            begin += alarm + 1
            alarms += 1
    assert alarms <= 240 - 2 * np.sqrt(240)


@pytest.mark.parametrize("leaf", [0, 3])
def test_the_leaf_that_rose_is_named(leaf: int) -> None:
    mean_K = MEAN_K.copy()
    mean_K[leaf] *= 2.0
    named, flagged, errors = 0, 0, []
    for seed in range(20):
        one = detector(seed, arl=10_000)
        one.update_many(*draw(1000, 100 + seed))
        alarm = one.update_many(*draw(6000, 200 + seed, mean_K))
        assert alarm is not None
        reading = one.reading
        assert reading.level is Level.DRIFT
        assert reading.change_point is not None
        assert reading.split.concept_low <= (mean_K - MEAN_K) @ USAGE_K
        named += int(reading.leaf_shares.argmax()) == leaf
        flagged += reading.flagged == (leaf,)
        errors.append(abs(reading.change_point - 1000))
    assert named >= 18
    assert flagged >= 15
    assert np.median(errors) < 200


def test_a_rise_everywhere_is_told_from_one_leaf() -> None:
    one = detector(arl=10_000)
    assert one.update_many(*draw(6000, 3, 1.25 * MEAN_K)) is not None
    assert one.reading.everywhere_share > 0.5


def test_better_is_no_alarm() -> None:
    one = detector(arl=1000)
    assert one.update_many(*draw(20_000, 4, 0.5 * MEAN_K)) is None
    assert one.reading.split.concept < 0.0
    assert one.reading.level is Level.STABLE


def test_another_mix_is_no_alarm_and_is_told_from_concept() -> None:
    usage_K = np.array([0.1, 0.7, 0.1, 0.1])
    one = ConceptDetector(LossReference.estimate(*draw(5000, 5)), 10_000)
    assert one.update_many(*draw(5000, 6, usage_K=usage_K)) is None
    split = one.reading.split
    assert split.mix == pytest.approx((usage_K - USAGE_K) @ MEAN_K, abs=0.01)
    # The window is the one that looks worst.
    assert split.concept == pytest.approx(0.0, abs=0.02)
    assert split.concept_low < 0.0


def test_mix_and_concept_add_up_and_a_real_rise_has_a_positive_bound() -> None:
    one = ConceptDetector(LossReference.estimate(*draw(5000, 7)), 1e200)
    g_NK, loss_N = draw(1920, 8, 1.5 * MEAN_K, np.array([0.1, 0.7, 0.1, 0.1]))
    assert one.update_many(g_NK, loss_N) is None
    split = one.reading.split
    window_N = loss_N[-split.records :]
    assert split.mix + split.concept == pytest.approx(window_N.mean() - one.reference.mean_loss)
    assert 0.0 < split.concept_low < split.concept
    assert split.increase_K == pytest.approx(0.5 * MEAN_K, abs=0.03)


@given(st.lists(st.integers(0, 700), max_size=5).map(sorted))
@settings(max_examples=30)
def test_cuts_and_restarts_change_nothing(cuts: list[int]) -> None:
    g_NK, loss_N = draw(700, 9, 1.3 * MEAN_K)
    whole, pieces = detector(arl=300), detector(arl=300)
    ends: list[list[int]] = [[], []]
    for found, one, borders in ((ends[0], whole, [0, 700]), (ends[1], pieces, [0, *cuts, 700])):
        for begin, end in itertools.pairwise(borders):
            at = begin
            while (alarm := one.update_many(g_NK[at:end], loss_N[at:end])) is not None:
                at += alarm + 1
                found.append(at)
            resumed = detector(5, arl=77.0)
            resumed.load_state_dict(one.state_dict())
            one.load_state_dict(resumed.state_dict())
    assert ends[0] == ends[1]
    assert flat(whole.state_dict()) == flat(pieces.state_dict())
    assert whole.drift_detected == pieces.drift_detected


def test_one_by_one_is_the_same_and_a_checkpoint_holds_it(tmp_path: Any) -> None:
    g_NK, loss_N = draw(300, 10)
    many, single = detector(), detector()
    many.update_many(g_NK, loss_N)
    for g_K, loss in zip(g_NK, loss_N, strict=True):
        assert single.update(g_K, loss) is single
    assert flat(many.state_dict()) == flat(single.state_dict())
    checkpoint.save(tmp_path, many.state_dict())
    resumed = detector(3)
    resumed.load_state_dict(checkpoint.load(tmp_path))
    assert flat(resumed.state_dict()) == flat(many.state_dict())
    assert resumed.reading.evidence_nats == many.reading.evidence_nats


def test_the_next_loss_after_an_alarm_begins_new_evidence() -> None:
    one = detector(arl=100)
    g_NK, loss_N = draw(2000, 11, 2.0 * MEAN_K)
    first = one.update_many(g_NK, loss_N)
    assert first is not None
    assert one.drift_detected
    assert one.evidence_nats >= np.log(100)
    one.update(g_NK[first + 1], 0.0)
    assert not one.drift_detected
    assert one.evidence_nats <= 0.0
    assert one.records == first + 2


def test_an_empty_block_leaves_an_alarm_standing() -> None:
    one = detector(arl=100)
    g_NK, loss_N = draw(2000, 11, 2.0 * MEAN_K)
    assert one.update_many(g_NK, loss_N) is not None
    assert one.update_many(g_NK[:0], loss_N[:0]) is None
    assert one.drift_detected


def test_before_the_first_loss_nothing_speaks_for_drift() -> None:
    reading = detector().reading
    assert reading.level is Level.STABLE
    assert reading.evidence_nats == -np.inf
    assert reading.change_point is None
    assert reading.flagged == ()
    assert reading.leaf_shares.sum() == pytest.approx(1.0)


def test_a_warning_comes_before_the_alarm() -> None:
    one = detector(arl=10_000)
    levels = [
        one.update(g_K, loss).reading.level for g_K, loss in zip(*draw(400, 12, 2.0 * MEAN_K), strict=True)
    ]
    assert levels[: levels.index(Level.DRIFT)].count(Level.WARNING) > 0


@given(st.lists(st.lists(st.integers(0, 4), max_size=3), min_size=4, max_size=4))
def test_a_change_of_structure_makes_no_capital(mapping: list[list[int]]) -> None:
    one = detector()
    one.update_many(*draw(500, 13, 1.2 * MEAN_K))
    before = one.evidence_nats
    one.restructure(mapping, leaves=5)
    assert one.evidence_nats == pytest.approx(before)
    assert one.reference.leaves == 5
    g_NK, loss_N = draw(200, 14, np.full(5, 0.1), np.full(5, 0.2))
    one.update_many(g_NK, loss_N)
    assert np.isfinite(one.evidence_nats)


def test_split_leaves_inherit_and_the_rise_is_found_in_the_child() -> None:
    one = detector(arl=10_000)
    one.restructure([[0], [1], [2], [3, 4]])
    assert one.reference.mean_loss_K[3:] == pytest.approx(one.reference.mean_loss_K[3])
    assert one.reference.usage_K.sum() == pytest.approx(1.0)
    means = one.reference.mean_loss_K.copy()
    means[4] *= 3.0
    usage_K = np.array([0.4, 0.3, 0.2, 0.05, 0.05])
    assert one.update_many(*draw(6000, 15, means, usage_K)) is not None
    assert one.reading.leaf_shares.argmax() == 4


def test_merged_leaves_are_expected_to_lose_their_mean() -> None:
    one = ConceptDetector(LossReference.known(MEAN_K, USAGE_K))
    one.restructure([[0], [0], [1], [2]])
    assert one.reference.mean_loss_K[0] == pytest.approx((0.4 * 0.1 + 0.3 * 0.2) / 0.7)
    assert one.reference.mean_loss == pytest.approx(USAGE_K @ MEAN_K)


def test_a_new_reference_begins_anew_but_counts_on() -> None:
    one = detector()
    one.update_many(*draw(500, 16))
    one.reset(LossReference.estimate(*draw(3000, 17, 1.3 * MEAN_K)), threshold=5000.0)
    assert one.records == 500
    assert one.evidence_nats == -np.inf
    assert one.reading.threshold_nats == pytest.approx(np.log(5000.0))
    assert one.update_many(*draw(2000, 18, 1.3 * MEAN_K)) is None


def test_a_period_whose_losses_cling_together_asks_for_a_higher_threshold() -> None:
    g_NK, loss_N = draw(4000, 19)
    assert calibrated_threshold(g_NK, loss_N, arl=1000, seed=1) == 1000
    noise_N = np.repeat(np.random.default_rng(20).gamma(2.0, size=100), 40)
    clinging_N = np.minimum(noise_N * (g_NK @ MEAN_K) / 2.0, 1.0)
    fitted = ConceptDetector.fit(g_NK, clinging_N, arl=1000, seed=1)
    assert fitted.reference.correlation > 0.5
    assert fitted.threshold > 1000
    assert fitted.threshold == calibrated_threshold(g_NK, clinging_N, arl=1000, seed=1)


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda: detector(arl=1.0), "arl"),
        (lambda: detector(caution=-1.0), "caution"),
        (lambda: detector().update(np.array([0.5, 0.5]), 0.1), "restructure"),
        (lambda: detector().update(MEAN_K, float("nan")), "finite"),
        (lambda: detector().update_many(np.eye(4), np.zeros(3)), "do not fit"),
        (lambda: detector().restructure([[0]]), "mapping"),
        (lambda: detector().restructure([[0], [1], [2], [-1]]), "mapping"),
    ],
)
def test_what_cannot_be_used_is_named(make: Any, word: str) -> None:
    with pytest.raises(ValueError, match=word):
        make()
