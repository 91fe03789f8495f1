"""One message that could not be used, as a line of a file or as headers of a Kafka message, both ways.

The headers follow KIP-1034, which names topic, partition, offset and message; the others are named alike.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from monitor.sources.messages import Channel, Message
from stream_hmoe.events import Rejected

__all__ = ["HEADER_PREFIX", "DeadLetter", "Header", "from_headers", "from_line", "to_headers", "to_line"]

HEADER_PREFIX = "__streams.errors."
EXCEPTION = "stream_hmoe.events.Rejected"
NO_PARTITION = "-1"
Header = tuple[str, str | bytes | None]
TEXTS = ("reason", "field", "value", "remedy")


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that could not be used, and why.

    Args:
        log: the log that it stood in, for example ``payments/3``; ``line`` for a file.
        offset: its place there, as text; with a row (``17#4``) where a message holds many records.
        channel: events or labels.
        key: the message's key; None without one.
        body: its bytes, as they came.
        reason: what is wrong.
        field: the field at fault; empty when the whole is.
        value: its value, as text.
        remedy: what can be done.
        time_seconds: the log's time of the message, Unix time; 0 when it does not say.
    """

    log: str
    offset: str
    channel: Channel
    key: bytes | None
    body: bytes
    reason: str
    field: str = ""
    value: str = ""
    remedy: str = ""
    time_seconds: float = 0.0

    @classmethod
    def of(cls, message: Message, fact: Rejected) -> DeadLetter:
        """A message as it came, with what is wrong with it."""
        flaw = (fact.reason, fact.field, fact.value, fact.remedy)
        where = (message.log, message.offset, message.channel)
        return cls(*where, message.key, message.body, *flaw, time_seconds=message.time_seconds)

    @property
    def origin(self) -> str:
        """Where it stood: ``payments/3@17``, ``line 17``."""
        return f"{self.log} {self.offset}" if self.log == "line" else f"{self.log}@{self.offset}"


def to_line(letter: DeadLetter) -> bytes:
    """A dead letter as a line of JSON, without its end; ``from_line`` reads it.

    A body or key that is no UTF-8 text becomes ``body_base64``, ``key_base64``.
    """
    entry = {
        "log": letter.log,
        "offset": letter.offset,
        "channel": letter.channel.value,
        **({"key": None} if letter.key is None else _as_text("key", letter.key)),
        **_as_text("body", letter.body),
        **{name: _encodable(getattr(letter, name)) for name in TEXTS},
        "time_seconds": letter.time_seconds,
    }
    return msgspec.json.encode(entry)


def from_line(line: bytes) -> DeadLetter:
    """A line of a file of dead letters, or of the rejects of a run on a file.

    Bytes that are no text stand under ``body_base64`` and ``key_base64``.

    Raises:
        ValueError: it is neither.
    """
    entry = json.loads(line)
    if not isinstance(entry, dict):
        raise ValueError("the line is no JSON object")
    if "data" in entry and "line" in entry:
        data = entry["data"]
        body = data.encode() if isinstance(data, str) else json.dumps(data).encode()
        return DeadLetter("line", str(entry["line"]), Channel.EVENTS, None, body, *_texts(entry))
    if "reason" not in entry or not {"body", "body_base64"} & entry.keys():
        raise ValueError("the line has no body and reason")
    return DeadLetter(
        str(entry.get("log", "")),
        str(entry.get("offset", "")),
        Channel(entry.get("channel", Channel.EVENTS)),
        _bytes("key", entry),
        _bytes("body", entry) or b"",
        *_texts(entry),
        time_seconds=float(entry.get("time_seconds") or 0.0),
    )


def to_headers(letter: DeadLetter) -> list[tuple[str, bytes]]:
    """All but key, body and time as headers of a Kafka message; ``from_headers`` reads them."""
    topic, slash, partition = letter.log.rpartition("/")
    named = {
        "exception": EXCEPTION,
        "message": letter.reason,
        "topic": topic if slash else letter.log,
        "partition": partition if slash else NO_PARTITION,
        "offset": letter.offset,
        "channel": letter.channel.value,
        "field": letter.field,
        "value": letter.value,
        "remedy": letter.remedy,
    }
    return [(HEADER_PREFIX + name, _encodable(text).encode()) for name, text in named.items()]


def from_headers(
    headers: Iterable[Header], key: bytes | None, body: bytes, time_seconds: float
) -> DeadLetter:
    """A message of a topic of dead letters, also of other programs that follow KIP-1034.

    Args:
        headers: of a Kafka message.
        key: its key.
        body: its body.
        time_seconds: its time.
    """
    named = {
        name.removeprefix(HEADER_PREFIX): text.decode("utf-8", "replace") if isinstance(text, bytes) else text
        for name, text in headers
        if name.startswith(HEADER_PREFIX) and text is not None
    }
    topic, partition = named.get("topic", ""), named.get("partition", NO_PARTITION)
    return DeadLetter(
        log=topic if partition == NO_PARTITION else f"{topic}/{partition}",
        offset=named.get("offset", ""),
        channel=Channel.LABELS if named.get("channel") == Channel.LABELS else Channel.EVENTS,
        key=key,
        body=body,
        reason=named.get("message", "no reason given"),
        field=named.get("field", ""),
        value=named.get("value", ""),
        remedy=named.get("remedy", ""),
        time_seconds=time_seconds,
    )


def _texts(entry: Mapping[str, Any]) -> tuple[str, str, str, str]:
    reason, field, value, remedy = (str(entry.get(name) or "") for name in TEXTS)
    return reason, field, value, remedy


def _bytes(name: str, entry: Mapping[str, Any]) -> bytes | None:
    """Text or base64; a body that was edited into an object is taken as its JSON."""
    if f"{name}_base64" in entry:
        try:
            return base64.b64decode(str(entry[f"{name}_base64"]), validate=True)
        except binascii.Error as error:
            raise ValueError(f"{name}_base64 is no base64") from error
    value = entry.get(name)
    if value is None:
        return None
    return value.encode() if isinstance(value, str) else json.dumps(value).encode()


def _as_text(name: str, data: bytes) -> dict[str, str]:
    try:
        return {name: data.decode("utf-8")}
    except UnicodeDecodeError:
        return {f"{name}_base64": base64.b64encode(data).decode("ascii")}


def _encodable(text: str) -> str:
    """Half a surrogate pair, which JSON may bring, cannot be written as UTF-8."""
    return text.encode("utf-8", "replace").decode()
