"""Bodies into events: checked here, so that what reaches the inbox can be read by the stream."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from typing import Any, NoReturn, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

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
    return _decode(_EVENT, body, "")


def decode_list(body: bytes) -> list[EventBody]:
    """A JSON array of events; raises as ``decode_event`` does."""
    return _decode(_EVENTS, body, "")


def decode_lines(body: bytes) -> list[EventBody]:
    """JSON Lines, blank lines left out; raises as ``decode_event`` does, naming the line."""
    lines = enumerate(body.split(b"\n"), 1)
    return [_decode(_EVENT, line, f"line {number}: ") for number, line in lines if line.strip()]


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
        raise HttpRefusal(422, f"`{place}.features`: is missing; send the record's fields there")
    if intake.target in features:
        _invalid(f"{place}.features.{intake.target}", "is what the stream predicts; send it as target")
    if intake.key is not None and intake.key in features:
        _invalid(f"{place}.features.{intake.key}", "is the key of the stream; send it as key")
    return features


def to_entry(event: EventBody, intake: Intake, place: str = "$") -> Entry:
    """An event as the stream's other sources would carry it: one object with the configured names.

    Args:
        event: an observation (features, key), an example (features, target) or a label (key, label).
        intake: the names.
        place: JSON path of the event, for messages.

    Raises:
        HttpRefusal: it is none of the three, or the stream does not take it.
    """
    fields: dict[str, Any]
    key, channel = event.key, Channel.EVENTS
    if key is not UNSET and intake.key is None:
        _invalid(f"{place}.key", "records of this stream bring their labels: send features and target")
    if event.label is not UNSET:
        if key is UNSET or event.features is not UNSET or event.target is not UNSET:
            _invalid(f"{place}.label", "goes with key alone")
        fields, channel = {intake.target: event.label}, Channel.LABELS
    else:
        fields = dict(plain_features(event, intake, place))
        if (key is UNSET) == (event.target is UNSET):
            _invalid(place, "features go with either key or target")
        if event.target is not UNSET:
            fields[intake.target] = event.target
    seconds = time.time() if isinstance(event.time_seconds, UnsetType) else event.time_seconds
    if intake.time is not None:
        if intake.time not in fields:
            fields[intake.time] = seconds
        elif event.time_seconds is not UNSET:
            _invalid(f"{place}.time_seconds", f"is also features.{intake.time}; send it once")
    if isinstance(key, UnsetType) or intake.key is None:
        return Entry(_ENCODER.encode(fields), channel, None, seconds)
    fields[intake.key] = key
    return Entry(_ENCODER.encode(fields), channel, key.encode(), seconds)


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
