"""What every page stands in: one read and one drawing a tick, the verdict on top, or why there is none."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import streamlit as st

from dashboards import data, strips
from dashboards.advice import advice
from dashboards.arguments import Arguments
from dashboards.data.snapshot import Snapshot
from dashboards.downloads import Shown
from dashboards.reading import Reading, Wanted
from dashboards.scene import Scene
from dashboards.theme import look
from dashboards.verdict import freshness, verdict
from monitor.journal.reader import JournalReader
from monitor.journal.schema import JournalError

__all__ = ["Choice", "show"]

TICK_SECONDS = 1.0

Part = TypeVar("Part")
Read = Callable[[JournalReader, Path, Snapshot], Part]
Draw = Callable[[Scene, Part], None]


@dataclass(frozen=True, slots=True)
class Choice:
    """What the reader of the page chose.

    Args:
        arguments: what the server was started with.
        path: the journal of the chosen stream.
        window: how many of the newest records; None for all.
        is_paused: the page stands still.
    """

    arguments: Arguments
    path: Path
    window: int | None
    is_paused: bool


def show(page: str, read: Read[Part], draw: Draw[Part], needs_intervals: bool = True) -> None:
    """Show a page: its read once a tick, its drawing after that.

    Args:
        page: its name.
        read: what it needs besides the snapshot.
        draw: draws it.
        needs_intervals: there is nothing to draw before the first interval closes.
    """
    choice: Choice = st.session_state["choice"]
    tick = st.fragment(_tick, run_every=None if choice.is_paused else TICK_SECONDS)
    tick(choice, page, read, draw, needs_intervals)


def _tick(choice: Choice, page: str, read: Read[Part], draw: Draw[Part], needs_intervals: bool) -> None:
    """Read one snapshot and show it, or say why there is none."""
    shown: Shown = st.session_state["shown"]
    try:
        reading = _newest(choice, page, read)
    except JournalError as error:
        st.html(strips.notice_strip(data.notice(error)))
        _tell(shown, {})
        return
    snapshot = reading.snapshot
    fresh = freshness(snapshot, reading.at_seconds)
    said = verdict(snapshot, fresh)
    strip = strips.verdict_strip(said, fresh, choice.is_paused, advice(said.state), choice.arguments.runbooks)
    st.html(strip)
    scene = Scene(choice.path, snapshot, look(st.context.theme.type), choice.arguments)
    if needs_intervals and snapshot.recent.empty:
        _tell(shown, {})
        return
    draw(scene, reading.part)
    _tell(shown, scene.exports)


def _tell(shown: Shown, tables: dict[str, Any]) -> None:
    """What can be downloaded; where other tables appear than before, the menu outside is drawn again."""
    is_changed = st.session_state.get("offered") not in (None, tuple(tables))
    shown.tables = tables
    if is_changed:
        st.session_state["offered"] = None
        st.rerun()


def _newest(choice: Choice, page: str, read: Read[Part]) -> Reading[Part]:
    """The reading to show: the one that this browser tab has already, or a new one.

    Raises:
        JournalError: there is no journal, or it cannot be read.
    """
    begin = time.time()
    wanted = Wanted(choice.path, page, choice.window)
    kept: Reading[Part] | None = st.session_state.get("reading")
    if kept is not None and kept.serves(wanted, begin, choice.is_paused):
        return kept
    with JournalReader(choice.path) as journal, journal.snapshot():
        snapshot = data.read(journal, choice.window)
        part = read(journal, choice.path, snapshot)
    reading = Reading(wanted, snapshot, part, begin, time.time() - begin)
    st.session_state["reading"] = reading
    return reading
