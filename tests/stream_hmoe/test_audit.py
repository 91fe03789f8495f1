"""A chain shows every change, gap and addition, and goes on after a restart."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_hmoe.audit import FIRST, AuditChain, verify

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def chain_of(payloads: list[dict[str, Any]]) -> tuple[AuditChain, list[str]]:
    chain = AuditChain()
    return chain, [chain.append(10 * n, "noted", payload) for n, payload in enumerate(payloads)]


@given(st.lists(st.dictionaries(st.text(), plain, max_size=3), max_size=4))
def test_a_chain_holds_and_says_where_it_ends(payloads: list[dict[str, Any]]) -> None:
    chain, lines = chain_of(payloads)
    verdict = verify(line + "\n" for line in lines)
    assert verdict.broken is None
    assert (verdict.count, verdict.last) == (chain.count, chain.last) == (len(lines), verdict.last)
    assert [json.loads(line)["payload"] for line in lines] == payloads
    assert all(line.isascii() and "\n" not in line for line in lines)


@given(st.integers(0, 3), st.data())
def test_any_changed_character_breaks_the_chain_there(number: int, data: st.DataObject) -> None:
    _, lines = chain_of([{"value": 1.5, "name": "é"}] * 4)
    place = data.draw(st.integers(0, len(lines[number]) - 1))
    other = data.draw(st.sampled_from('0aZ "{'))
    changed = lines[number][:place] + other + lines[number][place + 1 :]
    broken = verify([*lines[:number], changed, *lines[number + 1 :]]).broken
    assert (broken is None) == (changed == lines[number])
    assert broken is None or broken.line == number


@pytest.mark.parametrize(
    ("lines", "line", "reason"),
    [
        ([0, 2], 1, "missing"),
        ([0, 1, 1], 2, "put in"),
        ([1, 0], 0, "index"),
    ],
)
def test_gaps_and_additions_are_found(lines: list[int], line: int, reason: str) -> None:
    _, whole = chain_of([{}] * 3)
    broken = verify([whole[n] for n in lines]).broken
    assert broken is not None
    assert broken.line == line
    assert reason in broken.reason


def test_a_record_that_was_hashed_anew_does_not_fit_the_next() -> None:
    _, lines = chain_of([{"a": 1}, {"a": 2}])
    forged = AuditChain().append(0, "noted", {"a": 9})
    broken = verify([forged, lines[1]]).broken
    assert broken is not None
    assert broken.line == 1
    assert "does not follow" in broken.reason


@pytest.mark.parametrize(("line", "reason"), [("{", "not JSON"), ("[]", "fields"), ('{"index":0}', "fields")])
def test_lines_that_are_no_records(line: str, reason: str) -> None:
    broken = verify([line]).broken
    assert broken is not None
    assert reason in broken.reason


def test_another_form_of_the_same_values_is_not_the_record() -> None:
    _, (line,) = chain_of([{"a": 1}])
    broken = verify([json.dumps(json.loads(line))]).broken
    assert broken is not None
    assert "canonical" in broken.reason


def test_a_cut_off_end_shows_in_the_count() -> None:
    chain, lines = chain_of([{}] * 3)
    verdict = verify(lines[:2])
    assert verdict.broken is None
    assert (verdict.count, verdict.last) != (chain.count, chain.last)


def test_the_chain_goes_on_after_a_restart() -> None:
    chain, lines = chain_of([{"a": 1}, {"a": 2}])
    state = json.loads(json.dumps(chain.state_dict()))
    resumed = AuditChain()
    resumed.load_state_dict(state)
    next_line = resumed.append(30, "promoted", {"evidence_nats": 4.7})
    assert next_line == chain.append(30, "promoted", {"evidence_nats": 4.7})
    assert verify([*lines, next_line]).count == 3
    assert verify([next_line], count=2, last=str(state["last"])).broken is None


@pytest.mark.parametrize("value", [np.float64(1.0), np.array([1.0]), (1, 2), {1: 2}, {"a": {1, 2}}, b"a"])
def test_what_json_would_change_is_refused_and_nothing_is_appended(value: Any) -> None:
    chain = AuditChain()
    with pytest.raises(TypeError, match="payload"):
        chain.append(0, "noted", {"value": value})
    assert chain.state_dict() == {"count": 0, "last": FIRST}


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_are_none_are_refused(value: float) -> None:
    chain = AuditChain()
    with pytest.raises(ValueError):
        chain.append(0, "noted", {"value": value})
    assert chain.count == 0


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e999"])
def test_numbers_that_json_does_not_know_break_the_chain(number: str) -> None:
    _, (line,) = chain_of([{"a": 1}])
    broken = verify([line.replace('"a":1', f'"a":{number}')]).broken
    assert broken is not None
    assert broken.line == 0
