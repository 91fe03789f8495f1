"""A look at a cluster finds what a run would stumble over, and says what to do."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.config.schema import KafkaSinkConfig, KafkaSourceConfig
from monitor.kafka_probe import Finding, probe_kafka
from tests.brokers import MockControl, produce, unique
from tests.monitor.conftest import MakeTopics

Mock = tuple[str, MockControl]
FORBIDDEN, GROUP_FORBIDDEN = 29, 30


def source(bootstrap: str, **settings: Any) -> KafkaSourceConfig:
    return KafkaSourceConfig(**{"brokers": bootstrap, "events": "e", **settings})


def bad(findings: list[Finding]) -> list[Finding]:
    assert all(bool(finding.remedy) is not finding.is_good for finding in findings)
    return [finding for finding in findings if not finding.is_good]


def test_all_is_well(broker: tuple[str, MakeTopics]) -> None:
    bootstrap, make = broker
    events, labels = unique("events"), unique("labels")
    make({events: 3, labels: 1})
    produce(bootstrap, events, {0: [(1, b"x")]})
    findings = probe_kafka(source(bootstrap, events=events, labels=labels))
    assert bad(findings) == []
    assert [finding.text for finding in findings[1:]] == [
        f"topic {events}: 3 partitions",
        f"reading {events}/0: allowed",
        f"topic {labels}: 1 partitions",
        f"reading {labels}/0: allowed",
        "group hmoe: offsets can be looked up",
    ]
    sink = KafkaSinkConfig(brokers=bootstrap, topic=labels)
    assert [finding.text for finding in probe_kafka(sink)[1:]] == [f"topic {labels}: 1 partitions"]


def test_no_broker_answers() -> None:
    (finding,) = bad(probe_kafka(source("127.0.0.1:1"), seconds=0.3))
    assert finding.text.startswith("no answer from Kafka at 127.0.0.1:1")
    assert "is Kafka running" in finding.remedy


def test_topics_and_partitions_that_are_missing_are_named(mock: Mock) -> None:
    bootstrap, control = mock
    control.create("e", 2)
    (finding,) = bad(probe_kafka(source(bootstrap, labels="nope")))
    assert finding.text.startswith("topic nope: ")
    assert finding.remedy.startswith("create the topic")
    (finding,) = bad(probe_kafka(source(bootstrap, partitions=[1, 2, 5])))
    assert finding.text == "topic e has no partition 2, 5, it has 2 (from 0)"
    assert finding.remedy.startswith("correct partitions")
    (finding,) = bad(probe_kafka(KafkaSinkConfig(brokers=bootstrap, topic="nope")))
    assert finding.text.startswith("topic nope: ")


@pytest.mark.parametrize(
    ("request_kind", "code", "what"),
    [("Fetch", FORBIDDEN, "reading e/0: "), ("OffsetFetch", GROUP_FORBIDDEN, "group hmoe: ")],
)
def test_what_is_not_allowed_is_named(mock: Mock, request_kind: str, code: int, what: str) -> None:
    bootstrap, control = mock
    control.create("e", 1)
    produce(bootstrap, "e", {0: [(1, b"x")]})
    control.fail(request_kind, *[code] * 3)
    (finding,) = bad(probe_kafka(source(bootstrap)))
    assert finding.text.startswith(what)
    assert finding.remedy.startswith("allow this user to use it")


def test_options_that_are_wrong_are_named() -> None:
    for options in ({"nope": 1}, {"auto.offset.reset": "latest"}):
        (finding,) = bad(probe_kafka(source("127.0.0.1:1", options=options)))
        assert next(iter(options)) in finding.text
