"""The threshold that gives the wanted average run length on the reference itself, found in bounded slices.

A replicate is a world like the real one: the whole reference is the truth there, the detector's mean comes
from a block-bootstrap resample of it, and the stream is another resample. Blocks keep the dependence, the
resampled mean keeps the cost of estimating it. For each threshold on a grid the run length is estimated
as in a censored exponential sample, total time / number of alarms, and the smallest threshold is taken
whose run length is one standard error above the wanted one.

Run lengths beyond ``LONGEST_STREAM`` are not simulated: the last decade's slope of log run length against
log threshold is continued.

Source: block bootstrap, Kuensch (1989); Politis and Romano (1992) for circular blocks.

Shapes: N records, K leaves, H thresholds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from .banks import make_capital
from .mixture import Bets, Capital, accumulate

__all__ = ["Calibration"]

Floats = npt.NDArray[np.float64]

LONGEST_STREAM = 20_000
FEWEST_STREAMS, MOST_STREAMS = 12, 100
GRID = np.arange(-4.0, 20.0, 0.05)


class Calibration:
    """Runs resampled streams through the detector and reads the threshold off their run lengths.

    Args:
        reference_NSK: weights of every gate in a period without change, in order.
        make: bets for a resampled reference (N, S, K).
        arl: the wanted average run length in records.
        run: records averaged before a bet, the same for every resampled reference.
        block: records that are resampled together.
        seed: of the resampling.
        effort: records to resample, fewer where leaves are many.
    """

    def __init__(
        self,
        reference_NSK: Floats,
        make: Callable[[Floats], Bets],
        arl: float,
        run: int,
        block: int,
        seed: int,
        effort: int,
    ) -> None:
        self._stream: int
        self._position: int
        self.arl = arl
        self.block = min(max(block, 1), len(reference_NSK))
        self.seed = seed
        self._reference_NSK = reference_NSK
        self._make = make
        self._length = min(math.ceil(arl), LONGEST_STREAM)
        work = effort * min(1.0, 64.0 / reference_NSK[0].size)
        self._streams = min(max(math.ceil(work / self._length), FEWEST_STREAMS), MOST_STREAMS)
        self._grid_H = math.log(self._length / run) + GRID
        self._time_H = np.zeros(len(GRID))
        self._alarms_H = np.zeros(len(GRID))
        self._stream, self._position, self._highest = 0, 0, -math.inf
        self._bets: Bets | None = None
        self._capital: Capital | None = None
        self._order: npt.NDArray[np.int64] = np.zeros(0, np.int64)

    @property
    def finished(self) -> bool:
        """Whether all streams have run."""
        return bool(self._stream == self._streams)

    @property
    def remaining(self) -> int:
        """Records still to run."""
        return int((self._streams - self._stream) * self._length - self._position)

    def step(self, budget: int) -> bool:
        """Run at most ``budget`` records of resampled streams -> whether all have run."""
        while budget > 0 and not self.finished:
            bets, capital = self._current()
            run = min(budget, self._length - self._position)
            order = self._order[self._position : self._position + run]
            log_evidence_N, stopped_1 = np.empty(run), np.zeros(1, np.int64)
            accumulate(
                bets,
                capital,
                np.ascontiguousarray(self._reference_NSK[order]),
                math.inf,
                log_evidence_N,
                stopped_1,
            )
            self._record(log_evidence_N)
            self._position += run
            budget -= run
            if self._position == self._length:
                self._time_H += np.where(self._grid_H > self._highest, float(self._length), 0.0)
                self._stream, self._position, self._highest = self._stream + 1, 0, -math.inf
                self._bets = self._capital = None
        return self.finished

    def log_threshold(self) -> float:
        """log c for the wanted run length; needs all streams to have run."""
        run_length_H = self._run_lengths(1.0)
        wanted = math.log(min(self.arl, self._length))
        enough = np.flatnonzero(run_length_H >= wanted)
        place = int(enough[0]) if len(enough) else len(GRID) - 1
        beyond = math.log(self.arl) - wanted
        if beyond <= 0.0:
            return float(self._grid_H[place])
        lower = int(np.searchsorted(run_length_H, wanted - math.log(10.0)))
        rise = run_length_H[place] - run_length_H[lower]
        slope = max(rise, 0.1) / max(self._grid_H[place] - self._grid_H[lower], 1e-9)
        return float(self._grid_H[place] + beyond / min(max(slope, 0.1), 1.0))

    def run_length(self, log_threshold: float) -> float:
        """Estimated average run length at a threshold, in records; at most what the streams can show."""
        place = int(np.clip(np.searchsorted(self._grid_H, log_threshold), 0, len(GRID) - 1))
        return math.exp(self._run_lengths(0.0)[place])

    def state_dict(self) -> dict[str, Any]:
        """Where the simulation is; the streams' resamples follow from the seed."""
        capital = None if self._capital is None else {k: v.copy() for k, v in self._capital._asdict().items()}
        return {
            "block": self.block,
            "stream": self._stream,
            "position": self._position,
            "highest": self._highest,
            "time_H": self._time_H.copy(),
            "alarms_H": self._alarms_H.copy(),
            "capital": capital,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where a saved simulation was."""
        self.block = int(state["block"])
        self._stream, self._position = int(state["stream"]), int(state["position"])
        self._highest = float(state["highest"])
        self._time_H[:], self._alarms_H[:] = state["time_H"], state["alarms_H"]
        self._bets = self._capital = None
        if state["capital"] is not None:
            _, capital = self._current()
            for name, array in state["capital"].items():
                getattr(capital, name)[...] = array

    def _current(self) -> tuple[Bets, Capital]:
        """Bets and bettors of the stream that runs now, and which records it takes."""
        if self._bets is None or self._capital is None:
            random = np.random.default_rng((self.seed, self._stream))
            records = len(self._reference_NSK)
            self._bets = self._make(self._reference_NSK[self._resample(random, records)])
            self._order = self._resample(random, self._length)
            self._capital = make_capital(self._bets)
        return self._bets, self._capital

    def _resample(self, random: np.random.Generator, length: int) -> npt.NDArray[np.int64]:
        records = len(self._reference_NSK)
        begin_M = random.integers(0, records, math.ceil(length / self.block))
        order = ((begin_M[:, None] + np.arange(self.block)) % records).reshape(-1)[:length]
        return order.astype(np.int64)

    def _record(self, log_evidence_N: Floats) -> None:
        """Count the first passage of every threshold that this run reaches for the first time."""
        highest_N = np.maximum(np.maximum.accumulate(log_evidence_N), self._highest)
        new_H = (self._grid_H > self._highest) & (self._grid_H <= highest_N[-1])
        self._time_H[new_H] += self._position + 1 + np.searchsorted(highest_N, self._grid_H[new_H])
        self._alarms_H[new_H] += 1.0
        self._highest = float(highest_N[-1])

    def _run_lengths(self, errors: float) -> Floats:
        """log of total time / alarms, less so many standard errors, never falling with the threshold."""
        alarms_H = np.maximum(self._alarms_H, 0.5)
        length_H = np.log(np.maximum(self._time_H, 1.0) / alarms_H) - errors / np.sqrt(alarms_H)
        rising_H: Floats = np.maximum.accumulate(length_H)
        return rising_H
