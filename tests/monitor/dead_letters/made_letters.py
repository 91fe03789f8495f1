"""Dead letters in the forms in which sinks write them: these names are what both sides rely on."""

from __future__ import annotations

import base64
import json
from typing import Any

from monitor.dead_letters.letter import HEADER_PREFIX, DeadLetter, Header

TEXTS = ("reason", "field", "value", "remedy")


def to_line(letter: DeadLetter) -> str:
    """A dead letter as one line of JSON; bytes that are no text become ``body_base64``, ``key_base64``."""
    entry: dict[str, Any] = {"log": letter.log, "offset": letter.offset, "channel": letter.channel.value}
    entry |= {"key": None} if letter.key is None else _text("key", letter.key)
    entry |= _text("body", letter.body)
    entry |= {name: getattr(letter, name) for name in TEXTS}
    return json.dumps({**entry, "time_seconds": letter.time_seconds}) + "\n"


def to_headers(letter: DeadLetter) -> list[Header]:
    """Everything but key, body and time as headers of a Kafka message."""
    topic, slash, partition = letter.log.rpartition("/")
    named = {
        "topic": topic if slash else letter.log,
        "partition": partition if slash else "-1",
        "offset": letter.offset,
        "message": letter.reason,
        "channel": letter.channel.value,
        **{name: getattr(letter, name) for name in TEXTS if name != "reason"},
    }
    return [(HEADER_PREFIX + name, text.encode()) for name, text in named.items()]


def _text(name: str, data: bytes) -> dict[str, str]:
    try:
        return {name: data.decode("utf-8")}
    except UnicodeDecodeError:
        return {f"{name}_base64": base64.b64encode(data).decode("ascii")}
