"""The sections of the page below the verdict; each takes a snapshot and draws itself."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath

import numpy as np
import pandas as pd
import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from dashboards import charts, tables
from dashboards.data import Snapshot
from dashboards.theme import Look
from dashboards.tiles import Figure, figure_tiles
from dashboards.words import count

__all__ = [
    "SPARK_POINTS",
    "Marks",
    "about",
    "draw_chart",
    "draw_table",
    "entropy",
    "events",
    "experts",
    "key_figures",
    "metric_over_time",
    "shares_over_time",
]

Marks = Mapping[str, pd.DataFrame]

TABLE_HEIGHT, ROW_PIXELS = 330, 35
SPARK_POINTS = 60
ALL_GROUPS = "all groups"


def about(snapshot: Snapshot) -> None:
    """Which run this is."""
    meta = snapshot.meta
    names = {"of": meta.get("target"), "from": PurePath(meta.get("source", "")).name}
    words = [f"{word} **{name}**" for word, name in names.items() if name]
    st.caption(" ".join([meta.get("task", "").capitalize(), *words]))


def key_figures(snapshot: Snapshot) -> None:
    """Six numbers, with their course over the newest intervals."""
    recent, metric = snapshot.recent, snapshot.metric
    newest, course = recent.iloc[-1], recent.tail(SPARK_POINTS)
    recent_title = f"{metric.title}, last {count(snapshot.window_records)}"
    figures = [
        ("Records", count(newest["record"]), "record"),
        ("Records per second", count(newest["records_per_second"]), "records_per_second"),
        (recent_title, metric.write(newest["metric_window"]), "metric_window"),
        (f"{metric.title}, overall", metric.write(newest["metric"]), "metric"),
        ("Experts", count(newest["num_leaves"]), "num_leaves"),
        ("Rejected records", count(newest["rejected_total"]), "rejected_total"),
    ]
    courses = [course[name].astype(float).tolist() for _, _, name in figures]
    tiles = [Figure(label, value, line) for (label, value, _), line in zip(figures, courses, strict=True)]
    st.html(figure_tiles(tiles))


def metric_over_time(snapshot: Snapshot, marks: Marks, look: Look) -> None:
    """Prequential metric: every record is predicted before it is learned from."""
    metric = snapshot.metric
    st.markdown(f"##### {metric.title}, predicted before learned")
    spec = charts.metric_chart(metric, snapshot.window_records, look)
    names = ["record", "metric", "metric_window"]
    description = f"{metric.title} over records, of the last window and since the start, with drift events"
    draw_chart(spec, {"intervals": snapshot.intervals[names], **marks}, "chart-metric", description)


def shares_over_time(snapshot: Snapshot, marks: Marks, look: Look) -> None:
    """Who answers: gate weight by group, or by leaf of one group."""
    groups = snapshot.shares.sort_values("leaf")["group_name"].drop_duplicates().tolist()
    title, choice = st.columns([4, 1], vertical_alignment="bottom")
    title.markdown("##### Who answers: share of the gate")
    chosen = choice.selectbox(
        "Group", [ALL_GROUPS, *groups], key="group", bind="query-params", label_visibility="collapsed"
    )
    is_whole = chosen == ALL_GROUPS
    stack = tables.group_shares(snapshot.shares) if is_whole else tables.leaf_shares(snapshot.shares, chosen)
    description = f"Share of the gate over records: {', '.join(stack.names)}"
    spec = charts.share_chart(stack.names, is_whole, look)
    draw_chart(spec, {"shares": stack.rows, **marks}, "chart-shares", description)


def entropy(snapshot: Snapshot, marks: Marks, look: Look) -> None:
    """How undecided the gate is."""
    st.markdown("##### Gate entropy")
    rows = snapshot.intervals[["record", "gate_entropy_nats"]].astype({"gate_entropy_nats": float})
    rows = rows.assign(effective_experts=np.exp(rows["gate_entropy_nats"]))
    description = "Mean entropy of the gate weights in nats over records, with drift events"
    draw_chart(charts.entropy_chart(look), {"intervals": rows, **marks}, "chart-entropy", description)


def experts(snapshot: Snapshot) -> None:
    """The live leaves, the busiest first."""
    st.markdown(f"##### Experts over the last {count(snapshot.window_records)} records")
    table = tables.expert_table(snapshot.recent_shares, snapshot.shares, snapshot.topology)
    table["usage"] *= 100.0
    error_format = "%.4g"
    if snapshot.metric.is_share:
        table["error"] *= 100.0
        error_format = "%.1f %%"
    columns = {
        "expert": st.column_config.TextColumn("Expert", width="medium"),
        "group": st.column_config.TextColumn("Group", width="small"),
        "usage": _bars("Usage", "%.1f %%", table["usage"]),
        "trend": st.column_config.AreaChartColumn("Trend", y_min=0.0, width="small"),
        "loss_nats": st.column_config.NumberColumn("Loss (nats)", format="%.3f", width="small"),
        "error": _bars("Error", error_format, table["error"]),
    }
    draw_table(table, columns, "table-experts", "Experts: group, usage, loss and error of each")


def events(snapshot: Snapshot) -> None:
    """What happened, the newest first."""
    st.markdown("##### Events")
    table = tables.event_table(snapshot.events)
    columns = {
        "record": st.column_config.NumberColumn("Record", format="localized", width="small"),
        "time": st.column_config.DatetimeColumn("Time (UTC)", format="HH:mm:ss", width="small"),
        "kind": st.column_config.TextColumn("What", width="small"),
        "signal": st.column_config.TextColumn("Signal"),
        "level": st.column_config.TextColumn("Level", width="small"),
        "message": st.column_config.TextColumn("Message", width="large"),
    }
    draw_table(table, columns, "table-events", "Events of the run, the newest first")


def draw_chart(spec: charts.Spec, datasets: Marks, key: str, description: str) -> None:
    """A chart whose data are replaced while it stays; ``description`` is for screen readers."""
    st.vega_lite_chart({**spec, "datasets": dict(datasets)}, width="stretch", key=key, alt=description)


def draw_table(table: pd.DataFrame, columns: Mapping[str, ColumnConfig], key: str, description: str) -> None:
    """A table as high as its rows, up to a limit; ``description`` is for screen readers."""
    height = min(TABLE_HEIGHT, ROW_PIXELS * (len(table) + 1) + 2)
    st.dataframe(table, height=height, hide_index=True, column_config=dict(columns), key=key, alt=description)


def _bars(title: str, form: str, values: pd.Series) -> ColumnConfig:
    """A column of bars, of which the largest value fills its cell."""
    largest = float(values.max())
    most = largest if largest > 0.0 else 1.0
    return st.column_config.ProgressColumn(title, format=form, min_value=0.0, max_value=most, width="small")
