"""Do the parts of a stream's configuration agree? What the models cannot see field by field."""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from monitor.config.schema import (
    FileSinkConfig,
    FileSourceConfig,
    HttpConfig,
    KafkaConfig,
    KafkaSinkConfig,
    KafkaSourceConfig,
    RedisSourceConfig,
    SinkConfig,
    StreamConfig,
)

__all__ = [
    "Disagreement",
    "http_disagreements",
    "is_loopback",
    "stream_disagreements",
    "streams_disagreements",
]

STANDARD_INPUT = "-"
SET_BY_THE_SERVICE = {
    "bootstrap.servers": "brokers",
    "group.id": "group",
    "auto.offset.reset": "start and gap",
    "enable.auto.commit": "nothing: positions belong to the checkpoints",
    "enable.auto.offset.store": "nothing: positions belong to the checkpoints",
}


class Disagreement(NamedTuple):
    """Two fields that do not go together.

    Args:
        path: the one to look at first, relative to the part that was asked for.
        reason: what is wrong.
        remedy: what to do.
    """

    path: tuple[str | int, ...]
    reason: str
    remedy: str


def stream_disagreements(stream: StreamConfig) -> Iterator[Disagreement]:
    """What does not fit within one stream."""
    for check in CHECKS:
        yield from check(stream)


def streams_disagreements(streams: Mapping[int, StreamConfig]) -> Iterator[Disagreement]:
    """What does not fit between streams, by their numbers."""
    names = Counter(stream.name for stream in streams.values())
    for number, stream in streams.items():
        if names[stream.name] > 1:
            reason = f"{names[stream.name]} streams have the name {stream.name!r}"
            yield Disagreement(
                (number, "name"), reason, "Each stream needs its own: it names a folder and labels metrics."
            )
    readers = [
        number
        for number, stream in streams.items()
        if isinstance(stream.source, FileSourceConfig) and stream.source.path == STANDARD_INPUT
    ]
    for number in readers[1:]:
        reason = "standard input can be read by one stream"
        yield Disagreement((number, "source", "path"), reason, "Name a file, or use another source.")
    yield from _shared_files(streams)


def http_disagreements(http: HttpConfig) -> Iterator[Disagreement]:
    """What does not fit within the HTTP section."""
    if http.token is not None and http.token_file is not None:
        yield Disagreement(("token",), "token and token_file are both given", "Keep one of them.")
    if http.token is None and http.token_file is None and not is_loopback(http.host):
        reason = f"other machines can call {http.host}, and no token keeps them from changing something"
        yield Disagreement(("host",), reason, "Set http.token_file or http.token, or listen on 127.0.0.1.")


def is_loopback(host: str) -> bool:
    """Whether an address can be reached from its own machine only."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _fields(stream: StreamConfig) -> Iterator[Disagreement]:
    """A field of a record has one meaning."""
    labels = stream.labels
    meanings = {"the target": stream.target}
    if labels.arrive == "later":
        meanings["labels.key"] = labels.key
    if labels.time is not None:
        meanings["labels.time"] = labels.time
    for meaning, name in meanings.items():
        if name in stream.features:
            yield Disagreement(
                ("features", name), f"{name!r} is {meaning}, and so no feature", "Remove it from features."
            )
        if name in stream.ignored:
            place = ("ignored", stream.ignored.index(name))
            yield Disagreement(place, f"{name!r} is {meaning}", "Remove it from ignored.")
    for one, other in (
        ("labels.key", "the target"),
        ("labels.time", "the target"),
        ("labels.time", "labels.key"),
    ):
        if one in meanings and other in meanings and meanings[one] == meanings[other]:
            path = tuple(one.split("."))
            yield Disagreement(path, f"{meanings[one]!r} is {other}, too", "Name two different fields.")


def _features(stream: StreamConfig) -> Iterator[Disagreement]:
    for number, name in enumerate(stream.ignored):
        if name in stream.features:
            reason = f"{name!r} is a feature and ignored"
            yield Disagreement(("ignored", number), reason, "Remove it from ignored, or from features.")
    for name, feature in stream.features.items():
        limits = (feature.least, feature.most)
        if feature.type != "number" and limits != (None, None):
            reason = f"least and most are for numbers, this is a {feature.type}"
            yield Disagreement(("features", name), reason, "Remove them, or make it type: number.")
        elif feature.least is not None and feature.most is not None and feature.least > feature.most:
            reason = f"least {feature.least:g} is above most {feature.most:g}: no value is allowed"
            yield Disagreement(("features", name, "least"), reason, "Exchange them.")
    if stream.is_closed and not stream.features:
        reason = "no feature is listed, so that every record would be rejected"
        yield Disagreement(("is_closed",), reason, "List the features, or set is_closed: false.")


def _labels(stream: StreamConfig) -> Iterator[Disagreement]:
    source, is_later = stream.source, stream.labels.arrive == "later"
    if isinstance(source, KafkaSourceConfig | RedisSourceConfig):
        if source.labels is not None and not is_later:
            reason = "labels come with the record, yet there is a place for labels"
            yield Disagreement(
                ("source", "labels"), reason, "Remove it, or set labels.arrive: later (and labels.key)."
            )
    elif isinstance(source, FileSourceConfig) and is_later:
        reason = "a file brings its labels with its records"
        yield Disagreement(("labels", "arrive"), reason, "Set it to: with the record.")


def _kafka_source(stream: StreamConfig) -> Iterator[Disagreement]:
    source = stream.source
    if not isinstance(source, KafkaSourceConfig):
        return
    if source.format == "avro" and source.avro_schema is None:
        reason = "format avro needs the schema that the records were written with"
        yield Disagreement(("source", "format"), reason, "Set source.avro_schema to its file (.avsc).")
    if source.format != "avro" and source.avro_schema is not None:
        reason = f"a schema is given, but the format is {source.format}"
        yield Disagreement(("source", "avro_schema"), reason, "Set source.format: avro, or remove it.")
    if source.partitions is not None and (
        not source.partitions
        or min(source.partitions) < 0
        or len(set(source.partitions)) < len(source.partitions)
    ):
        reason = "partitions are different numbers from 0 on"
        yield Disagreement(("source", "partitions"), reason, "List them, or leave it out to read all.")


def _options(stream: StreamConfig) -> Iterator[Disagreement]:
    for path, kafka in _kafka_parts(stream):
        for name in kafka.options:
            if name in SET_BY_THE_SERVICE:
                reason = f"the service sets {name} itself"
                remedy = f"Remove it; what counts is {SET_BY_THE_SERVICE[name]}."
                yield Disagreement((*path, "options", name), reason, remedy)


def _circles(stream: StreamConfig) -> Iterator[Disagreement]:
    """What a stream writes must not come back as its input."""
    source = stream.source
    if not isinstance(source, KafkaSourceConfig):
        return
    for path, sink in _sinks(stream):
        if isinstance(sink, KafkaSinkConfig) and sink.topic in (source.events, source.labels):
            reason = f"the stream reads {sink.topic!r}, too: it would read what it writes"
            yield Disagreement((*path, "topic"), reason, f"Write to another topic, such as {sink.topic}.out.")


def _shared_files(streams: Mapping[int, StreamConfig]) -> Iterator[Disagreement]:
    first: dict[str, tuple[str | int, ...]] = {}
    for number, stream in streams.items():
        for path, sink in _sinks(stream):
            if isinstance(sink, FileSinkConfig) and sink.path is not None:
                place: tuple[str | int, ...] = (number, *path, "path")
                if str(sink.path) in first:
                    reason = f"another output writes to {sink.path}, too"
                    yield Disagreement(place, reason, "Give each output a file of its own.")
                first.setdefault(str(sink.path), place)


def _sinks(stream: StreamConfig) -> Iterator[tuple[tuple[str, ...], SinkConfig]]:
    yield ("dead_letters", "sink"), stream.dead_letters.sink
    if stream.outputs.predictions is not None:
        yield ("outputs", "predictions"), stream.outputs.predictions
    if stream.outputs.decisions is not None:
        yield ("outputs", "decisions"), stream.outputs.decisions


def _kafka_parts(stream: StreamConfig) -> Iterator[tuple[tuple[str, ...], KafkaConfig]]:
    if isinstance(stream.source, KafkaSourceConfig):
        yield ("source",), stream.source
    for path, sink in _sinks(stream):
        if isinstance(sink, KafkaSinkConfig):
            yield path, sink


CHECKS: Sequence[Callable[[StreamConfig], Iterator[Disagreement]]] = (
    _fields,
    _features,
    _labels,
    _kafka_source,
    _options,
    _circles,
)
