"""A test that decides while it runs: is a challenger's loss lower than the champion's by more than a margin?

Two e-processes bet against the two answers with differences d = champion's loss - challenger's loss, cut at
a bound that is known before each record:

    E+ = prod 1 + lambda (d - margin)       falls or stays, on average, if the mean of d is at most the margin
    E- = prod 1 - lambda' (d - margin)      likewise if it is at least the margin

with lambda = mean / (variance + mean^2) of the recent past, at most half of what keeps a factor positive.
Either may be looked at after every record: by Ville's inequality each exceeds 1 / alpha wrongly with
probability at most alpha. What is tested is the mean of the differences as cut, at 6 of their recent
deviations.

Source: betting and aGRAPA, Waudby-Smith and Ramdas (2024).

Shapes: N records.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import numpy.typing as npt

from ..kernels.compiled import compiled

__all__ = ["Trial", "Verdict"]

Floats = npt.NDArray[np.float64]
Verdict = Literal["promote", "drop", "undecided"]

CUT_AT = 6.0
SLOWEST_RATE = 0.005
SEEN, SUM, MEAN, SQUARE, FOR, AGAINST, VERDICT = range(7)


class Trial:
    """A paired anytime-valid test of one challenger.

    Args:
        margin: promotion needs a mean difference above it, in nats per record; negative where the
            challenger is simpler and may be a little worse.
        alpha: error probability of either decision.
        warmup: first records that only measure the differences' spread.
        longest: records after which the trial ends undecided.
    """

    def __init__(self, margin: float, alpha: float = 0.01, warmup: int = 200, longest: int = 8000) -> None:
        self.margin = margin
        self.alpha = alpha
        self.warmup = warmup
        self.longest = longest
        self._sums_7 = np.zeros(7)

    @property
    def records(self) -> int:
        """Records seen."""
        return int(self._sums_7[SEEN])

    @property
    def mean(self) -> float:
        """Mean difference since the warm-up: how much the challenger gained, in nats per record."""
        return float(self._sums_7[SUM] / max(self._sums_7[SEEN] - self.warmup, 1.0))

    @property
    def verdict(self) -> Verdict:
        """The first decision reached."""
        sign = self._sums_7[VERDICT]
        return "promote" if sign > 0.0 else "drop" if sign < 0.0 else "undecided"

    @property
    def finished(self) -> bool:
        """Whether it is decided or has run its time."""
        return self.verdict != "undecided" or self.records >= self.longest

    def update(self, difference_N: Floats) -> Verdict:
        """Take in differences in order -> the verdict; how they are cut into calls changes nothing."""
        _bet(self._sums_7, difference_N, self.margin, math.log(1.0 / self.alpha), self.warmup)
        return self.verdict

    def state_dict(self) -> dict[str, float | int | Floats]:
        """The test and its sums."""
        return {
            "margin": self.margin,
            "alpha": self.alpha,
            "warmup": self.warmup,
            "longest": self.longest,
            "sums_7": self._sums_7.copy(),
        }

    def load_state_dict(self, state: dict[str, float | int | Floats]) -> None:
        """Continue where ``state_dict`` was taken."""
        self.margin, self.alpha = float(state["margin"]), float(state["alpha"])
        self.warmup, self.longest = int(state["warmup"]), int(state["longest"])
        self._sums_7[:] = state["sums_7"]


@compiled
def _bet(sums_7: Floats, difference_N: Floats, margin: float, needed: float, warmup: int) -> None:
    for n in range(difference_N.size):
        seen, mean = sums_7[SEEN], sums_7[MEAN]
        variance = max(sums_7[SQUARE] - mean * mean, 0.0)
        bound = CUT_AT * math.sqrt(variance) + abs(margin)
        d = difference_N[n]
        if seen >= warmup:
            d = min(max(d, -bound), bound)
            sums_7[SUM] += d
            edge = mean - margin
            size = abs(edge) / (variance + edge * edge + 1e-12)
            size = min(size, 0.5 / (bound + abs(margin) + 1e-12))
            if edge > 0.0:
                sums_7[FOR] += math.log(1.0 + size * (d - margin))
            else:
                sums_7[AGAINST] += math.log(1.0 - size * (d - margin))
            if sums_7[VERDICT] == 0.0 and max(sums_7[FOR], sums_7[AGAINST]) >= needed:
                sums_7[VERDICT] = 1.0 if sums_7[FOR] >= needed else -1.0
        sums_7[SEEN] += 1.0
        rate = max(1.0 / sums_7[SEEN], SLOWEST_RATE)
        sums_7[MEAN] += rate * (d - mean)
        sums_7[SQUARE] += rate * (d * d - sums_7[SQUARE])
