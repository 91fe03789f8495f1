"""Are there more records far from every prototype than there were? One-sided evidence, one number a record.

Novel is what lies farther from every prototype than the m-th farthest of R reference records, m = R / 1000
but at least 2. Under the null that has probability m / (R + 1) in the mean; p takes two standard errors more.
Bettors on a ratio r > 1 of the share u of novel records in a run win e = 1 + (r - 1) / (1 - p) (u - p), whose
mean is at most 1.

Source: as ``evidence.leaves``, one leaf and one side; the quantile's uncertainty is that of an order
statistic, a beta distribution.

Shapes: N records, R reference records, J ratios.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ..evidence.leaves import bet_on_leaves
from ..kernels.compiled import Entry, compiled

__all__ = ["NoveltyDetector"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

ONE_IN = 1000
FEWEST = 2
RATIOS = (3.0, 10.0, 50.0)
LARGEST_SHARE = 0.95
LARGEST_CAPITAL = 1e200


class NoveltyDetector:
    """Shiryaev-Roberts evidence that the share of far records rose.

    Args:
        distance_R: distances of the reference records from their nearest prototype.
        arl: wanted average number of records between false alarms.
        run: records averaged before a bet, where records depend on each other.
    """

    def __init__(self, distance_R: Floats, arl: float, run: int = 1) -> None:
        if len(distance_R) < FEWEST + 1:
            raise ValueError(f"distance_R: got {len(distance_R)} distances; give at least {FEWEST + 1}")
        self.arl = float(arl)
        self._bound_3 = np.zeros(3)
        self._capital_1J = np.zeros((1, len(RATIOS)))
        self._run_2 = np.array([run, 0], np.int64)
        self._novel_2 = np.array([0.0, -math.inf])
        self.rescale(distance_R)

    @property
    def evidence(self) -> float:
        """Log R in nats; minus infinity before the first run is full."""
        return float(self._novel_2[1])

    @property
    def threshold(self) -> float:
        """Log evidence in nats for an alarm."""
        return math.log(self.arl / int(self._run_2[0]))

    @property
    def drift_detected(self) -> bool:
        """Whether the evidence reaches the threshold."""
        return self.evidence >= self.threshold

    @property
    def distance(self) -> float:
        """Records farther away than this are novel."""
        return float(self._bound_3[0])

    def rescale(self, distance_R: Floats) -> None:
        """Follow prototypes that moved: the reference records' distances from them. Evidence is kept."""
        count = max(len(distance_R) // ONE_IN, FEWEST)
        share = (count + 2.0 * math.sqrt(count)) / (len(distance_R) + 1.0)
        self._bound_3[:] = np.partition(distance_R, -count)[-count], min(share, 0.5), 0.0

    def update_many(self, distance_N: Floats) -> Floats:
        """Take in the distances of N records -> (N,) log evidence in nats after each."""
        log_evidence_N = np.empty(len(distance_N))
        if len(distance_N):
            distances_N = np.ascontiguousarray(distance_N)
            slopes_1J = self._slopes()
            keep_1J = np.ones_like(slopes_1J)
            state = self._capital_1J, self._run_2, self._novel_2
            watch(self._bound_3, slopes_1J, keep_1J, *state, distances_N, log_evidence_N)
        return log_evidence_N

    def _slopes(self) -> Floats:
        p = float(self._bound_3[1])
        slopes_1J: Floats = (np.minimum(np.array([RATIOS]), LARGEST_SHARE / p) - 1.0) / (1.0 - p)
        return slopes_1J

    def state_dict(self) -> dict[str, Any]:
        """Everything that matters for the future."""
        return {
            "arl": self.arl,
            "bound_3": self._bound_3.copy(),
            "capital_1J": self._capital_1J.copy(),
            "run_2": self._run_2.copy(),
            "novel_2": self._novel_2.copy(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over a saved state."""
        self.arl = float(state["arl"])
        self._bound_3[:], self._novel_2[:] = state["bound_3"], state["novel_2"]
        self._capital_1J[:], self._run_2[:] = state["capital_1J"], state["run_2"]


@compiled
def run_watch(
    bound_3: Floats,
    slope_1J: Floats,
    keep_1J: Floats,
    capital_1J: Floats,
    run_2: Integers,
    novel_2: Floats,
    distance_N: Floats,
    log_evidence_N: Floats,
) -> None:
    """Count novel records, bet at the end of every run. ``bound_3`` ends with scratch."""
    for n in range(distance_N.size):
        if distance_N[n] > bound_3[0]:
            novel_2[0] += 1.0
        run_2[1] += 1
        if run_2[1] == run_2[0]:
            bound_3[2] = novel_2[0] / run_2[0]
            total = bet_on_leaves(capital_1J, slope_1J, keep_1J, bound_3[2:], bound_3[1], 1.0, 1.0)
            for j in range(capital_1J.shape[1]):
                capital_1J[0, j] = min(capital_1J[0, j], LARGEST_CAPITAL)
            novel_2[0], novel_2[1] = 0.0, math.log(min(total, LARGEST_CAPITAL))
            run_2[1] = 0
        log_evidence_N[n] = novel_2[1]


watch = Entry(run_watch)
