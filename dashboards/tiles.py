"""The key figures, as HTML: numbers above their course."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Figure", "figure_tiles"]

# In percent of the height of a course: where its lowest and highest values lie, and how thick its line is.
COURSE_LOW, COURSE_HIGH, COURSE_LINE = 85.0, 12.0, 4.0


@dataclass(frozen=True, slots=True)
class Figure:
    """A number of the page.

    Args:
        label: what it is.
        value: the number as people read it.
        course: how it went lately, oldest first; missing values are left out.
    """

    label: str
    value: str
    course: Sequence[float]


def figure_tiles(figures: Sequence[Figure]) -> str:
    """Numbers side by side, each above its course; the course says nothing to a screen reader."""
    return f'<div class="tiles">{"".join(map(_tile, figures))}</div>'


def _tile(figure: Figure) -> str:
    label = f'<div class="label">{html.escape(figure.label)}</div>'
    value = f'<div class="value">{html.escape(figure.value)}</div>'
    return f'<div class="tile">{label}{value}{_course(figure.course)}</div>'


def _course(course: Sequence[float]) -> str:
    """A line and the area below it, cut out of two rectangles: Streamlit lets no drawing through."""
    points = [(number, value) for number, value in enumerate(course) if math.isfinite(value)]
    if not points:
        return ""
    low, high = min(value for _, value in points), max(value for _, value in points)
    scale = (COURSE_LOW - COURSE_HIGH) / (high - low) if high > low else 0.0
    base = COURSE_LOW if high > low else 50.0
    line = [(100.0 * n / max(1, len(course) - 1), base - (value - low) * scale) for n, value in points]
    below = [(x, y + COURSE_LINE) for x, y in reversed(line)]
    area = [(line[-1][0], 100.0), (line[0][0], 100.0)]
    return (
        f'<div class="course" aria-hidden="true"><div class="line" style="{_cut([*line, *below])}"></div>'
        f'<div class="area" style="{_cut([*line, *area])}"></div></div>'
    )


def _cut(corners: Sequence[tuple[float, float]]) -> str:
    return f"clip-path: polygon({', '.join(f'{x:.1f}% {y:.1f}%' for x, y in corners)})"
