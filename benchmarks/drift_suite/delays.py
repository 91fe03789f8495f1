"""Delays at matched average run length, beside CUSUM that knows the change, and the leaf that is named."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from stream_hmoe.detectors import GateShiftDetector

from .nulls import ARL
from .rivals import Rival, adwin, cusum, js_window, kswin, match, page_hinkley
from .run_lengths import Delay, mean_delay
from .worlds import Change, Floats, one_hot, scaled

__all__ = ["BEFORE", "Contestant", "Spread", "geometric", "measure_change", "named_right", "rivals_of"]

BEFORE = 2000


@dataclass(frozen=True, slots=True)
class Contestant:
    """A detector with the setting that gives it the wanted run length, and how many runs it gets."""

    name: str
    run: Rival
    setting: float
    runs: int


@dataclass(frozen=True, slots=True)
class Spread:
    """Delay over CUSUM's: geometric mean and worst over the changes, share missed."""

    mean: float
    worst: float
    missed: float


def rivals_of(p_K: Floats, runs: int, streams: int) -> Iterator[Contestant]:
    """Detectors that do not know the change, matched on null streams of that mean."""

    def long(index: int) -> Floats:
        return one_hot(np.random.default_rng((9, index)), p_K, int(2 * ARL))

    some = max(streams // 10, 8)
    slow = max(runs // 5, 20)
    window = js_window(p_K)
    yield Contestant("JS window 400", window, match(window, long, streams, ARL, 0.0, 0.2, 14), runs)
    yield Contestant("ADWIN on every leaf", adwin, match(adwin, long, some, ARL, -3.0, 12.0, 7), slow)
    usual = -math.log(0.002)
    yield Contestant("ADWIN, usual confidence", adwin, usual, slow)
    hinkley = page_hinkley(p_K)
    yield Contestant(
        "PageHinkley on every leaf", hinkley, match(hinkley, long, some, ARL, 5.0, 300.0, 7), slow
    )
    ks = kswin()
    yield Contestant("KSWIN 300/100 rule", ks, match(ks, long, some, ARL, 0.05, 0.8, 7), slow)


def measure_change(
    change: Change, contestants: Sequence[Contestant], runs: int, streams: int, seed: int
) -> dict[str, Delay]:
    """Mean delay of everyone on one change; runs that alarm before it do not count.

    Args:
        change: what changes after ``BEFORE`` records.
        contestants: rivals; the project and CUSUM are added.
        runs: of the project and CUSUM.
        streams: null streams to match CUSUM on.
        seed: of the runs.
    """
    longest = max(int(60.0 / change.kl_nats), 200)
    oracle = cusum(change)

    def null(index: int) -> Floats:
        return change.sample(np.random.default_rng((8, index)), False, int(3 * ARL))

    found: dict[str, Delay] = {}
    if not change.soft:
        threshold = match(oracle, null, streams, ARL, 1.0, 12.0, 14)
        found["CUSUM that knows"] = _delay(change, longest, runs * 3, seed, oracle, threshold)

    def project(g_NK: Floats, _: float) -> int | None:
        return GateShiftDetector(change.p_K, ARL, change.group_K).scan(g_NK)

    found["this project"] = _delay(change, longest, runs, seed, project, 0.0)
    for rival in contestants:
        found[rival.name] = _delay(change, longest, rival.runs, seed, rival.run, rival.setting)
    return found


def geometric(delays: Sequence[dict[str, Delay]], name: str) -> Spread:
    """Over all changes with an oracle."""
    pairs = [(by_name[name], by_name["CUSUM that knows"]) for by_name in delays if name in by_name]
    ratios = np.array([own.mean / oracle.mean for own, oracle in pairs])
    missed = float(np.mean([own.missed for own, _ in pairs]))
    return Spread(float(np.exp(np.log(ratios).mean())), float(ratios.max()), missed)


def named_right(p_K: Floats, runs: int, seed: int) -> dict[str, float]:
    """Share of single-leaf changes whose leaf has the most evidence at the alarm."""
    shares = {}
    for ratio in (2.0, 3.0, 0.05):
        right, found = 0, 0
        for index in range(runs):
            random = np.random.default_rng((seed, index))
            leaf = int(random.choice(np.flatnonzero(p_K >= 0.03)))
            change = Change("", p_K, scaled(p_K, [leaf], ratio))
            detector = GateShiftDetector(p_K, ARL)
            if detector.scan(change.sample(random, False, BEFORE)) is None:
                longest = int(60.0 / change.kl_nats)
                found += detector.scan(change.sample(random, True, longest)) is not None
                right += detector.drift_detected and int(detector.reading.leaf_shares.argmax()) == leaf
        shares[f"x {ratio:g}"] = right / max(found, 1)
    return shares


def _delay(change: Change, longest: int, runs: int, seed: int, rival: Rival, setting: float) -> Delay:
    found: list[int | None] = []
    for index in range(runs):
        random = np.random.default_rng((seed, index))
        g_NK = np.vstack([change.sample(random, False, BEFORE), change.sample(random, True, longest)])
        alarm = rival(g_NK, setting)
        if alarm is None or alarm >= BEFORE:
            found.append(None if alarm is None else alarm - BEFORE + 1)
    return mean_delay(found, longest)
