"""An episode in words: what moved, since when, how sure, what was decided and why, and whether it helped."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from monitor.control.episodes import Episode
from monitor.control.known_changes import is_back
from stream_hmoe.events import Level

__all__ = ["explain", "metric_text", "run_length"]


def explain(episode: Episode, metric: str, is_share: bool, window_records: int) -> dict[str, list[str]]:
    """One sentence or more for each question that has an answer, by question.

    Args:
        episode: the episode.
        metric: what the metric is called.
        is_share: the metric is a share, larger is better; otherwise an error.
        window_records: records of the metric's window.
    """
    answers = {
        "what moved": [_moved(episode)],
        "since when": [_since(episode)],
        "how sure": [_sureness(entry) for entry in _loud(episode.evidence)],
        "where": _where(episode),
        "what it was": _diagnosis(episode),
        "what was decided": [f"record {step.record:,}: {_decision(step.sentence)}" for step in episode.steps],
        "what the tests said": [_test(test) for test in episode.tests],
        "what came of it": [episode.outcome],
        "did it help": _help(episode, metric, is_share, window_records),
    }
    return {question: sentences for question, sentences in answers.items() if sentences}


def metric_text(value: float | None, is_share: bool) -> str:
    """A metric for people; a dash where there is none."""
    if value is None or math.isnan(value):
        return "-"
    return f"{100 * value:.1f} %" if is_share else f"{value:.4g}"


def run_length(threshold_nats: float) -> str:
    """The average run length that a threshold guarantees: records to a false alarm when nothing changes."""
    return f"{math.exp(min(threshold_nats, 50.0)):,.0f}"


def _moved(episode: Episode) -> str:
    names = ", ".join(episode.signals) or "a watched signal"
    return names if episode.alarm is not None else f"{names}: a warning that never became an alarm"


def _since(episode: Episode) -> str:
    seen = f"seen at record {episode.alarm if episode.alarm is not None else episode.begin:,}"
    if episode.change_point is None:
        return f"{seen}; when it began was not estimated"
    late = (episode.alarm if episode.alarm is not None else episode.begin) - episode.change_point
    return f"about record {episode.change_point:,}, {seen}, {late:,} records later"


def _loud(evidence: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """The signals that warned or drifted; all of them where none did."""
    return [entry for entry in evidence if entry["level"] > Level.STABLE] or evidence


def _sureness(entry: Mapping[str, Any]) -> str:
    evidence, threshold = float(entry["evidence_nats"]), float(entry["threshold_nats"])
    found = f"{entry['signal']}: log-evidence {evidence:.1f} nats, threshold {threshold:.1f} nats"
    length = run_length(threshold)
    return f"{found} (without any change it is reached once in {length} records on average, or more rarely)"


def _where(episode: Episode) -> list[str]:
    parts = {"experts": episode.leaves, "features": episode.features}
    named = [f"{name} {', '.join(values)}" for name, values in parts.items() if values]
    return [*named, *(_move(move) for move in episode.moves)]


def _move(move: Mapping[str, Any]) -> str:
    """Of one leaf: how much more or less of the records it gets, and by which features."""
    before, after = 100.0 * float(move["before"]), 100.0 * float(move["after"])
    verb = "gained" if after >= before else "lost"
    change = f"{abs(after - before):.1f} points of traffic ({before:.1f} % to {after:.1f} %)"
    features = [
        f"{name} {'rose' if shift > 0 else 'fell'} by {abs(shift):.1f} sd" for name, shift in move["features"]
    ]
    among = f": among its records {', '.join(features)}" if features else ""
    return f"{move['leaf']} {verb} {change}{among}"


def _diagnosis(episode: Episode) -> list[str]:
    sentences = [episode.diagnosis] if episode.diagnosis else []
    if episode.rise is not None and episode.rise_lower is not None:
        rise = f"given the gates the loss rose by {episode.rise:.3f} a record"
        sentences.append(f"{rise} (at least {episode.rise_lower:.3f})")
    if episode.expected_gain is not None and episode.expected_gain > 0.0:
        sentences.append(f"acting was expected to save at least {episode.expected_gain:,.0f} losses")
    elif episode.expected_gain is not None:
        sentences.append("it was not sure that acting would save anything")
    return sentences


def _test(test: Mapping[str, Any]) -> str:
    words = [f"{test.get('plan', 'challenger')}: {test.get('verdict', 'no verdict')}"]
    if "records" in test:
        words.append(f"after {int(test['records']):,} records")
    if "mean_gain" in test:
        words.append(f"{float(test['mean_gain']):+.4f} loss saved a record")
    if "evidence_nats" in test:
        found, needed = float(test["evidence_nats"]), float(test["threshold_nats"])
        words.append(f"log-evidence {found:.1f} nats of {needed:.1f} needed")
    return ", ".join(words)


def _help(episode: Episode, metric: str, is_share: bool, window_records: int) -> list[str]:
    before, at, after = episode.metric_before, episode.metric_at_alarm, episode.metric_after
    if at is None or after is None:
        return []
    now = "now" if episode.end is None else "at the end"
    course = (
        f"{metric} of the last {window_records:,} records: {metric_text(before, is_share)} before, "
        f"{metric_text(at, is_share)} at the alarm, {metric_text(after, is_share)} {now}"
    )
    if before is None:
        return [course]
    if is_back(after, before, is_share):
        verdict = "it never suffered" if is_back(at, before, is_share) else "back to what it was"
    elif (after > at) if is_share else (after < at):
        verdict = "better than at the alarm, not yet what it was"
    else:
        verdict = "no better than at the alarm"
    return [course, verdict]


def _decision(sentence: str) -> str:
    """The sentence without the number of its episode."""
    return sentence.split(": ", 1)[-1]
