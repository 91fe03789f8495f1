"""Who answers? Shares of the gate over time, by domain and in two dimensions, and how undecided it is."""

from __future__ import annotations

import numpy as np
import streamlit as st

from dashboards import charts
from dashboards.data.parts import GatesPart, gates_part
from dashboards.frame import show
from dashboards.scene import Scene
from dashboards.tables.samples import domain_shares
from dashboards.tables.shares import group_shares, leaf_shares

ALL_GROUPS = "all groups"
NO_SAMPLES = "This journal keeps no sample records yet: a run writes some every few thousand records."


def draw(scene: Scene, part: GatesPart) -> None:
    """The page below the verdict."""
    shares_over_time(scene, part)
    left, right = st.columns(2, gap="medium")
    with left:
        domains(scene, part)
        entropy(scene, part)
    with right:
        gate_map(scene, part)


def shares_over_time(scene: Scene, part: GatesPart) -> None:
    """Gate weight by group, or by leaf of one group."""
    groups = part.shares.sort_values("leaf")["group_name"].drop_duplicates().tolist()
    title, choice = st.columns([4, 1], vertical_alignment="bottom")
    with title:
        scene.section("Share of the gate over time", "Lines mark drifts, what was done and known changes.")
    chosen = choice.selectbox(
        "Group", [ALL_GROUPS, *groups], key="group", bind="query-params", label_visibility="collapsed"
    )
    is_whole = chosen == ALL_GROUPS
    stack = group_shares(part.shares) if is_whole else leaf_shares(part.shares, chosen)
    description = f"Share of the gate over records: {', '.join(stack.names)}"
    spec = charts.share_chart(stack.names, is_whole, scene.look)
    scene.chart(spec, {"shares": stack.rows, **scene.marks}, "shares", description)


def domains(scene: Scene, part: GatesPart) -> None:
    """How the records of each domain distribute over the groups."""
    scene.section(
        "Who serves which domain", "Of each domain's sample records, the share that each group leads."
    )
    found = part.domains
    if not found:
        scene.empty(
            NO_SAMPLES if part.samples.empty else "No label, category or feature has few enough values."
        )
        return
    chosen = st.selectbox(
        "Domain", list(found), key="domain", bind="query-params", label_visibility="collapsed"
    )
    group_of = dict(zip(part.shares["leaf"], part.shares["group_name"], strict=True))
    told = domain_shares(part.samples, found[chosen], group_of)
    if told.rows.empty:
        scene.empty("The leaves that served the sample records are gone.")
        return
    names = group_shares(part.shares).names
    spec = charts.domain_chart(told.domains, names, told.groups, scene.look)
    description = f"Share of the groups {', '.join(told.groups)} in the records of each {chosen}"
    scene.chart(spec, {"domains": told.rows}, "domains", description)


def gate_map(scene: Scene, part: GatesPart) -> None:
    """Records and leaf centres in two dimensions."""
    note = (
        "Sample records in the two directions in which they differ most, coloured by the leaf that leads; "
        "crosses are the mean records of leaves, regions what is nearest to each."
    )
    scene.section("Gate map", note)
    plane = part.plane
    if plane is None:
        scene.empty(NO_SAMPLES if part.samples.empty else "Two features that vary are needed for a map.")
        return
    spec = charts.plane_chart(plane.names, plane.first, plane.second, scene.look)
    layers = {"points": plane.points, "centres": plane.centres, "regions": plane.regions}
    description = f"Sample records and the centres of the leaves {', '.join(plane.names)} in two dimensions"
    scene.chart(spec, layers, "gate-map", description)


def entropy(scene: Scene, part: GatesPart) -> None:
    """How undecided the gate is."""
    scene.section("Gate entropy", "How undecided the gate is: 0 where one expert takes every record.")
    rows = part.intervals[["record", "gate_entropy_nats"]].astype({"gate_entropy_nats": float})
    rows = rows.assign(effective_experts=np.exp(rows["gate_entropy_nats"]))
    description = "Mean entropy of the gate weights in nats over records, with drift events"
    scene.chart(charts.entropy_chart(scene.look), {"intervals": rows, **scene.marks}, "entropy", description)


show("gates", gates_part, draw)
