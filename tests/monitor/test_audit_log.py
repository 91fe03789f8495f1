"""The audit of a run holds what was decided and on what grounds, and nothing of the quiet times."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path
from typing import Any

import pytest

from monitor.audit_log import DECIDED, SETTINGS, WATCHED, AuditLog
from monitor.problems import ConfigurationProblem
from stream_hmoe.audit import verify
from stream_hmoe.events import Drifted, Evidence, Level, Restructured, Watched
from tests.monitor.journal.made_control import SETTINGS as MADE
from tests.monitor.journal.made_control import one_promotion, reading
from tests.monitor.journal.made_facts import TOPOLOGY, facts_between

FACTS = facts_between(0, 1_130)


def written(path: Path) -> Path:
    with AuditLog(path, None) as log:
        log.begin(MADE)
        log.add(FACTS)
    return path


def entries(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_the_chain_begins_with_the_settings_and_holds(tmp_path: Path) -> None:
    path = written(tmp_path / "audit.jsonl")
    lines = path.read_text().splitlines()
    assert verify(lines).broken is None
    assert verify(lines).count == len(lines)
    first = entries(path)[0]
    assert (first["record"], first["kind"]) == (0, SETTINGS)
    assert first["payload"]["settle_records"] == MADE.settle_records


def test_quiet_moments_leave_no_line(tmp_path: Path) -> None:
    found = entries(written(tmp_path / "audit.jsonl"))
    records = [entry["record"] for entry in found if entry["kind"] == WATCHED]
    assert records == [*range(300, 751, 50), 900, 950]
    kinds = {kind: sum(entry["kind"] == kind for entry in found) for kind in ("drifted", "restructured")}
    assert kinds == {"drifted": 4, "restructured": 1}


def test_a_loud_signal_is_written_down_even_when_the_controller_sees_nothing(tmp_path: Path) -> None:
    entropy = Evidence("gate entropy", 5.0, 9.0, Level.WARNING)
    with AuditLog(tmp_path / "audit.jsonl", None) as log:
        log.add([reading(50, 0.0), Watched(100, (entropy,)), Watched(150, gate=Level.WARNING)])
    assert [entry["record"] for entry in entries(tmp_path / "audit.jsonl")] == [100, 150]


def test_what_was_watched_stands_before_what_was_decided_on_it(tmp_path: Path) -> None:
    found = entries(written(tmp_path / "audit.jsonl"))
    for before, entry in itertools.pairwise(found):
        if entry["kind"] == DECIDED:
            assert before["kind"] in (WATCHED, DECIDED)
            assert before["record"] == entry["record"]


@pytest.mark.parametrize("cut", [0, 3, 20, len(FACTS)])
def test_after_a_restart_the_same_lines_follow(tmp_path: Path, cut: int) -> None:
    whole, resumed = written(tmp_path / "whole.jsonl"), tmp_path / "resumed.jsonl"
    with AuditLog(resumed, None) as log:
        log.begin(MADE)
        log.add(FACTS[:cut])
        state = json.loads(json.dumps(log.state_dict()))
        log.add(FACTS[cut : cut + 5])
    with AuditLog(resumed, state) as log:
        log.add(FACTS[cut:])
    assert resumed.read_bytes() == whole.read_bytes()


def test_an_audit_that_is_shorter_than_the_checkpoint_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "audit.jsonl")
    state = {"bytes": path.stat().st_size + 1, "chain": {"count": 1, "last": ""}, "phase": "normal"}
    with pytest.raises(ConfigurationProblem, match="--overwrite"):
        AuditLog(path, state)


def test_numbers_without_a_form_in_json_are_written_as_text(tmp_path: Path) -> None:
    loud = Evidence("gate weights", -math.inf, math.inf, Level.WARNING)
    detail = {"share": math.nan, "leaves": ("a", "b")}
    with AuditLog(tmp_path / "audit.jsonl", None) as log:
        log.add([Watched(50, (loud,)), Drifted(50, "gate weights", Level.WARNING, 1.0, detail)])
        log.add([Restructured(60, "grown", TOPOLOGY)])
    watched, drifted, restructured = (entry["payload"] for entry in entries(tmp_path / "audit.jsonl"))
    assert watched["evidence"][0]["evidence_nats"] == "-inf"
    assert drifted["detail"] == {"share": "nan", "leaves": ["a", "b"]}
    assert restructured["topology"]["leaves"] == list(TOPOLOGY.leaves)


def test_the_made_stream_comes_to_every_kind_of_line() -> None:
    assert {type(fact).__name__ for fact in one_promotion()} == {"Watched", "Decided", "Worth"}
