"""Where did every record and label go, what could not be used, and are the features as they were?"""

from __future__ import annotations

import pandas as pd
import streamlit as st

from dashboards import charts
from dashboards.data.parts import DataPart, data_part
from dashboards.frame import show
from dashboards.scene import Scene, bars
from dashboards.tables.flow import balance_rows, balances, feature_health, over_time
from dashboards.tiles import Figure, figure_tiles
from dashboards.words import count


def draw(scene: Scene, part: DataPart) -> None:
    """The page below the verdict."""
    flow_of(scene)
    bad(scene, part)
    features(scene, part)


def flow_of(scene: Scene) -> None:
    """Received = learned + ...: a balance that adds up."""
    flow = scene.snapshot.flow
    scene.section("Where everything went", "Since the first start of the stream.")
    if flow.empty:
        scene.empty(_simple_balance(scene))
        return
    found = balances(flow)
    newest = flow.iloc[-1]
    names = {"dead_lettered": "Dead-lettered messages", "skipped": "Messages gone before they were read"}
    tiles = [
        Figure(title, count(newest[name]), flow[name].tail(60).astype(float).tolist())
        for name, title in names.items()
    ]
    for balance in found:
        sign = "&#10003;" if balance.missing == 0 else "!"
        st.html(f'<p class="sum"><span aria-hidden="true">{sign}</span> {balance.sentence}</p>')
    rows = balance_rows(found)
    if not rows.empty:
        parts = tuple(rows["part"].drop_duplicates())
        spec = charts.balance_chart(tuple(balance.what for balance in found), parts, scene.look)
        scene.chart(
            spec, {"balance": rows}, "balance", "Where records and labels went, as shares of what came"
        )
    st.html(figure_tiles(tiles))
    if flow["label_delay_seconds"].notna().any():
        scene.section("Label delay", "Mean time from an observation to its label, over about a second each.")
        title = "label delay (s)"
        rows = over_time(flow, {"label_delay_seconds": title})
        spec = charts.time_chart((title,), title, "~g", scene.look)
        scene.chart(spec, {"flow": rows}, "label-delay", "Mean label delay in seconds over time")


def _simple_balance(scene: Scene) -> str:
    """A run on a file knows only what was used and what was rejected."""
    if scene.snapshot.recent.empty:
        return "Nothing has been received yet."
    newest = scene.snapshot.recent.iloc[-1]
    read, rejected = int(newest["record"]), int(newest["rejected_total"])
    used = read - rejected
    return f"{count(read)} records read = {count(used)} predicted and learned + {count(rejected)} rejected."


def bad(scene: Scene, part: DataPart) -> None:
    """Samples of messages that could not be used, and causes of rejection."""
    scene.section("What could not be used", "The newest samples, with what is wrong and what can be done.")
    if part.bad.empty and part.rejected.empty:
        scene.empty("Nothing: every message and record could be used.")
        return
    if not part.bad.empty:
        table = part.bad.iloc[::-1].reset_index(drop=True)
        table = table.assign(time=pd.to_datetime(table["time_seconds"], unit="s", utc=True))
        table = table[["record", "time", "origin", "field", "value", "reason", "remedy", "text"]]
        columns = {
            "record": st.column_config.NumberColumn("Record", format="localized", width="small"),
            "time": st.column_config.DatetimeColumn("Time (UTC)", format="HH:mm:ss", width="small"),
            "origin": st.column_config.TextColumn("Where", width="medium"),
            "field": st.column_config.TextColumn("Field", width="small"),
            "value": st.column_config.TextColumn("Value", width="small"),
            "reason": st.column_config.TextColumn("What is wrong"),
            "remedy": st.column_config.TextColumn("What can be done"),
            "text": st.column_config.TextColumn("Message", width="large"),
        }
        scene.table(table, columns, "bad", "Messages that could not be used, the newest first")
        return
    columns = {
        "record": st.column_config.NumberColumn("Record", format="localized", width="small"),
        "message": st.column_config.TextColumn("What was rejected", width="large"),
    }
    table = part.rejected[["record", "message"]].iloc[::-1]
    scene.table(table, columns, "rejected", "Rejected records by interval, the newest first")


def features(scene: Scene, part: DataPart) -> None:
    """Missing values, range and shift of every feature."""
    note = "The newest period of records beside the periods before it; what moved most stands on top."
    scene.section("Features", note)
    if part.features.empty:
        scene.empty(
            "This journal has no summary of the features yet: a run writes one every few thousand records."
        )
        return
    table = feature_health(part.features)
    table["missing"] *= 100.0
    columns = {
        "feature": st.column_config.TextColumn("Feature", width="medium"),
        "missing": bars("Missing", "%.1f %%", table["missing"]),
        "least": st.column_config.NumberColumn("Least", format="%.4g", width="small"),
        "most": st.column_config.NumberColumn("Most", format="%.4g", width="small"),
        "mean": st.column_config.NumberColumn("Mean", format="%.4g", width="small"),
        "shift": st.column_config.NumberColumn("Shift (sd)", format="%+.2f", width="small"),
        "course": st.column_config.LineChartColumn("Mean over time", width="medium"),
    }
    scene.table(table, columns, "features", "Features: missing share, range, mean and shift of each")


show("data", data_part, draw, needs_intervals=False)
