"""Values on one scale: each feature minus its running mean, over its running standard deviation.

A value that is out of all proportion moves the scale no more than one at its edge would: one absurd number
must not flatten a feature for the hundreds of thousands of records in which its square is forgotten. A
feature that has really moved so far takes about a thousand records to move the scale after it.

Shapes: D features, A = 1 + D.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .arrays import Axes
from .compiled import inlined, linked

__all__ = ["SCALE_AXES", "Scale", "believed", "learn_scale", "scale_record", "scaled_value"]

Floats = npt.NDArray[np.float64]

SLOWEST_RATE = 0.001
LARGEST = 5.0
SETTLED_RECORDS = 50.0
ABSURD_DEVIATIONS = 100.0
ABSURD_SIZES = 10.0


class Scale(NamedTuple):
    """Running count, mean and variance of each feature; missing values leave them as they are."""

    count_D: Floats
    mean_D: Floats
    variance_D: Floats


SCALE_AXES = {"count_D": Axes("D"), "mean_D": Axes("D"), "variance_D": Axes("D")}


@linked
def believed(count: float, mean: float, variance: float, x: float) -> float:
    """The value as the scale takes it: x, or the edge of the scale when x is out of all proportion.

    That is, when it is both 100 standard deviations and ten times 1 + |mean| away from a mean of 50 records
    or more: features that are mostly 0 and sometimes 1, or a few, are what they are.
    """
    error = min(max(x - mean, -1e150), 1e150)
    is_far = error * error > ABSURD_DEVIATIONS * ABSURD_DEVIATIONS * variance
    if not is_far or count < SETTLED_RECORDS or abs(error) <= ABSURD_SIZES * (1.0 + abs(mean)):
        return x
    deviation = math.sqrt(max(variance, 0.0))
    if deviation <= 1e-12 * (1.0 + abs(mean)):
        return x
    return mean + math.copysign(LARGEST * deviation, error)


@linked
def scaled_value(count: float, mean: float, variance: float, x: float) -> tuple[float, float, float]:
    """One step of the exponentially weighted moments -> (scaled value, new mean, new variance).

    The rate is 1/n at first and never below 0.001, so that the scale follows a moving feature. The
    value is scaled by the moments that include it, as far as it is believed, and cut at 5 standard
    deviations. Differences are cut at 1e150 so that their squares stay finite.
    """
    rate = max(1.0 / (count + 1.0), SLOWEST_RATE)
    taken = believed(count, mean, variance, x)
    error = min(max(taken - mean, -1e150), 1e150)
    mean += rate * error
    variance += rate * (error * min(max(taken - mean, -1e150), 1e150) - variance)
    deviation = math.sqrt(max(variance, 0.0))
    if deviation <= 1e-12 * (1.0 + abs(mean)):
        return 0.0, mean, variance
    return min(max((x - mean) / deviation, -LARGEST), LARGEST), mean, variance


@inlined
def scale_record(scale: Scale, x_D: Floats, z_A: Floats) -> None:
    """Fill ``z_A``: a constant 1, then every feature on one scale; a missing value (NaN) becomes 0."""
    z_A[0] = 1.0
    for d in range(x_D.size):
        z_A[d + 1] = 0.0
        if not math.isnan(x_D[d]):
            z_A[d + 1] = scaled_value(scale.count_D[d], scale.mean_D[d], scale.variance_D[d], x_D[d])[0]


@inlined
def learn_scale(scale: Scale, x_D: Floats) -> None:
    """Let the running moments see the record."""
    for d in range(x_D.size):
        if not math.isnan(x_D[d]):
            _, scale.mean_D[d], scale.variance_D[d] = scaled_value(
                scale.count_D[d], scale.mean_D[d], scale.variance_D[d], x_D[d]
            )
            scale.count_D[d] += 1.0
