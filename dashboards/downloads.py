"""What a page shows, and the whole journal in full resolution, as CSV; written only when somebody clicks."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import streamlit as st

from monitor.journal.reader import JournalReader

__all__ = ["TABLES", "Shown", "csv", "menu"]

TABLES: Mapping[str, Callable[[JournalReader], pd.DataFrame]] = {
    "intervals": JournalReader.intervals,
    "shares": JournalReader.shares,
    "experts": JournalReader.topology,
    "events": JournalReader.events,
    "evidence": JournalReader.evidence,
    "worth": JournalReader.worth,
}


@dataclass(slots=True, eq=False)
class Shown:
    """The tables that a browser tab shows at this moment, by name."""

    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)

    def csv(self, name: str) -> str:
        """One of them; empty once it is no longer shown."""
        table = self.tables.get(name)
        text: str = "" if table is None else table.to_csv(index=False)
        return text


def csv(path: Path, table: str) -> str:
    """One table of the whole journal.

    Raises:
        JournalError: the journal cannot be read.
    """
    with JournalReader(path) as journal:
        text: str = TABLES[table](journal).to_csv(index=False)
    return text


def menu(path: Path, shown: Shown) -> None:
    """One button for each table of the page, and one for each of the journal."""
    with st.popover("CSV", icon=":material/download:", help="Download data"):
        st.caption("What this page shows")
        with st.container(horizontal=True):
            for name in shown.tables:
                _button(name, functools.partial(shown.csv, name), f"{path.stem}-{name}.csv", f"shown-{name}")
        st.caption("The whole journal, every interval and event")
        with st.container(horizontal=True):
            for table in TABLES:
                content = functools.partial(csv, path, table)
                _button(table, content, f"{path.stem}-all-{table}.csv", f"all-{table}")
        st.caption("The tools above a chart show its data and save it as a picture.")


def _button(label: str, content: Callable[[], str], file_name: str, key: str) -> None:
    st.download_button(
        label, content, file_name=file_name, mime="text/csv", key=f"csv-{key}", on_click="ignore"
    )
