import math
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_hmoe.checkpoint import load, save
from stream_hmoe.detectors import GateShiftDetector
from stream_hmoe.events import Level
from tests.stream_hmoe.evidence.gates import falling, lazies, one_hots, softs, wanderers

Floats = npt.NDArray[np.float64]
K = 6
P_K = falling(K)
GROUPS = ["a", "a", "b", "b", "b", "c"]


def random(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def soft_detector(**options: object) -> GateShiftDetector:
    return GateShiftDetector(softs(random(1), P_K, 600), 200, GROUPS, **options)  # type: ignore[arg-type]


def moved(records: int, seed: int = 2) -> Floats:
    return softs(random(seed), P_K[::-1], records)


def test_a_change_is_found_and_none_is_not() -> None:
    detector = GateShiftDetector(P_K)
    assert detector.scan(one_hots(random(), P_K, 3000)) is None
    assert detector.level == Level.STABLE
    assert not detector.drift_detected
    assert detector.reading.change_point is None
    found = detector.scan(one_hots(random(), P_K[::-1], 500))
    assert found is not None
    assert found < 60
    assert detector.drift_detected
    reading = detector.reading
    assert reading.level == Level.DRIFT
    assert reading.records == detector.records == 3000 + found + 1
    assert reading.change_point is not None
    assert abs(reading.change_point - 3000) < 20
    assert reading.severity is not None
    assert reading.evidence >= reading.threshold == pytest.approx(math.log(10_000))


def test_update_update_many_and_scan_are_one_path() -> None:
    one, many, scanned = soft_detector(), soft_detector(), soft_detector()
    g_NK = np.vstack([softs(random(), P_K, 80), moved(120)])
    evidence = []
    for g_K in g_NK:
        one.update(g_K)
        evidence.append(one.evidence)
    logs_N = many.update_many(g_NK)
    np.testing.assert_array_equal(evidence, logs_N)
    first = int((logs_N >= many.threshold).argmax())
    assert scanned.scan(g_NK) == first
    assert scanned.records == first + 1
    assert scanned.evidence == logs_N[first]


@given(st.lists(st.integers(0, 120), min_size=1, max_size=6))
@settings(max_examples=20)
def test_cuts_change_nothing(cuts: list[int]) -> None:
    g_NK = moved(120)
    whole, cut = soft_detector(calibrate="never"), soft_detector(calibrate="never")
    logs_N = whole.update_many(g_NK)
    parts = [cut.update_many(part) for part in np.split(g_NK, sorted(cuts))]
    np.testing.assert_array_equal(np.concatenate(parts), logs_N)


@pytest.mark.parametrize("spent", [None, 0, 70_000])
def test_a_saved_detector_goes_on_bit_for_bit(tmp_path: Path, spent: int | None) -> None:
    detector = soft_detector(calibrate="later", inside_groups=True)
    detector.calibrate(spent)
    detector.update_many(moved(40))
    detector.reproject(softs(random(11), P_K, 600))
    save(tmp_path, detector.state_dict())
    saved = load(tmp_path)
    restored = GateShiftDetector.from_state_dict(saved)
    assert detector.calibrate() and restored.calibrate()
    g_NK = moved(100, seed=5)
    np.testing.assert_array_equal(detector.update_many(g_NK), restored.update_many(g_NK))
    assert detector.threshold == restored.threshold
    mine, its = detector.reading, restored.reading
    np.testing.assert_array_equal(mine.leaf_shares, its.leaf_shares)
    assert (mine.change_point, mine.flagged, mine.realised_arl) == (
        its.change_point,
        its.flagged,
        its.realised_arl,
    )


def test_the_threshold_is_found_in_slices_too() -> None:
    at_once, sliced = soft_detector(), soft_detector(calibrate="later")
    assert sliced.threshold == pytest.approx(math.log(200))
    assert not sliced.calibrated
    while not sliced.calibrate(50_000):
        assert not sliced.calibrated
    assert sliced.threshold == at_once.threshold
    assert sliced.reading.realised_arl == at_once.reading.realised_arl
    assert at_once.reading.realised_arl is not None
    assert at_once.reading.realised_arl >= 200


@pytest.mark.parametrize("kind", ["one-hot", "soft", "lazy", "smooth"])
def test_false_alarms_stay_rare_whatever_the_reference_is_like(kind: str) -> None:
    def gates(r: np.random.Generator, records: int) -> Floats:
        made = {
            "one-hot": lambda: one_hots(r, P_K, records),
            "soft": lambda: softs(r, P_K, records),
            "lazy": lambda: lazies(r, P_K, records, 0.8),
        }
        return made[kind]() if kind in made else wanderers(r, K, records, 0.8)

    alarms, total = 0, 0
    for seed in range(8):
        r = random(100 + seed)
        both_NK = gates(random(seed), 6000) if kind == "smooth" else gates(r, 6000)
        detector = GateShiftDetector(both_NK[:3000], arl=300)
        logs_N = detector.update_many(both_NK[3000:])
        first = (
            int((logs_N >= detector.threshold).argmax()) + 1 if detector.threshold <= logs_N.max() else 3000
        )
        alarms += int(detector.threshold <= logs_N.max())
        total += first
    assert total / max(alarms, 1) >= 0.6 * 300


def test_resetting_forgets_the_evidence_but_not_the_record_numbers() -> None:
    detector = soft_detector()
    detector.update_many(moved(100))
    threshold = detector.threshold
    detector.reset()
    assert detector.evidence == -math.inf
    assert detector.threshold == threshold
    detector.reset(moved(600, seed=9))
    assert detector.scan(moved(100, seed=10)) is None
    detector.update_many(softs(random(3), P_K, 100))
    assert detector.reading.change_point is not None
    assert detector.reading.change_point >= 150


def test_reprojecting_keeps_the_evidence_and_moves_the_null() -> None:
    reference_NK = softs(random(1), P_K, 1000)
    detector = GateShiftDetector(reference_NK, 1000, calibrate="never")
    detector.update_many(reference_NK[:300])
    evidence = detector.evidence
    turned_NK = np.roll(reference_NK, 1, axis=1)
    detector.reproject(turned_NK)
    assert detector.evidence == evidence
    np.testing.assert_allclose(detector.mean_K, turned_NK.mean(axis=0), atol=2e-3)
    assert detector.scan(np.roll(softs(random(4), P_K, 400), 1, axis=1)) is None
    assert detector.scan(softs(random(5), P_K, 400)) is not None


def test_reprojecting_on_an_unmoved_gate_changes_nothing() -> None:
    reference_NK = softs(random(1), P_K, 1000)
    moving, still = (GateShiftDetector(reference_NK, 1000, calibrate="never") for _ in range(2))
    for part in np.split(softs(random(6), P_K, 300), 3):
        moving.update_many(part)
        still.update_many(part)
        moving.reproject(reference_NK)
    assert moving.evidence == pytest.approx(still.evidence, rel=1e-9)


def test_a_split_leaf_hands_its_evidence_to_its_children() -> None:
    detector = GateShiftDetector(P_K, 1000)
    drifted_NK = one_hots(random(), np.array([0.2, 0.2, 0.1, 0.4, 0.05, 0.05]), 60)
    detector.update_many(drifted_NK)
    before = detector.reading
    detector.restructure([(0,), (1,), (2,), (3, 6), (4,), (5,)])
    assert detector.num_leaves == 7
    after = detector.reading
    assert after.evidence == before.evidence
    assert after.leaf_shares[3] == pytest.approx(after.leaf_shares[6])
    assert after.leaf_shares[3] + after.leaf_shares[6] == pytest.approx(before.leaf_shares[3])
    half_NK = np.column_stack([drifted_NK, drifted_NK[:, 3] / 2])
    half_NK[:, 3] /= 2
    detector.update_many(half_NK)
    assert detector.evidence > before.evidence


def test_merged_pruned_and_grown_leaves() -> None:
    detector = GateShiftDetector(softs(random(1), P_K, 600), 200, GROUPS, calibrate="never")
    detector.update_many(moved(30))
    before = detector.reading
    detector.restructure([(0,), (0,), (1,), (2,), (3,), ()], ["a", "b", "b", "b", "d"], leaves=5)
    assert detector.num_leaves == 5
    shares = detector.reading.leaf_shares
    kept = 1 - before.leaf_shares[5]
    assert shares[0] == pytest.approx((before.leaf_shares[0] + before.leaf_shares[1]) / kept)
    assert detector.mean_K.sum() == pytest.approx(1.0)
    assert shares[4] == 0.0
    detector.update_many(softs(random(7), detector.mean_K, 10))
    assert math.isfinite(detector.evidence)


@pytest.mark.parametrize("leaves", [2, 1024])
def test_few_and_many_leaves(leaves: int) -> None:
    p_K = falling(leaves)
    detector = GateShiftDetector(p_K)
    assert detector.scan(one_hots(random(), p_K, 500)) is None
    assert detector.scan(one_hots(random(), p_K[::-1], 1000)) is not None


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: GateShiftDetector([0.5, 0.5], arl=1), "arl: got 1"),
        (lambda: GateShiftDetector([1.0]), "at least 2 leaves"),
        (lambda: GateShiftDetector([0.0, 0.0]), "positive sum"),
        (lambda: GateShiftDetector([[0.5, 0.5]]), "at least 2, or a known mean"),
        (lambda: GateShiftDetector([[0.5, 0.5], [0.5, math.nan]]), "row 1"),
        (lambda: GateShiftDetector([0.5, 0.5], groups=[0]), "one group for each of the 2 leaves"),
        (
            lambda: GateShiftDetector([0.5, 0.5], calibrate="soon"),  # type: ignore[arg-type]
            "choose one of now, later, if dependent, never",
        ),
        (lambda: GateShiftDetector([0.5, 0.5]).update([0.7, 0.7]), "sum to 1"),
        (lambda: GateShiftDetector([0.5, 0.5]).update([1.0]), "with 2 leaves"),
        (lambda: GateShiftDetector([0.5, 0.5]).restructure([(0,)]), "one for each of the 2 leaves"),
        (lambda: GateShiftDetector([0.5, 0.5]).restructure([(0,), (0,)]), "fewer than 2 leaves"),
        (lambda: GateShiftDetector([0.5, 0.5]).restructure([(0,), (1,)], [0, 0]), "groups: give one"),
        (lambda: GateShiftDetector(softs(random(), P_K, 50)).reproject(P_K), "a mean alone"),
    ],
)
def test_errors_say_what_to_do(make: object, words: str) -> None:
    assert callable(make)
    with pytest.raises(ValueError, match=words):
        make()
