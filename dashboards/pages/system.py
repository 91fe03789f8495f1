"""How does the process fare? Throughput, latency, lag, memory, checkpoints, journal, alerts that fire."""

from __future__ import annotations

from dataclasses import asdict

import pandas as pd
import streamlit as st

from dashboards import charts
from dashboards.data.parts import SystemPart, system_part
from dashboards.frame import show
from dashboards.prometheus import Alert, PrometheusProblem, alerts_of
from dashboards.scene import Scene
from dashboards.tables.flow import over_time
from dashboards.tiles import Figure, figure_tiles
from dashboards.words import age, count, duration, size

MEBIBYTE = 2.0**-20
ALERT_SECONDS = 10.0


def draw(scene: Scene, part: SystemPart) -> None:
    """The page below the verdict."""
    st.html(figure_tiles(figures(scene, part)))
    alerts(scene)
    if scene.snapshot.flow.empty:
        courses_of_a_run(scene, part)
    else:
        courses_of_a_service(scene)
    process_events(scene, part)


def figures(scene: Scene, part: SystemPart) -> list[Figure]:
    """The newest numbers."""
    flow, recent = scene.snapshot.flow, scene.snapshot.recent
    source = recent if flow.empty else flow
    journal = Figure("Journal", size(part.journal_bytes), [])
    if source.empty:
        return [journal]
    newest, course = source.iloc[-1], source.tail(60)
    found = [
        Figure(title, write(newest[name]), course[name].astype(float).tolist())
        for title, name, write in (
            ("Records per second", "records_per_second", count),
            ("Memory", "memory_bytes", size),
        )
    ]
    if not flow.empty:
        latencies = (
            ("Latency, median", "latency_p50_seconds"),
            ("Latency, 99 of 100", "latency_p99_seconds"),
        )
        found += [
            Figure(title, duration(_number(newest[name])), course[name].astype(float).tolist())
            for title, name in latencies
        ]
        made = float(newest["checkpoint_seconds"])
        since = age(float(newest["time_seconds"]) - made) if made > 0.0 else "none yet"
        found += [
            Figure(
                "Lag (records)",
                count(_number(newest["lag_records"])),
                course["lag_records"].astype(float).tolist(),
            ),
            Figure(
                "Checkpoint age",
                since,
                (course["time_seconds"] - course["checkpoint_seconds"]).tolist() if made else [],
            ),
            Figure("Checkpoint", size(newest["checkpoint_bytes"]) if made else "-", []),
        ]
    return [*found, journal]


@st.cache_data(ttl=ALERT_SECONDS, max_entries=4, show_spinner=False)
def asked(address: str) -> tuple[list[Alert], str]:
    """The alerts, or why there are none; a server that does not answer is not asked again at once."""
    try:
        return alerts_of(address), ""
    except PrometheusProblem as problem:
        return [], str(problem)


def alerts(scene: Scene) -> None:
    """What Prometheus says is firing."""
    address = scene.arguments.prometheus
    scene.section("Alerts")
    if not address:
        scene.empty(
            "No Prometheus was named. To see its alerts here start the dashboard with --prometheus URL."
        )
        return
    found, problem = asked(address)
    if problem:
        scene.empty(
            f"Prometheus is not reachable, so alerts are unknown: {problem}. It is asked again by itself."
        )
        return
    if not found:
        scene.empty(f"None is pending or firing at {address}.")
        return
    columns = {
        "name": st.column_config.TextColumn("Alert"),
        "state": st.column_config.TextColumn("State", width="small"),
        "severity": st.column_config.TextColumn("Severity", width="small"),
        "stream": st.column_config.TextColumn("Stream", width="small"),
        "since": st.column_config.DatetimeColumn("Since (UTC)", format="MM-DD HH:mm:ss", width="small"),
        "summary": st.column_config.TextColumn("What", width="large"),
        "runbook": st.column_config.LinkColumn("Runbook", display_text="open", width="small"),
    }
    table = pd.DataFrame([asdict(alert) for alert in found])
    table["since"] = pd.to_datetime(table["since"], utc=True, errors="coerce", format="ISO8601")
    scene.table(table, columns, "alerts", "Alerts of Prometheus, the firing ones first")


def courses_of_a_run(scene: Scene, part: SystemPart) -> None:
    """Throughput and memory of a run without a service, over records."""
    intervals = part.intervals
    if intervals.empty:
        return
    shown = (
        ("Throughput", "records per second", ",.0f", "records_per_second", 1.0),
        ("Memory", "resident memory (MiB)", ",.0f", "memory_bytes", MEBIBYTE),
    )
    for column, (title, axis, form, name, scale) in zip(st.columns(2, gap="medium"), shown, strict=True):
        with column:
            scene.section(title)
            rows = pd.DataFrame(
                {"record": intervals["record"], "value": scale * intervals[name].astype(float)}
            )
            spec = charts.course_chart(axis, form, scene.look)
            scene.chart(
                spec, {"course": rows, **scene.marks}, name.replace("_", "-"), f"{title} over records"
            )


def courses_of_a_service(scene: Scene) -> None:
    """Throughput, latency, lag and memory over the clock."""
    flow = scene.snapshot.flow
    latencies = {"latency_p50_seconds": "median", "latency_p99_seconds": "99 of 100"}
    shown = [
        ("Throughput", {"records_per_second": "records per second"}, "records per second", ",.0f", 1.0),
        ("Latency", latencies, "latency (ms)", ",.3~g", 1_000.0),
        ("Lag", {"lag_records": "waiting records"}, "waiting records", ",.0f", 1.0),
        ("Memory", {"memory_bytes": "resident memory"}, "resident memory (MiB)", ",.0f", MEBIBYTE),
    ]
    columns = st.columns(2, gap="medium")
    for number, (title, names, axis, form, scale) in enumerate(shown):
        with columns[number % 2]:
            scene.section(title)
            if flow[list(names)].isna().all(axis=None):
                scene.empty("Not known for this source.")
                continue
            spec = charts.time_chart(tuple(names.values()), axis, form, scene.look)
            rows = over_time(flow, names, scale)
            scene.chart(
                spec, {"flow": rows}, title.lower(), f"{title} over time: {', '.join(names.values())}"
            )


def process_events(scene: Scene, part: SystemPart) -> None:
    """Starts, ends and checkpoints, the newest first."""
    scene.section("Starts, ends and checkpoints")
    if part.process_events.empty:
        scene.empty("None is recorded yet.")
        return
    table = part.process_events.iloc[::-1]
    table = table.assign(time=pd.to_datetime(table["time_seconds"], unit="s", utc=True))
    columns = {
        "record": st.column_config.NumberColumn("Record", format="localized", width="small"),
        "time": st.column_config.DatetimeColumn("Time (UTC)", format="MM-DD HH:mm:ss", width="small"),
        "kind": st.column_config.TextColumn("What", width="small"),
        "message": st.column_config.TextColumn("Message", width="large"),
    }
    names = ["record", "time", "kind", "message"]
    scene.table(table[names], columns, "process", "Starts, ends and checkpoints, the newest first")


def _number(value: float | None) -> float | None:
    return None if value is None or pd.isna(value) else float(value)


show("system", system_part, draw, needs_intervals=False)
