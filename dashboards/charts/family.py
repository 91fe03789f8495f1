"""The experts as a picture: how much each serves and how well, and when each lived.

The data are ``tree`` (name, level, left, right, begin, end, usage, loss_nats, error, label), ``lives`` (name,
group_name, record, end), ``edits`` (record, text).
"""

from __future__ import annotations

import functools

import altair as alt

from dashboards.charts.axes import Spec, finished, named, number, records, word
from dashboards.charts.axes import legend as names_legend
from dashboards.theme import Look

__all__ = ["icicle_chart", "life_chart"]

ICICLE_PIXELS = 380
INK = "#10161D"


@functools.lru_cache(maxsize=32)
def icicle_chart(look: Look) -> Spec:
    """Groups on the left, their leaves beside them: as high as their usage, as dark as their loss."""
    place = {
        "x": alt.X("left", type="quantitative", axis=None, scale=alt.Scale(domain=[0, 2], nice=False)),
        "x2": "right",
        "y": alt.Y("begin", type="quantitative", axis=None, scale=alt.Scale(domain=[1, 0], nice=False)),
        "y2": "end",
    }
    tips = [
        word("name"),
        number("usage", ".1%"),
        number("loss_nats", ".3f", "loss (nats)"),
        number("error", ".4~g"),
    ]
    color = alt.Color(
        "loss_nats",
        type="quantitative",
        scale=alt.Scale(range=list(look.heat), nice=False, interpolate="rgb"),
        legend=alt.Legend(title="loss (nats)", orient="right", gradientLength=200, format=".2f"),
    )
    boxes = (
        named("tree").mark_rect(stroke=look.paper, strokeWidth=1).encode(**place, color=color, tooltip=tips)
    )
    words = (
        named("tree")
        .mark_text(align="left", baseline="middle", dx=10, fontSize=13, color=INK, clip=True, limit=420)
        .transform_filter("datum.end - datum.begin > 0.04")
        .transform_calculate(middle="(datum.begin + datum.end) / 2")
        .encode(
            x=place["x"],
            y=alt.Y("middle", type="quantitative", axis=None, scale=alt.Scale(domain=[1, 0], nice=False)),
            text="label:N",
            tooltip=tips,
        )
    )
    return finished([boxes, words], look, ICICLE_PIXELS)


@functools.lru_cache(maxsize=32)
def life_chart(leaves: tuple[str, ...], groups: tuple[str, ...], look: Look) -> Spec:
    """From when to when each leaf served, and when experts were split, merged, grown or pruned."""
    colors = alt.Scale(domain=list(groups), range=list(look.stack(groups)))
    rows = alt.Y(
        "name",
        type="nominal",
        sort=list(leaves),
        scale=alt.Scale(domain=list(leaves)),
        axis=alt.Axis(labelLimit=180, labelPadding=8, labelOverlap=False, grid=False, ticks=False),
        title=None,
    )
    lives = (
        named("lives")
        .mark_bar(height={"band": 0.6})
        .encode(
            x=records().title("record"),
            x2="end",
            y=rows,
            color=alt.Color("group_name", type="nominal", scale=colors, legend=names_legend("square")),
            tooltip=[
                word("name"),
                word("group_name", "group"),
                number("record", ",", "from"),
                number("end", ",", "to"),
            ],
        )
    )
    edits = (
        named("edits")
        .mark_rule(color=look.drift, strokeWidth=1.5, strokeDash=[4, 2])
        .encode(x=records(), tooltip=[number("record", ","), word("text", "what")])
    )
    return finished([lives, edits], look, 90 + 20 * max(3, len(leaves)))
