"""Bars: what a domain is served by, what a window differs in, where every record went.

The data are ``domains`` (domain, name, order, share, samples), ``shifts`` (feature, shift, before, after),
``moves`` (name, before, after) and ``balance`` (what, part, order, count, share).
"""

from __future__ import annotations

import functools

import altair as alt

from dashboards.charts.axes import Spec, finished, legend, named, number, word
from dashboards.theme import Look

__all__ = ["balance_chart", "domain_chart", "move_chart", "shift_chart"]

ROW, FRAME, LEGEND_ROW = 24, 92, 20
NAMES_PIXELS = 180


@functools.lru_cache(maxsize=32)
def domain_chart(
    domains: tuple[str, ...], names: tuple[str, ...], present: tuple[str, ...], look: Look
) -> Spec:
    """Of each domain's records, the share that each group leads.

    Args:
        domains: one row each, from the top down.
        names: all groups, so that each has the colour that it has elsewhere.
        present: the groups that lead any of these records.
        look: colours.
    """
    colors = alt.Scale(domain=list(names), range=list(look.stack(names)))
    bars = (
        named("domains")
        .mark_bar(stroke=look.paper, strokeWidth=0.5)
        .encode(
            x=alt.X(
                "share", type="quantitative", axis=_axis(".0%"), title="share of its records", stack="zero"
            ),
            y=_rows("domain", domains),
            color=alt.Color("name", type="nominal", scale=colors, legend=legend("square", 2, present)),
            order=alt.Order("order", type="quantitative"),
            tooltip=[word("domain"), word("name", "group"), number("share", ".1%"), number("samples", ",")],
        )
    )
    return finished([bars], look, _pixels(len(domains)) + LEGEND_ROW * (len(present) // 2))


@functools.lru_cache(maxsize=32)
def shift_chart(features: tuple[str, ...], look: Look) -> Spec:
    """By how many standard deviations the mean of each feature moved, the largest first."""
    bars = (
        named("shifts")
        .mark_bar()
        .encode(
            x=alt.X("shift", type="quantitative", axis=_axis("+~g"), title="shift (standard deviations)"),
            y=_rows("feature", features),
            color=alt.condition("datum.shift < 0", alt.value(look.lines[1]), alt.value(look.line)),
            tooltip=[
                word("feature"),
                number("shift", "+.2f"),
                number("before", ".4~g"),
                number("after", ".4~g"),
            ],
        )
    )
    return finished([*_least_width(), bars, _zero(look)], look, _pixels(len(features)))


@functools.lru_cache(maxsize=32)
def move_chart(names: tuple[str, ...], look: Look) -> Spec:
    """Share of the gate before and after, as two points joined by a line."""
    rows = _rows("name", names)
    base = named("moves").encode(y=rows)
    tips = [word("name", "who"), number("before", ".1%"), number("after", ".1%")]
    axis = alt.X(
        "before", type="quantitative", axis=_axis(".0%"), title="share of gate", scale=alt.Scale(zero=True)
    )
    parts = alt.Scale(domain=["before", "after"], range=[look.quiet, look.line])
    shapes = alt.Scale(domain=["before", "after"], range=["circle", "square"])
    points = [
        base.mark_point(size=90, filled=True, opacity=1.0)
        .transform_calculate(part=repr(part))
        .encode(
            x=axis if part == "before" else alt.X("after", type="quantitative"),
            color=alt.Color("part", type="nominal", scale=parts, legend=legend("circle")),
            shape=alt.Shape("part", type="nominal", scale=shapes, legend=legend("circle")),
            tooltip=tips,
        )
        for part in ("before", "after")
    ]
    joined = base.mark_rule(color=look.quiet, strokeWidth=2).encode(x=axis, x2="after", tooltip=tips)
    return finished([joined, *points], look, _pixels(len(names)))


@functools.lru_cache(maxsize=32)
def balance_chart(rows: tuple[str, ...], parts: tuple[str, ...], look: Look) -> Spec:
    """Where everything that was received went, as parts of it.

    Args:
        rows: what was received.
        parts: where it went.
        look: colours.
    """
    colors = alt.Scale(domain=list(parts), range=list(look.stack(parts)))
    bars = (
        named("balance")
        .mark_bar(stroke=look.paper, strokeWidth=0.5, size=30)
        .encode(
            x=alt.X(
                "share",
                type="quantitative",
                axis=_axis(".0%"),
                title="share of what was received",
                stack="zero",
            ),
            y=_rows("what", rows),
            color=alt.Color("part", type="nominal", scale=colors, legend=legend("square", 7)),
            order=alt.Order("order", type="quantitative"),
            tooltip=[word("what"), word("part"), number("count", ","), number("share", ".2%")],
        )
    )
    return finished([bars], look, _pixels(len(rows), 46))


def _pixels(rows: int, row: int = ROW) -> int:
    """The axis and the legend are part of the height."""
    return FRAME + row * max(2, rows)


def _axis(form: str) -> alt.Axis:
    return alt.Axis(format=form, tickCount=6, labelPadding=6, titlePadding=4)


def _rows(column: str, names: tuple[str, ...]) -> alt.Y:
    axis = alt.Axis(labelLimit=NAMES_PIXELS, labelPadding=8, labelOverlap=False, grid=False, ticks=False)
    return alt.Y(
        column, type="nominal", sort=list(names), scale=alt.Scale(domain=list(names)), axis=axis, title=None
    )


def _least_width() -> list[alt.Chart]:
    """Half a deviation to both sides is always there: little looks little, also where all is less."""
    return [named("shifts").mark_rule(opacity=0.0).encode(x=alt.datum(side)) for side in (-0.5, 0.5)]


def _zero(look: Look) -> alt.Chart:
    line: alt.Chart = named("shifts").mark_rule(color=look.quiet, strokeWidth=1).encode(x=alt.datum(0.0))
    return line
