"""What moved, in words a person can use: leaves that gained or lost records, and the features behind it.

Shapes: N recent records, R reference records, D features.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..events import Level
from .reading import GateReading

__all__ = ["LeafShift", "WatchReading", "leaf_shift", "mean_shift"]

Floats = npt.NDArray[np.float64]

LARGEST = 1e150  # of a value: sums of larger ones overflow


@dataclass(frozen=True, slots=True, eq=False)
class LeafShift:
    """A leaf whose share of the records moved.

    Args:
        leaf: its name.
        gate: which of the watched gates.
        expert: which expert of that gate.
        direction: +1 gained, -1 lost.
        before: its mean weight on the reference records.
        after: its mean weight since the change.
        shift_D: shift of every feature's mean among its records, in running standard deviations.
    """

    leaf: str
    gate: int
    expert: int
    direction: int
    before: float
    after: float
    shift_D: Floats


@dataclass(frozen=True, slots=True, eq=False)
class WatchReading:
    """The gates' state.

    Args:
        level: of the stronger evidence, gates or novelty; at most WARNING until the threshold is final.
        excess: log evidence in nats less its threshold, of the stronger one; DRIFT from 0 on.
        gate: the gate evidence in full; ``None`` before the reference is complete.
        novelty_excess: the same for records far from every prototype.
        change_point: number of the record where the change is thought to have begun; ``None`` while STABLE.
        leaves: flagged leaves, largest move first.
        shift_D: shift of every feature's mean since the change, in running standard deviations; empty while
            STABLE.
        calibrated: whether the threshold is final.
    """

    level: Level
    excess: float
    gate: GateReading | None
    novelty_excess: float
    change_point: int | None
    leaves: tuple[LeafShift, ...]
    shift_D: Floats
    calibrated: bool


def mean_shift(
    recent_ND: Floats, weight_N: Floats, reference_RD: Floats, weight_R: Floats, deviation_D: Floats
) -> Floats:
    """(D,) difference of weighted means over known values, in standard deviations; 0 where there are none."""
    difference_D = _mean(recent_ND, weight_N) - _mean(reference_RD, weight_R)
    scaled_D = np.divide(
        difference_D, deviation_D, out=np.zeros_like(difference_D), where=deviation_D > 1e-12
    )
    shift_D: Floats = np.nan_to_num(scaled_D, nan=0.0)
    return shift_D


def leaf_shift(
    name: str,
    place: tuple[int, int],
    direction: int,
    recent: tuple[Floats, Floats],
    reference: tuple[Floats, Floats],
    deviation_D: Floats,
) -> LeafShift:
    """One leaf's move.

    Args:
        name: of the leaf.
        place: gate and expert.
        direction: +1 or -1.
        recent: (N, D) records since the change and (N, S, E) their weights.
        reference: the same of the reference.
        deviation_D: running standard deviations.
    """
    recent_N, reference_R = recent[1][:, *place], reference[1][:, *place]
    shift_D = mean_shift(recent[0], recent_N, reference[0], reference_R, deviation_D)
    return LeafShift(name, *place, direction, float(reference_R.mean()), float(recent_N.mean()), shift_D)


def _mean(x_ND: Floats, weight_N: Floats) -> Floats:
    """Weighted mean over known values; NaN where there are none."""
    known_ND = ~np.isnan(x_ND)
    total_D = weight_N @ known_ND
    mean_D: Floats = np.divide(
        weight_N @ np.where(known_ND, x_ND.clip(-LARGEST, LARGEST), 0.0),
        total_D,
        out=np.full(x_ND.shape[1], np.nan),
        where=total_D > 1e-9,
    )
    return mean_D
