"""An edit on trial: a copy of its group with the edit learns beside the champion on the same records.

Only the group is copied: features, target scale and the rest of the model are shared, and the paired
differences are those of the group's own -log p(y|x).

Shapes: N records, G = 1 group (0 where nothing is on trial), E experts, C outputs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ..kernels.regions import REGION_AXES, Regions
from ..kernels.watching import Beside, Watch
from .count import Proposal
from .edits import Edit
from .evidence import allocate_watch
from .trial import Trial

__all__ = ["Shadow", "nobody", "put_back", "taken_out"]

Floats = npt.NDArray[np.float64]


def nobody(regions: Regions) -> Beside:
    """What stands beside the champion while nothing is on trial."""
    return _beside(taken_out(regions, None))


def taken_out(regions: Regions, group: int | None) -> Regions:
    """A copy of one group, or of none, as regions of their own."""
    second = regions.born_G.size - regions.curvature_SEQQ.shape[0]
    chosen = slice(0, 0) if group is None else slice(group, group + 1)
    curved = slice(max(chosen.start - second, 0), max(chosen.stop - second, 0))
    part = {"G": chosen, "S": curved}
    return Regions(
        **{
            name: array[part.get(REGION_AXES[name].letters[0], slice(None))].copy()
            for name, array in regions._asdict().items()
        }
    )


def put_back(regions: Regions, group: int, one: Regions) -> None:
    """Write a group that was taken out over the one in its place."""
    second = regions.born_G.size - regions.curvature_SEQQ.shape[0]
    for name, axes in REGION_AXES.items():
        place = {"G": group, "S": group - second}.get(axes.letters[0], -1)
        if place >= 0:
            getattr(regions, name)[place] = getattr(one, name)[0]


class Shadow:
    """A challenger and its trial.

    Args:
        proposal: what is tried.
        edit: the edit, carried out on a copy of the champion's groups.
        trial: the test.
    """

    def __init__(self, proposal: Proposal, edit: Edit, trial: Trial) -> None:
        self.proposal = proposal
        self.edit = edit
        self.trial = trial
        self.beside = _beside(taken_out(edit.regions, edit.group))
        # No births during a trial or after it: edits alone change a group that has been on trial.
        self.beside.regions.most_G[:] = self.beside.regions.born_G

    def update(self, champion_N: Floats, challenger_N: Floats) -> None:
        """Take in the losses of both on the same records, in nats."""
        self.trial.update(champion_N - challenger_N)

    def reason(self) -> str:
        """What is done and what speaks for it."""
        proposal, trial = self.proposal, self.trial
        return (
            f"{proposal.kind} of {', '.join(proposal.leaves)}: {trial.mean:+.4f} nats a record over"
            f" {trial.records} records (wanted {proposal.margin:+.4f})"
        )

    def state_dict(self) -> dict[str, Any]:
        """The challenger as it is now, its trial, and what it is about."""
        edit, proposal = self.edit, self.proposal
        regions, watch = self.beside.regions, self.beside.watch
        return {
            "kind": proposal.kind,
            "group": proposal.group,
            "experts": list(proposal.experts),
            "leaves": list(proposal.leaves),
            "margin": proposal.margin,
            "expected": proposal.expected,
            "origin_E": edit.origin_E.copy(),
            "heirs": [list(slots) for slots in edit.heirs],
            "parents": list(edit.parents),
            "children": list(edit.children),
            "regions": {
                name: getattr(regions, name).copy() for name, axes in REGION_AXES.items() if not axes.scratch
            },
            "watch": {name: array.copy() for name, array in watch._asdict().items()},
            "trial": self.trial.state_dict(),
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any], champion: Regions) -> Shadow:
        """The challenger that ``state_dict`` described, beside the same champion."""
        group = int(state["group"])
        heirs = tuple(tuple(slots) for slots in state["heirs"])
        names = ("experts", "leaves", "parents", "children")
        experts, leaves, parents, children = (tuple(state[name]) for name in names)
        proposal = Proposal(state["kind"], group, experts, leaves, state["margin"], state["expected"])
        edit = Edit(state["kind"], group, champion, state["origin_E"], heirs, parents, children)
        trial = Trial(float(state["margin"]))
        trial.load_state_dict(state["trial"])
        shadow = cls(proposal, edit, trial)
        for part, saved in ((shadow.beside.regions, "regions"), (shadow.beside.watch, "watch")):
            for name, array in state[saved].items():
                getattr(part, name)[...] = array
        return shadow


def _beside(regions: Regions) -> Beside:
    watch: Watch = allocate_watch(regions)
    return Beside(regions, watch, np.zeros((1, regions.logit_C.size)), np.zeros(1))
