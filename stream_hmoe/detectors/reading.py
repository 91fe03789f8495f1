"""What a gate-shift detector says at one moment.

Shapes: K leaves, G groups.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..events import Level
from ..evidence import (
    Bets,
    Capital,
    Reference,
    Severity,
    flagged_leaves,
    group_shares,
    leaf_shares,
    measure,
    richest_start,
)
from ..evidence.mixture import LOG_UNIT

__all__ = ["GateReading", "level_of", "read"]

Floats = npt.NDArray[np.float64]

WARNING_NATS = math.log(5.0)
BANKS = ("leaves", "groups", "inside groups", "vector")


@dataclass(frozen=True, slots=True, eq=False)
class GateReading:
    """A detector's state in words and numbers.

    Args:
        level: STABLE; WARNING from a fifth of the evidence for an alarm; DRIFT.
        evidence: log R in nats; minus infinity before the first record.
        threshold: log evidence in nats from which on the level is DRIFT.
        arl: wanted average run length in records.
        realised_arl: average run length at this threshold by block bootstrap; ``None`` where it was not run.
        records: records seen since the reference was accepted.
        change_point: number of the record where the change is thought to have begun; ``None`` while STABLE.
        leaf_shares: (K,) each leaf's share of the evidence about single leaves.
        group_shares: (G,) each group's share of the evidence about groups; empty without groups.
        flagged: leaves that moved, with error control -> +1 gained weight, -1 lost weight.
        severity: how far the weights moved; ``None`` while STABLE.
        bank_evidence: log evidence in nats of each bank: leaves, groups, inside groups, whole vector.
    """

    level: Level
    evidence: float
    threshold: float
    arl: float
    realised_arl: float | None
    records: int
    change_point: int | None
    leaf_shares: Floats
    group_shares: Floats
    flagged: dict[int, int]
    severity: Severity | None
    bank_evidence: dict[str, float]


def level_of(evidence: float, threshold: float) -> Level:
    """The level for log evidence and log threshold, both in nats."""
    if evidence >= threshold:
        return Level.DRIFT
    return Level.WARNING if evidence >= threshold - WARNING_NATS else Level.STABLE


def read(
    bets: Bets,
    capital: Capital,
    references: Sequence[Reference],
    *,
    threshold: float,
    arl: float,
    realised_arl: float | None,
    seen_before: int,
) -> GateReading:
    """Read the bettors' accounts.

    Args:
        bets: what is bet.
        capital: what the bettors own.
        references: of each view.
        threshold: log c in nats.
        arl: wanted average run length in records.
        realised_arl: by block bootstrap, if it was run.
        seen_before: records seen before the reference was accepted.
    """
    evidence = float(capital.log_evidence_1[0])
    level = level_of(evidence, threshold)
    richest = richest_start(capital) if level > Level.STABLE else None
    change_point, severity = None, None
    if richest is not None:
        change_point = seen_before + int(capital.birth_VQ[richest] * bets.run_1[0])
        severity = measure(bets, capital, references[richest[0]], *richest)
    with np.errstate(divide="ignore"):
        logs = (np.log(capital.bank_V4.mean(axis=0)) + int(capital.units_1[0]) * LOG_UNIT).tolist()
    return GateReading(
        level=level,
        evidence=evidence,
        threshold=threshold,
        arl=arl,
        realised_arl=realised_arl,
        records=int(capital.records_1[0] * bets.run_1[0] + capital.summed_1[0]),
        change_point=change_point,
        leaf_shares=leaf_shares(bets, capital),
        group_shares=group_shares(capital),
        flagged=flagged_leaves(bets, capital, arl),
        severity=severity,
        bank_evidence={
            bank: log for bank, log, share in zip(BANKS, logs, bets.share_4, strict=True) if share > 0
        },
    )
