"""Charts over the clock: how the process fared. The data are ``flow`` (time, name, value)."""

from __future__ import annotations

import functools

import altair as alt

from dashboards.charts.axes import Spec, finished, height, legend, named, number, word
from dashboards.charts.over_records import DASHES, LOW
from dashboards.theme import Look

__all__ = ["time_chart"]


@functools.lru_cache(maxsize=64)
def time_chart(names: tuple[str, ...], title: str, form: str, look: Look) -> Spec:
    """Lines over the clock.

    Args:
        names: what is drawn, at most as many as there are hues for lines.
        title: of the axis, with the unit.
        form: how values are written, in d3's language.
        look: colours.
    """
    hues = alt.Scale(domain=list(names), range=list(look.lines[: len(names)]))
    dashes = alt.Scale(domain=list(names), range=list(DASHES[: len(names)]))
    shown = legend("stroke") if len(names) > 1 else None
    clock = alt.X(
        "time",
        type="temporal",
        axis=alt.Axis(format="%H:%M:%S", grid=False, tickCount=6, labelFlush=True, labelPadding=6),
        scale=alt.Scale(type="utc"),
        title="time (UTC)",
    )
    lines = (
        named("flow")
        .mark_line(clip=True, strokeWidth=2)
        .encode(
            x=clock,
            y=height("value", alt.Scale(zero=True), form, title),
            color=alt.Color("name", type="nominal", scale=hues, legend=shown),
            strokeDash=alt.StrokeDash("name", type="nominal", scale=dashes, legend=shown),
            tooltip=[word("name", "what"), number("value", form, title)],
        )
    )
    return finished([lines], look, LOW)
