from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from stream_hmoe.checkpoint import load, save
from stream_hmoe.detectors import GateWatch
from stream_hmoe.detectors.gate_watch import distinct_scales
from stream_hmoe.events import Level
from stream_hmoe.kernels.frozen_gates import FrozenGates, make_frozen

Floats = npt.NDArray[np.float64]
D, S, E = 3, 2, 4
NAMES = [f"{gate}/{expert}" for gate in range(S) for expert in range(E)]
OPTIONS = {"settle": 100, "reference_records": 1500, "roll_every": 400, "recent_records": 500}


def gates(features: int = D, wobble: float = 0.0) -> FrozenGates:
    """Prototypes on a grid of the first feature, scaled by unit moments."""
    frozen = make_frozen(S, E, features)
    frozen.count_D[:], frozen.variance_D[:] = 1e6, 1.0
    frozen.centre_SEA[:, :, 1] = np.linspace(-1.5, 1.5, E) + wobble
    frozen.bias_SE[:], frozen.born_S[:], frozen.laplace_1[:] = 0.0, E, 1
    frozen.scale_S[:] = [2.0, 6.0]
    frozen.cutoff_1[:] = 1e-2
    return frozen


def records(seed: int, count: int, shift: float = 0.0, features: int = D) -> Floats:
    x_ND = np.random.default_rng(seed).normal(size=(count, features))
    x_ND[:, 0] += shift
    return x_ND


def feed(watch: GateWatch, x_ND: Floats, cut: int = 10**9) -> Floats:
    parts, begin = [], 0
    while begin < len(x_ND):
        if watch.records_until_gates == 0:
            watch.freeze(gates(wobble=0.01 * (watch.records // 400 % 3)))
        end = min(len(x_ND), begin + cut, begin + watch.records_until_gates)
        parts.append(watch.update(x_ND[begin:end]))
        begin = end
    return np.concatenate(parts)


def test_a_shift_is_found_with_its_leaves_and_its_feature() -> None:
    watch = GateWatch(NAMES, 10_000, **OPTIONS)
    assert feed(watch, records(4, 5000)).max() < 0.0
    assert watch.watching
    assert watch.reading().change_point is None
    excess_N = feed(watch, records(1, 300, shift=0.8))
    assert watch.drift_detected
    assert 5 < int((excess_N >= 0.0).argmax()) < 150
    reading = watch.reading()
    assert reading.level == Level.DRIFT
    assert reading.calibrated
    assert reading.change_point is not None
    assert abs(reading.change_point - 5000) < 100
    assert reading.shift_D.argmax() == 0
    assert reading.shift_D[0] == pytest.approx(0.8, abs=0.2)
    assert np.abs(reading.shift_D[1:]).max() < 0.2
    gained = [shift for shift in reading.leaves if shift.direction > 0]
    assert {shift.expert for shift in gained} <= {2, 3}
    assert all(
        shift.after > shift.before and shift.leaf == f"{shift.gate}/{shift.expert}" for shift in gained
    )
    assert gained


def test_records_like_no_other_are_found_even_where_the_gates_do_not_move() -> None:
    watch = GateWatch(NAMES, 10_000, **OPTIONS)
    feed(watch, records(0, 5000))
    far_ND = records(2, 400)
    far_ND[:, 2] *= 4.0
    feed(watch, far_ND)
    reading = watch.reading()
    assert reading.novelty_excess >= 0.0
    assert watch.drift_detected


@pytest.mark.parametrize("cut", [1, 37, 1000])
def test_cuts_change_nothing(cut: int) -> None:
    x_ND = np.vstack([records(0, 3500), records(1, 100, shift=0.5)])
    whole, parts = GateWatch(NAMES, 300, **OPTIONS), GateWatch(NAMES, 300, **OPTIONS)
    np.testing.assert_array_equal(feed(whole, x_ND), feed(parts, x_ND, cut))


@pytest.mark.parametrize("at", [50, 300, 1650, 3400])
def test_a_saved_watch_goes_on_bit_for_bit(tmp_path: Path, at: int) -> None:
    x_ND = np.vstack([records(0, 3500), records(1, 100, shift=0.5)])
    watch = GateWatch(NAMES, 300, **OPTIONS)
    feed(watch, x_ND[:at])
    save(tmp_path, watch.state_dict())
    restored = GateWatch(["only"], 99, **OPTIONS)
    restored.load_state_dict(load(tmp_path))
    np.testing.assert_array_equal(feed(watch, x_ND[at:]), feed(restored, x_ND[at:]))
    mine, its = watch.reading(), restored.reading()
    assert mine.change_point == its.change_point
    np.testing.assert_array_equal(mine.shift_D, its.shift_D)


def test_rebasing_accepts_what_is_now() -> None:
    watch = GateWatch(NAMES, 10_000, **OPTIONS)
    feed(watch, records(0, 5000))
    feed(watch, records(1, 300, shift=0.8))
    watch.rebase()
    assert not watch.watching
    assert not watch.drift_detected
    assert feed(watch, records(2, 5000, shift=0.8)).max() < 0.0
    feed(watch, records(3, 300))
    assert watch.drift_detected


def test_columns_may_be_appended() -> None:
    watch = GateWatch(NAMES, 10_000, **OPTIONS)
    feed(watch, records(0, 1650))
    watch.update(records(1, 10, features=D + 2))
    while watch.records_until_gates:
        watch.update(records(2, 1, features=D + 2))
    watch.freeze(gates(D + 2))
    watch.update(records(3, 50, features=D + 2))
    assert np.isfinite(watch.reading().excess)


def test_what_does_not_fit_is_refused() -> None:
    watch = GateWatch(NAMES, 10_000, **OPTIONS)
    with pytest.raises(ValueError, match="due in 1600 records"):
        watch.freeze(gates())
    with pytest.raises(ValueError, match="freeze the gates after 1600"):
        watch.update(records(0, 1601))
    watch.update(records(0, 1600))
    with pytest.raises(ValueError, match="got 499; give at least 500"):
        GateWatch(NAMES, reference_records=499)
    few = GateWatch(NAMES[:3], 50_000, **OPTIONS)
    few.update(records(0, 1600))
    with pytest.raises(ValueError, match="but there are 3 names"):
        few.freeze(gates())


def test_groups_of_one_scale_are_watched_once() -> None:
    assert distinct_scales(np.array([2.0, 4.0, 8.0, 1.0, 4.0, 8.0])) == [0, 1, 2, 3]
