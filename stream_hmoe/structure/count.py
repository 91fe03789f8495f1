"""How many experts: proposes one edit at a time from the evidence, and learns from refusals.

An expert has a price. Where two in place of one would gain more than it, a split is proposed; where doing
without one would cost less, it is to be pruned or merged. Where neither is so, the expert whose load times
excess loss is largest is tried. A trial decides, against half of the price: a split must gain it, a removal
must not cost it. A full group moves its least useful expert instead of adding one. What was refused waits,
twice as long each time. Pure: no clock, no randomness, no learner.

Shapes: G groups.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..kernels.regions import Regions
from ..kernels.watching import Watch
from .edits import Cut, Edit, Kind, merge, prune, revive, split
from .evidence import Gain, Harm, cuts, expert_price, mean_input, merge_cost, removals, suspicions
from .lineage import LeafNames

__all__ = ["ExpertCount", "Limits", "Proposal"]

Floats = npt.NDArray[np.float64]

WORTH = 0.5
SUSPICION = 2.0
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


class _View(NamedTuple):
    """What there is to know about one group."""

    regions: Regions
    watch: Watch
    group: int
    names: Sequence[str]
    price: float
    is_class: bool
    limits: Limits


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
        found: list[Proposal] = []
        for group, limits in enumerate(self.limits):
            if watch.records_G[group] >= RIPE_RECORDS:
                view = _View(regions, watch, group, names.of(group), price, is_class, limits)
                found += self._of_group(view, record)
        return max(found, key=lambda proposal: _surplus(proposal, price), default=None)

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

    def _of_group(self, view: _View, record: int) -> list[Proposal]:
        regions, watch, group, _, price, is_class, _ = view
        harms = sorted(removals(regions, watch, group), key=lambda harm: harm.nats)
        gains = sorted(cuts(regions, watch, group, is_class), key=lambda gain: -gain.nats)
        removal = self._first(_removals(view, harms), record)
        addition = self._first(_additions(view, gains, harms, price), record)
        if removal is None and addition is None:
            doubts = suspicions(regions, watch, group, gains, is_class)
            addition = self._first(_additions(view, doubts, harms, SUSPICION * price), record)
        return [proposal for proposal in (removal, addition) if proposal is not None]

    def _first(self, proposals: Iterator[Proposal], record: int) -> Proposal | None:
        """The first that does not wait after a refusal."""
        return next((proposal for proposal in proposals if self._may(proposal, record)), None)

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


def _surplus(proposal: Proposal, price: float) -> float:
    """What an edit is expected to gain after the price of the experts that it adds or saves."""
    saves = proposal.kind in ("merge", "prune")
    return proposal.expected + (price if saves else -price)


def _removals(view: _View, harms: Sequence[Harm]) -> Iterator[Proposal]:
    """Ways to do without an expert that is not worth its price: it is pruned, or merged with its heir."""
    regions, watch, group, names, price, is_class, limits = view
    if int(regions.born_G[group]) <= limits.least:
        return
    for expert, heir, nats in harms:
        if nats >= price:
            return
        slots = (expert,) if heir < 0 else (expert, heir)
        leaves, margin = tuple(names[slot] for slot in slots), -WORTH * price
        cost = math.inf if heir < 0 else merge_cost(regions, watch, group, (expert, heir), is_class)
        kind: Kind = "merge" if cost < nats else "prune"
        yield Proposal(kind, group, slots, leaves, margin, -min(cost, nats))


def _additions(view: _View, gains: Sequence[Gain], harms: Sequence[Harm], worth: float) -> Iterator[Proposal]:
    """Splits that would gain more than ``worth``; in a full group the least useful other one makes room."""
    regions, _, group, names, price, _, limits = view
    full, margin = int(regions.born_G[group]) >= limits.most, WORTH * price
    for parent, nats, cut in gains:
        if not full and nats > worth:
            yield Proposal("split", group, (parent,), (names[parent],), margin, nats, cut)
        idle = next((harm for harm in harms if parent not in (harm.expert, harm.heir)), None)
        if full and idle is not None and nats - idle.nats > worth:
            leaves = (names[idle.expert], names[parent])
            slots, expected = (idle.expert, parent), nats - idle.nats
            yield Proposal("revive", group, slots, leaves, margin, expected, cut)
