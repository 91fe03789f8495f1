"""Redis Streams as a source: one order, exact positions, and entries that were trimmed unread."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any

import pytest
import redis

from monitor.config.schema import RedisSourceConfig
from monitor.problems import ConfigurationProblem, MessagesGone
from monitor.sources.chunk import Position
from monitor.sources.messages import Channel, Message
from monitor.sources.opening_messages import open_messages
from monitor.sources.redis_source import RedisSource
from tests.brokers import start_redis, wait_until
from tests.monitor.sources.made_logs import places, read

Redis = tuple[str, redis.Redis]


@pytest.fixture
def server(redis_url: str) -> Iterator[Redis]:
    with closing(redis.Redis.from_url(redis_url)) as client:
        client.flushall()
        yield redis_url, client


def source(url: str, position: Position | None = None, **settings: Any) -> RedisSource:
    opened = open_messages(RedisSourceConfig(**{"url": url, "events": "e", **settings}), position)
    assert isinstance(opened, RedisSource)
    return opened


def fill(client: redis.Redis, stream: str, times: list[int]) -> list[str]:
    added = [client.xadd(stream, {"body": f"{stream}{when}"}, id=f"{when}-*") for when in times]
    return [entry.decode() for entry in added if isinstance(entry, bytes)]


@pytest.mark.parametrize("limit", [1, 3, 100])
def test_the_order_is_that_of_the_ids_wherever_reading_stops(server: Redis, limit: int) -> None:
    url, client = server
    events = fill(client, "e", [1, 2, 2, 2, 5, 9])
    labels = fill(client, "l", [1, 2, 3, 8, 8])
    expected = sorted(
        [("e", entry) for entry in events] + [("l", entry) for entry in labels],
        key=lambda place: (int(place[1].split("-")[0]), place[0]),
    )
    for cut in range(len(expected) + 1):
        with closing(source(url, labels="l")) as first:
            before, position = read(first, cut, limit) if cut else ([], None)
        with closing(source(url, position, labels="l")) as second:
            after, _ = read(second, len(expected) - cut, limit)
        assert places(before + after) == expected


def test_an_entry_comes_as_it_was_written(server: Redis) -> None:
    url, client = server
    client.xadd("l", {"key": "k", "body": b"\xff"}, id="1500-1")
    client.xadd("l", {"other": "x"}, id="1500-2")
    with closing(source(url, labels="l")) as opened:
        messages, position = read(opened, 2)
    assert messages == [
        Message(Channel.LABELS, "l", "1500-1", b"k", b"\xff", 1.5),
        Message(Channel.LABELS, "l", "1500-2", None, b"", 1.5),
    ]
    assert position["logs"] == {"e": {"id": "0-0", "seen": 0}, "l": {"id": "1500-2", "seen": 2}}


def test_what_arrives_later_is_given_when_it_arrives(server: Redis) -> None:
    url, client = server
    with closing(source(url, labels="l")) as opened:
        assert not opened.poll(10, 0.001).messages
        for number in range(1, 5):
            fill(client, "l" if number % 2 else "e", [number])
            assert read(opened, 1)[0][0].time_seconds == number / 1_000
        assert opened.lag() == {"e": 0, "l": 0}
        fill(client, "e", [7, 8, 9])
        read(opened, 1)
        assert opened.lag() == {"e": 2, "l": 0}


def test_trimmed_entries_stop_the_source_or_are_counted(server: Redis) -> None:
    url, client = server
    fill(client, "e", list(range(1, 11)))
    with closing(source(url)) as opened:
        _, position = read(opened, 4)
    client.xtrim("e", maxlen=3, approximate=False)
    with (
        closing(source(url, position)) as opened,
        pytest.raises(MessagesGone, match="e: 3 entries after 4-0 are gone; set gap: skip"),
    ):
        opened.poll(10, 1.0)
    with closing(source(url, position, gap="skip")) as opened:
        batch = opened.poll(10, 1.0)
        assert [message.offset for message in batch.messages] == ["8-0", "9-0", "10-0"]
        assert batch.skipped == {"e": 3}
        assert batch.position["logs"]["e"] == {"id": "10-0", "seen": 10}
        client.xtrim("e", maxlen=0, approximate=False)
        fill(client, "e", [11])
        batch = opened.poll(10, 1.0)
        assert ([message.offset for message in batch.messages], batch.skipped) == (["11-0"], {})


def test_what_was_read_before_a_gap_is_given_before_it(server: Redis) -> None:
    url, client = server
    fill(client, "e", list(range(1, 9)))
    fill(client, "l", list(range(11, 21)))
    with closing(source(url, labels="l", gap="skip")) as opened:
        read(opened, 4, limit=4)
        client.xtrim("l", maxlen=2, approximate=False)
        offsets: list[str] = []
        skipped: Mapping[str, int] = {}
        while len(offsets) < 10:
            batch = opened.poll(3, 1.0)
            offsets += [message.offset for message in batch.messages]
            skipped = skipped or batch.skipped
            is_behind = batch.position["logs"]["l"]["seen"] > 4
            assert is_behind is bool(skipped)
    assert offsets == ["5-0", "6-0", "7-0", "8-0", "11-0", "12-0", "13-0", "14-0", "19-0", "20-0"]
    assert skipped == {"l": 4}


def test_a_new_reader_begins_with_what_is_retained(server: Redis) -> None:
    url, client = server
    fill(client, "e", list(range(1, 11)))
    client.xtrim("e", maxlen=4, approximate=False)
    with closing(source(url, labels="l")) as opened:
        batch = opened.poll(10, 1.0)
    assert [message.offset for message in batch.messages] == ["7-0", "8-0", "9-0", "10-0"]
    assert batch.skipped == {}
    fill(client, "l", [1, 2, 3])
    client.xtrim("l", maxlen=1, approximate=False)
    with closing(source(url, batch.position, labels="l", gap="skip")) as opened:
        assert opened.poll(10, 1.0).skipped == {"l": 2}


def test_a_stream_that_was_made_anew_is_another_stream(server: Redis) -> None:
    url, client = server
    fill(client, "e", [1, 2, 3])
    with closing(source(url)) as opened:
        _, position = read(opened, 2)
    client.delete("e")
    with closing(source(url, position)) as opened, pytest.raises(ConfigurationProblem, match="made anew"):
        opened.poll(1, 1.0)
    fill(client, "e", [1])
    with closing(source(url, position)) as opened, pytest.raises(ConfigurationProblem, match="made anew"):
        opened.poll(1, 1.0)


def test_what_is_no_stream_is_refused(server: Redis) -> None:
    url, client = server
    client.set("e", "text")
    with (
        closing(source(url)) as opened,
        pytest.raises(ConfigurationProblem, match=r"WRONGTYPE.* names of streams"),
    ):
        opened.poll(1, 1.0)


def test_the_server_may_go_away_and_come_back() -> None:
    with start_redis() as url:
        port = int(url.rsplit(":", 1)[1].split("/")[0])
        opened = source(url)
        with closing(opened):
            assert not opened.poll(1, 0.001).messages
            with closing(redis.Redis.from_url(url)) as client:
                client.shutdown(nosave=True)
            wait_until(lambda: not opened.poll(1, 0.01).messages and "Redis" in opened.problem)
            with start_redis(port) as again, closing(redis.Redis.from_url(again)) as client:
                fill(client, "e", [1])
                assert read(opened, 1)[0][0].body == b"e1"
                assert opened.problem == ""


def test_the_package_is_asked_for_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(ConfigurationProblem, match=r"pip install 'stream-hmoe\[redis\]'"):
        source("redis://localhost:1/0")


def test_settings_are_checked() -> None:
    with pytest.raises(ConfigurationProblem, match=r"url: .* write redis://"):
        source("localhost")
    with pytest.raises(ConfigurationProblem, match="labels: e is the stream of the records too"):
        source("redis://localhost:1/0", labels="e")
    with pytest.raises(ConfigurationProblem, match="the position is of stream f, the configuration names e"):
        source("redis://localhost:1/0", {"logs": {"f": {"id": "1-0", "seen": 1}}})
