"""The charts of the page as Vega-Lite specifications, written with Altair.

A specification names its data instead of holding them, and depends only on what changes rarely (names,
colours): the browser then replaces the data of a chart on every tick instead of drawing a new one, so that
nothing flickers. The data are ``intervals`` (record and values), ``shares`` (record, name, order, share),
``evidence`` (record, signal, evidence_nats, threshold_nats), ``drifts`` and ``changes`` (record, text).
"""

from __future__ import annotations

import functools
from typing import Any

import altair as alt

from dashboards.theme import Look
from dashboards.words import Metric, count

__all__ = ["entropy_chart", "evidence_chart", "metric_chart", "share_chart"]

Spec = dict[str, Any]

DRIFT, CHANGE = "drift seen", "known change"
SOLID, DOTTED, DASHED = [1, 0], [2, 3], [7, 3]
DASHES = (SOLID, DASHED, [7, 2, 2, 2], [4, 2], [10, 2])
AXIS_PIXELS = 44
HEIGHT = 290

# Drawn as pixels a chart keeps its tooltip when its data are replaced; drawn as elements it would lose it.
CANVAS = {"embedOptions": {"renderer": "canvas"}}


@functools.lru_cache(maxsize=32)
def metric_chart(metric: Metric, window_records: int, look: Look) -> Spec:
    """The metric of the last window and since the start, with drift events and known changes."""
    titles = {"metric_window": f"last {count(window_records)} records", "metric": "since the start"}
    scale = alt.Scale(
        domain=[*titles.values(), DRIFT, CHANGE], range=[look.line, look.quiet, look.drift, look.quiet]
    )
    dash = alt.Scale(domain=[*titles.values(), DRIFT, CHANGE], range=[SOLID, DASHED, SOLID, DOTTED])
    color = alt.Color("series", type="nominal", scale=scale, legend=_legend("stroke"))
    strokes = alt.StrokeDash("series", type="nominal", scale=dash, legend=_legend("stroke"))
    lines = [
        _line(column, metric.title, metric.axis_format)
        .transform_calculate(series=repr(titles[column]))
        .encode(color=color, strokeDash=strokes, strokeWidth=alt.value(width))
        for column, width in (("metric", 1.5), ("metric_window", 2.0))
    ]
    rules = [
        _rules(name, look).transform_calculate(series=repr(title)).encode(color=color, strokeDash=strokes)
        for name, title in (("changes", CHANGE), ("drifts", DRIFT))
    ]
    form = ".2%" if metric.is_share else ".5~g"
    tips = [_number(column, form, f"{metric.name}, {title}") for column, title in titles.items()]
    return _finished([*rules, *lines, _reader("intervals", tips, look)], look)


@functools.lru_cache(maxsize=32)
def share_chart(names: tuple[str, ...], is_whole: bool, look: Look) -> Spec:
    """Gate shares on top of each other.

    Args:
        names: what is stacked, from the bottom up.
        is_whole: the shares sum to 1, so the axis ends there.
        look: colours.
    """
    colors = alt.Scale(domain=list(names), range=list(look.stack(names)))
    height = alt.Scale(domain=[0, 1]) if is_whole else alt.Scale(zero=True)
    areas = (
        alt.Chart(alt.NamedData("shares"))
        .mark_area(opacity=0.9, strokeWidth=0.5, stroke=look.paper)
        .encode(
            x=_records(),
            y=_height("share", height, ".0%", "share of gate").stack("zero"),
            color=alt.Color("name", type="nominal", scale=colors, legend=_legend("square")),
            order=alt.Order("order", type="quantitative"),
        )
    )
    tips = [_number(name, ".1%") for name in reversed(names)]
    reader = _reader("shares", tips, look).transform_pivot("name", value="share", groupby=["record"])
    return _finished([areas, *_rule_halos(look), *_plain_rules(look), reader], look)


@functools.lru_cache(maxsize=32)
def entropy_chart(look: Look) -> Spec:
    """Mean entropy of the gate weights, with drift events and known changes."""
    line = _line("gate_entropy_nats", "entropy (nats)", "~g").encode(color=alt.value(look.line))
    tips = [
        _number("gate_entropy_nats", ".3f", "entropy (nats)"),
        _number("effective_experts", ".1f", "effective experts"),
    ]
    return _finished([*_plain_rules(look), line, _reader("intervals", tips, look)], look)


@functools.lru_cache(maxsize=32)
def evidence_chart(signals: tuple[str, ...], look: Look) -> Spec:
    """Log-evidence of every signal as a line, its threshold as a thin one of the same colour.

    Args:
        signals: what is drawn, at most as many as there are hues for lines.
        look: colours.
    """
    names, count_of = list(signals), len(signals)
    color = alt.Color(
        "signal",
        type="nominal",
        scale=alt.Scale(domain=names, range=list(look.lines[:count_of])),
        legend=_legend("stroke"),
    )
    dash = alt.Scale(domain=names, range=list(DASHES[:count_of]))
    height = _height("evidence_nats", alt.Scale(zero=True), ",.0f", "log-evidence (nats)")
    base: alt.Chart = alt.Chart(alt.NamedData("evidence"))
    evidence = base.mark_line(clip=True, strokeWidth=2).encode(
        x=_records(),
        y=height,
        color=color,
        strokeDash=alt.StrokeDash("signal", type="nominal", scale=dash, legend=_legend("stroke")),
    )
    thresholds = base.mark_line(clip=True, strokeWidth=1, opacity=0.7, interpolate="step-before").encode(
        x=_records(),
        y=_height("threshold_nats", alt.Scale(zero=True), ",.0f", "log-evidence (nats)"),
        color=color,
    )
    tips = [_number(name, ".2f") for name in names]
    reader = _reader("evidence", tips, look).transform_pivot(
        "signal", value="evidence_nats", groupby=["record"]
    )
    return _finished([*_plain_rules(look), thresholds, evidence, reader], look)


def _records() -> alt.X:
    return alt.X(
        "record",
        type="quantitative",
        scale=alt.Scale(zero=False, nice=False),
        axis=alt.Axis(format="~s", grid=False, tickCount=8, labelFlush=True, labelPadding=6, titlePadding=4),
        title="record",
    )


def _axis(form: str) -> alt.Axis:
    """A y axis as wide as that of the other charts, so that the same record stands below the same record."""
    return alt.Axis(format=form, minExtent=AXIS_PIXELS, maxExtent=AXIS_PIXELS, tickCount=5, labelPadding=8)


def _height(column: str, scale: alt.Scale, form: str, title: str) -> alt.Y:
    return alt.Y(column, type="quantitative", scale=scale, axis=_axis(form), title=title)


def _legend(symbol: str) -> alt.Legend:
    return alt.Legend(
        title=None,
        orient="top",
        offset=4,
        columns=5,
        labelLimit=240,
        symbolType=symbol,
        symbolStrokeWidth=2.5,
    )


def _number(column: str, form: str, title: str | None = None) -> alt.Tooltip:
    return alt.Tooltip(column, type="quantitative", format=form, title=title or column)


def _line(column: str, title: str, form: str) -> alt.Chart:
    chart: alt.Chart = alt.Chart(alt.NamedData("intervals")).mark_line(clip=True)
    return chart.encode(x=_records(), y=_height(column, alt.Scale(zero=False), form, title))


def _rules(name: str, look: Look) -> alt.Chart:
    """A vertical line at each event."""
    is_drift = name == "drifts"
    chart: alt.Chart = alt.Chart(alt.NamedData(name)).mark_rule(strokeWidth=1.7, opacity=0.85)
    return chart.encode(
        x=_records(),
        color=alt.value(look.drift if is_drift else look.quiet),
        strokeDash=alt.value(SOLID if is_drift else DOTTED),
        tooltip=[
            _number("record", ",", DRIFT if is_drift else CHANGE),
            alt.Tooltip("text", type="nominal", title="what"),
        ],
    )


def _plain_rules(look: Look) -> list[alt.Chart]:
    return [_rules("changes", look), _rules("drifts", look)]


def _rule_halos(look: Look) -> list[alt.Chart]:
    """What keeps the lines of events visible on top of areas of any colour."""
    halos = []
    for name in ("changes", "drifts"):
        chart: alt.Chart = alt.Chart(alt.NamedData(name)).mark_rule(strokeWidth=5, opacity=0.75)
        halos.append(chart.encode(x=_records(), color=alt.value(look.paper)))
    return halos


def _reader(name: str, tips: list[alt.Tooltip], look: Look) -> alt.Chart:
    """A line that follows the pointer from point to point and shows their values."""
    near = alt.selection_point(
        "near", nearest=True, on="pointerover", clear="pointerout", fields=["record"], empty=False
    )
    chart: alt.Chart = alt.Chart(alt.NamedData(name)).mark_rule(color=look.quiet, strokeWidth=1)
    opacity = alt.when(near).then(alt.value(0.7)).otherwise(alt.value(0.0))
    chart = chart.encode(x=_records(), opacity=opacity, tooltip=[_number("record", ","), *tips])
    return chart.add_params(near)


def _finished(layers: list[alt.Chart], look: Look) -> Spec:
    padding = {"left": 0, "top": 4, "right": 4, "bottom": 2}
    chart = (
        alt.layer(*layers)
        .properties(height=HEIGHT, padding=padding, usermeta=CANVAS)
        .configure_view(strokeWidth=0)
    )
    spec: Spec = chart.configure_axis(gridColor=look.grid, domain=False, tickColor=look.grid).to_dict()
    return spec
