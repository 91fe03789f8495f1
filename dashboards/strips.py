"""The pieces of the page that Streamlit has no element for, as HTML: the verdict strip and the notice."""

from __future__ import annotations

import html
from collections.abc import Mapping

from dashboards import theme
from dashboards.data import Notice
from dashboards.states import State
from dashboards.verdict import Freshness, Verdict

__all__ = ["STYLE", "notice_strip", "verdict_strip"]

# Each state has a sign besides its colour, for people who see no difference between the colours.
_SIGNS: Mapping[State, tuple[str, str]] = {
    State.WAITING: ("&#8230;", theme.GREY),
    State.HEALTHY: ("&#10003;", theme.GREEN),
    State.WATCHING: ("!", theme.ORANGE),
    State.DRIFTING: ("&#9650;", theme.VERMILLION),
    State.ADAPTING: ("&#8635;", theme.SKY),
    State.DEGRADED: ("&#9660;", theme.PURPLE),
    State.SILENT: ("&#8214;", theme.VERMILLION),
}

STYLE = """<style>
.stMainBlockContainer {padding-top: 2.2rem; padding-bottom: 2rem; max-width: 1500px;}
.strip {display: flex; align-items: center; gap: 1rem; padding: .8rem 1.1rem; border-radius: .6rem;
  border-left: .4rem solid var(--tone); background: color-mix(in srgb, var(--tone) 13%, transparent);}
.strip .sign {flex: none; width: 2.3rem; height: 2.3rem; border-radius: 50%; background: var(--tone);
  display: grid; place-items: center; color: #fff; font-size: 1.15rem; font-weight: 700;}
.strip .words {flex: 1; line-height: 1.4;}
.strip .words b {font-size: 1.2rem;}
.strip .since {opacity: .75; margin-left: .35rem;}
.badge {flex: none; border-radius: 1rem; padding: .15rem .7rem; font-size: .85rem; white-space: nowrap;
  border: 1px solid color-mix(in srgb, currentColor 35%, transparent);}
.badge.stale {background: #C22F1F; border-color: #C22F1F; color: #fff; font-weight: 600;}
.run {opacity: .75; font-size: .9rem;}
</style>"""


def verdict_strip(verdict: Verdict, fresh: Freshness, is_paused: bool) -> str:
    """State, reason and age of the data. Only the state is announced by screen readers when it changes."""
    sign, tone = _SIGNS[verdict.state]
    text = f"paused, {fresh.text}" if is_paused else fresh.text
    badge = f'<span class="badge{" stale" if fresh.is_stale else ""}">{html.escape(text)}</span>'
    head = (
        f'<b role="status">{verdict.state.value}</b><span class="since">{html.escape(verdict.since)}</span>'
    )
    return _strip(tone, sign, f"{head}<br>{html.escape(verdict.sentence)}", badge)


def notice_strip(notice: Notice) -> str:
    """Why there is nothing to draw and what to do about it."""
    tone, sign = (theme.VERMILLION, "!") if notice.is_fault else (theme.GREY, "&#8230;")
    words = f"{html.escape(notice.sentence)}<br>{html.escape(notice.remedy)}"
    return _strip(tone, sign, f'<b role="status">{html.escape(notice.title)}</b><br>{words}', "")


def _strip(tone: str, sign: str, words: str, badge: str) -> str:
    return (
        f'<div class="strip" style="--tone: {tone}"><span class="sign" aria-hidden="true">{sign}</span>'
        f'<span class="words">{words}</span>{badge}</div>'
    )
