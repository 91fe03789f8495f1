"""Promotions: how often wrong, how soon right, what harm is undone; and which known concept is back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np
import numpy.typing as npt

from stream_hmoe.challenger import PairedTest, PromotionBudget, RollbackWatch, Trial, Watch
from stream_hmoe.concepts import ConceptLibrary
from stream_hmoe.detectors import LossReference

from .changes import ARL
from .findings import Finding, Track, mean, share
from .streams import Losses, LossLaw

__all__ = ["promotions", "recurring"]

Floats = npt.NDArray[np.float64]
Law = Literal["errors", "normal"]

ALPHA = 0.01
BUDGET_RECORDS = 10_000
CHALLENGERS = 20
ROW_RECORDS = 5_000
HORIZON_RECORDS = 5_000
LAWS: tuple[tuple[Law, float], ...] = (("errors", 0.3), ("errors", 0.14), ("normal", 0.2), ("normal", 0.5))
CONCEPTS = 4
HOME_RECORDS = 5_000
VISIT_RECORDS = 1_500
QUIET_RECORDS = 500


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


def recurring(trials: int, seed: int, track: Track) -> Iterator[Finding]:
    """Four known concepts; one comes back, or a new one comes: what does the library say after 1,500 records?

    In a concept that is not its own, a model loses 2.5 times as much on a third of its leaves.
    """
    restored, unknown, waits, new_unknown, new_waits = [], [], [], [], []
    for number in track(range(trials), "recurring concepts"):
        rng = np.random.default_rng([seed, 7, number])
        library, homes, losses = ConceptLibrary(CONCEPTS, ARL), [], Losses(rng)
        for concept in range(CONCEPTS):
            homes.append(LossLaw.drawn(16, rng))
            library.accept(str(concept), LossReference.estimate(*losses.draw(homes[-1], HOME_RECORDS)))
        back = int(rng.integers(CONCEPTS))
        wait = _visit(library, homes, losses, back, rng)
        restored.append(library.candidate(QUIET_RECORDS) == str(back))
        unknown.append(library.unknown)
        waits.append(wait)
        new_waits.append(_visit(library, homes, losses, None, rng))
        new_unknown.append(library.unknown)
    case, setting = "e recurring", f"{CONCEPTS} known concepts, K 16, graded"
    yield share(case, f"{setting}, one comes back", "the right one is the candidate", restored, ">= 0.9")
    yield share(case, f"{setting}, one comes back", "called unknown", unknown, "<= 0.14")
    yield mean(case, f"{setting}, one comes back", "records until all others are ruled out", waits)
    yield share(case, f"{setting}, a new one comes", "called unknown", new_unknown, ">= 0.9")
    yield mean(case, f"{setting}, a new one comes", "records until called unknown", new_waits)


def _visit(
    library: ConceptLibrary,
    homes: list[LossLaw],
    losses: Losses,
    present: int | None,
    rng: np.random.Generator,
) -> int:
    """Play a concept through every stored model -> records until all others are ruled out."""
    library.begin()
    longest = 0
    for concept, home in enumerate(homes):
        away_K = np.where(rng.permutation(home.mean_K.size) % 3 == 0, 2.5, 1.0)
        law = home if concept == present else home.with_means(np.minimum(home.mean_K * away_K, 1.0))
        library.update_many(str(concept), *losses.draw(law, VISIT_RECORDS))
    for suspect in library.suspects:
        if suspect.key != str(present):
            longest = max(longest, suspect.records)
    return longest
