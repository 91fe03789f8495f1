"""Journals of many short intervals, their rows from a formula, for the tests of retention and reading."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

from monitor.journal.schema import (
    EvidenceRow,
    FeatureRow,
    IntervalRow,
    LeafFeatureRow,
    Rows,
    SampleRow,
    ShareRow,
    TopologyRow,
    WorthRow,
)
from monitor.journal.writer import JournalWriter, Retention, Stamp

INTERVAL = 10
PERIOD = 40
META = {"task": "classification", "interval_records": str(INTERVAL)}


def rows(number: int, is_late: bool = False) -> Rows:
    """The rows of interval ``number``, the first is 1; every seventh has nothing scored.

    Args:
        number: which interval.
        is_late: labels come later, so that more records were predicted than scored.
    """
    end = number * INTERVAL
    scored = 0 if number % 7 == 0 else INTERVAL - number % 3
    predicted = INTERVAL + number % 4 if is_late else 0
    loss = 0.5 + 0.3 * math.sin(number) if scored else None
    weights = [0.5 + 0.1 * math.cos(number + leaf) for leaf in range(2)]
    weights = [*weights, 2.0 - sum(weights)] if number % 2 else weights
    shares = tuple(
        ShareRow(end, leaf, weight / sum(weights), loss, None if loss is None else loss / 2)
        for leaf, weight in enumerate(weights)
    )
    made = Rows(
        intervals=(
            IntervalRow(
                record=end,
                records=INTERVAL,
                scored=scored,
                loss_nats=loss,
                metric=0.9,
                metric_window=loss,
                gate_entropy_nats=0.2 if scored or predicted else None,
                level=2 if number % 50 == 0 else 0,
                rejected_total=number,
                num_leaves=2 + number % 2,
                predicted=predicted,
            ),
        ),
        shares=shares if scored or predicted else (),
        topology=tuple(TopologyRow(0, leaf, f"g/{leaf}", "g") for leaf in range(3)) if number == 1 else (),
        evidence=(EvidenceRow(end, "gate weights", math.sin(number), 2.0, 0),),
        worth=(WorthRow(end, 0, number, 1.0 * number, 2.0 * number, 1.0, 0),),
    )
    return made if end % PERIOD else replace(made, **_profile(end))


def _profile(end: int) -> dict[str, Any]:
    mean = math.sin(end)
    return {
        "features": (
            FeatureRow(end, end - PERIOD, "a", 0.5, mean, 1.0, mean - 2.0, mean + 2.0),
            FeatureRow(end, end - PERIOD, "b", 0.0, None, None, None, None),
        ),
        "leaf_features": (LeafFeatureRow(end, 0, "a", mean, 1.0),),
        "samples": (SampleRow(end - 1, 0, "yes", "no", 0.7, '{"a": 1.0}'),),
    }


def write(
    path: Path,
    intervals: int,
    retention: Retention | None = None,
    sync_every: int = 20,
    is_late: bool = False,
    first: int = 1,
) -> None:
    """Write a journal of so many intervals, or go on with one."""
    writer = JournalWriter(path, META, retention)
    for number in range(first, intervals + 1):
        writer.write(rows(number, is_late), Stamp(float(number), 100.0 + number % 5, 1_000 + number))
        if number % sync_every == 0:
            writer.sync()
    writer.sync()
    writer.write(Rows(), Stamp(float(intervals + 1), 100.0, 1_000))
    writer.close()
