"""What is watched, what is decided, and how the set of experts changes."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from .records import Topology

__all__ = [
    "Action",
    "Decided",
    "Diagnosis",
    "Drifted",
    "Evidence",
    "Level",
    "Lineage",
    "Order",
    "Phase",
    "Plan",
    "Restructured",
    "Verdict",
    "Watched",
    "Worth",
]

Detail = Mapping[str, Any]


class Level(enum.IntEnum):
    """How strongly a signal speaks for drift."""

    STABLE = 0
    WARNING = 1
    DRIFT = 2


class Phase(enum.StrEnum):
    """Where the controller stands between two drifts."""

    NORMAL = "normal"
    WARN = "warn"
    ALARM = "alarm"
    DIAGNOSE = "diagnose"
    SHADOW = "shadow"
    PROMOTE = "promote"
    DROP = "drop"
    COOL_DOWN = "cool-down"
    ROLL_BACK = "roll back"
    HELD = "held"


class Diagnosis(enum.StrEnum):
    """What kind of change the evidence speaks for."""

    NONE = "nothing that lasts"
    COVARIATE = "covariate drift"
    LOCAL = "local concept drift"
    GLOBAL = "global concept drift"
    BOTH = "covariate and concept drift"


class Plan(enum.StrEnum):
    """How a challenger is made, the cheapest first."""

    QUICKEN = "quicken"
    RENEW = "renew"
    RESTORE = "restore"
    RETRAIN = "retrain"


class Action(enum.StrEnum):
    """What the controller asks for; the pipeline does it before the next record."""

    NONE = "none"
    CHALLENGE = "train challengers"
    PROMOTE = "promote the challenger"
    DROP = "drop the challengers"
    ROLL_BACK = "roll back to the former champion"
    REREFERENCE = "take a new reference"
    HOLD = "hold until released"


class Order(enum.StrEnum):
    """What an operator can ask a pipeline to do."""

    RETRAIN = "retrain"
    PROMOTE = "promote"
    ROLL_BACK = "rollback"
    FREEZE = "freeze"
    UNFREEZE = "unfreeze"
    RELEASE = "release"


class Verdict(enum.StrEnum):
    """What the paired tests of the challengers say."""

    NONE = "none"
    RUNNING = "running"
    BETTER = "better"
    NOT_BETTER = "not better"


@dataclass(frozen=True, slots=True)
class Evidence:
    """How much speaks against "nothing has changed" in one watched signal.

    Args:
        signal: what is watched.
        evidence_nats: log of the evidence.
        threshold_nats: the evidence at which it is an alarm.
        level: what that means.
    """

    signal: str
    evidence_nats: float
    threshold_nats: float
    level: Level


@dataclass(frozen=True, slots=True)
class Watched:
    """Everything the controller sees at a fixed record count.

    Args:
        record: number of records seen.
        evidence: of every signal with a threshold.
        gate: level of the evidence that the gate assignments have moved.
        concept: level of the evidence that the losses given the gates have risen.
        change_point: record at which the change began, as estimated; -1 when there is none.
        rise: mean rise of the loss given the gates since then, loss units a record.
        rise_lower: lower confidence bound of the rise.
        leaves: the leaves that the evidence points at, the most suspect first.
        is_local: at most a few leaves hold the evidence.
        known: number of a stored model that explains the records of late; -1 when none does.
        challengers: what the paired tests say.
        is_worse: the watch over the last promotion raised its alarm.
        is_referenced: harm can be seen: the losses have a complete reference.
        is_released: an operator asked to go on.
        order: what else an operator asked for; it can be done.
        is_frozen: nothing is learned, and nothing decided unless it was asked for.
    """

    record: int
    evidence: tuple[Evidence, ...] = ()
    gate: Level = Level.STABLE
    concept: Level = Level.STABLE
    change_point: int = -1
    rise: float = 0.0
    rise_lower: float = 0.0
    leaves: tuple[str, ...] = ()
    is_local: bool = False
    known: int = -1
    challengers: Verdict = Verdict.NONE
    is_worse: bool = False
    is_referenced: bool = True
    is_released: bool = False
    order: Order | None = None
    is_frozen: bool = False

    @property
    def level(self) -> Level:
        """The higher of both levels."""
        return max(self.gate, self.concept)

    def to_json(self) -> dict[str, Any]:
        """Plain values for the audit."""
        values = asdict(self)
        for evidence in values["evidence"]:
            evidence["level"] = int(evidence["level"])
        plain: dict[str, Any] = {
            "evidence": list(values["evidence"]),
            "gate": int(self.gate),
            "concept": int(self.concept),
        }
        # Left out where nobody asked for anything: so it was written before one could.
        order = values.pop("order")
        if order is not None:
            plain["order"] = order.value
        if not self.is_frozen:
            del values["is_frozen"]
        return {**values, **plain, "leaves": list(self.leaves), "challengers": self.challengers.value}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Watched:
        """What ``to_json`` gave."""
        evidence = (Evidence(**{**entry, "level": Level(entry["level"])}) for entry in values["evidence"])
        plain: dict[str, Any] = {
            "evidence": tuple(evidence),
            "gate": Level(values["gate"]),
            "concept": Level(values["concept"]),
        }
        if values.get("order") is not None:
            plain["order"] = Order(values["order"])
        verdict = Verdict(values["challengers"])
        return cls(**{**values, **plain, "leaves": tuple(values["leaves"]), "challengers": verdict})


@dataclass(frozen=True, slots=True)
class Drifted:
    """A watched signal changed level.

    Args:
        record: number of the record at which it was seen.
        signal: what is watched, for example ``"gate entropy"`` or ``"group trees"``.
        level: the new level.
        statistic: the detector's estimate of the signal at that moment; log-evidence in nats for evidence.
        detail: JSON-able particulars: change point, leaves, features, severity.
    """

    record: int
    signal: str
    level: Level
    statistic: float
    detail: Detail = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Decided:
    """The controller went from one phase to another.

    Args:
        record: number of records seen.
        episode: 1 for the first warning or alarm after a calm time, 2 for the next, ...
        before: the phase it left.
        after: the phase it entered.
        action: what it asks for.
        reason: why, in words.
        detail: JSON-able particulars: diagnosis, plans, change point, leaves, evidence.
    """

    record: int
    episode: int
    before: Phase
    after: Phase
    action: Action
    reason: str
    detail: Detail = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Worth:
    """What learning and control were worth so far, against a copy of the model that never learned again.

    Args:
        record: number of records seen.
        since: record at which the copy was taken.
        sampled: records on which both were compared, an even sample.
        losses: sum of the model's losses on them (errors, or scaled absolute errors cut at 1).
        frozen_losses: the same of the copy.
        challenger_records: records that challengers and former champions learned: what control cost.
    """

    record: int
    since: int
    sampled: int
    losses: float
    frozen_losses: float
    challenger_records: int


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
