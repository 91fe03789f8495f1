from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from stream_hmoe.detectors import CheckpointGate

Floats = npt.NDArray[np.float64]
D, K = 3, 5


def softmax_gate(weight_DK: Floats) -> Callable[[Floats], Floats]:
    def gate(x_ND: Floats) -> Floats:
        weights_NK: Floats = np.exp(x_ND @ weight_DK)
        weights_NK /= weights_NK.sum(axis=1, keepdims=True)
        return weights_NK

    return gate


def walk(seed: int, records: int, shift_at: int | None) -> tuple[CheckpointGate, int | None]:
    """A gate that wanders while its records stay as they are, or shift."""
    random = np.random.default_rng(seed)
    weight_DK = random.normal(size=(D, K))
    watched = CheckpointGate(
        softmax_gate(weight_DK), random.normal(size=(1500, D)), roll_every=100, arl=2000, seed=seed
    )
    for begin in range(0, records, 100):
        x_ND = random.normal(size=(100, D))
        if shift_at is not None and begin >= shift_at:
            x_ND[:, 0] += 0.8
        watched.update(x_ND)
        if watched.drift_detected:
            return watched, begin + 100
        weight_DK = weight_DK + 0.05 * random.normal(size=(D, K))
        watched.roll(softmax_gate(weight_DK))
    return watched, None


def test_a_gate_that_learns_is_no_drift() -> None:
    # The gate ends far from where it began: without roll-over of the reference every run would alarm.
    alarms = [walk(seed, 3000, None)[1] for seed in range(6)]
    assert sum(alarm is not None for alarm in alarms) <= 4
    random = np.random.default_rng(0)
    watched, _ = walk(0, 3000, None)
    later = softmax_gate(random.normal(size=(D, K)) + 1.0)
    frozen = CheckpointGate(softmax_gate(np.zeros((D, K))), watched.reference_RD, calibrate="never", arl=2000)
    frozen.detector.update_many(later(watched.reference_RD))
    assert frozen.drift_detected


def test_records_that_move_are_found_through_a_moving_gate() -> None:
    found = [walk(seed, 2000, 500)[1] for seed in range(6)]
    assert all(alarm is not None for alarm in found)


def test_a_roll_over_must_not_be_missed() -> None:
    random = np.random.default_rng(0)
    watched = CheckpointGate(softmax_gate(np.zeros((D, K))), random.normal(size=(50, D)), roll_every=10)
    watched.update(random.normal(size=(4, D)))
    assert watched.records_until_roll == 6
    with pytest.raises(ValueError, match="at most 6"):
        watched.update(random.normal(size=(7, D)))
    with pytest.raises(ValueError, match="roll_every: got 0"):
        CheckpointGate(softmax_gate(np.zeros((D, K))), random.normal(size=(50, D)), roll_every=0)


def test_it_goes_on_from_a_saved_state() -> None:
    random = np.random.default_rng(1)
    gate = softmax_gate(random.normal(size=(D, K)))
    watched = CheckpointGate(gate, random.normal(size=(100, D)), roll_every=50)
    watched.update(random.normal(size=(20, D)))
    restored = CheckpointGate(gate, np.zeros((2, D)))
    restored.load_state_dict(watched.state_dict(), gate)
    x_ND = random.normal(size=(30, D))
    np.testing.assert_array_equal(watched.update(x_ND), restored.update(x_ND))
    assert restored.records_until_roll == 0
    watched.roll(gate)
    restored.roll(gate)
    np.testing.assert_array_equal(watched.update(x_ND), restored.update(x_ND))
