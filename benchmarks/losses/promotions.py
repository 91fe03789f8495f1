"""Promotions: how often wrong, how soon right, and what harm is undone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np
import numpy.typing as npt

from stream_hmoe.challenger import PairedTest, PromotionBudget, RollbackWatch, Trial, Watch

from .findings import Finding, Track, mean, share

__all__ = ["promotions"]

Floats = npt.NDArray[np.float64]
Law = Literal["errors", "normal"]

ALPHA = 0.01
BUDGET_RECORDS = 10_000
CHALLENGERS = 20
ROW_RECORDS = 5_000
HORIZON_RECORDS = 5_000
LAWS: tuple[tuple[Law, float], ...] = (("errors", 0.3), ("errors", 0.14), ("normal", 0.2), ("normal", 0.5))


def differences(law: Law, sd: float, effect: float, records: int, rng: np.random.Generator) -> Floats:
    """Loss of the champion less that of the challenger: -1, 0 or 1, or normal cut to [-1, 1]."""
    if law == "normal":
        return np.clip(rng.normal(effect * sd, sd, records), -1.0, 1.0)
    u_N = rng.random(records)
    differ, better = sd * sd, effect * sd
    return np.where(u_N < (differ + better) / 2, 1.0, np.where(u_N > 1.0 - (differ - better) / 2, -1.0, 0.0))


def promotions(trials: int, seed: int, track: Track) -> Iterator[Finding]:
    """Single tests, many challengers in a row, and the watch after a promotion."""
    yield from _single(trials, seed, track)
    yield from _in_a_row(max(trials // 5, 1), seed, track)
    yield from _watched(max(trials // 4, 1), seed, track)


def _single(trials: int, seed: int, track: Track) -> Iterator[Finding]:
    for law, sd in LAWS:
        for effect in (0.0, 0.1, -0.1):
            setting = f"{law}, sd {sd:g}, mean/sd {effect:g}"
            ends, taken = [], []
            for number in track(range(trials if effect == 0.0 else trials // 4), f"test, {setting}"):
                rng = np.random.default_rng([seed, 4, number])
                d_N = differences(law, sd, effect, BUDGET_RECORDS, rng)
                test = PairedTest(ALPHA, budget_records=BUDGET_RECORDS)
                test.update_many(d_N, np.zeros_like(d_N))
                ends.append(test.trial)
                taken.append(test.records)
            good = {0.0: "<= 0.01", 0.1: "1", -0.1: "<= 0.01"}[effect]
            yield share("d promotion", setting, "promoted", (end is Trial.PROMOTE for end in ends), good)
            if effect > 0.0:
                yield mean("d promotion", setting, "records to promote", taken, "<= 1,000")
            if effect < 0.0:
                yield mean("d promotion", setting, "records to drop", taken)


def _in_a_row(runs: int, seed: int, track: Track) -> Iterator[Finding]:
    """Runs of challengers, none better; then every second one better: any wrong promotion in the run?"""
    for better in (0, 2):
        for shared in (True, False):
            wrong, right, chances = [], 0, 0
            name = f"{CHALLENGERS} challengers, {'half' if better else 'none'} better"
            setting = f"{name}, {'one budget' if shared else 'each at 0.01'}"
            for number in track(range(runs), setting):
                rng = np.random.default_rng([seed, 5, number])
                budget, mistakes = PromotionBudget(ALPHA), 0
                for place in range(CHALLENGERS):
                    is_better = bool(better) and place % better == 1
                    d_N = differences("errors", 0.3, 0.1 if is_better else 0.0, ROW_RECORDS, rng)
                    test = PairedTest(budget.next_alpha if shared else ALPHA, budget_records=ROW_RECORDS)
                    test.update_many(d_N, np.zeros_like(d_N))
                    promoted = test.trial is Trial.PROMOTE
                    budget.settle(promoted=promoted)
                    mistakes += promoted and not is_better
                    right += promoted and is_better
                    chances += is_better
                wrong.append(mistakes > 0)
            yield share(
                "d in a row", setting, "runs with a wrong promotion", wrong, "<= 0.01" if shared else ""
            )
            if better:
                yield Finding("d in a row", setting, "better ones promoted", right / chances, 0.0, 1.0)


def _watched(trials: int, seed: int, track: Track) -> Iterator[Finding]:
    for harm, late in ((0.0, False), (0.1, False), (0.2, True)):
        setting = f"harm {harm:g} sd{', from record 2,000' if late else ''}"
        ends, delays = [], []
        for number in track(range(trials), f"watch, {setting}"):
            rng = np.random.default_rng([seed, 6, number])
            start = 2_000 if late else 0
            quiet_N = differences("errors", 0.3, 0.0, start, rng)
            d_N = np.concatenate([quiet_N, differences("errors", 0.3, harm, HORIZON_RECORDS - start, rng)])
            watch = RollbackWatch(HORIZON_RECORDS)
            watch.update_many(d_N, np.zeros_like(d_N))
            ends.append(watch.watch is Watch.ROLL_BACK)
            if watch.watch is Watch.ROLL_BACK:
                delays.append(watch.records - start)
        yield share("d rollback", setting, "rolled back in 5,000 records", ends, "" if harm else "<= 0.05")
        if harm:
            yield mean("d rollback", setting, "delay, records", delays)
