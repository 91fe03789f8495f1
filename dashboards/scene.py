"""What a page draws on: the snapshot, its colours, and the tables that it shows and offers for download."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from dashboards import charts
from dashboards.arguments import Arguments
from dashboards.data.snapshot import Snapshot
from dashboards.tables.events import markers
from dashboards.theme import Look

__all__ = ["Scene", "bars"]

TABLE_HEIGHT, ROW_PIXELS = 330, 35
_KIND_OF: Mapping[str, str] = {"changes": "change point", "actions": "action", "drifts": "drift"}


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """One drawing of one page.

    Args:
        path: the journal.
        snapshot: what every page needs.
        look: colours.
        arguments: what the server was started with.
        exports: tables that were drawn, by name; they can be downloaded.
    """

    path: Path
    snapshot: Snapshot
    look: Look
    arguments: Arguments
    exports: dict[str, pd.DataFrame] = field(default_factory=dict)

    @property
    def marks(self) -> Mapping[str, pd.DataFrame]:
        """Events for charts over records; those nearer to each other than a line is thick share a line."""
        nearest = max(1, (self.snapshot.last - self.snapshot.first) // 150)
        return {name: markers(self.snapshot.markers, _KIND_OF[name], nearest) for name in charts.MARKS}

    def section(self, title: str, note: str = "") -> None:
        """A heading, with a sentence that says how to read what follows."""
        words = f'<p class="note">{html.escape(note)}</p>' if note else ""
        st.html(f'<h2 class="section">{html.escape(title)}</h2>{words}')

    def empty(self, sentence: str) -> None:
        """Say why there is nothing to draw here."""
        st.html(f'<p class="empty">{html.escape(sentence)}</p>')

    def chart(self, spec: charts.Spec, data: Mapping[str, pd.DataFrame], name: str, description: str) -> None:
        """A chart whose data are replaced while it stays.

        Args:
            spec: the chart.
            data: its datasets by name; the first is offered for download.
            name: of the chart, unique on the page.
            description: for screen readers.
        """
        self.exports[name] = next(iter(data.values()))
        content = {**spec, "datasets": dict(data)}
        st.vega_lite_chart(content, width="stretch", key=f"chart-{name}", alt=description)

    def table(
        self, table: pd.DataFrame, columns: Mapping[str, ColumnConfig], name: str, description: str
    ) -> None:
        """A table as high as its rows, up to a limit; ``description`` is for screen readers."""
        self.exports[name] = table
        height = min(TABLE_HEIGHT, ROW_PIXELS * (len(table) + 1) + 2)
        st.dataframe(
            table,
            height=height,
            hide_index=True,
            column_config=dict(columns),
            key=f"table-{name}",
            alt=description,
        )


def bars(title: str, form: str, values: pd.Series) -> ColumnConfig:
    """A column of bars, of which the largest value fills its cell."""
    largest = float(values.max())
    most = largest if largest > 0.0 else 1.0
    return st.column_config.ProgressColumn(title, format=form, min_value=0.0, max_value=most, width="small")
