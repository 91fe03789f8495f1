"""Messages of Redis Streams, merged by the time in their ids.

Redis answers for all streams at one moment, so a stream that gives less than was asked for is at its end.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from monitor.config.schema import RedisSourceConfig
from monitor.problems import ConfigurationProblem, MessagesGone, Problem
from monitor.sources.chunk import Position
from monitor.sources.log_merge import Log, LogMerge
from monitor.sources.messages import Batch, Channel, Message

__all__ = ["RedisSource"]

logger = logging.getLogger(__name__)

START = "0-0"
MOST_FETCHED = 5_000
ANSWER_SECONDS = 10.0
LONGEST_WAIT_SECONDS = 5.0
RETRY_SECONDS = 0.5
ENTRIES_ADDED = "entries-added"


@dataclass(slots=True, eq=False, kw_only=True)
class RedisLog(Log):
    """A stream that is read.

    Args:
        channel: what it holds.
        start_id: id of the last entry that was given before this reader.
        fetch_id: id of the last entry that waits here or was given.
        seen: entries that were ever added, up to ``fetch_id``.
        is_begun: it is settled where this reader began: what is trimmed from then on is missed.
        added: entries that were ever added, as last heard.
    """

    channel: Channel
    start_id: str
    fetch_id: str
    seen: int
    is_begun: bool
    added: int = 0

    @property
    def given_id(self) -> str:
        """Id of the last entry that was given."""
        return self.start_id if self.last is None else self.last.offset


class RedisSource:
    """Reads a stream of records and one of labels; a server that is away is waited for.

    An entry has a field ``body`` with the message and may have a field ``key``. Nothing is asked of the
    server before the first ``poll``. A source that has raised a problem raises it again; go on with a new
    one at the last position.

    Args:
        config: server, streams and policies.
        position: resume there; a stream that it does not hold is begun with its oldest entry.

    Attributes:
        problem: what keeps messages from coming just now, in words; empty while all is well.

    Raises:
        ConfigurationProblem: the package ``redis`` is missing, the address is none, or the position is of
            other streams.
    """

    def __init__(self, config: RedisSourceConfig, position: Position | None) -> None:
        self.problem = ""
        self._config = config
        self._redis = _package()
        try:
            self._client = self._redis.Redis.from_url(
                config.url.get_secret_value(),
                protocol=2,
                socket_timeout=ANSWER_SECONDS,
                retry=self._redis.retry.Retry(self._redis.backoff.NoBackoff(), 0),
            )
        except ValueError as error:
            raise ConfigurationProblem(f"url: {error}; write redis://host:6379/0") from error
        self._merge = LogMerge()
        self._failure: Problem | None = None
        self._skipped: dict[str, int] = {}
        self._logs = _logs(config, dict(position["logs"]) if position else {})
        for log in self._logs:
            self._merge.open(log)

    def poll(self, limit: int, wait_seconds: float) -> Batch:
        """Up to ``limit`` messages; waits at most so long for the first.

        While the server is away it gives nothing, and ``problem`` says so.

        Raises:
            Problem: access is refused, a stream is none, or entries are gone that had not been read; it is
                raised when all that could still be given has been given.
        """
        deadline = time.monotonic() + wait_seconds
        taken = self._merge.take(limit)
        while len(taken) < limit and self._failure is None:
            is_there = self._try(self._fetch, limit)
            more = self._merge.take(limit - len(taken))
            taken += more
            remaining = deadline - time.monotonic()
            if more:
                continue
            if taken or remaining <= 0.0 or self._failure is not None:
                break
            if is_there:
                self._try(self._wait, remaining)
            else:
                time.sleep(min(remaining, RETRY_SECONDS))
        if not taken and self._failure is not None:
            raise self._failure
        skipped, self._skipped = self._skipped, {}
        return Batch(taken, self._position(), skipped)

    def acknowledge(self, position: Position) -> None:
        """Nothing to do: the server keeps no position for this reader."""

    def lag(self) -> Mapping[str, int]:
        """Entries between what was given and the end of every stream, as last heard."""
        return {log.name: len(log.waiting) + log.added - log.seen for log in self._logs}

    def close(self) -> None:
        """Leave the server; may be called twice."""
        self._client.close()

    def _try(self, act: Callable[..., None], *arguments: float) -> bool:
        """Do something that needs the server; False when it is away."""
        errors = self._redis.exceptions
        try:
            act(*arguments)
        except (errors.AuthenticationError, errors.NoPermissionError) as error:
            self._failure = ConfigurationProblem(f"Redis: {error}; correct user and password in url")
        except (errors.BusyLoadingError, errors.ConnectionError, errors.TimeoutError) as error:
            if not self.problem:
                logger.warning("Redis: %s; trying again", error)
            self.problem = f"Redis: {error}; trying again"
            return False
        except errors.ResponseError as error:
            self._failure = ConfigurationProblem(f"Redis: {error}; are events and labels names of streams?")
        else:
            self.problem = ""
        return True

    def _fetch(self, limit: int) -> None:
        """Read on where room is left, and what the server says of every stream, all at one moment."""
        most = min(limit, MOST_FETCHED)
        wanted = {log.name: log.fetch_id for log in self._logs if len(log.waiting) < most}
        with self._client.pipeline(transaction=True) as pipeline:
            pipeline.xread(wanted, count=most)
            for log in self._logs:
                pipeline.xinfo_stream(log.name)
            entries, *infos = pipeline.execute(raise_on_error=False)
        whole = {log.name for log, info in zip(self._logs, infos, strict=True) if self._is_whole(log, info)}
        if isinstance(entries, Exception):
            raise entries
        arrived = {name.decode(): found for name, found in entries}
        for log in self._logs:
            if log.name in wanted and log.name in whole:
                _add(self._merge, log, arrived.get(log.name, []))
                log.is_at_end = len(arrived.get(log.name, [])) < most

    def _wait(self, seconds: float) -> None:
        """Wait until something is added, and leave it there."""
        milliseconds = max(1, int(min(seconds, LONGEST_WAIT_SECONDS) * 1_000))
        self._client.xread({log.name: log.fetch_id for log in self._logs}, count=1, block=milliseconds)

    def _is_whole(self, log: RedisLog, info: Any) -> bool:
        """Whether nothing is gone between what was read and what comes next, or that is settled."""
        if isinstance(info, self._redis.exceptions.ResponseError) and "no such key" in str(info):
            info = {ENTRIES_ADDED: 0, "length": 0, "last-generated-id": START.encode(), "first-entry": None}
        if isinstance(info, Exception):
            raise info
        if ENTRIES_ADDED not in info:
            message = "the server is older than 7.0 and does not tell what was trimmed"
            self._failure = ConfigurationProblem(f"Redis: {message}; upgrade it")
            return False
        log.added = int(info[ENTRIES_ADDED])
        if log.added < log.seen or _parts(info["last-generated-id"].decode()) < _parts(log.fetch_id):
            message = f"{log.name}: entry {log.fetch_id} was read, but the stream ends before it"
            remedy = "it was made anew; begin again with a new state folder"
            self._failure = ConfigurationProblem(f"{message}: {remedy}")
            return False
        first = info["first-entry"]
        gone = log.added - int(info["length"]) - log.seen
        if gone > 0 and (first is None or _parts(first[0].decode()) > _parts(log.fetch_id)):
            log.is_at_end = False
            if log.is_begun and not self._may_skip(log, gone):
                return False
            log.seen += gone
        log.is_begun = True
        return True

    def _may_skip(self, log: RedisLog, gone: int) -> bool:
        # What came before the gap is given first, so that a position is before the gap or behind it.
        if log.waiting:
            return False
        message = f"{log.name}: {gone} entries after {log.fetch_id} are gone"
        if self._config.gap == "fail":
            remedy = "set gap: skip to go on without them, and keep more entries (MAXLEN)"
            self._failure = MessagesGone(f"{message}; {remedy}")
            return False
        logger.warning("%s", message)
        self._skipped[log.name] = self._skipped.get(log.name, 0) + gone
        return True

    def _position(self) -> Position:
        places = {
            log.name: {"id": log.given_id, "seen": log.seen - len(log.waiting)}
            for log in self._logs
            if log.is_begun
        }
        return {"logs": places}


def _logs(config: RedisSourceConfig, start: Mapping[str, Any]) -> list[RedisLog]:
    names = {config.events: Channel.EVENTS}
    if config.labels == config.events:
        message = f"labels: {config.labels} is the stream of the records too"
        raise ConfigurationProblem(f"{message}; name the stream of the labels, or leave labels out")
    if config.labels is not None:
        names[config.labels] = Channel.LABELS
    others = sorted(set(start) - set(names))
    if others:
        message = f"the position is of stream {', '.join(others)}, the configuration names {', '.join(names)}"
        raise ConfigurationProblem(f"{message}; name the same streams, or begin with a new state folder")
    logs = []
    for number, (name, channel) in enumerate(names.items()):
        place = start.get(name, {"id": START, "seen": 0})
        last = str(place["id"])
        logs.append(
            RedisLog(
                name=name,
                rank=(number, name, 0),
                given_time=_parts(last)[0],
                channel=channel,
                start_id=last,
                fetch_id=last,
                seen=int(place["seen"]),
                is_begun=name in start,
            )
        )
    return logs


def _add(merge: LogMerge, log: RedisLog, entries: Sequence[tuple[bytes, Mapping[bytes, bytes]]]) -> None:
    run = []
    for name, fields in entries:
        log.fetch_id = name.decode()
        milliseconds = _parts(log.fetch_id)[0]
        body, key = fields.get(b"body", b""), fields.get(b"key")
        message = Message(log.channel, log.name, log.fetch_id, key, body, milliseconds / 1_000)
        run.append((milliseconds, message))
    log.seen += len(run)
    merge.add(log, run)


def _parts(entry: str) -> tuple[int, int]:
    """An id as numbers: Unix milliseconds, and which of that millisecond."""
    milliseconds, _, number = entry.partition("-")
    return int(milliseconds), int(number or 0)


def _package() -> ModuleType:
    try:
        import redis
    except ImportError as error:
        message = "source kind redis needs a package that is not installed"
        raise ConfigurationProblem(f"{message}: pip install 'stream-hmoe[redis]'") from error
    return redis
