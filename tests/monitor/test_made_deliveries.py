"""Made messages: every record once, in time, its label later and to the same key."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.made_deliveries import TARGET, MadeMessage, made_messages
from monitor.sources.messages import Channel
from stream_hmoe.streams import DriftStream


def made(**options: Any) -> list[MadeMessage]:
    usual = {
        "start_seconds": 1_000.0,
        "records_per_second": 100.0,
        "label_delay_seconds": 2.0,
        "records": 300,
    }
    return list(made_messages(DriftStream(seed=3), **{**usual, **options}))


def bodies(messages: list[MadeMessage], channel: Channel) -> dict[str, dict[str, Any]]:
    return {message.key: json.loads(message.body) for message in messages if message.channel is channel}


def test_records_and_labels_are_those_of_the_stream() -> None:
    messages = made()
    events, labels = bodies(messages, Channel.EVENTS), bodies(messages, Channel.LABELS)
    stream = DriftStream(seed=3)
    for number in range(300):
        features, label, _ = next(stream)
        key = f"1000-{number}"
        assert events[key] == {"id": key, "time": 1_000 + number / 100, **features}
        assert labels[key][TARGET] == label
        assert set(labels[key]) == {"id", "time", TARGET}
    assert len(messages) == 600


def test_labels_come_late_by_half_to_one_and_a_half_of_the_mean_and_overtake_each_other() -> None:
    messages = made()
    events, labels = bodies(messages, Channel.EVENTS), bodies(messages, Channel.LABELS)
    delays = [labels[key]["time"] - events[key]["time"] for key in events]
    assert 1.0 <= min(delays) < 1.1
    assert 2.9 < max(delays) <= 3.0
    numbers = [message.record for message in messages if message.channel is Channel.LABELS]
    assert numbers != sorted(numbers)


@given(st.floats(0.01, 9.0), st.floats(10.0, 1_000.0))
def test_messages_come_in_the_order_in_which_they_are_due(delay: float, rate: float) -> None:
    due = [message.due_seconds for message in made(label_delay_seconds=delay, records_per_second=rate)]
    assert due == sorted(due)


def test_without_delay_records_bring_their_labels() -> None:
    messages = made(label_delay_seconds=0.0)
    assert {message.channel for message in messages} == {Channel.EVENTS}
    assert all(TARGET in json.loads(message.body) for message in messages)


@pytest.mark.parametrize(("ratio", "least", "most"), [(0.0, 0, 0), (0.5, 120, 180), (1.0, 300, 300)])
def test_a_share_of_the_labels_never_comes(ratio: float, least: int, most: int) -> None:
    assert least <= len(bodies(made(label_ratio=ratio), Channel.LABELS)) <= most
