"""The journal's tables as CSV, in full resolution, read only when somebody clicks."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd
import streamlit as st

from monitor.journal.reader import JournalReader

__all__ = ["TABLES", "buttons", "csv"]

TABLES: Mapping[str, Callable[[JournalReader], pd.DataFrame]] = {
    "intervals": JournalReader.intervals,
    "shares": JournalReader.shares,
    "experts": JournalReader.topology,
    "events": JournalReader.events,
    "evidence": JournalReader.evidence,
    "worth": JournalReader.worth,
}


def csv(path: Path, table: str) -> str:
    """One table of the whole journal.

    Raises:
        JournalError: the journal cannot be read.
    """
    with JournalReader(path) as journal:
        text: str = TABLES[table](journal).to_csv(index=False)
    return text


def buttons(path: Path) -> None:
    """One button for each table."""
    st.caption("Download the whole journal, every interval and event, as CSV:")
    with st.container(horizontal=True):
        for table in TABLES:
            st.download_button(
                table,
                functools.partial(csv, path, table),
                file_name=f"{path.stem}-{table}.csv",
                mime="text/csv",
                key=f"csv-{table}",
                on_click="ignore",
                icon=":material/download:",
            )
