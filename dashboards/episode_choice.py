"""Which episode a page tells about; it is in the link."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboards.words import count
from monitor.control.episodes import Episode

__all__ = ["choose_episode"]


def choose_episode(episodes: Sequence[Episode]) -> Episode | None:
    """The chosen one; without a choice the newest that became an alarm, or the newest; None without any."""
    if not episodes:
        return None
    by_number = {str(episode.number): episode for episode in reversed(episodes)}
    alarms = [number for number, episode in by_number.items() if episode.alarm is not None]
    numbers = list(by_number)
    usual = numbers.index(alarms[0]) if alarms else 0
    chosen = st.selectbox(
        "Episode",
        numbers,
        index=usual,
        format_func=lambda number: _title(by_number[number]),
        key="episode",
        bind="query-params",
        label_visibility="collapsed",
    )
    return by_number.get(chosen, by_number[numbers[usual]])


def _title(episode: Episode) -> str:
    record = episode.alarm if episode.alarm is not None else episode.begin
    kind = "alarm" if episode.alarm is not None else "warning"
    return f"episode {episode.number}: {kind} at record {count(record)}"
