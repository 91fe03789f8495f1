"""How many experts: proposes one edit at a time from the evidence, and learns from refusals.

An expert has a price. Where two in place of one would gain more than it, a split is proposed; where doing
without one would cost clearly less, a merge or a removal. In between nothing happens, so that the count
does not swing. A full group moves an expert that is not worth its price to where one would be. What was
refused waits, twice as long each time. Pure: no clock, no randomness, no learner.

Shapes: G groups.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..kernels.regions import Regions
from ..kernels.watching import Watch
from .edits import Cut, Edit, Kind, merge, prune, revive, split
from .evidence import Gain, Harm, cuts, expert_price, mean_input, removals
from .lineage import LeafNames

__all__ = ["ExpertCount", "Limits", "Proposal"]

Floats = npt.NDArray[np.float64]

WORTHLESS = 0.5
RIPE_RECORDS = 400
PATIENCE_RECORDS = 2000
LONGEST_PATIENCE = 64_000


class Limits(NamedTuple):
    """Fewest and most live experts of a group."""

    least: int
    most: int


@dataclass(frozen=True, slots=True, eq=False)
class Proposal:
    """An edit that the evidence speaks for.

    Args:
        kind: split, merge, prune or revive.
        group: index of the group.
        experts: slots taken: the parent; the pair; the one pruned; the dead one, then the parent.
        leaves: their names.
        margin: nats per record that the edit must gain; negative: what it may cost.
        expected: nats per record that the evidence says it gains.
        cut: how the copies of a split part.
    """

    kind: Kind
    group: int
    experts: tuple[int, ...]
    leaves: tuple[str, ...]
    margin: float
    expected: float
    cut: Cut | None = None

    def edit(self, regions: Regions, watch: Watch, laplace: bool, input_NA: Floats) -> Edit:
        """Carry it out on the regions for which it was proposed.

        Args:
            regions: the groups.
            watch: what has been seen of them: a merged pair keeps its mass where it served.
            laplace: whether inner gates are Laplace gates.
            input_NA: remembered inputs, on which a merge keeps the borders.
        """
        match self.kind:
            case "split":
                return split(regions, laplace, self.group, self.experts[0], self.cut)
            case "merge":
                pair = (self.experts[0], self.experts[1])
                place_A = mean_input(regions, watch, laplace, self.group, pair)
                return merge(regions, laplace, self.group, pair, place_A, input_NA)
            case "prune":
                heir = self.experts[1] if len(self.experts) > 1 else None
                return prune(regions, laplace, self.group, self.experts[0], heir, input_NA)
            case _:
                dead, parent = self.experts
                return revive(regions, laplace, self.group, dead, parent, self.cut)


class ExpertCount:
    """Watches region groups and proposes edits of their experts.

    Args:
        limits: fewest and most experts of each group.
        horizon: records in which an expert must have earned its parameters.
    """

    def __init__(self, limits: Sequence[Limits], horizon: int = 2000) -> None:
        self.limits = tuple(limits)
        self.horizon = horizon
        self._refused: dict[tuple[str, ...], tuple[int, int]] = {}

    def propose(
        self, regions: Regions, watch: Watch, names: LeafNames, is_class: bool, record: int
    ) -> Proposal | None:
        """The edit that would gain most after the price of experts, if there is one.

        Args:
            regions: the groups as they are.
            watch: what has been seen of them.
            names: names of the leaves.
            is_class: whether experts tell classes (else a mean).
            record: records learned so far.
        """
        price = expert_price(regions, self.horizon)
        found: list[tuple[float, Proposal]] = []
        for group in range(len(self.limits)):
            if watch.records_G[group] >= RIPE_RECORDS:
                found += self._of_group(regions, watch, names.of(group), group, price, is_class, record)
        return max(found, key=lambda pair: pair[0])[1] if found else None

    def refuse(self, proposal: Proposal, record: int) -> None:
        """A proposal failed its trial: the same leaves wait, twice as long as the last time."""
        key = _key(proposal.kind, proposal.leaves)
        _, last = self._refused.get(key, (0, PATIENCE_RECORDS // 2))
        patience = min(2 * last, LONGEST_PATIENCE)
        self._refused[key] = (record + patience, patience)

    def restructured(self, names: LeafNames) -> None:
        """Refusals of leaves that are gone are forgotten."""
        live = {name for group in range(len(self.limits)) for name in names.of(group)}
        self._refused = {key: until for key, until in self._refused.items() if live.issuperset(key[1:])}

    def _of_group(
        self,
        regions: Regions,
        watch: Watch,
        names: Sequence[str],
        group: int,
        price: float,
        is_class: bool,
        record: int,
    ) -> list[tuple[float, Proposal]]:
        born, limits = int(regions.born_G[group]), self.limits[group]
        harms = sorted(removals(regions, watch, group), key=lambda harm: harm.nats)
        gains = sorted(cuts(regions, watch, group, is_class), key=lambda gain: -gain.nats)
        found: list[tuple[float, Proposal]] = []
        if born > limits.least:
            for harm in harms:
                proposal = _removal(group, harm, names, -WORTHLESS * price)
                if harm.nats < price and self._may(proposal, record):
                    found.append((price - harm.nats, proposal))
                    break
        for gain in gains:
            proposal = _addition(group, gain, harms, names, price, full=born >= limits.most)
            if proposal is not None and proposal.expected > price and self._may(proposal, record):
                found.append((proposal.expected - price, proposal))
                break
        return found

    def _may(self, proposal: Proposal, record: int) -> bool:
        until, _ = self._refused.get(_key(proposal.kind, proposal.leaves), (0, 0))
        return record >= until

    def state_dict(self) -> dict[str, Any]:
        """Limits, and what was refused until when."""
        refused = [[list(key), until, patience] for key, (until, patience) in self._refused.items()]
        return {"limits": [list(pair) for pair in self.limits], "horizon": self.horizon, "refused": refused}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue where ``state_dict`` was taken."""
        self.limits = tuple(Limits(*pair) for pair in state["limits"])
        self.horizon = int(state["horizon"])
        self._refused = {tuple(key): (int(until), int(wait)) for key, until, wait in state["refused"]}


def _key(kind: str, leaves: Sequence[str]) -> tuple[str, ...]:
    return (kind, *sorted(leaves))


def _removal(group: int, harm: Harm, names: Sequence[str], margin: float) -> Proposal:
    """Merge an expert into its heir, or prune it if the whole group takes its mass better."""
    leaves = (names[harm.expert],)
    if harm.heir < 0:
        return Proposal("prune", group, (harm.expert,), leaves, margin, -harm.nats)
    pair = (harm.expert, harm.heir)
    return Proposal("prune", group, pair, (*leaves, names[harm.heir]), margin, -harm.nats)


def _addition(
    group: int, gain: Gain, harms: Sequence[Harm], names: Sequence[str], price: float, full: bool
) -> Proposal | None:
    """Split an expert; in a full group the least useful other one makes room."""
    parent = gain.expert
    if not full:
        return Proposal("split", group, (parent,), (names[parent],), price, gain.nats, gain.cut)
    idle = next((harm for harm in harms if harm.expert != parent and harm.heir != parent), None)
    if idle is None:
        return None
    leaves = (names[idle.expert], names[parent])
    expected = gain.nats - idle.nats
    return Proposal("revive", group, (idle.expert, parent), leaves, price, expected, gain.cut)
