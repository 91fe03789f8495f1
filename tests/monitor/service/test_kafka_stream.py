"""A stream of Kafka topics with late labels: it adds up, and a crash anywhere changes nothing."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, TopicPartition

from monitor.config import ServiceConfig
from monitor.service.supervisor import Standing
from monitor.status import Halt
from tests.brokers import MockControl, produce, start_mock_cluster, unique, wait_until
from tests.monitor.conftest import MakeTopics
from tests.monitor.service.made_service import (
    STREAM,
    configuration,
    is_all_taken,
    late_stream,
    produce_late,
    result_of,
    run_late,
    started,
    status_of,
    stream,
    supervisor_of,
    turn_until,
)

OBSERVATIONS = 900
PARTITIONS = 3
Cluster = tuple[str, MockControl]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with start_mock_cluster({"events": PARTITIONS, "labels": PARTITIONS}) as made:
        yield made


@pytest.fixture(scope="module")
def expected(cluster: Cluster) -> tuple[int, int]:
    """Observations and labels in the topics."""
    return produce_late(cluster[0], "events", "labels", OBSERVATIONS, PARTITIONS)


@pytest.fixture(scope="module")
def peaceful(
    cluster: Cluster, expected: tuple[int, int], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """What came of a service that nobody disturbed."""
    state = tmp_path_factory.mktemp("peaceful")
    run_late(configuration(state, late_stream(cluster[0])), expected)
    return result_of(state)


def read_topic(broker: str, topic: str, count: int) -> list[Any]:
    """The first messages of a topic of one partition."""
    consumer = Consumer({"bootstrap.servers": broker, "group.id": "reader"})
    consumer.assign([TopicPartition(topic, 0, 0)])
    found: list[Any] = []

    def is_enough() -> bool:
        found.extend(one for one in consumer.consume(500, 0.1) if one.error() is None)
        return len(found) >= count

    wait_until(is_enough)
    consumer.close()
    return found


def test_everything_adds_up(peaceful: Mapping[str, Any], expected: tuple[int, int]) -> None:
    account = peaceful["account"]
    twice, unmatched = -(-OBSERVATIONS // 23), -(-OBSERVATIONS // 13)
    assert account["learned"] == OBSERVATIONS - unmatched
    assert account["duplicates"] == twice
    assert account["labels_joined"] == account["learned"]
    assert account["labels_duplicate"] == expected[1] - account["learned"]
    unreadable = -(-OBSERVATIONS // 101)
    assert account["received"] + unreadable == expected[0]
    assert peaceful["dead-letters lines"] == unreadable
    assert peaceful["predictions lines"] == OBSERVATIONS


def test_the_sums_hold_while_the_stream_is_under_way(
    cluster: Cluster, expected: tuple[int, int], tmp_path: Path
) -> None:
    sums = []
    with started(configuration(tmp_path, late_stream(cluster[0]))) as service:

        def note() -> bool:
            account = status_of(service).account
            assert account is not None
            sums.append(account)
            return is_all_taken(service, expected)()

        turn_until(service, note, limit=50)
    for account in sums:
        parts = account.learned + account.held_back + account.pending + account.expired
        assert account.received == parts + account.rejected + account.duplicates
        joined = account.labels_joined + account.labels_waiting + account.labels_duplicate
        lost = account.labels_corrected + account.labels_unmatched + account.labels_rejected
        assert account.labels_received == joined + lost
    assert max(account.pending for account in sums) > 30
    assert max(account.labels_waiting for account in sums) > 0


@pytest.mark.parametrize("seed", [1, 2])
def test_thrown_away_at_random_turns_it_ends_the_same(
    cluster: Cluster, expected: tuple[int, int], peaceful: Mapping[str, Any], tmp_path: Path, seed: int
) -> None:
    config, moments = configuration(tmp_path, late_stream(cluster[0])), random.Random(seed)
    for _ in range(3):
        limit, wanted = moments.randrange(20, 200), moments.randrange(1, 700)
        with started(config) as service:
            begun = received(service)
            turn_until(service, lambda begun=begun, wanted=wanted: received(service) >= begun + wanted, limit)
    run_late(config, expected)
    assert result_of(tmp_path) == peaceful


def received(service: Any) -> int:
    account = status_of(service).account
    return 0 if account is None else min(OBSERVATIONS, account.received) + account.labels_received


@pytest.mark.parametrize("harm", ["cut", "flipped"])
def test_a_damaged_checkpoint_is_told_and_the_one_before_it_serves(
    cluster: Cluster,
    expected: tuple[int, int],
    peaceful: Mapping[str, Any],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    harm: str,
) -> None:
    config = configuration(tmp_path, late_stream(cluster[0]))
    with started(config) as service:
        turn_until(service, lambda: status_of(service).checkpoint_record > 500)
    newest = max((tmp_path / STREAM / "checkpoint").glob("state-*"))
    arrays = newest / "arrays.safetensors"
    content = bytearray(arrays.read_bytes())
    if harm == "cut":
        del content[-1_000:]
    else:
        content[len(content) // 2] ^= 1
    arrays.write_bytes(content)
    run_late(config, expected)
    assert result_of(tmp_path) == peaceful
    told = [record for record in caplog.records if record.msg == "checkpoint_damaged"]
    assert [one.__dict__["hmoe_fields"]["checkpoint"] for one in told] == [newest.name]


def test_without_a_whole_checkpoint_the_stream_stands_still(
    cluster: Cluster, expected: tuple[int, int], tmp_path: Path
) -> None:
    config = configuration(tmp_path, late_stream(cluster[0]))
    run_late(config, expected)
    for manifest in (tmp_path / STREAM / "checkpoint").glob("*/manifest.json"):
        manifest.write_text("{}")
    predictions = (tmp_path / STREAM / "predictions.jsonl").read_bytes()
    with pytest.raises(Exception, match=r"no checkpoint in .* is whole"), started(config):
        pass
    assert (tmp_path / STREAM / "predictions.jsonl").read_bytes() == predictions


def test_results_in_topics_are_equal_once_repeats_are_dropped(
    broker: tuple[str, MakeTopics], tmp_path: Path
) -> None:
    address, create = broker
    names = {name: unique(name) for name in ("events", "labels", "results-1", "results-2", "dead")}
    create(dict.fromkeys(names.values(), 1))
    expected = produce_late(address, names["events"], names["labels"], 300, 1)
    first = to_topics(tmp_path / "one", address, names, "results-1")
    run_late(first, expected)
    crashed = to_topics(tmp_path / "other", address, names, "results-2")
    with started(crashed) as service:
        turn_until(service, lambda: received(service) >= 200, limit=30)
        for sink in supervisor_of(service).worker.parts.sinks.values():  # type: ignore[union-attr]
            sink.flush()
    run_late(crashed, expected)
    one, other = (read_topic(address, names[name], 300) for name in ("results-1", "results-2"))
    assert [message.headers() for message in one[:1]] == [
        [("id", f"{STREAM}/{names['events']}/0@0".encode())]
    ]
    assert without_repeats(one) == without_repeats(other)
    assert len(without_repeats(other)) == 300 < len(other)


def to_topics(state: Path, address: str, names: Mapping[str, str], results: str) -> ServiceConfig:
    sink = {"kind": "kafka", "brokers": address}
    dead_letters = {"sink": {**sink, "topic": names["dead"]}}
    outputs = {"predictions": {**sink, "topic": names[results]}}
    one = late_stream(address, names["events"], names["labels"], outputs=outputs, dead_letters=dead_letters)
    return configuration(state, one, checkpoint={"records": 100, "seconds": 3_600.0})


def without_repeats(messages: list[Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for message in messages:
        value = json.loads(message.value())
        value.pop("id")
        identifier = dict(message.headers())["id"].decode()
        assert found.setdefault(identifier, value) == value
    return found


def test_dead_letters_go_to_a_topic_as_they_came_with_the_reason(
    broker: tuple[str, MakeTopics], tmp_path: Path
) -> None:
    address, create = broker
    events, dead = unique("events"), unique("dead")
    create({events: 1, dead: 1})
    bodies = [b'{"x": 1.0, "label": "up"}', b"\xff no text", b'{"x": 2.0}', b'{"x": [1], "label": "up"}']
    produce(address, events, {0: [(1_700_000_000_000, body) for body in bodies]})
    letters = {"sink": {"kind": "kafka", "brokers": address, "topic": dead}}
    source = {"kind": "kafka", "brokers": address, "events": events}
    with started(configuration(tmp_path, stream(source, dead_letters=letters))) as service:
        turn_until(service, is_all_taken(service, (4, 0)))
        service.stop("all is there")
        assert status_of(service).dead_letters == {"unreadable": 3, "invalid record": 0, "invalid label": 0}
    found = read_topic(address, dead, 3)
    assert [message.value() for message in found] == bodies[1:]
    headers = [{key.rpartition(".")[2]: value.decode() for key, value in one.headers()} for one in found]
    assert [one["offset"] for one in headers] == ["1", "2", "3"]
    assert [one["topic"] for one in headers] == [events] * 3
    assert [one["field"] for one in headers] == ["", "label", "x"]
    assert all(one["message"] and one["remedy"] for one in headers)


@pytest.mark.parametrize("gap", ["fail", "skip"])
def test_messages_that_are_gone_halt_the_stream_or_are_counted(
    mock: Cluster, tmp_path: Path, gap: str
) -> None:
    address, control = mock
    control.create("e", 1)
    bodies = [json.dumps({"x": number, "label": "up"}).encode() for number in range(10)]
    produce(address, "e", {0: [(1, body) for body in bodies]})
    source = {"kind": "kafka", "brokers": address, "events": "e", "gap": gap}
    config = configuration(tmp_path, stream(source, is_closed=False))
    with started(config) as service:
        turn_until(service, is_all_taken(service, (10, 0)))
        service.stop("enough")
    large = json.dumps({"x": 1.0, "label": "up", "padding": "x" * 500_000}).encode()
    produce(address, "e", {0: [(1, large)] * 20})
    with started(config) as service:
        if gap == "skip":
            turn_until(service, lambda: status_of(service).skipped > 0)
            skipped = status_of(service).skipped
            turn_until(service, is_all_taken(service, (30 - skipped, 0)))
            return
        turn_until(service, lambda: supervisor_of(service).standing is Standing.HALTED)
        status = status_of(service)
        assert status.halt is Halt.GAP
        assert "messages are gone; set gap: skip" in status.halted
        assert service.gateway.readiness() == [f"{STREAM}: {status.halted}"]
