"""Dead letters sent once more, to files, addresses and topics."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from confluent_kafka import Producer

from monitor.config.schema import KafkaConfig, StreamConfig
from monitor.dead_letters import DeadLetter, to_headers
from monitor.dead_letters.kafka_topic import TopicTarget, read_topic
from monitor.dead_letters.replaying import FileTarget, HttpTarget, Refused, api_event, replay
from monitor.problems import ConfigurationProblem, TemporaryProblem, UsageProblem
from monitor.sources.messages import Channel
from tests.monitor.decoding.made_messages import stream


def letter(body: bytes | dict[str, Any], offset: int = 1, channel: Channel = Channel.EVENTS) -> DeadLetter:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return DeadLetter("t/0", str(offset), channel, b"k", data, "bad", "x", "1", "Mend it.")


@contextmanager
def server(statuses: Sequence[int]) -> Iterator[tuple[str, list[tuple[str, str, bytes]]]]:
    """Answers requests with these statuses in turn, and keeps path, authorization and body of each."""
    seen: list[tuple[str, str, bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            seen.append((self.path, self.headers.get("Authorization", ""), body))
            self.send_response(statuses[len(seen) - 1])
            self.send_header("Content-Length", "5")
            self.end_headers()
            self.wfile.write(b"words")

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{http.server_port}/learn?stream=a", seen
    finally:
        http.shutdown()
        thread.join()
        http.server_close()


def test_a_file_takes_what_is_json_and_one_that_is_not_holds_up_nothing(tmp_path: Path) -> None:
    path = tmp_path / "again.jsonl"
    path.write_text('{"x": 0}\n')
    done = replay([letter(b'{"x":\n1}'), letter(b"{", 2), letter({"x": 2}, 3)], FileTarget(path))
    assert [json.loads(line) for line in path.read_text().splitlines()] == [{"x": 0}, {"x": 1}, {"x": 2}]
    assert done.to_json() == {
        "sent": 2,
        "refused": [{"origin": "t/0@2", "reason": "the body is no JSON: repair it first"}],
        "failure": "",
    }


def test_a_file_that_cannot_be_written_is_told_before_anything_is_sent(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationProblem, match="cannot write"):
        FileTarget(tmp_path / "no" / "folder")
    done = replay([letter({"x": 1})], FileTarget(Path("/dev/full")))
    assert done.sent == 0
    assert "No space" in done.failure


def test_an_address_gets_every_body_with_the_token() -> None:
    with server([200, 422, 202]) as (url, seen):
        done = replay([letter({"x": n}, n) for n in range(3)], HttpTarget(url, "secret", None))
    assert (done.sent, done.refused, done.failure) == (2, [("t/0@1", "answered 422: words")], "")
    assert seen == [("/learn?stream=a", "Bearer secret", json.dumps({"x": n}).encode()) for n in range(3)]


def test_an_address_that_stops_answering_ends_it() -> None:
    with server([200, 503, 200]) as (url, seen):
        done = replay([letter({"x": n}, n) for n in range(3)], HttpTarget(url, None, None))
    assert (done.sent, len(seen)) == (1, 2)
    assert done.failure.endswith("answered 503: words")
    gone = replay([letter({"x": 1})], HttpTarget(url, None, None))
    assert (gone.sent, "does not answer" in gone.failure) == (0, True)


@pytest.mark.parametrize("url", ["ftp://a/b", "a", "http://"])
def test_an_address_is_one_of_http(url: str) -> None:
    with pytest.raises(UsageProblem, match="an address such as"):
        HttpTarget(url, None, None)


def test_a_flat_record_becomes_an_event_of_the_api() -> None:
    later = stream("later", labels={"time": "at"}, ignored=["note"])
    record = {"id": "a", "x": 1, "at": 5, "note": "n"}
    cases: list[tuple[StreamConfig, Channel, dict[str, Any], dict[str, Any]]] = [
        (stream(), Channel.EVENTS, {"x": 1, "label": "u"}, {"features": {"x": 1}, "target": "u"}),
        (later, Channel.EVENTS, record, {"key": "a", "time_seconds": 5, "features": {"x": 1}}),
        (later, Channel.EVENTS, {"id": "a", "label": "u"}, {"key": "a", "label": "u"}),
        (later, Channel.LABELS, {"id": "a", "label": "u", "by": "b"}, {"key": "a", "label": "u"}),
    ]
    for config, channel, body, event in cases:
        assert json.loads(api_event(letter(body, channel=channel), config)) == event
    for spoiled in (b"{", b"[1]"):
        with pytest.raises(Refused, match="repair it first"):
            api_event(letter(spoiled), later)


@pytest.fixture
def broker() -> Iterator[str]:
    """Addresses of a cluster inside this process."""
    owner = Producer({"test.mock.num.brokers": 1, "log_level": 0})
    found = owner.list_topics(timeout=10).brokers.values()
    yield ",".join(f"{member.host}:{member.port}" for member in found)
    owner.flush(0)


def test_a_topic_of_dead_letters_is_read_to_its_end_and_sent_to_another(broker: str) -> None:
    kafka, sent = KafkaConfig(brokers=broker), [letter({"x": n}, n) for n in range(3)]
    producer = Producer({"bootstrap.servers": broker, "log_level": 0})
    for each in sent:
        producer.produce("t.dlq", each.body, each.key, headers=[*to_headers(each)], partition=0)
    assert producer.flush(10) == 0
    found = list(read_topic(kafka, "t.dlq"))
    assert [(each.origin, each.body, each.key, each.reason) for each in found] == [
        (each.origin, each.body, each.key, each.reason) for each in sent
    ]
    assert replay(found, TopicTarget(kafka, "t")).sent == 3
    assert sorted(each.body for each in read_topic(kafka, "t")) == sorted(each.body for each in sent)


def test_a_cluster_that_cannot_be_reached_is_a_temporary_problem() -> None:
    kafka = KafkaConfig(brokers="127.0.0.1:1", options={"message.timeout.ms": 200})
    done = replay([letter({"x": 1})], TopicTarget(kafka, "t"))
    assert (done.sent, "t on 127.0.0.1:1: " in done.failure) == (0, True)
    with pytest.raises(TemporaryProblem):
        list(read_topic(kafka, "t", answer_seconds=0.2))
