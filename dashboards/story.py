"""An episode as HTML: in a few lines, or question by question."""

from __future__ import annotations

import html
from collections.abc import Sequence

from dashboards.data.snapshot import Snapshot
from dashboards.words import count
from monitor.control.episodes import Episode
from monitor.control.explanation import explain

__all__ = ["answers_of", "summary", "timeline"]

_SHORT = ("what moved", "since when", "where", "what it was", "what came of it", "did it help")
_WHAT = ("what moved", "since when", "how sure", "where", "what it was")
_STAGES = {
    "warn": "Warning",
    "alarm": "Drift",
    "diagnose": "Diagnosis",
    "shadow": "Test",
    "promote": "Promotion",
    "drop": "No change",
    "roll back": "Rollback",
    "cool-down": "Rest",
    "held": "Held",
    "normal": "Calm",
}


def summary(episode: Episode, snapshot: Snapshot) -> str:
    """What drifted, where, what was done and whether it helped, in a few lines."""
    return _answers(episode, snapshot, _SHORT)


def answers_of(episode: Episode, snapshot: Snapshot) -> str:
    """What moved, since when, how sure that is, where and what it was."""
    return _answers(episode, snapshot, _WHAT)


def timeline(episode: Episode, snapshot: Snapshot) -> str:
    """From the first sign to the outcome, a stage a row, with how many records after the begin."""
    items = [
        _item(
            _STAGES.get(step.after.value, step.after.value),
            f"record {count(step.record)}"
            if step.record == episode.begin
            else _later(episode.begin, step.record),
            [step.sentence.split(": ", 1)[-1]],
        )
        for step in episode.steps
    ]
    said = _explained(episode, snapshot)
    if said.get("what the tests said"):
        items.append(_item("Tests", "", said["what the tests said"]))
    items.append(_item("Outcome", "", [episode.outcome, *said.get("did it help", [])]))
    return f'<ol class="timeline">{"".join(items)}</ol>'


def _later(begin: int, record: int) -> str:
    return f"{record - begin:,} records later"


def _item(stage: str, when: str, sentences: Sequence[str]) -> str:
    words = "<br>".join(html.escape(sentence) for sentence in sentences)
    return (
        f'<li><span class="stage">{html.escape(stage)}</span><span class="when">{html.escape(when)}</span>'
        f'<span class="what">{words}</span></li>'
    )


def _answers(episode: Episode, snapshot: Snapshot, questions: Sequence[str]) -> str:
    said = _explained(episode, snapshot)
    rows = [
        f"<dt>{html.escape(question.capitalize())}</dt>"
        f"<dd>{'<br>'.join(map(html.escape, said[question]))}</dd>"
        for question in questions
        if question in said
    ]
    return f'<dl class="answers">{"".join(rows)}</dl>'


def _explained(episode: Episode, snapshot: Snapshot) -> dict[str, list[str]]:
    metric = snapshot.metric
    return explain(episode, metric.title, metric.is_share, snapshot.window_records)
