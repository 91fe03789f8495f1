"""The gate in two dimensions: records, the centres of the leaves, and the region nearest to each centre.

The data are ``regions`` (name, corner, x, y), ``points`` (name, x, y, record, target, prediction) and
``centres`` (name, x, y).
"""

from __future__ import annotations

import functools

import altair as alt

from dashboards.charts.axes import Spec, finished, legend, named, number, word
from dashboards.theme import Look

__all__ = ["plane_chart"]

PIXELS = 430


@functools.lru_cache(maxsize=32)
def plane_chart(names: tuple[str, ...], first: str, second: str, look: Look) -> Spec:
    """Records as points coloured by the leaf that leads, centres as crosses.

    Args:
        names: leaves.
        first: title of the horizontal axis.
        second: title of the vertical axis.
        look: colours.
    """
    colors = alt.Scale(domain=list(names), range=list(look.stack(names)))
    color = alt.Color("name", type="nominal", scale=colors, legend=legend("circle", 2))
    x = alt.X("x", type="quantitative", title=first, scale=alt.Scale(zero=False), axis=alt.Axis(grid=False))
    y = alt.Y("y", type="quantitative", title=second, scale=alt.Scale(zero=False), axis=alt.Axis(grid=False))
    regions = (
        named("regions")
        .mark_line(
            filled=True, fillOpacity=0.13, strokeOpacity=0.55, strokeWidth=1, interpolate="linear-closed"
        )
        .encode(
            x=x,
            y=y,
            order=alt.Order("corner", type="quantitative"),
            detail=alt.Detail("name", type="nominal"),
            color=color,
        )
    )
    tips = [word("name", "leaf"), number("record", ","), word("target"), word("prediction")]
    points = named("points").mark_circle(size=28, opacity=0.75).encode(x=x, y=y, color=color, tooltip=tips)
    centres = named("centres")
    crosses = centres.mark_point(
        shape="cross", size=220, filled=True, opacity=1.0, stroke=look.ink, strokeWidth=1.5
    ).encode(x=x, y=y, color=color, tooltip=[word("name", "centre of")])
    return finished([regions, points, crosses], look, PIXELS)
