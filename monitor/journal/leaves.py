"""Numbers for leaves: a leaf keeps its number for the whole run, also while other leaves come and go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from monitor.journal.schema import ShareRow, TopologyRow
from stream_hmoe.events import Topology

__all__ = ["Leaf", "LeafRegister", "LeafTotals", "LeafUse"]


@dataclass(frozen=True, slots=True)
class Leaf:
    """A live leaf: its number, its name and the name of its group."""

    number: int
    name: str
    group: str


@dataclass(frozen=True, slots=True)
class LeafUse:
    """What a leaf did since the start of the stream.

    Args:
        usage: its share of the gate mass of all records.
        loss_nats: mean loss weighted by its gate weight; None for a leaf that never had weight.
        error: mean error, weighted in the same way.
    """

    usage: float
    loss_nats: float | None
    error: float | None


class LeafRegister:
    """Gives every leaf name a number at its first appearance.

    Args:
        topology: the model's shape at the start.
    """

    def __init__(self, topology: Topology) -> None:
        self._number_of: dict[str, int] = {}
        self._live: tuple[Leaf, ...] = ()
        self._past: list[tuple[int, npt.NDArray[np.int64]]] = []
        self._take(topology)

    @property
    def live(self) -> tuple[Leaf, ...]:
        """The live leaves, in the order of the gate-weight vectors."""
        return self._live

    @property
    def numbers(self) -> npt.NDArray[np.int64]:
        """(K,) numbers of the live leaves, in the order of the gate-weight vectors."""
        return np.array([leaf.number for leaf in self._live], dtype=np.int64)

    def restructure(self, topology: Topology, record: int) -> None:
        """The live leaves are those of ``topology`` from ``record`` on."""
        self._past.append((record, self.numbers))
        self._take(topology)

    def numbers_before(self, record: int) -> npt.NDArray[np.int64]:
        """(K,) numbers of the leaves that were live just before ``record``, unless that is forgotten."""
        return next((numbers for change, numbers in self._past if record <= change), self.numbers)

    def forget(self) -> None:
        """Nobody will ask about earlier leaves any more."""
        self._past = []

    def _take(self, topology: Topology) -> None:
        self._live = tuple(
            Leaf(self._number_of.setdefault(name, len(self._number_of)), name, topology.groups[group])
            for name, group in zip(topology.leaves, topology.group_of, strict=True)
        )

    def rows(self, record: int) -> list[TopologyRow]:
        """The live leaves as rows that hold from ``record`` on."""
        return [TopologyRow(record, leaf.number, leaf.name, leaf.group) for leaf in self._live]

    def state_dict(self) -> dict[str, Any]:
        """All numbers ever given, and the live leaves."""
        return {
            "number_of": dict(self._number_of),
            "live": [[leaf.number, leaf.name, leaf.group] for leaf in self._live],
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue where ``state_dict`` was taken."""
        self._number_of = {name: int(number) for name, number in state["number_of"].items()}
        self._live = tuple(Leaf(int(number), name, group) for number, name, group in state["live"])


class LeafTotals:
    """Sums over all records of gate mass, that of scored records, their loss and error, per leaf."""

    def __init__(self) -> None:
        self._records = 0
        self._sums: dict[int, list[float]] = {}

    def add(self, shares: Iterable[ShareRow], num_weighed: int, num_scored: int) -> None:
        """Add the share rows of one interval.

        Args:
            shares: its rows.
            num_weighed: records that the weights are means of.
            num_scored: records that were scored.
        """
        self._records += num_weighed
        for share in shares:
            sums = self._sums.setdefault(share.leaf, [0.0, 0.0, 0.0, 0.0])
            sums[0] += share.weight * num_weighed
            if share.loss_nats is not None and share.error is not None:
                mass = share.weight * num_scored
                sums[1] += mass
                sums[2] += mass * share.loss_nats
                sums[3] += mass * share.error

    def use_of(self, leaf: int) -> LeafUse:
        """What the leaf with this number did so far."""
        mass, scored, loss, error = self._sums.get(leaf, (0.0, 0.0, 0.0, 0.0))
        if mass == 0.0:
            return LeafUse(0.0, None, None)
        usage = mass / self._records
        return LeafUse(usage, loss / scored, error / scored) if scored else LeafUse(usage, None, None)

    def state_dict(self) -> dict[str, Any]:
        """The sums."""
        return {"records": self._records, "sums": {str(leaf): list(s) for leaf, s in self._sums.items()}}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue where ``state_dict`` was taken."""
        self._records = int(state["records"])
        self._sums = {int(leaf): [float(value) for value in sums] for leaf, sums in state["sums"].items()}
