"""Names of leaves and their family tree: a name stays with its leaf and is never given again.

Shapes: G groups, E slots of a group.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..events import Lineage, Topology
from .edits import Edit

__all__ = ["LeafNames"]


class LeafNames:
    """The name of every slot of every region group; a slot without a live expert keeps one ready.

    Args:
        groups: names of the region groups.
        experts: slots of a group.
    """

    def __init__(self, groups: Sequence[str], experts: int) -> None:
        self.groups = tuple(groups)
        self._names = [[f"{group}/{e}" for e in range(experts)] for group in self.groups]
        self._next = [experts] * len(self.groups)

    def of(self, group: int) -> tuple[str, ...]:
        """Names of a group's slots, live ones first."""
        return tuple(self._names[group])

    def apply(self, edit: Edit) -> Lineage:
        """Name the leaves after an edit -> its entry in the family tree."""
        old = self._names[edit.group]
        new = [old[origin] if origin >= 0 else self._fresh(edit.group) for origin in edit.origin_E.tolist()]
        self._names[edit.group] = new
        return Lineage(
            edit.kind,
            self.groups[edit.group],
            tuple(old[slot] for slot in edit.parents),
            tuple(new[slot] for slot in edit.children),
            tuple((old[e], tuple(new[slot] for slot in slots)) for e, slots in enumerate(edit.heirs)),
        )

    def rename(self, topology: Topology) -> Topology:
        """The topology with the present names on the leaves of the region groups."""
        leaves = list(topology.leaves)
        for group, names in zip(self.groups, self._names, strict=True):
            begin = topology.group_of.index(topology.groups.index(group))
            leaves[begin : begin + len(names)] = names
        return Topology(tuple(leaves), topology.group_of, topology.groups)

    def _fresh(self, group: int) -> str:
        self._next[group] += 1
        return f"{self.groups[group]}/{self._next[group] - 1}"

    def state_dict(self) -> dict[str, Any]:
        """All names in use, and the next number of each group."""
        return {"names": [list(names) for names in self._names], "next": list(self._next)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue where ``state_dict`` was taken."""
        self._names = [list(names) for names in state["names"]]
        self._next = [int(number) for number in state["next"]]
