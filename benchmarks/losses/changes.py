"""Loss given gate: false alarms, delays and what is named, with a reference estimated from 5,000 records."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from stream_hmoe.detectors import ConceptDetector, ConceptReading, LossReference

from .findings import Finding, Track, mean, realised, share
from .peers import PEERS, Make, first_alarm, matched
from .streams import Kind, Losses, LossLaw, leaf_of_mass, tilted

__all__ = ["ARL", "changes_found", "mix_only", "no_change"]

ARL = 10_000
REFERENCE_RECORDS = 5_000
QUIET_RECORDS = 2_000
NULL_RECORDS = 20_000
CHANGED_RECORDS = 20_000
MIX_RECORDS = 6_000
MATCHING_STREAMS = 40
GOAL_LEAVES = 16

Correlated = tuple[int, Kind, float]
NULLS: tuple[Correlated, ...] = (
    (16, "graded", 0.0),
    (64, "graded", 0.0),
    (16, "error", 0.0),
    (64, "error", 0.0),
    (16, "graded", 0.5),
    (16, "graded", 0.9),
    (16, "error", 0.9),
    (64, "graded", 0.9),
)


def no_change(streams: int, seed: int, track: Track) -> Iterator[Finding]:
    """ARL realised over asked: every stream has a law and a reference of its own."""
    for leaves, kind, correlation in NULLS:
        setting = f"K {leaves}, {kind}, correlation {correlation:g}"
        alarms = 0
        for number in track(range(streams), f"null, {setting}"):
            rng = np.random.default_rng([seed, leaves, int(10 * correlation), number])
            law, losses = LossLaw.drawn(leaves, rng, kind, correlation), Losses(rng)
            detector = _detector(losses, law)
            g_NK, loss_N = losses.draw(law, NULL_RECORDS)
            begin = 0
            while (alarm := detector.update_many(g_NK[begin:], loss_N[begin:])) is not None:
                alarms += 1
                begin += alarm + 1
        aim = ">= 0.8" if correlation else ">= 1"
        yield realised("a no change", setting, streams * NULL_RECORDS, alarms, ARL, aim)


def changes_found(trials: int, seed: int, track: Track) -> Iterator[Finding]:
    """Delays after one leaf, or all, lose more; River's detectors on the raw loss beside it."""
    for kind in ("graded", "error"):
        peers = {name: _matched(make, kind, seed) for name, make in PEERS.items()}
        for name, (_, _, found) in peers.items():
            setting = f"{name} on raw loss, K {GOAL_LEAVES}, {kind}"
            yield Finding(
                "b matching", setting, "ARL realised / asked", found / ARL, found / ARL, found / ARL
            )
        for change in ("one leaf x2", "everywhere +20%"):
            yield from _one_change(kind, change, peers, trials, seed, track)
        yield from _leaf_among_many(kind, trials, seed, track)


def _leaf_among_many(kind: Kind, trials: int, seed: int, track: Track) -> Iterator[Finding]:
    found = [
        _trial(64, kind, "one leaf x2", seed, n) for n in track(range(trials), f"one of 64 leaves, {kind}")
    ]
    delays = [delay for delay, *_ in found if delay is not None]
    setting = f"one leaf x2, K 64, {kind}"
    yield share("b change", f"ours, {setting}", "found", (one[0] is not None for one in found))
    yield mean("b change", f"ours, {setting}", "delay, records", delays)


def _one_change(
    kind: Kind, change: str, peers: dict[str, tuple[Make, float, float]], trials: int, seed: int, track: Track
) -> Iterator[Finding]:
    case, setting = "b change", f"{change}, K {GOAL_LEAVES}, {kind}"
    leaf_aims = kind == "graded" and change.startswith("one leaf")
    found = [_trial(GOAL_LEAVES, kind, change, seed, n) for n in track(range(trials), setting)]
    hits = [(delay, reading, law) for delay, reading, law, _, _ in found if delay is not None]
    yield share(
        case, f"ours, {setting}", "found", (one[0] is not None for one in found), "1" if leaf_aims else ""
    )
    aim = "<= 450" if leaf_aims else ""
    yield mean(case, f"ours, {setting}", "delay, records", (delay for delay, _, _ in hits), aim)
    floor = _fastest(found[0][2], kind, change)
    yield Finding(case, f"knows the change, {setting}", "delay, records (formula)", floor, floor, floor)
    if change.startswith("one leaf"):
        named = (int(r.leaf_shares.argmax()) == leaf_of_mass(law.usage_K) for _, r, law in hits)
        yield share(case, f"ours, {setting}", "leaf named", named, ">= 0.85" if leaf_aims else "")
        wrong = (bool(set(r.flagged) - {leaf_of_mass(law.usage_K)}) for _, r, law in hits)
        yield share(case, f"ours, {setting}", "a wrong leaf flagged", wrong)
    errors = (abs((r.change_point or 0) - QUIET_RECORDS) for _, r, _ in hits)
    yield mean(case, f"ours, {setting}", "error of change point, records", errors)
    covered = (r.split.concept_low <= _rise(law, change) for _, r, law in hits)
    yield share(case, f"ours, {setting}", "lower bound of concept part holds", covered, ">= 0.95")
    for name, (make, value, _) in peers.items():
        alarms = [
            first_alarm(make(value), before_N, after_N)
            for *_, before_N, after_N in track(found, f"{name}, {setting}")
        ]
        yield share(case, f"{name}, {setting}", "found", (alarm is not None for alarm in alarms))
        yield mean(case, f"{name}, {setting}", "delay, records", (a for a in alarms if a is not None))


def mix_only(trials: int, seed: int, track: Track) -> Iterator[Finding]:
    """Alarms when only the mix of records changes, so that the loss rises by 20% and no leaf is worse."""
    value = {name: _matched(make, "graded", seed) for name, make in PEERS.items()}
    ours: list[bool] = []
    theirs: dict[str, list[bool]] = {name: [] for name in PEERS}
    for number in track(range(trials), "mix only"):
        rng = np.random.default_rng([seed, 3, number])
        law, losses = LossLaw.drawn(GOAL_LEAVES, rng), Losses(rng)
        detector = _detector(losses, law)
        _, before_N = losses.draw(law, REFERENCE_RECORDS + QUIET_RECORDS)
        g_NK, loss_N = losses.draw(law.with_usage(tilted(law, 0.2)), MIX_RECORDS)
        ours.append(detector.update_many(g_NK, loss_N) is not None)
        for name, (make, setting, _) in value.items():
            theirs[name].append(first_alarm(make(setting), before_N, loss_N) is not None)
    nominal = 1.0 - math.exp(-MIX_RECORDS / ARL)
    quantity = f"alarms in {MIX_RECORDS:,} records"
    yield share("c mix only", "ours, loss +20%", quantity, ours, f"<= {nominal + 0.07:.2f}")
    for name, alarms in theirs.items():
        yield share("c mix only", f"{name} on raw loss, loss +20%", quantity, alarms)


def _detector(losses: Losses, law: LossLaw) -> ConceptDetector:
    g_NK, loss_N = losses.draw(law, REFERENCE_RECORDS)
    if law.correlation == 0.0:
        return ConceptDetector(LossReference.estimate(g_NK, loss_N), ARL)
    return ConceptDetector.fit(g_NK, loss_N, arl=ARL)


def _changed(law: LossLaw, change: str) -> LossLaw:
    if change.startswith("everywhere"):
        return law.with_means(1.2 * law.mean_K)
    mean_K = law.mean_K.copy()
    mean_K[leaf_of_mass(law.usage_K)] *= 2.0
    return law.with_means(mean_K)


def _rise(law: LossLaw, change: str) -> float:
    return float(law.usage_K @ (_changed(law, change).mean_K - law.mean_K))


Trial = tuple[int | None, ConceptReading, LossLaw, np.ndarray, np.ndarray]


def _trial(leaves: int, kind: Kind, change: str, seed: int, number: int) -> Trial:
    """Delay, reading at the alarm, law, and the losses before and after the change."""
    rng = np.random.default_rng([seed, 2, leaves, number])
    law, losses = LossLaw.drawn(leaves, rng, kind), Losses(rng)
    detector = _detector(losses, law)
    g_NK, quiet_N = losses.draw(law, QUIET_RECORDS)
    begin = 0
    while (alarm := detector.update_many(g_NK[begin:], quiet_N[begin:])) is not None:
        begin += alarm + 1
    _, more_N = losses.draw(law, REFERENCE_RECORDS)
    g_NK, after_N = losses.draw(_changed(law, change), CHANGED_RECORDS)
    delay = detector.update_many(g_NK, after_N)
    return delay, detector.reading, law, np.concatenate([more_N, quiet_N]), after_N


def _matched(make: Make, kind: Kind, seed: int) -> tuple[Make, float, float]:
    streams = []
    for number in range(MATCHING_STREAMS):
        rng = np.random.default_rng([seed, 1, number])
        law = LossLaw.drawn(GOAL_LEAVES, rng, kind)
        streams.append(Losses(rng).draw(law, NULL_RECORDS)[1])
    return make, *matched(make, streams, ARL)


def _fastest(law: LossLaw, kind: Kind, change: str) -> float:
    """log(ARL x KL) / KL: what a CUSUM that knows leaf, size and law of the losses takes."""
    new_K, old_K = _changed(law, change).mean_K, law.mean_K
    if kind == "error":
        nats_K = new_K * np.log(new_K / old_K) + (1.0 - new_K) * np.log((1.0 - new_K) / (1.0 - old_K))
    else:
        nats_K = 2.0 * (new_K / old_K - 1.0 - np.log(new_K / old_K))
    nats = float(law.usage_K @ nats_K)
    return math.log(ARL * nats) / nats
