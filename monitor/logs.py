"""What the service says about itself: one event a line, JSON for machines or text for people.

An event has a stable snake_case name and plain fields. Features never get here, because a field is text, a
number or a truth value; secrets are blackened wherever they stand; what repeats is told once in a while with
a count.
"""

from __future__ import annotations

import datetime
import json
import logging
import re
import sys
import threading
from collections.abc import Iterable, Mapping
from typing import Any, TextIO

from monitor.config.schema import LogConfig
from monitor.printable import printable
from stream_hmoe.errors import StreamHMoEError

__all__ = ["Log", "Redactor", "RepeatFilter", "get_logger", "set_up_logging"]

ROOT = "hmoe"
ORDERED = "ordered"
EVENT = re.compile(r"[a-z][a-z0-9_]*")
BLACKENED = "********"
MIN_SECRET = 4  # shorter ones are blackened where they stand alone: inside other words they would be chance
REPEAT_SECONDS = 10.0
REPEAT_EVERY = 1_000
MAX_REPEATED = 1_000
FIELDS, STREAM = "hmoe_fields", "hmoe_stream"
Plain = str | int | float | bool | None


class Log:
    """Says what happens in one stream.

    Args:
        stream: its name; empty for the service as a whole.

    Example:
        >>> log = get_logger("payments")
        >>> log.debug("checkpoint_saved", records=20_000, seconds=0.12)
    """

    def __init__(self, stream: str) -> None:
        self._stream = stream
        self._logger = logging.getLogger(ROOT)

    def debug(self, event: str, /, **fields: Plain) -> None:
        """Of use to those who look for a fault."""
        self._say(logging.DEBUG, event, fields)

    def info(self, event: str, /, **fields: Plain) -> None:
        """As it should be."""
        self._say(logging.INFO, event, fields)

    def warning(self, event: str, /, **fields: Plain) -> None:
        """The service goes on, but somebody should look at it."""
        self._say(logging.WARNING, event, fields)

    def error(self, event: str, /, error: BaseException | None = None, **fields: Plain) -> None:
        """Something did not work.

        Args:
            event: what, in snake_case.
            error: why; with a trace, unless its message is all that there is to know.
            fields: particulars.
        """
        why = {} if error is None else {"error": str(error) or type(error).__name__}
        trace = None if isinstance(error, StreamHMoEError) else error
        self._say(logging.ERROR, event, {**why, **fields}, trace)

    def _say(
        self, level: int, event: str, fields: Mapping[str, Plain], error: BaseException | None = None
    ) -> None:
        if self._logger.isEnabledFor(level):
            assert EVENT.fullmatch(event), f"an event is named in snake_case, not {event!r}"
            extra = {FIELDS: dict(fields), STREAM: self._stream}
            self._logger.log(level, event, extra=extra, exc_info=error)


def get_logger(stream: str = "") -> Log:
    """What a part of the service speaks through."""
    return Log(stream)


def set_up_logging(config: LogConfig, secrets: Iterable[str], to: TextIO | None = None) -> logging.Handler:
    """Send everything that is logged in this process, by us and by libraries, to one place.

    Args:
        config: format and level.
        secrets: texts that must never appear.
        to: where to; None is standard error.

    Returns:
        The handler, which replaces those that were there.
    """
    target = sys.stderr if to is None else to
    is_text = config.format == "text" or (config.format == "auto" and target.isatty())
    redactor = Redactor(secrets)
    handler = logging.StreamHandler(target)
    handler.setFormatter(TextFormatter(redactor) if is_text else JsonFormatter(redactor))
    handler.addFilter(RepeatFilter())
    root = logging.getLogger()
    for former in list(root.handlers):
        root.removeHandler(former)
    root.addHandler(handler)
    root.setLevel(max(logging.WARNING, logging.getLevelNamesMapping()[config.level.upper()]))
    logging.getLogger(ROOT).setLevel(config.level.upper())
    return handler


class Redactor:
    """Blackens secrets.

    Args:
        secrets: the texts.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        known = {secret for secret in secrets if secret}
        self._short = frozenset(secret for secret in known if len(secret) < MIN_SECRET)
        # the longest first: a secret may be part of another
        long = sorted(known - self._short, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, long))) if long else None

    def __call__(self, text: str) -> str:
        """The text without secrets."""
        if text in self._short:
            return BLACKENED
        return text if self._pattern is None else self._pattern.sub(BLACKENED, text)


class RepeatFilter(logging.Filter):
    """Lets the first of equal events pass, then one every ten seconds or thousand, with a count.

    Events are equal when name, stream and level are; the count says how many were left out since the last.
    Orders of operators are always told.
    """

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._last: dict[tuple[str, ...], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is told; notes in it how many before it were not."""
        if record.msg == ORDERED:
            return True
        key = (record.name, str(record.msg), getattr(record, STREAM, ""), record.levelname)
        with self._lock:
            told, left_out = self._last.pop(key, (-REPEAT_SECONDS, 0))
            # a clock that was set back must not silence anything
            is_told = not 0.0 <= record.created - told < REPEAT_SECONDS or left_out >= REPEAT_EVERY - 1
            self._last[key] = (record.created, 0) if is_told else (told, left_out + 1)
            if len(self._last) > MAX_REPEATED:
                del self._last[next(iter(self._last))]
        if is_told and left_out:
            record.__dict__[FIELDS] = {**getattr(record, FIELDS, {}), "left_out": left_out}
        return is_told


class RedactingFormatter(logging.Formatter):
    """Tells no secret.

    Args:
        redactor: blackens secrets.
    """

    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self._redactor = redactor


class JsonFormatter(RedactingFormatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as a line."""
        return json.dumps(_entry(record, self._redactor), ensure_ascii=False, default=str)


class TextFormatter(RedactingFormatter):
    """Time, level, stream, event and fields for people."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as a line, and below it the trace of an error, if there is one."""
        entry = _entry(record, self._redactor)
        moment = entry.pop("ts")[11:19]
        level, stream, event = entry.pop("level"), entry.pop("stream", ""), entry.pop("event")
        trace = entry.pop("trace", "")
        fields = "  ".join(f"{name}={_shown(value)}" for name, value in entry.items())
        words = " ".join(part for part in (moment, f"{level:<7}", stream, event, fields) if part)
        return f"{words}\n{trace}" if trace else words


def _entry(record: logging.LogRecord, redactor: Redactor) -> dict[str, Any]:
    """All that is told of a record, without secrets."""
    moment = datetime.datetime.fromtimestamp(record.created, datetime.UTC)
    entry: dict[str, Any] = {
        "ts": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "level": record.levelname.lower(),
    }
    if record.name == ROOT:
        stream = getattr(record, STREAM, "")
        entry |= {"event": str(record.msg), **({"stream": stream} if stream else {})}
    else:
        entry |= {"event": "library", "logger": record.name, "message": record.getMessage()}
    fields: Mapping[str, Any] = getattr(record, FIELDS, {})
    entry |= {name: _plain(value) for name, value in fields.items() if name not in entry}
    if record.exc_info and record.exc_info[0] is not None:
        entry["trace"] = logging.Formatter().formatException(record.exc_info)
    return {name: redactor(value) if isinstance(value, str) else value for name, value in entry.items()}


def _plain(value: Any) -> Plain:
    """The value, or the name of its type: what is inside records and collections is nobody's business."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if value - value == 0.0 else str(value)
    return type(value).__name__


def _shown(value: Plain) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    text = str(value)
    quoted = json.dumps(text, ensure_ascii=False) if re.search(r'[\s"=]', text) or not text else text
    return printable(quoted)
