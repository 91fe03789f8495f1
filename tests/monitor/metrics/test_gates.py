"""The experts' series: exact sums, bounded in number, gone with their experts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.metrics.families import OTHER, Families
from monitor.metrics.gates import MAX_EXPERTS, MAX_GROUPS, collect_gates, evenness
from monitor.status import LeafShare
from tests.monitor.metrics.made_status import SHARES, full_status, scrape_of


def weights_of(shares: tuple[LeafShare, ...]) -> dict[tuple[str, str], float]:
    families = Families()
    collect_gates(replace(full_status(), shares=shares), families)
    return {
        (sample.labels["group"], sample.labels["expert"]): sample.value
        for family in families
        for sample in family.samples
        if sample.name == "hmoe_gate_assignment_ratio"
    }


def test_weights_by_group_and_expert() -> None:
    found = scrape_of(full_status())
    assert found["hmoe_gate_assignment_ratio", "trees/1", "trees"] == 0.25
    assert found["hmoe_experts", "expert"] == 3
    assert found["hmoe_experts", "group"] == 2
    assert found["hmoe_gate_entropy_nats",] == 1.1


def test_experts_that_are_gone_leave_no_series() -> None:
    assert ("trees", "trees/1") in weights_of(SHARES)
    assert ("trees", "trees/1") not in weights_of(SHARES[:1])


@given(
    st.lists(
        st.tuples(st.integers(0, 99), st.floats(0.0, 1.0, allow_subnormal=False)), min_size=1, max_size=200
    )
)
def test_the_number_of_series_is_bounded_and_no_weight_is_lost(leaves: list[tuple[int, float]]) -> None:
    shares = tuple(LeafShare(f"leaf {n}", f"group {g}", weight) for n, (g, weight) in enumerate(leaves))
    found = weights_of(shares)
    own = [expert for _, expert in found if expert != OTHER]
    assert len(own) == len(set(own)) <= MAX_EXPERTS
    assert len(found) <= MAX_EXPERTS + MAX_GROUPS + 1
    assert sum(found.values()) == pytest.approx(sum(weight for _, weight in leaves))
    groups = {group for group, _ in found} - {OTHER}
    for group in groups:
        true = sum(share.weight for share in shares if share.group == group)
        assert sum(value for (name, _), value in found.items() if name == group) == pytest.approx(true)


def test_the_largest_keep_their_names() -> None:
    shares = tuple(LeafShare(f"trees/{n}", "trees", n / 5_000) for n in range(100))
    found = weights_of(shares)
    assert ("trees", "trees/99") in found
    assert ("trees", "trees/0") not in found
    assert found["trees", OTHER] == pytest.approx(sum(range(36)) / 5_000)


def test_evenness_is_one_when_even_and_one_share_when_one_does_all() -> None:
    even = [LeafShare(f"a/{n}", "a", 0.25) for n in range(4)]
    alone = [LeafShare(f"a/{n}", "a", float(n == 0)) for n in range(4)]
    assert evenness(even) == pytest.approx(1.0)
    assert evenness(alone) == pytest.approx(0.25)
    assert evenness([LeafShare("a/0", "a", 0.0)]) == pytest.approx(1.0)


def test_dead_experts_have_less_than_a_hundredth_of_an_even_share() -> None:
    weights = [0.9, 0.0966, 0.0034, 0.0]
    shares = tuple(LeafShare(f"a/{n}", "a", weight) for n, weight in enumerate(weights))
    assert scrape_of(replace(full_status(), shares=shares))["hmoe_dead_experts",] == 1
