"""What flows through the system: records, facts that happened, orders, the model's shape.

``records`` has records and what became of them, ``control`` what is watched and decided.

Shapes: N records of a block, D features.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy.typing as npt

from .control import (
    Action,
    Decided,
    Diagnosis,
    Drifted,
    Evidence,
    Level,
    Lineage,
    Order,
    Phase,
    Plan,
    Restructured,
    Verdict,
    Watched,
    Worth,
)
from .records import (
    Account,
    Event,
    EventOutcome,
    Example,
    Expired,
    Floats,
    Label,
    Observation,
    Predicted,
    Profiled,
    Rejected,
    Scored,
    Topology,
)

__all__ = [
    "Account",
    "Action",
    "Block",
    "Decided",
    "Diagnosis",
    "Drifted",
    "Event",
    "EventOutcome",
    "Evidence",
    "Example",
    "Expired",
    "Fact",
    "Label",
    "Level",
    "Lineage",
    "Observation",
    "Order",
    "Phase",
    "Plan",
    "Predicted",
    "Profiled",
    "Rejected",
    "Restructured",
    "Scored",
    "Taken",
    "Topology",
    "Verdict",
    "Watched",
    "Worth",
]

Fact = Scored | Predicted | Expired | Rejected | Watched | Drifted | Decided | Worth | Restructured | Profiled


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """What one call of an estimator's ``step`` did.

    Args:
        scored: the records that were predicted, scored and learned from.
        rejected: the records that could not be used.
        x_ND: (N, D) the scored records as they were learned, encoded; NaN is missing.
        y_N: (N,) their targets as the learner takes them.
        restructured: changes of the set of leaves.
    """

    scored: Scored
    rejected: tuple[Rejected, ...]
    x_ND: Floats
    y_N: npt.NDArray[Any]
    restructured: tuple[Restructured, ...] = field(default=())


@dataclass(frozen=True, slots=True, eq=False)
class Taken:
    """What a pipeline made of some events.

    An observation is PREDICTED and waits, or LEARNED (HELD_BACK while frozen) where its label had come before
    it; a label has JOINED, or is EARLY and waits; an example is LEARNED or HELD_BACK. For the others see
    ``Account``.

    Args:
        facts: what was predicted and scored, cut where the set of experts changed; then what else happened,
            in stream order.
        outcomes: what became of every event.
        rejections: for every event that is REJECTED, by its place, what is wrong with it; that of a label is
            no fact, as no record is lost with it.
        label_delays_seconds: from observation to label, for every label that joined and says it.
        late_rejections: labels that were EARLY and could not be used when their observation came, with the
            place of that observation and what is wrong.
    """

    facts: list[Fact]
    outcomes: list[EventOutcome]
    rejections: Mapping[int, Rejected]
    label_delays_seconds: Sequence[float] = ()
    late_rejections: Sequence[tuple[int, Label, Rejected]] = ()
