"""What stands on top of the page, as HTML: the verdict, or the reason why there is none."""

from __future__ import annotations

import html
from collections.abc import Mapping

from dashboards import theme
from dashboards.advice import RUNBOOKS, Advice
from dashboards.data.notices import Notice
from dashboards.states import State
from dashboards.verdict import Freshness, Verdict

__all__ = ["notice_strip", "verdict_strip"]

# Each state has a sign besides its colour, for people who see no difference between the colours.
_SIGNS: Mapping[State, tuple[str, str]] = {
    State.WAITING: ("&#8230;", theme.GREY),
    State.HEALTHY: ("&#10003;", theme.GREEN),
    State.WATCHING: ("!", theme.ORANGE),
    State.DRIFTING: ("&#9650;", theme.VERMILLION),
    State.ADAPTING: ("&#8635;", theme.SKY),
    State.DEGRADED: ("&#9660;", theme.PURPLE),
    State.HELD: ("&#9632;", theme.VERMILLION),
    State.STALE: ("&#8214;", theme.VERMILLION),
    State.HALTED: ("&#215;", theme.VERMILLION),
}


def verdict_strip(
    verdict: Verdict, fresh: Freshness, is_paused: bool, advised: Advice, runbooks: str = RUNBOOKS
) -> str:
    """State, reason, what to do, age of the data; a screen reader announces a change of the state alone.

    Args:
        verdict: state and reason.
        fresh: how old the data are.
        is_paused: the page stands still.
        advised: what to do.
        runbooks: where the runbooks are: an address becomes a link, a path is named.
    """
    sign, tone = _SIGNS[verdict.state]
    text = f"paused, {fresh.text}" if is_paused else fresh.text
    badge = f'<span class="badge{" stale" if fresh.is_stale else ""}">{html.escape(text)}</span>'
    head = (
        f'<b role="status">{verdict.state.value}</b><span class="since">{html.escape(verdict.since)}</span>'
    )
    words = f"{head}<br>{html.escape(verdict.sentence)}<br>{_advice(advised, runbooks)}"
    return _strip(tone, sign, words, badge)


def _advice(advised: Advice, runbooks: str) -> str:
    where = html.escape(advised.link(runbooks))
    if where.startswith(("http://", "https://")):
        where = f'<a href="{where}" target="_blank" rel="noopener">runbook</a>'
    more = f' <span class="runbook">More: {where}</span>' if where else ""
    return f'<span class="advice">&#8594; {html.escape(advised.text)}</span>{more}'


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
