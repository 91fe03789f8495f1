"""Send dead letters once more: repaired, or as they were after the receiver was mended."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from monitor.config.schema import StreamConfig
from monitor.dead_letters.letter import DeadLetter
from monitor.problems import ConfigurationProblem, Problem, TemporaryProblem, UsageProblem
from monitor.sources.messages import Channel

__all__ = ["FileTarget", "HttpTarget", "Refused", "Replayed", "Target", "api_event", "replay"]

ANSWER_SECONDS = 30.0
MAX_ANSWER = 300
TRY_AGAIN = (408, 425, 429, 500, 502, 503, 504)


class Refused(Exception):
    """The target does not take this letter, whatever happens to the others; the text says why."""


class Target(Protocol):
    """Where letters go."""

    name: str

    def send(self, letter: DeadLetter) -> None:
        """Send one and wait until it is safe.

        Raises:
            Refused: this one is not taken.
            Problem: nothing can be sent now.
        """

    def close(self) -> None:
        """Release what is held."""


@dataclass(slots=True)
class Replayed:
    """How a replay went.

    Args:
        sent: letters that were taken.
        refused: origin and reason of those that were not.
        failure: what ended it early; empty when it came to its end.
    """

    sent: int
    refused: list[tuple[str, str]]
    failure: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        refused = [{"origin": origin, "reason": reason} for origin, reason in self.refused]
        return {"sent": self.sent, "refused": refused, "failure": self.failure}


def replay(letters: Iterable[DeadLetter], target: Target) -> Replayed:
    """Send letters in order; a letter that is refused does not hold up the others, a broken target does."""
    done = Replayed(0, [])
    try:
        for letter in letters:
            try:
                target.send(letter)
                done.sent += 1
            except Refused as refusal:
                done.refused.append((letter.origin, str(refusal)))
    except Problem as problem:
        done.failure = str(problem)
    finally:
        target.close()
    return done


class FileTarget:
    """Appends bodies to a JSON Lines file.

    Args:
        path: the file.
    """

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        try:
            self._file = path.open("ab", buffering=0)
        except OSError as error:
            raise ConfigurationProblem(f"cannot write {path}: {error.strerror}") from error

    def send(self, letter: DeadLetter) -> None:
        """Append one; only what is a line of JSON goes into a file of lines."""
        try:
            line = json.dumps(json.loads(letter.body), ensure_ascii=False).encode() + b"\n"
        except (ValueError, RecursionError) as error:
            raise Refused("the body is no JSON: repair it first") from error
        try:
            written = self._file.write(line)
        except OSError as error:
            raise TemporaryProblem(f"cannot write {self.name}: {error.strerror}") from error
        if written != len(line):
            raise TemporaryProblem(f"cannot write {self.name}: the disk is full, its last line is cut")

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class HttpTarget:
    """Posts bodies to an address, one a request.

    Args:
        url: http:// or https://.
        token: presented as bearer token; None presents none.
        stream: given, a body becomes an event of the service's API; None posts it as it is.
    """

    def __init__(self, url: str, token: str | None, stream: StreamConfig | None) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise UsageProblem(f"--to-url {url}: an address such as http://127.0.0.1:8080/learn")
        self.name = url
        kinds = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}
        self._connection = kinds[parts.scheme](parts.hostname, parts.port, timeout=ANSWER_SECONDS)
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._stream = stream
        self._headers = {"Content-Type": "application/json"}
        if token is not None:
            self._headers["Authorization"] = f"Bearer {token}"

    def send(self, letter: DeadLetter) -> None:
        """Post one."""
        body = letter.body if self._stream is None else api_event(letter, self._stream)
        try:
            self._connection.request("POST", self._path, body, self._headers)
            answer = self._connection.getresponse()
            words = answer.read()[:MAX_ANSWER].decode("utf-8", "replace").strip()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise TemporaryProblem(f"{self.name} does not answer: {error}") from error
        if answer.status in (401, 403, 404) or answer.status in TRY_AGAIN:
            raise TemporaryProblem(f"{self.name} answered {answer.status}: {words}")
        if answer.status >= 300:
            raise Refused(f"answered {answer.status}: {words}")

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def api_event(letter: DeadLetter, stream: StreamConfig) -> bytes:
    """A flat JSON record as an event of the service's API: its features by themselves.

    Args:
        letter: whose body is a JSON object with the fields that the stream's configuration names.
        stream: that configuration.

    Raises:
        Refused: the body is no JSON object.
    """
    try:
        record = json.loads(letter.body)
    except (ValueError, RecursionError) as error:
        raise Refused("the body is no JSON: repair it first") from error
    if not isinstance(record, dict):
        raise Refused("the body is JSON, but no object: repair it first")
    labels, event = stream.labels, {}
    is_later = labels.arrive == "later"
    key, target = record.pop(labels.key, None), record.pop(stream.target, None)
    seconds = record.pop(labels.time, None) if labels.time is not None else None
    for name in stream.ignored:
        record.pop(name, None)
    if is_later and key is not None:
        event["key"] = key
        if seconds is not None:
            event["time_seconds"] = seconds
    is_label = letter.channel is Channel.LABELS or (is_later and not record)
    if not is_label:
        event["features"] = record
    if target is not None:
        event["label" if is_label else "target"] = target
    return json.dumps(event).encode()
