import math

import numpy as np
import pytest

from stream_hmoe.detectors import NoveltyDetector


def distances(seed: int, records: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.random.default_rng(seed).gamma(4.0, 1.0, records)


def test_far_records_are_found_and_none_are_not() -> None:
    detector = NoveltyDetector(distances(0, 2000), 1000.0)
    detector.update_many(distances(1, 1000))
    assert not detector.drift_detected
    far = distances(2, 200)
    far[::10] = 30.0
    logs_N = detector.update_many(far)
    assert detector.drift_detected
    assert logs_N[-1] == detector.evidence
    assert (far[::10] > detector.distance).all()


def test_fewer_far_records_are_no_alarm() -> None:
    detector = NoveltyDetector(distances(0, 2000), 1000.0)
    logs_N = detector.update_many(np.zeros(20_000))
    assert logs_N.max() < detector.threshold - 1.0


def test_false_alarms_are_as_rare_as_asked() -> None:
    time, alarms = 0, 0
    for seed in range(60):
        detector = NoveltyDetector(distances(seed, 1000), 300.0)
        reached_N = detector.update_many(distances(1000 + seed, 2000)) >= detector.threshold
        alarms += int(reached_N.any())
        time += int(reached_N.argmax()) + 1 if reached_N.any() else 2000
    assert time / max(alarms, 1) >= 300.0


@pytest.mark.parametrize("run", [1, 7])
def test_cuts_and_restarts_change_nothing(run: int) -> None:
    reference_R, stream_N = distances(0, 1500), distances(3, 300) * 1.3
    whole, cut = (NoveltyDetector(reference_R, 1000.0, run) for _ in range(2))
    logs_N = whole.update_many(stream_N)
    parts = []
    for part in np.split(stream_N, [1, 50, 50, 123]):
        parts.append(cut.update_many(part))
        restored = NoveltyDetector(np.arange(5.0), 10.0)
        restored.load_state_dict(cut.state_dict())
        cut = restored
    np.testing.assert_array_equal(np.concatenate(parts), logs_N)
    assert cut.threshold == whole.threshold


def test_evidence_is_one_sided_in_the_mean() -> None:
    # R after a novel and after an ordinary record, weighed by the probability that the bets allow for.
    reference_R = distances(0, 3000)
    novel, ordinary = (NoveltyDetector(reference_R, 1000.0) for _ in range(2))
    for detector in (novel, ordinary):
        detector.update_many(distances(5, 200))
    before = math.exp(novel.evidence)
    novel.update_many(np.array([1e9]))
    ordinary.update_many(np.array([0.0]))
    share = (3 + 2 * math.sqrt(3)) / 3001
    after = share * math.exp(novel.evidence) + (1 - share) * math.exp(ordinary.evidence)
    assert after == pytest.approx(before + 1.0)


def test_moved_prototypes_keep_the_evidence() -> None:
    detector = NoveltyDetector(distances(0, 2000), 1000.0)
    detector.update_many(distances(1, 500))
    evidence = detector.evidence
    detector.rescale(distances(0, 2000) * 10.0)
    assert detector.evidence == evidence
    detector.update_many(distances(2, 500) * 10.0)
    assert not detector.drift_detected


def test_a_reference_without_a_tail_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 3"):
        NoveltyDetector(np.zeros(2), 1000.0)
