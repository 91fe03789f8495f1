"""Kafka in trouble: brokers away, messages deleted before they were read, topics missing or forbidden."""

from __future__ import annotations

from contextlib import closing
from itertools import pairwise
from typing import Any

import pytest

from monitor.config.schema import KafkaSourceConfig
from monitor.problems import ConfigurationProblem, MessagesGone
from monitor.sources import kafka_source
from monitor.sources.kafka_fetch import FETCHED
from monitor.sources.kafka_partitions import Partition, find_partitions
from monitor.sources.kafka_source import KafkaSource
from monitor.sources.log_merge import MESSAGE_COST_BYTES
from monitor.sources.messages import Message
from tests.brokers import MockControl, produce, wait_until
from tests.monitor.sources.made_logs import in_order, kafka, made_content, places, read

Mock = tuple[str, MockControl]
FORBIDDEN = 29
LARGE = b"x" * 100_000
NUM_LARGE = 80  # more than a partition of the mock keeps


def test_brokers_may_go_away_and_come_back(mock: Mock) -> None:
    bootstrap, control = mock
    control.create("e", 2)
    content = made_content(1, 2, 20)
    produce(bootstrap, "e", content)
    with closing(kafka(bootstrap)) as source:
        before, _ = read(source, 20)
        control.down()
        wait_until(lambda: not source.poll(10, 0.05).messages and bootstrap in source.problem)
        control.up()
        produce(bootstrap, "e", {1: [(9_000, b"after")]})
        after, _ = read(source, 1)
        assert after[0].body == b"after"
        wait_until(lambda: not source.poll(10, 0.05).messages and not source.problem)
    assert places(before) == in_order({"e": content})


def test_brokers_may_come_later_than_the_source(mock: Mock) -> None:
    bootstrap, control = mock
    control.create("e", 1)
    produce(bootstrap, "e", {0: [(1, b"a")]})
    control.down()
    with closing(kafka(bootstrap)) as source:
        batch = source.poll(10, 0.05)
        assert (batch.messages, dict(batch.position)) == ([], {"logs": {}})
        assert bootstrap in source.problem
        control.up()
        assert read(source, 1)[0][0].body == b"a"
    with closing(kafka(bootstrap, batch.position, start="latest")) as source:
        assert source.poll(10, 0.2).position == {"logs": {"e/0": {"offset": 1, "time_ms": 0}}}


def test_requests_that_fail_for_the_moment_are_tried_again(mock: Mock) -> None:
    bootstrap, control = mock
    control.create("e", 1)
    produce(bootstrap, "e", made_content(1, 1, 10))
    timed_out, not_leader = 7, 6
    control.fail("Fetch", timed_out, not_leader, timed_out)
    with closing(kafka(bootstrap, options={"fetch.error.backoff.ms": 10})) as source:
        assert len(read(source, 10)[0]) == 10


def test_deleted_messages_stop_the_source_and_it_says_what_is_there(mock: Mock) -> None:
    bootstrap, control = mock
    control.create("e", 2)
    produce(bootstrap, "e", {0: [(1, LARGE)] * NUM_LARGE, 1: [(2, b"b")]})
    with closing(kafka(bootstrap, at(3, 0))) as source, pytest.raises(MessagesGone) as caught:
        read(source, 1)
    text = str(caught.value)
    earliest = int(text.split("only ")[1].split()[0])
    assert f"e/0: offset 3 comes next, but only {earliest} to {NUM_LARGE} are retained" in text
    assert f"{earliest - 3} messages are gone; set gap: skip" in text


def test_deleted_messages_are_skipped_and_counted_when_told_to(mock: Mock) -> None:
    bootstrap, control = mock
    control.create("e", 1)
    produce(bootstrap, "e", {0: [(1, LARGE)] * NUM_LARGE})
    given, skipped = read_all(kafka(bootstrap, at(3), gap="skip"), 3, NUM_LARGE)
    assert skipped > 0
    assert given == list(range(3 + skipped, NUM_LARGE))


def test_messages_may_be_deleted_while_they_are_read(mock: Mock) -> None:
    bootstrap, control = mock
    control.create("e", 1)
    produce(bootstrap, "e", {0: [(1, LARGE)] * 5})
    source = kafka(bootstrap, gap="skip", queue_kbytes=64)
    first, _ = read(source, 1)
    produce(bootstrap, "e", {0: [(1, LARGE)] * (2 * NUM_LARGE)})
    given, skipped = read_all(source, 1, 2 * NUM_LARGE + 5)
    assert skipped > 0
    assert len(first) + len(given) + skipped == 2 * NUM_LARGE + 5
    assert sum(after - before - 1 for before, after in pairwise([0, *given])) == skipped


def read_all(source: KafkaSource, start: int, end: int) -> tuple[list[int], int]:
    """Offsets that are given up to the end of the only partition, and how many were skipped."""
    given: list[int] = []
    skipped = 0
    with closing(source):
        while not given or given[-1] < end - 1:
            batch = source.poll(2, 1.0)
            given += [int(message.offset) for message in batch.messages]
            skipped += batch.skipped.get("e/0", 0)
            assert batch.position["logs"]["e/0"]["offset"] == start + len(given) + skipped
    return given, skipped


@pytest.mark.parametrize("gap", ["fail", "skip"])
def test_a_log_that_ends_before_the_position_is_another_log(mock: Mock, gap: str) -> None:
    bootstrap, control = mock
    control.create("e", 1)
    produce(bootstrap, "e", made_content(1, 1, 5))
    source = kafka(bootstrap, at(500), gap=gap)
    with (
        closing(source),
        pytest.raises(ConfigurationProblem, match=r"offset 500 .* the log ends at 5.* anew"),
    ):
        read(source, 1)


def at(*offsets: int) -> dict[str, Any]:
    logs = {f"e/{partition}": {"offset": offset, "time_ms": 0} for partition, offset in enumerate(offsets)}
    return {"logs": logs}


def test_a_topic_that_is_missing_or_forbidden_is_named(mock: Mock) -> None:
    bootstrap, control = mock
    control.create("e", 1)
    for settings, words in (
        ({"events": "nope"}, "topic nope: .*Unknown topic.* create the topic"),
        ({"partitions": [0, 4]}, r"partitions: e has no partition 4, it has 1 \(from 0\)"),
    ):
        source = kafka(bootstrap, **settings)
        with closing(source), pytest.raises(ConfigurationProblem, match=words):
            source.poll(1, 1.0)
    control.topic_error("e", FORBIDDEN)
    source = kafka(bootstrap)
    with closing(source), pytest.raises(ConfigurationProblem, match=r"topic e: .*authorization.* allow"):
        source.poll(1, 1.0)


def test_permission_may_end_while_it_is_read(mock: Mock) -> None:
    bootstrap, control = mock
    control.create("e", 1)
    produce(bootstrap, "e", made_content(1, 1, 5))
    with closing(kafka(bootstrap)) as source:
        read(source, 5)
        control.fail("Fetch", *[FORBIDDEN] * 3)
        with pytest.raises(ConfigurationProblem, match=r"e/0 from offset 5 on: .*authorization.* allow"):
            read(source, 1)
        with pytest.raises(ConfigurationProblem):
            source.poll(1, 0.0)


def test_a_position_of_other_topics_is_refused() -> None:
    with pytest.raises(ConfigurationProblem, match="the position is of topic e, the configuration names f"):
        kafka("localhost:1", at(0), events="f")


def test_records_and_labels_have_topics_of_their_own() -> None:
    with pytest.raises(ConfigurationProblem, match="labels: e is the topic of the records too"):
        kafka("localhost:1", labels="e")


def test_options_are_checked() -> None:
    with pytest.raises(ConfigurationProblem, match=r"options: auto\.offset\.reset is set by the program"):
        kafka("localhost:1", options={"auto.offset.reset": "latest"})
    with pytest.raises(ConfigurationProblem, match=r'options: .*"sasl\.name"'):
        kafka("localhost:1", options={"sasl.name": "x"})


def test_a_silent_broker_is_passed_over_and_counted(mock: Mock) -> None:
    bootstrap, control = silent_labels(mock)
    produce(bootstrap, "e", {0: [(1, b"a"), (3, b"c")]})
    produce(bootstrap, "l", {0: [(2, b"b")]})
    source = kafka(bootstrap, at_start(), labels="l", merge_wait_seconds=0.05)
    control.delay(2, 300)
    with closing(source):
        messages, _ = read(source, 3)
    assert [message.body for message in messages] == [b"a", b"c", b"b"]
    assert source.passed_over == 1


def at_start() -> dict[str, Any]:
    return {"logs": {log: {"offset": 0, "time_ms": 0} for log in ("e/0", "l/0")}}


def silent_labels(mock: Mock) -> Mock:
    """Records on the first broker, labels on the second."""
    bootstrap, control = mock
    for topic, leader in (("e", 1), ("l", 2)):
        control.create(topic, 1)
        control.lead(topic, 0, leader)
    return bootstrap, control


def test_waiting_for_one_partition_fills_no_memory(mock: Mock) -> None:
    bootstrap, control = silent_labels(mock)
    body = b"x" * 1_000
    produce(bootstrap, "e", {0: [(1, body)] * 4_000})
    produce(bootstrap, "l", {0: [(2, b"last")]})
    source = kafka(bootstrap, at_start(), labels="l", merge_wait_seconds=60, queue_kbytes=256)
    control.delay(2, 300)
    most = 0
    with closing(source):
        messages: list[Message] = []
        while len(messages) < 4_001:
            messages += source.poll(500, 0.1).messages
            most = max(most, source._merge.waiting_bytes)
            if not messages:
                assert source.passed_over == 0
    assert places(messages) == [("e/0", str(number)) for number in range(4_000)] + [("l/0", "0")]
    assert 256 * 1_024 < most < 256 * 1_024 + FETCHED * (len(body) + 2 * MESSAGE_COST_BYTES)


def test_partitions_that_are_added_later_are_noticed(mock: Mock, monkeypatch: pytest.MonkeyPatch) -> None:
    bootstrap, control = mock
    control.create("e", 3)
    produce(bootstrap, "e", made_content(1, 3, 30))
    visible = [1]

    def so_far(*arguments: Any) -> list[Partition]:
        return find_partitions(*arguments)[: visible[0]]

    monkeypatch.setattr(kafka_source, "find_partitions", so_far)
    config = KafkaSourceConfig(brokers=bootstrap, events="e", start="latest")
    with closing(KafkaSource(config, None, check_seconds=0.0)) as source:
        position = source.poll(10, 0.2).position
        assert list(position["logs"]) == ["e/0"]
        visible[0] = 2
        wait_until(lambda: "e/1" in source.poll(0, 0.0).position["logs"])
    visible[0] = 3
    with closing(KafkaSource(config, position)) as source:
        messages, _ = read(source, 1)
        assert {message.log for message in messages} <= {"e/1", "e/2"}
        assert source.lag()["e/0"] == 0


def test_only_the_listed_partitions_are_read(mock: Mock) -> None:
    bootstrap, control = mock
    control.create("e", 3)
    content = made_content(1, 3, 30)
    produce(bootstrap, "e", content)
    with closing(kafka(bootstrap, at(1, 2, 0), partitions=[2])) as source:
        messages, position = read(source, len(content[2]))
        assert not source.poll(10, 0.15).messages
    assert {message.log for message in messages} == {"e/2"}
    offsets = {log: place["offset"] for log, place in position["logs"].items()}
    assert offsets == {"e/0": 1, "e/1": 2, "e/2": len(content[2])}


def test_lag_is_what_was_not_given_yet(mock: Mock) -> None:
    bootstrap, control = mock
    control.create("e", 2)
    produce(bootstrap, "e", {0: [(1, b"a")] * 30, 1: [(2, b"b")] * 5})
    with closing(kafka(bootstrap)) as source:
        assert source.lag() == {}
        read(source, 12)
        assert source.lag() == {"e/0": 18, "e/1": 5}
        read(source, 23)
        assert source.lag() == {"e/0": 0, "e/1": 0}
    assert source.lag() == {}
    source.close()
