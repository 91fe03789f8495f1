"""Is it healthy? Key figures, the metric, the last change and what followed, events."""

from __future__ import annotations

from pathlib import PurePath

import streamlit as st

from dashboards import charts, story
from dashboards.data.parts import NowPart, now_part
from dashboards.data.snapshot import Snapshot
from dashboards.frame import show
from dashboards.key_figures import key_figures
from dashboards.scene import Scene
from dashboards.tables.events import event_table
from dashboards.tiles import figure_tiles


def draw(scene: Scene, part: NowPart) -> None:
    """The page below the verdict."""
    snapshot, metric = scene.snapshot, scene.snapshot.metric
    st.caption(about(snapshot))
    st.html(figure_tiles(key_figures(snapshot)))
    scene.section(f"{metric.title}, predicted before learned")
    spec = charts.metric_chart(metric, snapshot.window_records, scene.look)
    names = ["record", "metric", "metric_window"]
    description = f"{metric.title} over records, of the last window and since the start, with drift events"
    scene.chart(spec, {"intervals": part.intervals[names], **scene.marks}, "metric", description)
    last_change(scene)
    events(scene, part)


def about(snapshot: Snapshot) -> str:
    """Which run this is."""
    meta = snapshot.meta
    names = {"of": meta.get("target"), "from": PurePath(meta.get("source", "")).name}
    words = [f"{word} **{name}**" for word, name in names.items() if name]
    return " ".join([meta.get("task", "").capitalize(), *words])


def last_change(scene: Scene) -> None:
    """What drifted last, what was done and whether it helped, with the way to the pages that say more."""
    snapshot = scene.snapshot
    episodes = [episode for episode in snapshot.episodes if episode.alarm is not None]
    if snapshot.phase is None:
        return
    scene.section("The last change")
    if not episodes:
        scene.empty("None lately: no signal reached its threshold over the newest intervals.")
        return
    newest = episodes[-1]
    st.html(story.summary(newest, snapshot))
    with st.container(horizontal=True):
        link = {"episode": str(newest.number)}
        st.page_link(
            "drift.py", label="What moved, and where", icon=":material/ssid_chart:", query_params=link
        )
        st.page_link(
            "actions.py",
            label="What was done, and did it help",
            icon=":material/tune:",
            query_params=link,
        )


def events(scene: Scene, part: NowPart) -> None:
    """What happened, the newest first."""
    scene.section("Events")
    columns = {
        "record": st.column_config.NumberColumn("Record", format="localized", width="small"),
        "time": st.column_config.DatetimeColumn("Time (UTC)", format="HH:mm:ss", width="small"),
        "kind": st.column_config.TextColumn("What", width="small"),
        "signal": st.column_config.TextColumn("Signal"),
        "level": st.column_config.TextColumn("Level", width="small"),
        "message": st.column_config.TextColumn("Message", width="large"),
    }
    scene.table(event_table(part.events), columns, "events", "Events of the run, the newest first")


show("now", now_part, draw)
