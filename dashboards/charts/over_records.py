"""Charts over record numbers: the metric, shares of the gate, entropy, evidence, the course of one number.

The data are ``intervals`` (record and values), ``shares`` (record, name, order, share), ``evidence`` (record,
signal, evidence_nats, threshold_nats), ``course`` (record, value), ``drifts``, ``actions`` and ``changes``
(record, text).
"""

from __future__ import annotations

import functools

import altair as alt

from dashboards.charts.axes import (
    DASHED,
    MARKS,
    SOLID,
    Spec,
    finished,
    height,
    legend,
    mark_colors,
    mark_dashes,
    named,
    number,
    plain_rules,
    reader,
    records,
    rule_halos,
    rules,
)
from dashboards.theme import Look
from dashboards.words import Metric, count

__all__ = ["course_chart", "entropy_chart", "evidence_chart", "metric_chart", "share_chart"]

DASHES = (SOLID, DASHED, [7, 2, 2, 2], [4, 2], [10, 2])
LOW = 210


@functools.lru_cache(maxsize=32)
def metric_chart(metric: Metric, window_records: int, look: Look) -> Spec:
    """The metric of the last window and since the start, with drift events, actions and known changes."""
    titles = {"metric_window": f"last {count(window_records)} records", "metric": "since the start"}
    names = [*titles.values(), *MARKS.values()]
    colors = [look.line, look.quiet, *mark_colors(look).values()]
    dashes = [SOLID, DASHED, *mark_dashes().values()]
    color = alt.Color(
        "series", type="nominal", scale=alt.Scale(domain=names, range=colors), legend=legend("stroke")
    )
    dash = alt.StrokeDash(
        "series", type="nominal", scale=alt.Scale(domain=names, range=dashes), legend=legend("stroke")
    )
    lines = [
        _line("intervals", column, metric.title, metric.axis_format)
        .transform_calculate(series=repr(titles[column]))
        .encode(color=color, strokeDash=dash, strokeWidth=alt.value(width))
        for column, width in (("metric", 1.5), ("metric_window", 2.0))
    ]
    marks = [
        rules(name, look).transform_calculate(series=repr(title)).encode(color=color, strokeDash=dash)
        for name, title in MARKS.items()
    ]
    form = ".2%" if metric.is_share else ".5~g"
    tips = [number(column, form, f"{metric.name}, {title}") for column, title in titles.items()]
    return finished([*marks, *lines, reader("intervals", tips, look)], look)


@functools.lru_cache(maxsize=32)
def share_chart(names: tuple[str, ...], is_whole: bool, look: Look) -> Spec:
    """Gate shares on top of each other.

    Args:
        names: what is stacked, from the bottom up.
        is_whole: the shares sum to 1, so the axis ends there.
        look: colours.
    """
    colors = alt.Scale(domain=list(names), range=list(look.stack(names)))
    scale = alt.Scale(domain=[0, 1]) if is_whole else alt.Scale(zero=True)
    areas = (
        named("shares")
        .mark_area(opacity=0.9, strokeWidth=0.5, stroke=look.paper)
        .encode(
            x=records(),
            y=height("share", scale, ".0%", "share of gate").stack("zero"),
            color=alt.Color("name", type="nominal", scale=colors, legend=legend("square")),
            order=alt.Order("order", type="quantitative"),
        )
    )
    tips = [number(name, ".1%") for name in reversed(names)]
    pointer = reader("shares", tips, look).transform_pivot("name", value="share", groupby=["record"])
    return finished([areas, *rule_halos(look), *plain_rules(look), pointer], look)


@functools.lru_cache(maxsize=32)
def entropy_chart(look: Look) -> Spec:
    """Mean entropy of the gate weights, with drift events, actions and known changes."""
    line = _line("intervals", "gate_entropy_nats", "entropy (nats)", "~g").encode(color=alt.value(look.line))
    tips = [
        number("gate_entropy_nats", ".3f", "entropy (nats)"),
        number("effective_experts", ".1f", "effective experts"),
    ]
    return finished([*plain_rules(look), line, reader("intervals", tips, look)], look, LOW)


@functools.lru_cache(maxsize=64)
def course_chart(title: str, form: str, look: Look) -> Spec:
    """The course of one number over records.

    Args:
        title: what it is, with its unit.
        form: how it is written, in d3's language.
        look: colours.
    """
    line = _line("course", "value", title, form).encode(color=alt.value(look.line))
    return finished(
        [*plain_rules(look), line, reader("course", [number("value", form, title)], look)], look, LOW
    )


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
        legend=legend("stroke"),
    )
    dash = alt.Scale(domain=names, range=list(DASHES[:count_of]))
    axis = height("evidence_nats", alt.Scale(zero=True), ",.0f", "log-evidence (nats)")
    base = named("evidence")
    evidence = base.mark_line(clip=True, strokeWidth=2).encode(
        x=records(),
        y=axis,
        color=color,
        strokeDash=alt.StrokeDash("signal", type="nominal", scale=dash, legend=legend("stroke")),
    )
    thresholds = base.mark_line(clip=True, strokeWidth=1, opacity=0.7, interpolate="step-before").encode(
        x=records(),
        y=height("threshold_nats", alt.Scale(zero=True), ",.0f", "log-evidence (nats)"),
        color=color,
    )
    tips = [number(name, ".2f") for name in names]
    pointer = reader("evidence", tips, look).transform_pivot(
        "signal", value="evidence_nats", groupby=["record"]
    )
    return finished([*plain_rules(look), thresholds, evidence, pointer], look)


def _line(data: str, column: str, title: str, form: str) -> alt.Chart:
    y = height(column, alt.Scale(zero=False), form, title)
    chart: alt.Chart = named(data).mark_line(clip=True).encode(x=records(), y=y)
    return chart
