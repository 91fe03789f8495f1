"""Writes the dashboards' JSON: ``python -m deploy.grafana.generate`` after a change of ``panels``."""

from __future__ import annotations

import json
from itertools import count
from pathlib import Path
from typing import Any

from grafana_foundation_sdk.builders import common, dashboard, prometheus, stat, statetimeline, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common as common_models
from grafana_foundation_sdk.models import dashboard as models

from deploy.grafana.panels import ANNOTATIONS, DASHBOARDS, Annotation, Board, Panel, View

__all__ = ["FOLDER", "generated", "main"]

FOLDER = Path(__file__).parent / "dashboards"
SOURCE = models.DataSourceRef(type_val="prometheus", uid="${datasource}")
HEIGHT = 8
NUMBER_HEIGHT = 4


def generated() -> dict[str, str]:
    """File name -> JSON of every dashboard."""
    return {f"{board.uid.removeprefix('hmoe-')}.json": _text(board) for board in DASHBOARDS}


def main() -> None:
    """Write the files."""
    for name, text in generated().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


def _text(board: Board) -> str:
    values = JSONEncoder(sort_keys=True, indent=2).encode(_dashboard(board).build())
    return json.dumps(json.loads(values), sort_keys=True, indent=1) + "\n"


def _dashboard(board: Board) -> Any:
    built = (
        dashboard.Dashboard(board.title)
        .uid(board.uid)
        .description(board.description)
        .tags(["stream-hmoe"])
        .time("now-1h", "now")
        .timezone("browser")
        .refresh("10s")
        .readonly()
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .with_variable(dashboard.DatasourceVariable("datasource").label("Prometheus").type("prometheus"))
    )
    if board.is_of_stream:
        built.with_variable(_variable("stream", "Stream", "label_values(hmoe_stream_info, stream)"))
        instances = 'label_values(hmoe_stream_info{stream="$stream"}, instance)'
        built.with_variable(_variable("instance", "Worker", instances).include_all(True).all_value(".+"))
        for annotation in ANNOTATIONS:
            built.annotation(_annotation(annotation))
    number = count(1)
    for row in board.rows:
        built.with_row(dashboard.Row(row.title).id(next(number)))
        for panel in row.panels:
            built.with_panel(_panel(panel).id(next(number)))
    return built


def _variable(name: str, label: str, query: str) -> Any:
    return (
        dashboard.QueryVariable(name)
        .label(label)
        .query(query)
        .datasource(SOURCE)
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(models.VariableSort.ALPHABETICAL_ASC)
    )


def _annotation(annotation: Annotation) -> Any:
    return (
        dashboard.AnnotationQuery()
        .name(annotation.name)
        .datasource(SOURCE)
        .enable(True)
        .icon_color(annotation.color)
        .expr(annotation.expr)
    )


def _panel(panel: Panel) -> Any:
    match panel.view:
        case View.NUMBER:
            built: Any = stat.Panel().height(NUMBER_HEIGHT).graph_mode(common_models.BigValueGraphMode.AREA)
        case View.STATES:
            built = statetimeline.Panel().height(HEIGHT).merge_values(True)
        case View.STACK:
            stacking = common.StackingConfig().mode(common_models.StackingMode.NORMAL)
            built = timeseries.Panel().height(HEIGHT).stacking(stacking).fill_opacity(60).line_width(0)
        case View.LINES:
            built = timeseries.Panel().height(HEIGHT).line_width(2)
    built.title(panel.title).description(panel.description).unit(panel.unit).span(panel.width).datasource(
        SOURCE
    )
    for place, query in enumerate(panel.queries):
        target = prometheus.Dataquery().expr(query.expr).ref_id(chr(ord("A") + place)).datasource(SOURCE)
        built.with_target(target.legend_format(query.legend or panel.title))
    return built


if __name__ == "__main__":
    main()
