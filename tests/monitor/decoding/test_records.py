"""Which events a record becomes, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.config.schema import StreamConfig
from monitor.decoding import WHOLE, BadKind, Decoded, make_decoder
from monitor.sources.messages import Channel
from stream_hmoe.events import Example, Label, Observation
from tests.monitor.decoding.made_messages import message, messages, stream


def decoded(config: StreamConfig, *bodies: Any) -> Decoded:
    return make_decoder(config).decode(messages(bodies))


def flaw(config: StreamConfig, body: Any) -> tuple[BadKind, str, str]:
    found = decoded(config, body)
    assert not found.events
    (bad,) = found.bad
    assert bad.reason
    assert bad.remedy.endswith(".")
    return bad.kind, bad.field, bad.value


def test_a_record_with_its_label_is_an_example_without_key_and_ignored_fields() -> None:
    config = stream(ignored=["note"], labels={"time": "at"})
    found = decoded(
        config, {"id": 5, "x": 1.5, "note": {"a": 1}, "at": 9, "label": "a"}, {"x": 2, "label": 1}
    )
    assert found.events == [Example({"x": 1.5}, "a"), Example({"x": 2}, "1")]
    assert found.keys == ["5", "orders/3@1"]
    assert found.origins == [0, 1]
    assert found.rows == [WHOLE, WHOLE]


def test_later_labels_make_observations_and_the_time_is_the_records_own() -> None:
    config = stream("later", labels={"time": "at"})
    found = decoded(config, {"id": "a", "x": 1, "at": 3}, {"id": "b", "x": 2})
    assert found.events == [Observation("a", {"x": 1}, 3.0), Observation("b", {"x": 2}, 12.5)]


def test_one_log_can_carry_records_labels_and_both_at_once() -> None:
    found = decoded(
        stream("later"), {"id": "a", "x": 1}, {"id": "a", "label": "u"}, {"id": "b", "x": 2, "label": "v"}
    )
    assert found.events == [
        Observation("a", {"x": 1}, 12.5),
        Label("a", "u", 12.5),
        Observation("b", {"x": 2}, 12.5),
        Label("b", "v", 12.5),
    ]
    assert found.origins == [0, 1, 2, 2]


def test_a_null_label_says_that_it_is_still_to_come() -> None:
    assert decoded(stream("later"), {"id": "a", "x": 1, "label": None}).events == [
        Observation("a", {"x": 1}, 12.5)
    ]


def test_the_labels_channel_holds_labels_and_whatever_else_is_in_them_is_left_out() -> None:
    decoder = make_decoder(stream("later"))
    found = decoder.decode([message({"id": "a", "label": True, "x": 3}, Channel.LABELS)])
    assert found.events == [Label("a", "true", 12.5)]
    (bad,) = decoder.decode([message({"id": "a", "x": 3}, Channel.LABELS)]).bad
    assert (bad.kind, bad.field) == (BadKind.MISSING, "label")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"x": 1, "label": "a"}, (BadKind.MISSING, "id", "")),
        ({"id": "", "x": 1}, (BadKind.MISSING, "id", "")),
        ({"id": 1.5, "x": 1}, (BadKind.TYPE, "id", "1.5")),
        ({"id": True, "x": 1}, (BadKind.TYPE, "id", "true")),
        ({"id": ["a"], "x": 1}, (BadKind.TYPE, "id", "an array with 1 entries")),
        ({"id": "k" * 201, "x": 1}, (BadKind.RANGE, "id", f"'{'k' * 79}...")),
        ({"id": "a"}, (BadKind.MISSING, "", "")),
        ({"id": "a", "x": {"y": 1}}, (BadKind.TYPE, "x", "an object with 1 fields")),
        ({"id": "a", "x": 1, "at": "noon"}, (BadKind.TYPE, "at", "'noon'")),
        ({"id": "a", "x": 1, "at": 1_700_000_000_000}, (BadKind.RANGE, "at", "1700000000000")),
        ({"id": "a", "x": 1, "at": -1}, (BadKind.RANGE, "at", "-1")),
        ({"id": "a", "x": 1, "label": ["b"]}, (BadKind.TYPE, "label", "an array with 1 entries")),
        ({"id": "a", "x": 1, "label": "c" * 201}, (BadKind.RANGE, "label", f"'{'c' * 79}...")),
    ],
)
def test_what_is_wrong_is_named_by_kind_field_and_value(
    body: Any, expected: tuple[BadKind, str, str]
) -> None:
    assert flaw(stream("later", labels={"time": "at"}), body) == expected


def test_a_time_more_than_a_day_after_that_of_the_message_is_refused() -> None:
    config = stream("later", labels={"time": "at"})
    a_day_on = {"id": "a", "x": 1, "at": 86_412.5}
    assert decoded(config, a_day_on).events == [Observation("a", {"x": 1}, 86_412.5)]
    later = a_day_on | {"at": 86_412.6}
    assert flaw(config, later) == (BadKind.RANGE, "at", "86412.6")
    undated = message(later)._replace(time_seconds=0.0)
    assert len(make_decoder(config).decode([undated]).events) == 1


@pytest.mark.parametrize("label", [None, "", "  "])
def test_a_record_that_should_bring_its_label_and_does_not_is_refused(label: Any) -> None:
    assert flaw(stream(), {"x": 1, "label": label})[:2] == (BadKind.MISSING, "label")


def test_a_number_to_predict_may_be_written_as_text_but_must_be_finite() -> None:
    config = stream(task="regression")
    found = decoded(config, {"x": 1, "label": "2.5"}, {"x": 1, "label": 3}, {"x": 1, "label": True})
    assert [event.target for event in found.events if isinstance(event, Example)] == [2.5, 3.0, 1.0]
    assert flaw(config, {"x": 1, "label": "inf"}) == (BadKind.TYPE, "label", "'inf'")
    assert flaw(config, {"x": 1, "label": "dear"}) == (BadKind.TYPE, "label", "'dear'")
    assert flaw(config, b'{"x": 1, "label": 1' + b"0" * 400 + b"}")[:2] == (BadKind.TYPE, "label")


def test_bad_records_stand_between_the_events_where_they_came() -> None:
    found = decoded(stream(), {"x": 1, "label": "a"}, b"{", {"x": 2, "label": "a"}, {"x": 3})
    assert [(bad.message, bad.after) for bad in found.bad] == [(1, 1), (3, 2)]
    assert found.origins == [0, 2]


def test_how_messages_are_cut_into_batches_changes_nothing() -> None:
    decoder = make_decoder(stream("later"))
    batch = messages([{"id": n, "x": n, "label": "a"} if n % 3 else b"?" for n in range(12)])
    whole = decoder.decode(batch)
    parts = [decoder.decode(batch[begin : begin + 5]) for begin in (0, 5, 10)]
    assert [event for part in parts for event in part.events] == whole.events
    assert [bad[3:] for part in parts for bad in part.bad] == [bad[3:] for bad in whole.bad]


def test_a_time_days_after_the_message_itself_would_age_all_that_waits() -> None:
    config = stream("later", labels={"time": "at"})
    assert flaw(config, {"id": "a", "x": 1, "at": 86_413.0}) == (BadKind.RANGE, "at", "86413.0")
    found = decoded(config, {"id": "a", "x": 1, "at": 86_412.0})
    assert found.events == [Observation("a", {"x": 1}, 86_412.0)]
    unknown = message({"id": "a", "x": 1, "at": 9e9})._replace(time_seconds=0.0)
    assert make_decoder(config).decode([unknown]).events == [Observation("a", {"x": 1}, 9e9)]


@pytest.mark.parametrize("label", [1e101, "-1e300", 1.7e308])
def test_a_number_of_no_world_is_no_label(label: Any) -> None:
    config = stream(task="regression")
    assert flaw(config, {"x": 1, "label": label})[:2] == (BadKind.RANGE, "label")
    assert decoded(config, {"x": 1, "label": -1e100}).events == [Example({"x": 1}, -1e100)]
