"""A challenger is promoted on evidence that holds whenever one looks, and watched after it.

Champion and challenger predict the same records before either learns from them; what counts is the
difference of their losses, d = champion - challenger.

Source: test by betting (Waudby-Smith and Ramdas 2024, "Estimating means of bounded random variables by
betting"); ``PromotionBudget`` is the online fallback procedure (Tian and Ramdas 2021).

Shapes: N records, J bettors.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from .paired_bets import COUNT, PARTS, SUM, WEIGHTS, PairedState, bet_on_pairs, start_pairs, watch_pairs

__all__ = ["PairedTest", "PromotionBudget", "RollbackWatch", "Trial", "Watch"]

Floats = npt.NDArray[np.float64]

WATCH_ARL_HORIZONS = 20.0


class Trial(enum.IntEnum):
    """What a paired test has come to."""

    OPEN = 0
    PROMOTE = 1
    DROP = 2
    SPENT = 3


class Watch(enum.IntEnum):
    """What the watch after a promotion has come to."""

    OPEN = 0
    ROLL_BACK = 1
    KEEP = 2


class _Pairs:
    """Differences of paired losses, and what is bet on them."""

    def __init__(self, bound: float, least: float, effect: float, capital: float) -> None:
        if not (math.isfinite(bound) and bound > 0.0):
            raise ValueError(f"bound must be a positive difference of losses, got {bound!r}")
        if not 0.0 <= least < bound:
            raise ValueError(f"the least difference must lie in [0, bound = {bound:g}), got {least!r}")
        if not (math.isfinite(effect) and effect > 0.0):
            raise ValueError(f"effect must be a positive ratio of mean to deviation, got {effect!r}")
        self.bound, self.least, self.effect = float(bound), float(least), float(effect)
        self._state = start_pairs(capital)

    def _differences(self, worse_N: Floats, better_N: Floats) -> Floats:
        d_N = np.asarray(worse_N, dtype=np.float64) - np.asarray(better_N, dtype=np.float64)
        if d_N.ndim != 1 or not np.isfinite(d_N).all():
            raise ValueError("give two arrays (N,) of finite losses of the same records")
        return np.clip(d_N, -self.bound, self.bound)

    @property
    def _scale_2(self) -> Floats:
        return np.array([self.least, self.bound + self.least])

    @property
    def records(self) -> int:
        """Pairs taken in."""
        return int(self._state.sums_3[COUNT])

    @property
    def mean_difference(self) -> float:
        """Mean of the differences so far; 0 before the first."""
        return float(self._state.sums_3[SUM] / max(self._state.sums_3[COUNT], 1.0))

    def state_dict(self) -> dict[str, Any]:
        """Settings and evidence."""
        arrays = {name: array.copy() for name, array in self._state._asdict().items()}
        return {"bound": self.bound, "least": self.least, "effect": self.effect, **arrays}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over a saved state, whatever this was made with."""
        self.bound, self.least = float(state["bound"]), float(state["least"])
        self.effect = float(state["effect"])
        names = PairedState._fields
        self._state = PairedState(*(np.array(state[name], dtype=np.float64) for name in names))


class PairedTest(_Pairs):
    """Is the challenger better, by more than ``least``? Looked at after every record, at no price.

    While E[d | past] <= least, the chance that it is ever promoted is at most ``alpha``. It is dropped when
    the reverse is as certain, or when the budget is spent.

    Args:
        alpha: largest chance of promoting a challenger that is not better.
        bound: differences are cut to [-bound, bound]. Bets are strongest when it is a few standard
            deviations of the difference, and no larger.
        least: smallest difference worth a promotion.
        budget_records: pairs to spend.
        effect: mean over standard deviation of the difference that is looked for.
    """

    def __init__(
        self,
        alpha: float = 0.01,
        *,
        bound: float = 1.0,
        least: float = 0.0,
        budget_records: int = 10_000,
        effect: float = 0.1,
    ) -> None:
        if not 0.0 < alpha < 1.0:
            raise ValueError(f"alpha must lie between 0 and 1, got {alpha!r}")
        if budget_records < 1:
            raise ValueError(f"budget_records must be 1 or more, got {budget_records!r}")
        super().__init__(bound, least, effect, 0.0)
        self.alpha = float(alpha)
        self.budget_records = int(budget_records)
        self.trial = Trial.OPEN

    def update(self, champion_loss: float, challenger_loss: float) -> Trial:
        """Take in the two losses of one record -> what the test has come to."""
        self.update_many(np.array([champion_loss]), np.array([challenger_loss]))
        return self.trial

    def update_many(self, champion_N: Floats, challenger_N: Floats) -> int | None:
        """Take in pairs until the test closes -> index of the pair that closed it, None if it is open.

        A closed test takes in nothing more.
        """
        d_N = self._differences(champion_N, challenger_N)
        if self.trial is not Trial.OPEN or not d_N.size:
            return None
        limit = -math.log(self.alpha)
        limits_3 = np.array([limit, limit, float(self.budget_records)])
        effect_J = self.effect * PARTS
        taken, decision = bet_on_pairs(self._state, d_N, self._scale_2, effect_J, WEIGHTS, limits_3)
        self.trial = Trial(decision)
        return taken - 1 if decision else None

    @property
    def evidence_nats(self) -> float:
        """Log of the e-process for the challenger; it promotes at log(1 / alpha)."""
        return float(np.log(WEIGHTS @ np.exp(self._state.for_J)))

    @property
    def reverse_nats(self) -> float:
        """Log of the e-process against it; it drops at log(1 / alpha)."""
        return float(np.log(WEIGHTS @ np.exp(self._state.against_J)))

    def state_dict(self) -> dict[str, Any]:
        """Settings, evidence and what the test has come to."""
        own = {"alpha": self.alpha, "budget_records": self.budget_records, "trial": int(self.trial)}
        return {**super().state_dict(), **own}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over a saved state, whatever this was made with."""
        super().load_state_dict(state)
        self.alpha, self.budget_records = float(state["alpha"]), int(state["budget_records"])
        self.trial = Trial(int(state["trial"]))


class RollbackWatch(_Pairs):
    """After a promotion: does the new champion lose more than the old one, which goes on in its shadow?

    An e-detector, so that harm that begins late is found as fast as harm from the start. Its ARL is 20
    horizons: the chance of a rollback without harm within the horizon is at most 1 in 20.

    Args:
        horizon_records: how long to watch.
        bound: differences are cut to [-bound, bound].
        least: smallest harm worth a rollback.
        effect: mean over standard deviation of the harm that is looked for.
    """

    def __init__(
        self, horizon_records: int, *, bound: float = 1.0, least: float = 0.0, effect: float = 0.1
    ) -> None:
        if horizon_records < 1:
            raise ValueError(f"horizon_records must be 1 or more, got {horizon_records!r}")
        super().__init__(bound, least, effect, 0.0)
        self.horizon_records = int(horizon_records)
        self.watch = Watch.OPEN

    def update(self, present_loss: float, former_loss: float) -> Watch:
        """Take in the losses of the new and the old champion on one record."""
        self.update_many(np.array([present_loss]), np.array([former_loss]))
        return self.watch

    def update_many(self, present_N: Floats, former_N: Floats) -> int | None:
        """Take in pairs until the watch ends -> index of the pair that ended it, None while it is open."""
        d_N = self._differences(present_N, former_N)
        if self.watch is not Watch.OPEN or not d_N.size:
            return None
        limits_2 = np.array([WATCH_ARL_HORIZONS * self.horizon_records, float(self.horizon_records)])
        effect_J = self.effect * PARTS
        taken, ended = watch_pairs(self._state, d_N, self._scale_2, effect_J, WEIGHTS, limits_2)
        self.watch = Watch(ended)
        return taken - 1 if ended else None

    @property
    def evidence_nats(self) -> float:
        """Log of the capital, -inf before the first pair; it alarms at log(20 horizons)."""
        capital = float(self._state.for_J.sum())
        return math.log(capital) if capital > 0.0 else -math.inf

    def state_dict(self) -> dict[str, Any]:
        """Settings, evidence and what the watch has come to."""
        own = {"horizon_records": self.horizon_records, "watch": int(self.watch)}
        return {**super().state_dict(), **own}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over a saved state, whatever this was made with."""
        super().load_state_dict(state)
        self.horizon_records = int(state["horizon_records"])
        self.watch = Watch(int(state["watch"]))


class PromotionBudget:
    """One chance of error for all challengers of a run, however many there will be.

    Challenger i (from 1) gets alpha / (i (i + 1)), which sums to alpha; a promoted one hands all that it had
    on to the next, since error is only spent where a test was not passed. The chance of any wrong promotion
    in the run is at most ``alpha``, whatever the tests depend on.

    Args:
        alpha: largest chance of any wrong promotion.
    """

    def __init__(self, alpha: float = 0.01) -> None:
        if not 0.0 < alpha < 1.0:
            raise ValueError(f"alpha must lie between 0 and 1, got {alpha!r}")
        self.alpha = float(alpha)
        self.tested = 0
        self._handed_on = 0.0

    @property
    def next_alpha(self) -> float:
        """Level for the test of the next challenger."""
        place = self.tested + 1
        return self.alpha / (place * (place + 1)) + self._handed_on

    def settle(self, *, promoted: bool) -> None:
        """Note that the challenger that was tested at ``next_alpha`` was promoted, or was not."""
        self._handed_on = self.next_alpha if promoted else 0.0
        self.tested += 1

    def state_dict(self) -> dict[str, Any]:
        """Everything that the next level depends on."""
        return {"alpha": self.alpha, "tested": self.tested, "handed_on": self._handed_on}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over a saved state."""
        self.alpha, self.tested = float(state["alpha"]), int(state["tested"])
        self._handed_on = float(state["handed_on"])
