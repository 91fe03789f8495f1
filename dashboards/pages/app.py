"""The pages and what stands above all of them: stream, window, pause, downloads.

Layout only. Started by ``python -m dashboards``, or by hand with
``streamlit run dashboards/pages/app.py -- --journal PATH``. It lies beside the pages because
Streamlit takes a folder ``pages`` beside it for pages of another kind.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from dashboards import arguments, data, downloads
from dashboards.frame import Choice
from dashboards.streams import streams_at
from dashboards.style import STYLE

# Streamlit fetches other icons from elsewhere; nothing here leaves the machine.
ICON = Path(__file__).parents[1] / "icon.png"

PAGES: Mapping[str, tuple[str, str]] = {
    "now": ("Now", "monitor_heart"),
    "gates": ("Gates", "call_split"),
    "drift": ("Drift", "ssid_chart"),
    "experts": ("Experts", "account_tree"),
    "actions": ("Actions", "tune"),
    "data": ("Data", "database"),
    "compare": ("Compare", "compare_arrows"),
    "system": ("System", "memory"),
}


def main() -> None:
    """Draw what stands above the page, the page, and the menu of what it shows."""
    st.set_page_config(page_title="stream-hmoe", page_icon=str(ICON), layout="wide")
    st.html(STYLE)
    chosen = arguments.parse(sys.argv[1:])
    pages = [
        st.Page(
            Path(__file__).with_name(f"{name}.py"),
            title=title,
            icon=f":material/{icon}:",
            url_path=name,
            default=name == "now",
        )
        for name, (title, icon) in PAGES.items()
    ]
    page = st.navigation(pages, position="top")
    st.session_state.setdefault("shown", downloads.Shown())
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        choice = choose(chosen, page.title)
        menu = st.container(width="content")
    st.session_state["choice"] = choice
    st.session_state["offered"] = None
    page.run()
    shown: downloads.Shown = st.session_state["shown"]
    if shown.tables:
        with menu:
            downloads.menu(choice.path, shown)
    st.session_state["offered"] = tuple(shown.tables)


def choose(chosen: arguments.Arguments, title: str) -> Choice:
    """Title, stream, window and pause; all of them are in the link."""
    streams = streams_at(chosen.path)
    names = list(streams)
    st.html(f'<h1 class="title">{title}</h1>', width="stretch")
    stream = names[0]
    if len(names) > 1:
        stream = st.selectbox(
            "Stream", names, key="stream", bind="query-params", label_visibility="collapsed", width=220
        )
    window = st.segmented_control(
        "Newest records shown",
        list(data.WINDOWS),
        default="20k",
        required=True,
        key="window",
        bind="query-params",
        label_visibility="collapsed",
        help="How many of the newest records the charts show.",
    )
    is_paused = st.toggle("Pause", key="pause", bind="query-params", help="Stops the page, not the run.")
    return Choice(chosen, streams.get(stream, streams[names[0]]), data.WINDOWS[window], is_paused)


main()
