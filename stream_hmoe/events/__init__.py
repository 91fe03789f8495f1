"""What flows through the system: records, facts that happened, orders, the model's shape.

``records`` has records and what became of them, ``control`` what is watched and decided.

Shapes: N records of a block, D features.
"""

from __future__ import annotations

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
