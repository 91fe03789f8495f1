"""What did the system do, did it help, and what was it worth?"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from dashboards import charts, story
from dashboards.data.parts import ActionsPart, actions_part
from dashboards.episode_choice import choose_episode, title_of
from dashboards.frame import show
from dashboards.key_figures import SPARK_POINTS
from dashboards.scene import Scene
from dashboards.tables import control
from dashboards.tiles import Figure, figure_tiles
from dashboards.words import count
from monitor.control.episodes import Episode
from monitor.control.known_changes import Answer


def draw(scene: Scene, part: ActionsPart) -> None:
    """The page below the verdict."""
    if scene.snapshot.phase is None:
        scene.empty("This run has no controller, or none has decided anything yet.")
        return
    worth(scene, part)
    one_episode(scene, part.episodes)
    all_episodes(scene, part.episodes)
    known_changes(scene, part.answers)


def worth(scene: Scene, part: ActionsPart) -> None:
    """What learning and control saved, and what challengers cost."""
    told = part.worth[part.worth["errors_avoided"].notna()]
    scene.section("Cost and gain", "Against a copy of the model that stopped learning.")
    if told.empty:
        scene.empty("Nothing to compare yet: the copy is taken after some thousand records.")
        return
    course = told.tail(SPARK_POINTS)
    figures = [
        (f"Errors avoided since record {count(told['since'].iloc[-1])}", "errors_avoided"),
        ("Records learned by challengers", "challenger_records"),
    ]
    st.html(
        figure_tiles(
            [
                Figure(label, count(told[name].iloc[-1]), course[name].astype(float).tolist())
                for label, name in figures
            ]
        )
    )
    rows = pd.DataFrame({"record": told["record"], "value": told["errors_avoided"].astype(float)})
    spec = charts.course_chart("errors avoided", ",.0f", scene.look)
    description = "Errors avoided against a copy that stopped learning, over records"
    scene.chart(spec, {"course": rows, **scene.marks}, "errors-avoided", description)


def one_episode(scene: Scene, episodes: Sequence[Episode]) -> None:
    """From the first sign to the outcome."""
    title, choice = st.columns([4, 1], vertical_alignment="bottom")
    with choice:
        episode = choose_episode(episodes)
    with title:
        what = "" if episode is None else f": {title_of(episode)}"
        scene.section(f"From drift to outcome{what}")
    if episode is None:
        scene.empty("Nothing was done: no signal came near its threshold.")
        return
    st.html(story.timeline(episode, scene.snapshot))
    tests = control.test_table(episode)
    if tests.empty:
        return
    scene.section(
        "Champion against challengers", "A challenger takes over when its log-evidence passes what is needed."
    )
    columns = {
        "plan": st.column_config.TextColumn("Challenger"),
        "verdict": st.column_config.TextColumn("Verdict"),
        "records": st.column_config.NumberColumn("Records", format="localized"),
        "mean_gain": st.column_config.NumberColumn("Loss saved a record", format="%.4f"),
        "evidence_nats": st.column_config.NumberColumn("Log-evidence (nats)", format="%.1f"),
        "threshold_nats": st.column_config.NumberColumn("Needed (nats)", format="%.1f"),
    }
    scene.table(tests, columns, "tests", "Paired tests of the challengers against the champion")


def all_episodes(scene: Scene, episodes: Sequence[Episode]) -> None:
    """Every episode of the window as one row."""
    if not episodes:
        return
    metric = scene.snapshot.metric
    scene.section("All episodes")
    columns = {
        "episode": st.column_config.NumberColumn("Episode", width="small"),
        "record": st.column_config.NumberColumn("Record", format="localized", width="small"),
        "moved": st.column_config.TextColumn("What moved"),
        "diagnosis": st.column_config.TextColumn("Diagnosis"),
        "decision": st.column_config.TextColumn("Decision"),
        "test": st.column_config.TextColumn("Test"),
        "outcome": st.column_config.TextColumn("Outcome"),
        "metric": st.column_config.TextColumn(f"{metric.title} before, at alarm, after"),
    }
    alt = "Episodes: what moved, diagnosis, decision, test, outcome and metric of each, the newest first"
    scene.table(control.episode_table(episodes, metric), columns, "episodes", alt)


def known_changes(scene: Scene, found: Sequence[Answer]) -> None:
    """Made streams tell when they change: what followed."""
    if not found:
        return
    scene.section("Known changes of the stream, and what followed")
    columns = {
        "record": st.column_config.NumberColumn("Record", format="localized", width="small"),
        "change": st.column_config.TextColumn("Change", width="large"),
        "seen": st.column_config.TextColumn("Seen"),
        "action": st.column_config.TextColumn("Action"),
        "back": st.column_config.TextColumn(f"{scene.snapshot.metric.title} back"),
    }
    alt = "Known changes of the stream: when, detection delay, action, recovery; the newest first"
    scene.table(control.answer_table(found), columns, "changes", alt)


show("actions", actions_part, draw)
