"""What the charts have in common: axes, legends, marks of events, the line that follows the pointer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from dashboards.theme import Look

__all__ = [
    "DASHED",
    "DOTTED",
    "HEIGHT",
    "MARKS",
    "SOLID",
    "Spec",
    "finished",
    "height",
    "legend",
    "mark_colors",
    "mark_dashes",
    "named",
    "number",
    "plain_rules",
    "reader",
    "records",
    "rule_halos",
    "rules",
    "word",
]

Spec = dict[str, Any]

SOLID, DOTTED, DASHED = [1, 0], [2, 3], [7, 3]
AXIS_PIXELS = 44
HEIGHT = 290

# Datasets of events that charts over records mark, and how each is called.
MARKS: Mapping[str, str] = {"changes": "known change", "actions": "action taken", "drifts": "drift seen"}

# Drawn as pixels a chart keeps its tooltip when its data are replaced; drawn as elements it would lose it.
CANVAS = {"embedOptions": {"renderer": "canvas"}}


def named(name: str) -> alt.Chart:
    """A chart of the dataset with this name."""
    chart: alt.Chart = alt.Chart(alt.NamedData(name))
    return chart


def records() -> alt.X:
    """The axis of record numbers."""
    return alt.X(
        "record",
        type="quantitative",
        scale=alt.Scale(zero=False, nice=False),
        axis=alt.Axis(format="~s", grid=False, tickCount=8, labelFlush=True, labelPadding=6, titlePadding=4),
        title="record",
    )


def height(column: str, scale: alt.Scale, form: str, title: str) -> alt.Y:
    """A y axis as wide as that of the other charts, so that the same record stands below the same record."""
    axis = alt.Axis(format=form, minExtent=AXIS_PIXELS, maxExtent=AXIS_PIXELS, tickCount=5, labelPadding=8)
    return alt.Y(column, type="quantitative", scale=scale, axis=axis, title=title)


def legend(symbol: str, columns: int = 5, values: Sequence[str] | None = None) -> alt.Legend:
    """Names above the chart: all of them, or only ``values``."""
    return alt.Legend(
        title=None,
        orient="top",
        offset=4,
        columns=columns,
        labelLimit=320,
        symbolType=symbol,
        symbolStrokeWidth=2.5,
        values=alt.Undefined if values is None else list(values),
    )


def number(column: str, form: str, title: str | None = None) -> alt.Tooltip:
    """A number of a tooltip."""
    return alt.Tooltip(column, type="quantitative", format=form, title=title or column)


def word(column: str, title: str | None = None) -> alt.Tooltip:
    """A word of a tooltip."""
    return alt.Tooltip(column, type="nominal", title=title or column)


def mark_colors(look: Look) -> Mapping[str, str]:
    """The colour of each kind of event."""
    return {"changes": look.quiet, "actions": look.action, "drifts": look.drift}


def mark_dashes() -> Mapping[str, list[int]]:
    """The dashes of each kind of event."""
    return {"changes": DOTTED, "actions": DASHED, "drifts": SOLID}


def rules(name: str, look: Look) -> alt.Chart:
    """A vertical line at each event of one kind."""
    chart: alt.Chart = (
        named(name)
        .mark_rule(strokeWidth=1.7, opacity=0.85)
        .encode(
            x=records(),
            color=alt.value(mark_colors(look)[name]),
            strokeDash=alt.value(mark_dashes()[name]),
            tooltip=[number("record", ",", MARKS[name]), word("text", "what")],
        )
    )
    return chart


def plain_rules(look: Look) -> list[alt.Chart]:
    """Vertical lines at all events."""
    return [rules(name, look) for name in MARKS]


def rule_halos(look: Look) -> list[alt.Chart]:
    """What keeps the lines of events visible on top of areas of any colour."""
    return [
        named(name).mark_rule(strokeWidth=5, opacity=0.75).encode(x=records(), color=alt.value(look.paper))
        for name in MARKS
    ]


def reader(name: str, tips: Sequence[alt.Tooltip], look: Look) -> alt.Chart:
    """A line that follows the pointer from point to point and shows their values."""
    near = alt.selection_point(
        "near", nearest=True, on="pointerover", clear="pointerout", fields=["record"], empty=False
    )
    opacity = alt.when(near).then(alt.value(0.7)).otherwise(alt.value(0.0))
    line = named(name).mark_rule(color=look.quiet, strokeWidth=1)
    line = line.encode(x=records(), opacity=opacity, tooltip=[number("record", ","), *tips])
    chart: alt.Chart = line.add_params(near)
    return chart


def finished(layers: Sequence[alt.Chart], look: Look, pixels: int | alt.Step = HEIGHT) -> Spec:
    """All layers on one sheet, ``pixels`` high."""
    padding = {"left": 0, "top": 4, "right": 4, "bottom": 2}
    chart = (
        alt.layer(*layers)
        .properties(height=pixels, padding=padding, usermeta=CANVAS)
        .configure_view(strokeWidth=0)
    )
    spec: Spec = chart.configure_axis(gridColor=look.grid, domain=False, tickColor=look.grid).to_dict()
    return spec
