"""A leaf keeps its name while others change, and no name is given twice."""

from __future__ import annotations

from hypothesis import given

from stream_hmoe.events import Topology
from stream_hmoe.structure import LeafNames
from tests.stream_hmoe.structure.made_groups import SLOTS, drawn
from tests.stream_hmoe.structure.test_edits import STEPS, one


@given(steps=STEPS)
def test_names_stay_and_are_not_given_again(steps: list[tuple[str, int]]) -> None:
    regions = drawn().state.regions
    names = LeafNames(["plains"], SLOTS)
    dead: set[str] = set()
    for kind, number in steps:
        edit = one(regions, True, kind, number)
        if edit is None:
            continue
        before = names.of(0)[: int(regions.born_G[0])]
        lineage = names.apply(edit)
        regions = edit.regions
        after = names.of(0)[: int(regions.born_G[0])]
        dead |= set(before) - set(after)
        assert len(set(names.of(0))) == SLOTS
        assert not dead & set(names.of(0))
        assert set(lineage.children) == set(after) - set(before)
        assert set(before) - set(after) <= set(lineage.parents)
        assert dict(lineage.heirs).keys() == set(before)
        for name in set(before) & set(after):
            assert name in dict(lineage.heirs)[name]


def test_the_topology_carries_the_names() -> None:
    regions = drawn().state.regions
    topology = Topology(
        ("line", *(f"plains/{e}" for e in range(SLOTS))), (0, *[1] * SLOTS), ("line", "plains")
    )
    names = LeafNames(["plains"], SLOTS)
    edit = one(regions, True, "prune", 1)
    assert edit is not None
    lineage = names.apply(edit)
    renamed = names.rename(topology)
    assert renamed.leaves[:4] == ("line", "plains/0", "plains/2", "plains/3")
    assert "plains/1" not in renamed.leaves
    assert lineage.parents == ("plains/1",) and lineage.children == ()


def test_names_go_on_after_a_restart() -> None:
    regions = drawn().state.regions
    names, again = LeafNames(["plains"], SLOTS), LeafNames(["plains"], SLOTS)
    edit = one(regions, True, "merge", 0)
    assert edit is not None
    names.apply(edit)
    again.load_state_dict(names.state_dict())
    assert again.apply(edit) == names.apply(edit)
    assert again.of(0) == names.of(0)
