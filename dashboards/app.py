"""The page, from top to bottom: verdict, key figures, metric, evidence, deeds, shares, entropy, events.

Layout only. Started by ``python -m dashboards``, or by hand with
``streamlit run dashboards/app.py -- --journal FILE``.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import streamlit as st

from dashboards import control_sections, data, downloads, sections, strips, tables
from dashboards.reading import Reading
from dashboards.style import STYLE
from dashboards.theme import look
from dashboards.verdict import freshness, verdict
from monitor.journal.schema import JournalError

TICK_SECONDS = 1.0


def main() -> None:
    """Draw the controls once, and everything else again on every tick."""
    st.set_page_config(page_title="stream-hmoe", layout="wide")
    st.html(STYLE)
    parser = argparse.ArgumentParser()
    parser.add_argument("--journal", type=Path, default=Path("journal.sqlite"))
    path = parser.parse_args(sys.argv[1:]).journal
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("#### stream-hmoe", width="stretch")
        st.caption("newest records", width="content")
        window = st.segmented_control(
            "Newest records shown",
            list(data.WINDOWS),
            default="20k",
            required=True,
            key="window",
            bind="query-params",
            label_visibility="collapsed",
        )
        is_paused = st.toggle("Pause", key="pause", bind="query-params", help="Stops the page, not the run.")
    live = st.fragment(draw, run_every=None if is_paused else TICK_SECONDS)
    live(path, data.WINDOWS[window], is_paused)
    st.session_state["is_waiting"] = "reading" not in st.session_state
    if not st.session_state["is_waiting"]:
        downloads.buttons(path)


def draw(path: Path, window: int | None, is_paused: bool) -> None:
    """Read one snapshot and show it, or say why there is none."""
    try:
        reading = newest(path, window, is_paused)
    except JournalError as error:
        st.html(strips.notice_strip(data.notice(error)))
        return
    if st.session_state.pop("is_waiting", False):
        st.rerun()  # the journal has appeared: what stands outside this fragment appears too
    snapshot, colors = reading.snapshot, look(st.context.theme.type)
    fresh = freshness(snapshot, reading.at_seconds)
    st.html(strips.verdict_strip(verdict(snapshot, fresh), fresh, is_paused))
    sections.about(snapshot)
    if snapshot.recent.empty:
        return
    nearest = max(1, (snapshot.recent["record"].iloc[-1] - snapshot.first) // 150)
    marks = {
        "drifts": tables.markers(snapshot.markers, "drift", nearest),
        "changes": tables.markers(snapshot.markers, "change point", nearest),
    }
    sections.key_figures(snapshot)
    sections.metric_over_time(snapshot, marks, colors)
    if not snapshot.evidence.empty:
        control_sections.evidence(snapshot, marks, colors)
    control_sections.what_it_did(snapshot)
    sections.shares_over_time(snapshot, marks, colors)
    left, right = st.columns(2, gap="medium")
    with left:
        sections.entropy(snapshot, marks, colors)
    with right:
        sections.experts(snapshot)
    sections.events(snapshot)


def newest(path: Path, window: int | None, is_paused: bool) -> Reading:
    """The snapshot to show: the one that this browser tab has already, or a new one.

    Raises:
        JournalError: there is no journal, or it cannot be read.
    """
    begin = time.time()
    kept: Reading | None = st.session_state.get("reading")
    if kept is not None and kept.serves(path, window, begin, is_paused):
        return kept
    snapshot = data.read(path, window)
    reading = Reading(path, window, snapshot, begin, time.time() - begin)
    st.session_state["reading"] = reading
    return reading


main()
