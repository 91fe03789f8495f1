"""The key figures: what a run says of itself in numbers, each with its course."""

from __future__ import annotations

from dashboards.data.snapshot import Snapshot
from dashboards.tiles import Figure
from dashboards.words import age, count, duration

__all__ = ["SPARK_POINTS", "key_figures"]

SPARK_POINTS = 60


def key_figures(snapshot: Snapshot) -> list[Figure]:
    """Six numbers of the stream; three more where a service reports how it fares."""
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
    found = [Figure(label, value, course[name].astype(float).tolist()) for label, value, name in figures]
    return [*found, *_service_figures(snapshot)]


def _service_figures(snapshot: Snapshot) -> list[Figure]:
    if snapshot.flow.empty:
        return []
    newest, course = snapshot.flow.iloc[-1], snapshot.flow.tail(SPARK_POINTS)
    checkpoint = float(newest["checkpoint_seconds"])
    ages = course["time_seconds"] - course["checkpoint_seconds"]
    figures = [("Lag (records)", count(newest["lag_records"]), course["lag_records"])]
    if int(newest["labels_received"]) > 0:
        delays = course["label_delay_seconds"].astype(float)
        known = delays.dropna()
        latest = duration(float(known.iloc[-1])) if len(known) else "-"
        figures.append(("Label delay", latest, delays))
    if checkpoint > 0.0:
        figures.append(("Checkpoint age", age(float(newest["time_seconds"]) - checkpoint), ages))
    return [Figure(label, value, line.astype(float).tolist()) for label, value, line in figures]
