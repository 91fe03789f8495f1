"""Which episode a page tells about; it is in the link."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboards.words import count
from monitor.control.episodes import Episode

__all__ = ["choose_episode", "title_of"]

NEWEST = "newest"


def choose_episode(episodes: Sequence[Episode]) -> Episode | None:
    """The chosen one, or the newest that became an alarm, or the newest; None without any.

    A link that names an episode shows that one for good, a link that names none always the newest.
    """
    if not episodes:
        return None
    alarms = [episode for episode in episodes if episode.alarm is not None]
    newest = (alarms or episodes)[-1]
    by_number = {NEWEST: newest, **{str(episode.number): episode for episode in reversed(episodes)}}
    # The link holds what the list shows, so that is the number alone.
    chosen = st.selectbox("Episode", list(by_number), key="episode", bind="query-params")
    return by_number.get(chosen, newest)


def title_of(episode: Episode) -> str:
    """Which episode it is, in a few words."""
    record = episode.alarm if episode.alarm is not None else episode.begin
    kind = "alarm" if episode.alarm is not None else "warning"
    return f"episode {episode.number}, {kind} at record {count(record)}"
