"""The charts as Vega-Lite specifications, written with Altair.

A specification names its data instead of holding them, and depends only on what changes rarely (names,
colours): the browser then replaces the data of a chart on every tick instead of drawing a new one, so that
nothing flickers. Each module says which data its charts take.
"""

from dashboards.charts.axes import MARKS, Spec
from dashboards.charts.bars import balance_chart, domain_chart, move_chart, shift_chart
from dashboards.charts.family import icicle_chart, life_chart
from dashboards.charts.lab import alarm_chart
from dashboards.charts.over_records import (
    course_chart,
    entropy_chart,
    evidence_chart,
    metric_chart,
    share_chart,
)
from dashboards.charts.over_time import time_chart
from dashboards.charts.plane import plane_chart

__all__ = [
    "MARKS",
    "Spec",
    "alarm_chart",
    "balance_chart",
    "course_chart",
    "domain_chart",
    "entropy_chart",
    "evidence_chart",
    "icicle_chart",
    "life_chart",
    "metric_chart",
    "move_chart",
    "plane_chart",
    "share_chart",
    "shift_chart",
    "time_chart",
]
