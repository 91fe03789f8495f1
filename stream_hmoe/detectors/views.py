"""How a detector looks at gates: each as it is, and beside soft ones the largest weight, in runs.

Shapes: N records, S gates, K leaves, R runs.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ..evidence import Reference, estimate, known, one_hot, run_length, run_means

__all__ = ["Look", "choose_looks", "choose_run", "refer"]

Floats = npt.NDArray[np.float64]
Look = tuple[int, bool]

ONE_HOT = 0.999
FEWEST_RUNS = 20


def choose_looks(rows_NSK: Floats, hard_too: bool) -> list[Look]:
    """Which gate each view sees, and whether as a one-hot vector.

    Args:
        rows_NSK: reference weights; one record is a known mean, of which the largest weight says nothing.
        hard_too: whether the largest of soft weights is wanted.
    """
    soft = len(rows_NSK) > 1 and float(rows_NSK.max(axis=2).min()) < ONE_HOT
    kinds = (False, True) if soft and hard_too else (False,)
    return [(gate, hard) for gate in range(rows_NSK.shape[1]) for hard in kinds]


def choose_run(rows_NSK: Floats, looks: Sequence[Look]) -> int:
    """Records averaged before a bet: as many as the view that lingers longest needs."""
    if len(rows_NSK) == 1:
        return 1
    longest = max(run_length(estimate(look_NK)) for look_NK in _seen(rows_NSK, looks))
    return max(min(longest, len(rows_NSK) // FEWEST_RUNS), 1)


def refer(rows_NSK: Floats, looks: Sequence[Look], run: int) -> list[Reference]:
    """Every view's reference."""
    if len(rows_NSK) == 1:
        return [known(rows_NSK[0, gate]) for gate, _ in looks]
    return [estimate(run_means(look_NK, run)) for look_NK in _seen(rows_NSK, looks)]


def _seen(rows_NSK: Floats, looks: Sequence[Look]) -> list[Floats]:
    return [one_hot(rows_NSK[:, gate]) if hard else rows_NSK[:, gate] for gate, hard in looks]
