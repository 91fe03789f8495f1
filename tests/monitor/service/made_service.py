"""Services on small streams, run turn by turn in this process, and what is to be equal whatever happened."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from operator import itemgetter
from pathlib import Path
from typing import Any

from benchmarks.service_process import outcome_of
from monitor.config import ServiceConfig
from monitor.service.service import Service
from monitor.service.supervisor import Standing, StreamSupervisor
from monitor.status import Status
from tests.brokers import produce, wait_until
from tests.monitor import made_streams

STREAM = "s"
PATIENCE_SECONDS = 60.0


def stream(source: Mapping[str, Any], name: str = STREAM, **more: Any) -> dict[str, Any]:
    """Configuration of a stream that writes its predictions to a file, unless told otherwise."""
    usual = {"outputs": {"predictions": {"kind": "file"}, "decisions": {"kind": "file"}}}
    return {
        "name": name,
        "target": "label",
        "task": "classification",
        "source": dict(source),
        **usual,
        **more,
    }


def configuration(state: Path, *streams: Mapping[str, Any], **more: Any) -> ServiceConfig:
    """A service with few records between checkpoints; ``port`` 0 takes a free one."""
    usual = {"http": {"port": 0}, "checkpoint": {"records": 300, "seconds": 3_600.0}}
    return ServiceConfig.model_validate({"state": state, "streams": streams, **usual, **more})


def spoiled_lines(path: Path, count: int, seed: int = 3) -> Path:
    """A file of records that drift; every 97th line cannot be read."""
    lines = made_streams.json_lines(made_streams.drifting(count, seed=seed)).splitlines(keepends=True)
    lines[::97] = [b'{"x": broken\n'] * len(lines[::97])
    path.write_bytes(b"".join(lines))
    return path


def file_stream(path: Path, name: str = STREAM, **more: Any) -> dict[str, Any]:
    """A stream of the records of a file."""
    return stream({"kind": "file", "path": str(path)}, name, **more)


def late_content(count: int, partitions: int, seed: int = 5) -> tuple[dict[int, Any], dict[int, Any]]:
    """Observations and labels by partition, as (Unix milliseconds, body).

    Labels come 40 ms after their observation, every 13th never, every 17th before it, every 19th twice; every
    23rd observation twice, and every 101st message cannot be read.
    """
    events: dict[int, list[tuple[int, bytes]]] = {number: [] for number in range(partitions)}
    labels: dict[int, list[tuple[int, bytes]]] = {number: [] for number in range(partitions)}
    for number, record in enumerate(made_streams.drifting(count, seed=seed)):
        at, now = number % partitions, 1_700_000_000_000 + number
        label = json.dumps({"id": f"r{number}", "label": record.pop("label")}).encode()
        body = json.dumps({"id": f"r{number}", **record}).encode()
        events[at] += [(now, body)] * (2 if number % 23 == 0 else 1)
        if number % 101 == 0:
            events[at].append((now, b'{"id": broken'))
        if number % 13:
            when = now - 5 if number % 17 == 0 else now + 40
            labels[at] += [(when, label)] * (2 if number % 19 == 0 else 1)
    return events, {number: sorted(some, key=itemgetter(0)) for number, some in labels.items()}


def produce_late(broker: str, events: str, labels: str, count: int, partitions: int) -> tuple[int, int]:
    """Write such content to two topics -> observations and labels written."""
    some, others = late_content(count, partitions)
    produce(broker, events, some)
    produce(broker, labels, others)
    return sum(map(len, some.values())), sum(map(len, others.values()))


def late_stream(broker: str, events: str = "events", labels: str = "labels", **more: Any) -> dict[str, Any]:
    """A stream of two topics with labels that come later."""
    source = {"kind": "kafka", "brokers": broker, "events": events, "labels": labels}
    return stream(source, **{"labels": {"arrive": "later", "max_pending": 100}, **more})


@contextmanager
def started(config: ServiceConfig, *, is_standby: bool = False) -> Iterator[Service]:
    """A service that was started; leaving it is like a crash: no checkpoint is made."""
    service = Service(config, is_standby=is_standby)
    try:
        service.start()
        yield service
    finally:
        service.close()


def supervisor_of(service: Service, name: str = STREAM) -> StreamSupervisor:
    return service.supervisors[name]


def status_of(service: Service, name: str = STREAM) -> Status:
    return supervisor_of(service, name).board.current


def turn_until(service: Service, is_so: Callable[[], bool], limit: int = 100) -> None:
    """Let all streams take turns of so many messages until something is so."""

    def has_become_so() -> bool:
        service.gateway.serve()
        for supervisor in service.supervisors.values():
            supervisor.turn(limit, 0.0)
        return is_so()

    wait_until(has_become_so, PATIENCE_SECONDS)


def run_to_end(config: ServiceConfig, limit: int = 100) -> None:
    """Run a service on files until all of them have ended."""
    with started(config) as service:
        turn_until(
            service,
            lambda: all(one.standing is Standing.ENDED for one in service.supervisors.values()),
            limit,
        )


def is_all_taken(service: Service, expected: tuple[int, int], name: str = STREAM) -> Callable[[], bool]:
    """Whether so many observations and labels have been received."""

    def is_so() -> bool:
        account = status_of(service, name).account
        return account is not None and (account.received, account.labels_received) == expected

    return is_so


def run_late(config: ServiceConfig, expected: tuple[int, int], limit: int = 100) -> None:
    """Run a service on topics until everything was received, and stop it in order."""
    with started(config) as service:
        turn_until(service, is_all_taken(service, expected, config.streams[0].name), limit)
        service.stop("everything was received")


def result_of(state: Path, name: str = STREAM) -> dict[str, Any]:
    """What is to be equal whatever happened."""
    return outcome_of(state / name)
