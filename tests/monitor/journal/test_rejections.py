"""Rejections are counted by cause, in bounded memory."""

from __future__ import annotations

import json

from monitor.journal.rejections import MAX_CAUSES, OTHER_CAUSES, Rejections
from stream_hmoe.events import Rejected


def rejected(record: int, field: str) -> Rejected:
    return Rejected(record, field, "'x'", "text in a number", "send a number")


def test_the_event_names_causes_by_number_and_gives_an_example() -> None:
    rejections = Rejections()
    for record, field in enumerate(("age", "pay", "pay")):
        rejections.add(rejected(record, field))
    event = rejections.event()
    assert event.record == 2
    assert event.statistic == 3
    assert event.message.startswith("3 records rejected, for example age was 'x': text in a number")
    assert list(json.loads(event.detail)["causes"].items()) == [
        ("pay: text in a number", 2),
        ("age: text in a number", 1),
    ]


def test_a_flood_of_causes_stays_bounded_and_no_record_is_lost() -> None:
    rejections = Rejections()
    for record in range(1_000):
        rejections.add(rejected(record, f"field {record}"))
    causes = json.loads(rejections.event().detail)["causes"]
    assert len(causes) == MAX_CAUSES + 1
    assert causes[OTHER_CAUSES] == 1_000 - MAX_CAUSES
    assert rejections.total == 1_000


def test_state_goes_round() -> None:
    rejections = Rejections()
    rejections.add(rejected(4, "age"))
    again = Rejections.from_state_dict(json.loads(json.dumps(rejections.state_dict())))
    again.add(rejected(5, "age"))
    rejections.add(rejected(5, "age"))
    assert again.event() == rejections.event()
