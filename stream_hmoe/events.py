"""What flows through the system: blocks of scored records, facts that happened, and the model's shape.

Shapes: N records of a block, K leaves (experts) of the model, C classes.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Block", "Drifted", "Fact", "Level", "Lineage", "Rejected", "Restructured", "Scored", "Topology"]

Floats = npt.NDArray[np.float64]


class Level(enum.IntEnum):
    """How strongly a signal speaks for drift."""

    STABLE = 0
    WARNING = 1
    DRIFT = 2


@dataclass(frozen=True, slots=True)
class Topology:
    """The shape of the model: one entry per leaf, in the order of every gate-weight vector.

    Args:
        leaves: name of each leaf, for example ``"regions-4/3"``.
        group_of: index into ``groups`` for each leaf.
        groups: name of each group, in the order of the outer gate.
    """

    leaves: tuple[str, ...]
    group_of: tuple[int, ...]
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that could not be used; nothing was learned from it.

    Args:
        record: 0-based number of the record in the stream.
        field: the field at fault.
        value: its value, as text.
        reason: what is wrong.
        remedy: what can be done.
    """

    record: int
    field: str
    value: str
    reason: str
    remedy: str


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """A run of records that were predicted, scored and then learned from, in stream order.

    Args:
        record: (N,) 0-based record numbers.
        targets: the N labels as they arrived.
        predictions: the N predictions made before the label was used.
        probabilities: (N,) probability given to the prediction (classification); predictive sd (regression).
        loss_nats: (N,) negative log-likelihood of the label under the prediction.
        error: (N,) 0 or 1 (classification); absolute error (regression).
        gate_weights: (N, K) weight of every leaf in the prediction; rows sum to 1.
    """

    record: npt.NDArray[np.int64]
    targets: Sequence[Any]
    predictions: Sequence[Any]
    probabilities: Floats
    loss_nats: Floats
    error: Floats
    gate_weights: Floats


@dataclass(frozen=True, slots=True)
class Drifted:
    """A watched signal changed level.

    Args:
        record: number of the record at which it was seen.
        signal: what is watched, for example ``"gate entropy"`` or ``"group trees"``.
        level: the new level.
        statistic: the detector's estimate of the signal at that moment.
    """

    record: int
    signal: str
    level: Level
    statistic: float


@dataclass(frozen=True, slots=True)
class Lineage:
    """An entry of the leaves' family tree.

    Args:
        kind: grow, split, merge, prune or revive.
        group: name of the group.
        parents: names of the leaves that the edit took; a leaf beside which another grew lives on.
        children: names of the leaves that it made.
        heirs: for each leaf of the group before it, the leaves that serve its records now.
    """

    kind: str
    group: str
    parents: tuple[str, ...]
    children: tuple[str, ...]
    heirs: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class Restructured:
    """The set of leaves changed: gate-weight vectors from now on follow ``topology``.

    Args:
        record: number of the first record that follows it.
        reason: what was done and what spoke for it.
        topology: names of all leaves from now on.
        lineage: which leaves came from which, where that is known.
    """

    record: int
    reason: str
    topology: Topology
    lineage: Lineage | None = None


Fact = Scored | Rejected | Drifted | Restructured


@dataclass(frozen=True, slots=True)
class Block:
    """What one call of an estimator's ``step`` did: what was scored, rejected and restructured."""

    scored: Scored
    rejected: tuple[Rejected, ...] = field(default=())
    restructured: tuple[Restructured, ...] = field(default=())
