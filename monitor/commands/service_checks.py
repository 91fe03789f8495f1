"""Is everything there that a configuration asks for: folders, ports, files, brokers, packages?"""

from __future__ import annotations

from collections.abc import Iterator
from http.client import HTTPException
from json import load
from pathlib import Path
from urllib.request import urlopen

from monitor.commands.checks import Check, check_disk, check_package, check_port, check_writable
from monitor.config import ServiceConfig, StreamConfig, config_hash, is_loopback, read_token
from monitor.config.schema import (
    FileSinkConfig,
    FileSourceConfig,
    HttpConfig,
    KafkaSinkConfig,
    KafkaSourceConfig,
    RedisSourceConfig,
)
from monitor.problems import ConfigurationProblem

__all__ = ["examine_service"]

PACKAGES = ("fastapi", "msgspec", "pydantic", "uvicorn")
ANSWER_SECONDS = 5.0
VERSION_SECONDS = 1.0


def examine_service(config: ServiceConfig) -> Iterator[Check]:
    """Look at everything that a service with this configuration needs; starts and writes nothing that stays.

    Args:
        config: a valid configuration.
    """
    names = ", ".join(stream.name for stream in config.streams)
    yield Check("configuration", True, f"streams {names}; hash {config_hash(config)}")
    for package in PACKAGES:
        yield check_package(package)
    yield check_writable("state folder", config.state)
    yield check_disk("state disk", config.state)
    yield _port(config.http)
    yield _token(config.http)
    for stream in config.streams:
        yield from _stream(stream)


def _port(http: HttpConfig) -> Check:
    """Whether the port is free, or taken by a service of this package: then it runs already."""
    check = check_port("http port", http.host, http.port, "http.port")
    running = "" if check.is_good else _version_at(http)
    return Check(check.name, True, f"stream-hmoe {running} answers at {http.port}") if running else check


def _version_at(http: HttpConfig) -> str:
    """The version of the service that answers at an address; empty when none does."""
    host = "127.0.0.1" if http.host in ("0.0.0.0", "::") else http.host  # noqa: S104  asks, binds nothing
    try:
        with urlopen(f"http://{host}:{http.port}/version", timeout=VERSION_SECONDS) as answer:
            return str(load(answer)["version"])
    except (OSError, HTTPException, ValueError, TypeError, KeyError):
        return ""


def _token(http: HttpConfig) -> Check:
    try:
        token = read_token(http)
    except ConfigurationProblem as problem:
        return Check("http token", False, str(problem))
    if token is not None:
        return Check("http token", True, "there is one")
    found = f"none; none is needed on {http.host}" if is_loopback(http.host) else "none: set http.token_file"
    return Check("http token", is_loopback(http.host), found)


def _stream(stream: StreamConfig) -> Iterator[Check]:
    source, name = stream.source, stream.name
    if isinstance(source, FileSourceConfig) and source.path != "-":
        yield _readable(f"{name} source", Path(source.path))
    if isinstance(source, KafkaSourceConfig):
        yield from _kafka(f"{name} source", source)
        if source.avro_schema is not None:
            yield _avro(name, stream, source.avro_schema)
    if isinstance(source, RedisSourceConfig):
        yield _redis(f"{name} source", source)
    if stream.warm_start is not None:
        yield _readable(f"{name} warm start", stream.warm_start)
    sinks = {
        "dead letters": stream.dead_letters.sink,
        "predictions": stream.outputs.predictions,
        "decisions": stream.outputs.decisions,
    }
    for what, sink in sinks.items():
        if isinstance(sink, KafkaSinkConfig):
            yield from _kafka(f"{name} {what}", sink)
        if isinstance(sink, FileSinkConfig) and sink.path is not None:
            yield check_writable(f"{name} {what}", sink.path.parent)


def _readable(name: str, path: Path) -> Check:
    try:
        with path.open("rb"):
            return Check(name, True, str(path))
    except OSError as error:
        return Check(name, False, f"cannot read {path}: {error.strerror}")


def _kafka(name: str, config: KafkaSourceConfig | KafkaSinkConfig) -> Iterator[Check]:
    """What the probe of the cluster finds."""
    package = check_package("confluent-kafka")
    if not package.is_good:
        yield Check(name, False, package.found)
        return
    from monitor.kafka_probe import probe_kafka

    for finding in probe_kafka(config):
        found = finding.text if finding.is_good else f"{finding.text}; {finding.remedy}"
        yield Check(name, finding.is_good, found)


def _avro(name: str, stream: StreamConfig, path: Path) -> Check:
    from monitor.decoding.avro_decoder import read_schema

    try:
        fields = {field["name"] for field in read_schema(path)["fields"]}
    except ConfigurationProblem as problem:
        return Check(f"{name} schema", False, str(problem))
    wanted = {name for name, feature in stream.features.items() if feature.is_required}
    wanted.add(stream.labels.key if stream.labels.arrive == "later" else stream.target)
    missing = sorted(wanted - fields)
    if missing:
        return Check(
            f"{name} schema", False, f"{path} has no field {', '.join(missing)}: every record lacks it"
        )
    return Check(f"{name} schema", True, f"{path}: {len(fields)} fields")


def _redis(name: str, source: RedisSourceConfig) -> Check:
    package = check_package("redis", extra="redis")
    if not package.is_good:
        return Check(name, False, package.found)
    import redis

    try:
        client = redis.Redis.from_url(source.url.get_secret_value(), socket_timeout=ANSWER_SECONDS)
        with client:
            length = client.xlen(source.events)
    except (redis.RedisError, ValueError) as error:
        return Check(name, False, f"Redis: {error}; correct source.url, or start Redis")
    return Check(name, True, f"Redis: {source.events} has {length} entries")
