"""Alarms as ticks, signal by signal. The data are ``alarms`` (record, signal, kind, evidence_nats)."""

from __future__ import annotations

import functools

import altair as alt

from dashboards.charts.axes import Spec, finished, legend, named, number, records, word
from dashboards.theme import Look

__all__ = ["KINDS", "alarm_chart"]

REAL, CERTAIN, POSSIBLE = "really raised", "would be raised", "may be raised (evidence was reset before)"
KINDS = (REAL, CERTAIN, POSSIBLE)


@functools.lru_cache(maxsize=32)
def alarm_chart(signals: tuple[str, ...], look: Look) -> Spec:
    """One row a signal: what was raised, what would be raised with another threshold."""
    colors = alt.Scale(domain=list(KINDS), range=[look.quiet, look.drift, look.lines[1]])
    shapes = alt.Scale(domain=list(KINDS), range=["circle", "triangle-up", "diamond"])
    rows = alt.Y(
        "signal",
        type="nominal",
        sort=list(signals),
        scale=alt.Scale(domain=list(signals)),
        axis=alt.Axis(labelLimit=180, labelPadding=8, labelOverlap=False, grid=True, ticks=False),
        title=None,
    )
    marks = (
        named("alarms")
        .mark_point(size=110, filled=True, opacity=0.95)
        .encode(
            x=records(),
            y=rows,
            yOffset=alt.YOffset("kind", type="nominal", scale=alt.Scale(domain=list(KINDS))),
            color=alt.Color("kind", type="nominal", scale=colors, legend=legend("circle")),
            shape=alt.Shape("kind", type="nominal", scale=shapes, legend=legend("circle")),
            tooltip=[
                word("signal"),
                word("kind", "alarm"),
                number("record", ","),
                number("evidence_nats", ".2f"),
            ],
        )
    )
    return finished([marks], look, 90 + 46 * max(2, len(signals)))
