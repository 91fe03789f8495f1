"""What is watched, decided and gained on made streams: formulas, and decisions of the real controller."""

from __future__ import annotations

import math
from dataclasses import replace

from stream_hmoe.controller import Controller, ControllerSettings
from stream_hmoe.events import Decided, Evidence, Level, Phase, Verdict, Watched, Worth

__all__ = ["SETTINGS", "ControlFacts", "decided", "one_promotion", "reading"]

ControlFacts = list[Watched | Decided | Worth]

SETTINGS = ControllerSettings(settle_records=100, cool_down_records=150)
THRESHOLD_NATS = math.log(10_000)
TESTS = [
    {
        "plan": "renew",
        "verdict": "better",
        "evidence_nats": 5.1,
        "threshold_nats": 4.6,
        "records": 150,
        "mean_gain": 0.08,
    },
    {
        "plan": "retrain",
        "verdict": "running",
        "evidence_nats": 1.2,
        "threshold_nats": 4.6,
        "records": 90,
        "mean_gain": 0.01,
    },
]


def reading(record: int, gate: float, concept: float = 0.0) -> Watched:
    """A quiet or loud moment.

    Args:
        record: records seen.
        gate: evidence that the gate assignments moved, as a share of its threshold in nats.
        concept: the same for the losses given the gates.
    """
    evidence = tuple(
        Evidence(signal, share * THRESHOLD_NATS + 1e-6 * (record % 7), THRESHOLD_NATS, _level(share))
        for signal, share in (("gate weights", gate), ("loss given gate", concept))
    )
    return Watched(record, evidence, _level(gate), _level(concept))


def decided(
    watched: list[Watched], settings: ControllerSettings, worth_every: int = 0, tests_of: Phase = Phase.SHADOW
) -> ControlFacts:
    """The facts that follow: every reading, then the decisions on it, with the tests when they are over."""
    controller = Controller(settings)
    facts: ControlFacts = []
    for seen in watched:
        facts.append(seen)
        for decision in controller.step(seen):
            tests = {"tests": TESTS if decision.before is tests_of else []}
            facts.append(replace(decision, detail={**decision.detail, **tests}))
        if worth_every and seen.record % worth_every == 0:
            facts.append(_worth(seen.record))
    return facts


def one_promotion() -> ControlFacts:
    """A drift of gates and losses at 350, a promotion at 600, calm from 750 on, a warning at 900."""
    return decided([_moment(record) for record in range(50, 1_151, 50)], SETTINGS, worth_every=100)


def _moment(record: int) -> Watched:
    shares: dict[int, tuple[float, float]] = {
        300: (0.8, 0.3),
        350: (1.1, 0.6),
        400: (1.3, 1.2),
        900: (0.7, 0.0),
    }
    seen = reading(record, *shares.get(record, (0.1, 0.05)))
    if not 350 <= record <= 700:
        return seen
    verdict = Verdict.NONE if record <= 450 else Verdict.BETTER if record >= 600 else Verdict.RUNNING
    return replace(
        seen,
        change_point=310,
        rise=0.12,
        rise_lower=0.05,
        leaves=("trees/0", "plains/1"),
        challengers=verdict if record <= 600 else Verdict.NONE,
        is_referenced=record > 650,
    )


def _worth(record: int) -> Worth:
    sampled = record // 5
    return Worth(record, 50, sampled, 0.2 * sampled, 0.3 * sampled, record // 3)


def _level(share: float) -> Level:
    return Level.DRIFT if share >= 1.0 else Level.WARNING if share >= 0.5 else Level.STABLE
