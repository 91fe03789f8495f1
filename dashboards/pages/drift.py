"""What drifted, when, which expert, which feature? Evidence, before and after, other thresholds."""

from __future__ import annotations

import streamlit as st

from dashboards import charts, story
from dashboards.data.parts import DriftPart, drift_part
from dashboards.episode_choice import choose_episode, title_of
from dashboards.frame import show
from dashboards.scene import Scene
from dashboards.tables import control
from dashboards.tables.comparison import Windows, moves, shifts
from dashboards.tables.lab import alarm_rows, alarm_table
from dashboards.words import count
from monitor.control.episodes import Episode
from monitor.control.simulation import simulate

LENGTHS = (500, 1_000, 2_000, 5_000, 10_000, 20_000)
RUN_LENGTHS = (1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000, 10_000_000)


def draw(scene: Scene, part: DriftPart) -> None:
    """The page below the verdict."""
    if part.evidence.empty:
        scene.empty(
            "No evidence yet: watching begins after some thousand records, or this run watches nothing."
        )
    else:
        evidence(scene, part)
    episode = what_drifted(scene)
    compare(scene, part, episode)
    if not part.evidence.empty:
        lab(scene, part)


def evidence(scene: Scene, part: DriftPart) -> None:
    """Log-evidence against its threshold, signal by signal."""
    lines = control.evidence_lines(part.evidence, len(scene.look.lines))
    left_out = f" {lines.num_left_out} quieter signals are left out." if lines.num_left_out else ""
    note = f"Where a line reaches its threshold, the thin line of the same colour, it is an alarm.{left_out}"
    scene.section("Evidence that something has changed", note)
    description = f"Log-evidence in nats and its threshold over records: {', '.join(lines.signals)}"
    spec = charts.evidence_chart(lines.signals, scene.look)
    scene.chart(spec, {"evidence": lines.rows, **scene.marks}, "evidence", description)


def what_drifted(scene: Scene) -> Episode | None:
    """The chosen change: what moved, since when, how sure, in which leaves and features."""
    if scene.snapshot.phase is None:
        return None
    title, choice = st.columns([4, 1], vertical_alignment="bottom")
    with choice:
        episode = choose_episode(scene.snapshot.episodes)
    with title:
        scene.section("What drifted" if episode is None else f"What drifted: {title_of(episode)}")
    if episode is None:
        scene.empty("Nothing lately: no signal came near its threshold.")
        return None
    st.html(story.answers_of(episode, scene.snapshot))
    return episode


def compare(scene: Scene, part: DriftPart, episode: Episode | None) -> None:
    """Two windows of records beside each other: shares of the gate, and features ranked by their shift."""
    scene.section("Before and after")
    windows = choose_windows(scene, episode)
    st.caption(f"Compared: {windows.sentence}.")
    left, right = st.columns(2, gap="medium")
    with left:
        groups = part.shares["group_name"].nunique()
        by = "group_name" if groups > 1 and part.shares["name"].nunique() > 15 else "name"
        moved = moves(part.shares, windows, by)
        scene.section("Share of the gate", "What moved most stands on top.")
        if moved.empty:
            scene.empty(
                "One of both windows holds no interval of what is shown: choose a longer window above."
            )
        else:
            spec = charts.move_chart(tuple(moved["name"]), scene.look)
            scene.chart(spec, {"moves": moved}, "moves", "Share of the gate before and after, by expert")
    with right:
        shifted = shifts(part.features, windows)
        scene.section("Features", "Standardised mean difference; the largest stands on top.")
        if shifted.empty:
            scene.empty("No summary of the features lies in both windows.")
        else:
            spec = charts.shift_chart(tuple(shifted["feature"]), scene.look)
            scene.chart(spec, {"shifts": shifted}, "shifts", "Shift of each feature in standard deviations")


def choose_windows(scene: Scene, episode: Episode | None) -> Windows:
    """By default the records just before and just after the change began."""
    snapshot = scene.snapshot
    middle = (snapshot.first + snapshot.last) // 2
    at = middle if episode is None else episode.change_point or episode.alarm or episode.begin
    least = 2 * snapshot.interval_records
    lengths = [length for length in LENGTHS if length >= least]
    first, second, third = st.columns(3)
    length = third.selectbox(
        "Records of each", lengths, index=min(2, len(lengths) - 1), key="length", bind="query-params"
    )
    usual = Windows.around(at, length)
    key = f"{0 if episode is None else episode.number}-{length}"
    most = max(snapshot.last, usual.after)
    before = first.number_input("Before: from record", 0, most, usual.before, step=least, key=f"before-{key}")
    after = second.number_input("After: from record", 0, most, usual.after, step=least, key=f"after-{key}")
    return Windows(int(before), int(after), length)


def lab(scene: Scene, part: DriftPart) -> None:
    """What other thresholds would have made of the recorded evidence."""
    note = (
        "A threshold is set by the records that may pass, on average, between false alarms. "
        "Choose another number: what would have been raised on the recorded evidence?"
    )
    scene.section("Threshold lab", note)
    arl = st.select_slider("Records to a false alarm", RUN_LENGTHS, 10_000, key="arl", bind="query-params")
    found = simulate(part.evidence, float(arl))
    signals = tuple(one.signal for one in found)
    spec = charts.alarm_chart(signals, scene.look)
    description = f"Alarms really raised and alarms with one false alarm in {count(arl)} records, by signal"
    scene.chart(spec, {"alarms": alarm_rows(found)}, "alarms", description)
    columns = {
        "signal": st.column_config.TextColumn("Signal"),
        "raised": st.column_config.NumberColumn("Really raised"),
        "would": st.column_config.NumberColumn("Would be raised"),
        "may": st.column_config.NumberColumn(
            "May be raised", help="Evidence was reset before: nobody knows."
        ),
        "unknown": st.column_config.NumberColumn(
            "Unknown",
            help="Really raised below the other threshold: how far it would have grown nobody knows.",
        ),
    }
    scene.table(
        alarm_table(found), columns, "alarm-counts", "Numbers of alarms with this threshold, by signal"
    )


show("drift", drift_part, draw)
