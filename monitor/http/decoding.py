"""Bodies into events: checked here, so that what reaches the inbox can be read by the stream."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from typing import Any, NoReturn, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from monitor.decoding.json_faults import name_that_stands_twice
from monitor.decoding.records import AHEAD_SECONDS
from monitor.http.bodies import AdminBody, EventBody, LooseEvent, Scalar
from monitor.http.gateway import Intake
from monitor.http.refusals import HttpRefusal
from monitor.sources.inbox_entries import Entry
from monitor.sources.messages import Channel

__all__ = ["decode_admin", "decode_event", "decode_lines", "decode_list", "plain_features", "to_entry"]

Body = TypeVar("Body")

_EVENT = msgspec.json.Decoder(EventBody)
_EVENTS = msgspec.json.Decoder(list[EventBody])
_ADMIN = msgspec.json.Decoder(AdminBody)
_LOOSE = msgspec.json.Decoder(LooseEvent)
_LOOSE_LIST = msgspec.json.Decoder(list[LooseEvent])
_SCALAR = msgspec.json.Decoder(Scalar)
_ENCODER = msgspec.json.Encoder()
_PLACE = re.compile(r"^(.*`\$(?:\[(\d+)\])?\.features)\[\.\.\.\](.*)$", re.DOTALL)


def decode_event(body: bytes) -> EventBody:
    """One event.

    Raises:
        HttpRefusal: it is no JSON, or no event; the message has the JSON path.
    """
    return _single(body, "")


def decode_list(body: bytes) -> list[EventBody]:
    """A JSON array of events; raises as ``decode_event`` does."""
    events = _decode(_EVENTS, body, "")
    _refuse_twice(events, body, "")
    return events


def decode_lines(body: bytes) -> list[EventBody]:
    """JSON Lines, blank lines left out; raises as ``decode_event`` does, naming the line."""
    lines = enumerate(body.split(b"\n"), 1)
    return [_single(line, f"line {number}: ") for number, line in lines if line.strip()]


def decode_admin(body: bytes) -> AdminBody:
    """The body of an order; raises as ``decode_event`` does."""
    return _decode(_ADMIN, body, "")


def plain_features(event: EventBody, intake: Intake, place: str = "$") -> dict[str, Any]:
    """The features of an event; none may have the name of the target or of the key.

    Raises:
        HttpRefusal: there are none, or one has such a name.
    """
    features = event.features
    if isinstance(features, UnsetType):
        _invalid(f"{place}.features", "is missing; send the record's fields there")
    for name, member in ((intake.target, "target"), (intake.key, "key")):
        if name in features:
            _invalid(f"{place}.features.{name}", f"is the {member} of the stream; send it as {member}")
    return features


def to_entry(event: EventBody, intake: Intake, place: str = "$") -> Entry:
    """An event as the stream's other sources would carry it: one object with the configured names.

    Args:
        event: an observation (features, key), example (features, target, perhaps key) or label (key, label).
        intake: the names, and which of these the stream takes.
        place: JSON path of the event, for messages.

    Raises:
        HttpRefusal: it is none of the three, or not one that the stream takes, or its time cannot be.
    """
    _require_kind(event, intake, place)
    is_label = not isinstance(event.label, UnsetType)
    fields: dict[str, Any] = {} if is_label else dict(plain_features(event, intake, place))
    for value in (event.label, event.target):
        if not isinstance(value, UnsetType):
            fields[intake.target] = value
    now = time.time()
    seconds = now if isinstance(event.time_seconds, UnsetType) else event.time_seconds
    if seconds > now + AHEAD_SECONDS:
        message = "is more than a day ahead of the clock here; send the Unix time"
        raise HttpRefusal(409, f"`{place}.time_seconds`: {message}")
    if intake.time is not None:
        if event.time_seconds is not UNSET and intake.time in fields:
            _invalid(f"{place}.time_seconds", f"is also features.{intake.time}; send it once")
        fields.setdefault(intake.time, seconds)
    channel = Channel.LABELS if is_label else Channel.EVENTS
    if isinstance(event.key, UnsetType):
        return Entry(_ENCODER.encode(fields), channel, None, seconds)
    fields[intake.key] = event.key
    return Entry(_ENCODER.encode(fields), channel, event.key.encode(), seconds)


def _require_kind(event: EventBody, intake: Intake, place: str) -> None:
    """Refuse members that do not go together, and kinds that the stream does not take."""
    if event.label is not UNSET:
        if event.key is UNSET or event.features is not UNSET or event.target is not UNSET:
            _invalid(f"{place}.label", "goes with key alone; with features, send it as target")
        if not intake.is_later:
            _invalid(f"{place}.label", "records of this stream bring their labels: send features and target")
    elif intake.is_later and event.key is UNSET:
        _invalid(
            f"{place}.key", "is missing; labels of this stream come later, so every record needs its key"
        )
    elif not intake.is_later and event.target is UNSET:
        _invalid(f"{place}.target", "is missing; records of this stream bring their labels")


def _invalid(place: str, message: str) -> NoReturn:
    raise HttpRefusal(422, f"`{place}`: {message}")


def _decode(decoder: msgspec.json.Decoder[Body], body: bytes, where: str) -> Body:
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise HttpRefusal(422, where + _with_feature_name(str(error), body)) from error
    except UnicodeDecodeError as error:
        raise HttpRefusal(400, f"{where}the body is not UTF-8: {error.reason}") from error
    except RecursionError as error:
        raise HttpRefusal(400, f"{where}the body is nested too deeply") from error
    except msgspec.DecodeError as error:
        message = str(error) if body.strip() else "the body is empty"
        raise HttpRefusal(400, f"{where}not JSON: {message}") from error


def _single(body: bytes, where: str) -> EventBody:
    event = _decode(_EVENT, body, where)
    _refuse_twice([event], body, where)
    return event


def _refuse_twice(events: Sequence[EventBody], body: bytes, where: str) -> None:
    """Refuse a name that stands twice in one object: the decoder keeps the last without a word.

    Every name has one colon; where there are more of them, text may hold the others.
    """
    if body.count(b":") == sum(map(_count_names, events)):
        return
    name = name_that_stands_twice(body)
    if name is not None:
        raise HttpRefusal(422, f"{where}the name {name[:100]!r} stands twice in one object")


def _count_names(event: EventBody) -> int:
    members = (event.key, event.target, event.label, event.time_seconds)
    names = sum(not isinstance(member, UnsetType) for member in members)
    return names if isinstance(event.features, UnsetType) else names + 1 + len(event.features)


def _with_feature_name(message: str, body: bytes) -> str:
    """The message with the name of the feature, which the decoder does not tell."""
    match = _PLACE.match(message)
    if match is None:
        return message
    before, index, after = match.groups()
    name = _bad_feature(_loose_events(body, index is not None), int(index or 0))
    return message if name is None else f"{before}.{name[:100]}{after}"


def _loose_events(body: bytes, is_list: bool) -> Sequence[LooseEvent]:
    try:
        return _LOOSE_LIST.decode(body) if is_list else [_LOOSE.decode(body)]
    except (ValueError, RecursionError):
        return []


def _bad_feature(events: Sequence[LooseEvent], index: int) -> str | None:
    for name, value in events[index].features.items() if index < len(events) else ():
        try:
            _SCALAR.decode(value)
        except (ValueError, RecursionError):
            return name
    return None
