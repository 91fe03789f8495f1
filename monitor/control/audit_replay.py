"""Do the decisions of an audit follow from what it says was seen? The pure controller decides again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monitor.audit_log import DECIDED, SETTINGS, WATCHED, decision_payload
from monitor.problems import ConfigurationProblem
from stream_hmoe.audit import verify
from stream_hmoe.controller import Controller, ControllerSettings
from stream_hmoe.events import Decided, Watched

__all__ = ["Replay", "audit_lines", "compare_lines", "replay"]


@dataclass(frozen=True, slots=True)
class Replay:
    """How a comparison ended.

    Args:
        lines: lines that were read.
        watched: moments that the controller saw again.
        decisions: decisions that it made again.
        difference: the first one, in words; empty when all is the same.
    """

    lines: int
    watched: int
    decisions: int
    difference: str

    @property
    def is_same(self) -> bool:
        """Nothing differs."""
        return not self.difference


def audit_lines(path: Path) -> list[str]:
    """The whole lines of an audit; one that is still being written is left out.

    Raises:
        ConfigurationProblem: there is no audit.
    """
    if not path.is_file():
        raise ConfigurationProblem(f"there is no audit at {path}; hmoe run writes it beside the journal")
    text = path.read_text(encoding="utf-8", errors="replace")
    return text[: text.rfind("\n") + 1].splitlines()


def replay(lines: Sequence[str]) -> Replay:
    """Follow the chain, then decide again on what was watched and compare every decision.

    Args:
        lines: the audit, from its first line.
    """
    broken = verify(lines).broken
    if broken is not None:
        return Replay(len(lines), 0, 0, f"line {broken.line + 1}: the chain is broken: {broken.reason}")
    entries = [json.loads(line) for line in lines]
    if not entries or entries[0]["kind"] != SETTINGS:
        return Replay(len(lines), 0, 0, "line 1: the controller's settings should stand here")
    controller = Controller(ControllerSettings(**entries[0]["payload"]))
    due: list[Decided] = []
    watched = decisions = 0
    for number, entry in enumerate(entries, start=1):
        if entry["kind"] == WATCHED:
            if due:
                return Replay(len(lines), watched, decisions, _missing(number, due[0]))
            due = controller.step(Watched.from_json(_revived(entry["payload"])))
            watched += 1
        elif entry["kind"] == DECIDED:
            difference = _compare(entry, due.pop(0) if due else None)
            if difference:
                return Replay(len(lines), watched, decisions, f"line {number}: {difference}")
            decisions += 1
    return Replay(len(lines), watched, decisions, _missing(len(lines) + 1, due[0]) if due else "")


def compare_lines(recorded: Sequence[str], again: Sequence[str]) -> str:
    """The first difference between two audits, in words; empty when they are the same."""
    for number, (line, other) in enumerate(zip(recorded, again, strict=False), start=1):
        if line != other:
            places = list(_places(json.loads(line), json.loads(other), ""))
            return f"line {number}: {places[0] if places else 'the same values, written differently'}"
    if len(recorded) != len(again):
        return f"the audit has {len(recorded):,} lines, the run that was repeated has {len(again):,}"
    return ""


def _compare(entry: Mapping[str, Any], decision: Decided | None) -> str:
    """What differs between a recorded decision and the one that was made again; empty when nothing does."""
    if decision is None:
        return f"a decision was recorded at record {entry['record']:,}, the controller makes none there"
    if entry["record"] != decision.record:
        return f"a decision was recorded at record {entry['record']:,}, now it is made at {decision.record:,}"
    made = decision_payload(decision)
    recorded = dict(entry["payload"])
    # The run may have added to the particulars what the controller does not know, such as the tests.
    recorded["detail"] = {name: recorded["detail"].get(name) for name in made["detail"]}
    return next(_places(recorded, made, ""), "")


def _missing(number: int, decision: Decided) -> str:
    step = f"{decision.before.value} -> {decision.after.value}"
    return f"line {number}: the decision {step} at record {decision.record:,} is missing"


def _places(recorded: Any, again: Any, place: str) -> Iterator[str]:
    """Where two JSON values differ, outermost names first; hashes only when nothing else does."""
    if isinstance(recorded, dict) and isinstance(again, dict):
        for name in sorted({*recorded, *again}, key=lambda name: (name in ("hash", "previous"), name)):
            yield from _places(recorded.get(name), again.get(name), f"{place}.{name}" if place else name)
    elif recorded != again:
        yield f"{place} was recorded as {json.dumps(recorded)}, now it is {json.dumps(again)}"


def _revived(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Numbers that JSON has no form for are text in an audit: numbers again."""
    evidence = [
        {**entry, **{name: float(entry[name]) for name in ("evidence_nats", "threshold_nats")}}
        for entry in payload["evidence"]
    ]
    numbers = {name: float(payload[name]) for name in ("rise", "rise_lower")}
    return {**payload, **numbers, "evidence": evidence}
