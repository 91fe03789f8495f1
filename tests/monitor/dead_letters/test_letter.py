"""Dead letters as lines and as headers: whatever the bytes are, they come back."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.dead_letters import DeadLetter, from_headers, from_line, to_headers, to_line
from monitor.outputs import reject_line
from monitor.sources.messages import Channel
from stream_hmoe.events import Rejected

texts = st.text(max_size=9)
letters = st.builds(
    DeadLetter,
    log=st.sampled_from(["payments/3", "team/payments/0", "inbox"]),
    offset=st.sampled_from(["17", "17#4", "1-0"]),
    channel=st.sampled_from(Channel),
    key=st.none() | st.binary(max_size=5) | texts.map(str.encode),
    body=st.binary() | texts.map(str.encode),
    reason=texts,
    field=texts,
    value=texts,
    remedy=texts,
    time_seconds=st.floats(0, 1e10),
)


@given(letters)
def test_a_line_brings_everything_back(letter: DeadLetter) -> None:
    line = to_line(letter)
    assert b"\n" not in line
    assert from_line(line) == letter


@given(letters)
def test_headers_bring_everything_back(letter: DeadLetter) -> None:
    assert from_headers(to_headers(letter), letter.key, letter.body, letter.time_seconds) == letter


def test_the_names_in_a_line_and_in_headers_are_those_that_others_rely_on() -> None:
    letter = DeadLetter("payments/3", "17", Channel.EVENTS, None, b"\xff", "bad", "x", "1", "mend it", 2.0)
    assert json.loads(to_line(letter)) == {
        "log": "payments/3",
        "offset": "17",
        "channel": "events",
        "key": None,
        "body_base64": "/w==",
        "reason": "bad",
        "field": "x",
        "value": "1",
        "remedy": "mend it",
        "time_seconds": 2.0,
    }
    assert dict(to_headers(letter)) == {
        "__streams.errors.exception": b"stream_hmoe.events.Rejected",
        "__streams.errors.topic": b"payments",
        "__streams.errors.partition": b"3",
        "__streams.errors.offset": b"17",
        "__streams.errors.message": b"bad",
        "__streams.errors.channel": b"events",
        "__streams.errors.field": b"x",
        "__streams.errors.value": b"1",
        "__streams.errors.remedy": b"mend it",
    }


def test_dead_letters_of_other_programs_are_read_as_far_as_they_go() -> None:
    found = from_headers(
        [("other", b"1"), ("__streams.errors.topic", b"t"), ("trace", None)], None, b"x", 0.0
    )
    assert (found.log, found.reason) == ("t", "no reason given")


def test_rejects_of_a_run_on_a_file_are_dead_letters_too() -> None:
    fact = Rejected(7, "age", "inf", "it is infinite", "Send a finite number.")
    letter = from_line(reject_line(fact, 9, {"age": "inf", "label": 1}).encode())
    assert (letter.origin, letter.field, letter.reason) == ("line 9", "age", "it is infinite")
    assert json.loads(letter.body) == {"age": "inf", "label": 1}
    assert from_line(reject_line(fact, 9, "spoiled").encode()).body == b"spoiled"


def test_a_body_may_be_repaired_as_an_object() -> None:
    entry = {
        **json.loads(to_line(DeadLetter("t/0", "1", Channel.EVENTS, None, b"{", "bad"))),
        "body": {"x": 1},
    }
    assert from_line(json.dumps(entry).encode()).body == b'{"x": 1}'


@pytest.mark.parametrize(
    "line",
    [b"", b"{", b"[1]", b'{"body": "x"}', b'{"reason": "x"}', b'{"reason": "x", "body_base64": "?"}',
     b'{"reason": "x", "body": "", "channel": "none"}'],
)  # fmt: skip
def test_other_lines_are_refused(line: bytes) -> None:
    with pytest.raises(ValueError):
        from_line(line)
