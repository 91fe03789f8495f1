"""Who are the experts, where did they come from, and what does each serve?"""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import streamlit as st

from dashboards import charts
from dashboards.data.parts import ExpertsPart, experts_part
from dashboards.frame import show
from dashboards.scene import Scene, bars
from dashboards.tables.events import markers
from dashboards.tables.family import course_of, lives, ranges_of, tree
from dashboards.tables.samples import sample_table
from dashboards.tables.shares import expert_table
from dashboards.tiles import Figure, figure_tiles
from dashboards.words import count

TYPICAL = 50
NOBODY = "all experts"


def draw(scene: Scene, part: ExpertsPart) -> None:
    """The page below the verdict."""
    experts = expert_table(part.recent_shares, part.shares, scene.snapshot.topology)
    choice, _ = st.columns([1, 3])
    names = [NOBODY, *experts["expert"].tolist()]
    chosen = choice.selectbox("Expert", names, key="expert", bind="query-params")
    if chosen != NOBODY:
        one_expert(scene, part, chosen)
        return
    family(scene, part)
    table_of(scene, experts)
    lineage(scene, part)


def family(scene: Scene, part: ExpertsPart) -> None:
    """Boxes as high as usage, as dark as loss."""
    note = (
        f"Over the last {count(scene.snapshot.window_records)} records. Groups stand on the left, their "
        "experts beside them: as high as their share of the gate, as dark as their loss."
    )
    scene.section("Groups and experts", note)
    boxes = tree(part.recent_shares)
    scene.chart(
        charts.icicle_chart(scene.look),
        {"tree": boxes},
        "tree",
        "Groups and their experts by share of the gate and loss; the table below has the numbers",
    )


def table_of(scene: Scene, experts: pd.DataFrame) -> None:
    """The live leaves, the busiest first."""
    table = experts.copy()
    table["usage"] *= 100.0
    error_format = "%.4g"
    if scene.snapshot.metric.is_share:
        table["error"] *= 100.0
        error_format = "%.1f %%"
    columns = {
        "expert": st.column_config.TextColumn("Expert", width="medium"),
        "group": st.column_config.TextColumn("Group", width="small"),
        "usage": bars("Usage", "%.1f %%", table["usage"]),
        "trend": st.column_config.AreaChartColumn("Trend", y_min=0.0, width="small"),
        "loss_nats": st.column_config.NumberColumn("Loss (nats)", format="%.3f", width="small"),
        "error": bars("Error", error_format, table["error"]),
    }
    scene.table(table, columns, "experts", "Experts: group, usage, loss and error of each")


def lineage(scene: Scene, part: ExpertsPart) -> None:
    """When each leaf served, and the edits between."""
    note = "Experts that came or went, from when to when they served; lines are changes of the model's shape."
    scene.section("Lineage", note)
    lived = lives(part.lives, scene.snapshot.last)
    if lived.empty:
        scene.empty("No expert was grown, split, merged or pruned: all have served since the first record.")
    else:
        edits = markers(part.restructured, "restructured", max(1, scene.snapshot.last // 300))
        groups = tuple(lived["group_name"].drop_duplicates())
        spec = charts.life_chart(tuple(lived["name"]), groups, scene.look)
        description = "From which to which record each expert served"
        scene.chart(spec, {"lives": lived, "edits": edits}, "lives", description)
    if part.restructured.empty:
        return
    columns = {
        "record": st.column_config.NumberColumn("Record", format="localized", width="small"),
        "message": st.column_config.TextColumn("What was done", width="large"),
    }
    table = part.restructured[["record", "message"]].iloc[::-1]
    scene.table(table, columns, "edits", "Changes of the model's shape, the newest first")


def one_expert(scene: Scene, part: ExpertsPart, name: str) -> None:
    """What one expert serves and how well."""
    topology = scene.snapshot.topology
    leaf = int(topology.loc[topology["name"] == name, "leaf"].iloc[0])
    usage, loss = course_of(part.shares, leaf, "weight"), course_of(part.shares, leaf, "loss_nats")
    tiles = [
        _figure("Share of the gate", usage, lambda value: f"{100.0 * value:.1f} %"),
        _figure("Loss (nats)", loss, lambda value: f"{value:.3f}"),
        _figure("Error", course_of(part.shares, leaf, "error"), scene.snapshot.metric.write),
        Figure("Sample records that it leads", count(int((part.samples["leaf"] == leaf).sum())), []),
    ]
    st.html(figure_tiles(tiles))
    left, right = st.columns(2, gap="medium")
    with left:
        scene.section("Its share of the gate")
        spec = charts.course_chart("share of gate", ".1%", scene.look)
        scene.chart(
            spec, {"course": usage, **scene.marks}, "usage", f"Share of the gate of {name} over records"
        )
    with right:
        scene.section("Its loss")
        spec = charts.course_chart("loss (nats)", ".3~g", scene.look)
        scene.chart(spec, {"course": loss, **scene.marks}, "loss", f"Loss of {name} over records")
    serves(scene, part, leaf, name)


def serves(scene: Scene, part: ExpertsPart, leaf: int, name: str) -> None:
    """What sets its records apart, and some of them."""
    note = "Mean and one standard deviation to each side; what sets its records apart most stands on top."
    scene.section("What its records are like, beside all records", note)
    ranges = ranges_of(part.leaf_features, part.features, leaf)
    if ranges.empty:
        scene.empty("This journal has no summary of the features yet.")
    else:
        titles = {"feature": "Feature", "mean": "Mean", "low": "From", "high": "To"}
        every = {
            "all_mean": "Mean of all",
            "all_low": "From (all)",
            "all_high": "To (all)",
            "shift": "Shift (sd)",
        }
        columns = {
            key: st.column_config.TextColumn(title)
            if key == "feature"
            else st.column_config.NumberColumn(title, format="%.4g")
            for key, title in {**titles, **every}.items()
        }
        scene.table(
            ranges, columns, "ranges", f"Features of the records of {name} beside those of all records"
        )
    scene.section("Typical records", "The newest sample records that it leads.")
    own = part.samples[part.samples["leaf"] == leaf]
    if own.empty:
        scene.empty("None among the sample records that are shown.")
        return
    columns = {"record": st.column_config.NumberColumn("Record", format="localized")}
    scene.table(
        sample_table(own, TYPICAL), columns, "samples", f"Sample records that {name} leads, the newest first"
    )


def _figure(label: str, course: pd.DataFrame, write: Callable[[float], str]) -> Figure:
    values = course["value"].tolist()
    known = course["value"].dropna()
    return Figure(label, write(float(known.iloc[-1])) if len(known) else "-", values[-60:])


show("experts", experts_part, draw)
