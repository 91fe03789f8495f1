"""The sections about drift: the evidence, and what was done about it."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from dashboards import charts, control_tables
from dashboards.data import Snapshot
from dashboards.sections import SPARK_POINTS, Marks, draw_chart, draw_table
from dashboards.theme import Look
from dashboards.tiles import Figure, figure_tiles
from dashboards.words import count

__all__ = ["evidence", "what_it_did"]


def evidence(snapshot: Snapshot, marks: Marks, look: Look) -> None:
    """Log-evidence against its threshold, signal by signal."""
    st.markdown("##### Evidence that something has changed")
    lines = control_tables.evidence_lines(snapshot.evidence, len(look.lines))
    left_out = f"; {lines.num_left_out} quieter signals are left out" if lines.num_left_out else ""
    st.caption(
        f"Where a line reaches its threshold, the thin line of the same colour, it is an alarm{left_out}."
    )
    description = f"Log-evidence in nats and its threshold over records: {', '.join(lines.signals)}"
    spec = charts.evidence_chart(lines.signals, look)
    draw_chart(spec, {"evidence": lines.rows, **marks}, "chart-evidence", description)


def what_it_did(snapshot: Snapshot) -> None:
    """Episodes from drift to outcome, what known changes led to, and what all of it was worth."""
    if snapshot.phase is None:
        return
    episodes = snapshot.episodes
    found = snapshot.answers(episodes)
    st.markdown("##### What it did")
    _worth(snapshot.worth)
    if episodes:
        _episodes(control_tables.episode_table(episodes, snapshot.metric), snapshot.metric.title)
    else:
        st.caption("Nothing: no signal came near its threshold lately.")
    if found:
        st.caption("Changes of the stream that are known, and what followed:")
        columns = {
            "record": st.column_config.NumberColumn("Record", format="localized", width="small"),
            "change": st.column_config.TextColumn("Change", width="large"),
            "seen": st.column_config.TextColumn("Seen"),
            "action": st.column_config.TextColumn("Action"),
            "back": st.column_config.TextColumn(f"{snapshot.metric.title} back"),
        }
        alt = "Known changes of the stream: when, detection delay, action, recovery; the newest first"
        draw_table(control_tables.answer_table(found), columns, "table-changes", alt)


def _worth(worth: pd.DataFrame) -> None:
    told = worth[worth["errors_avoided"].notna()].tail(SPARK_POINTS)
    if told.empty:
        return
    figures = [
        (f"Errors avoided against a copy frozen at record {count(told['since'].iloc[-1])}", "errors_avoided"),
        ("Records learned by challengers", "challenger_records"),
    ]
    tiles = [
        Figure(label, count(told[name].iloc[-1]), told[name].astype(float).tolist())
        for label, name in figures
    ]
    st.html(figure_tiles(tiles))


def _episodes(rows: pd.DataFrame, metric: str) -> None:
    columns = {
        "episode": st.column_config.NumberColumn("Episode", width="small"),
        "record": st.column_config.NumberColumn("Record", format="localized", width="small"),
        "moved": st.column_config.TextColumn("What moved"),
        "diagnosis": st.column_config.TextColumn("Diagnosis"),
        "decision": st.column_config.TextColumn("Decision"),
        "test": st.column_config.TextColumn("Test"),
        "outcome": st.column_config.TextColumn("Outcome"),
        "metric": st.column_config.TextColumn(f"{metric} before, at alarm, after"),
    }
    alt = "Episodes: what moved, diagnosis, decision, test, outcome and metric of each, the newest first"
    draw_table(rows, columns, "table-episodes", alt)
