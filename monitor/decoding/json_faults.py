"""Why a message is no acceptable JSON, in words that lead to the field; reads it again, slowly."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from monitor.decoding.decoded import BadKind, Unusable, shown_bytes

__all__ = ["explained", "name_that_stands_twice", "refuse_duplicates"]

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
AT_BYTE = re.compile(r"\(byte (\d+)\)$")
FINITE = "Send a finite number, or null when it is unknown."
WRITE_JSON = "Send one JSON object a message, written by a JSON library."


def explained(body: bytes, error: Exception) -> Unusable:
    """What is wrong with a message that the decoder refused.

    Args:
        body: the message.
        error: why it was refused: of msgspec, UnicodeDecodeError or RecursionError.
    """
    if not body.strip():
        remedy = "Send a JSON object; messages without a body carry nothing to learn."
        return _unreadable("", "the message is empty", remedy)
    if body.startswith(BYTE_ORDER_MARK):
        reason = "a byte order mark stands before the JSON"
        return _unreadable(shown_bytes(body), reason, "Write UTF-8 without a mark.")
    if isinstance(error, UnicodeDecodeError):
        return _unreadable(shown_bytes(body), "not UTF-8 text", "Write UTF-8.")
    if isinstance(error, RecursionError):
        return _too_deep(body)
    return _not_finite(body) or _malformed(body, str(error))


def refuse_duplicates(body: bytes) -> None:
    """Make sure that no object of a message names a field twice: which one is meant, nobody knows.

    Raises:
        Unusable: one does.
    """
    try:
        name = name_that_stands_twice(body)
    except RecursionError:
        raise _too_deep(body) from None
    if name is not None:
        reason, remedy = "the field stands twice", "Send every field once."
        raise Unusable(BadKind.UNREADABLE, name, "", reason, remedy)


def name_that_stands_twice(body: bytes) -> str | None:
    """A name that an object of a JSON text holds twice, or None.

    Raises:
        RecursionError: objects are nested too deeply.
    """
    try:
        json.loads(body, object_pairs_hook=_once)
    except _Twice as twice:
        return twice.name
    return None


class _Twice(Exception):
    """A name that an object holds twice."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record: dict[str, Any] = {}
    for name, value in pairs:
        if name in record:
            raise _Twice(name)
        record[name] = value
    return record


def _not_finite(body: bytes) -> Unusable | None:
    """NaN, Infinity and numbers such as 1e999 are read by others: name the field."""
    try:
        record = json.loads(body)
    except (ValueError, RecursionError):
        return None
    for name, value in record.items() if isinstance(record, dict) else ():
        if isinstance(value, float) and not math.isfinite(value):
            reason = "NaN is no number of JSON" if math.isnan(value) else "it is not finite as a 64-bit float"
            return Unusable(BadKind.RANGE, name, str(value), reason, FINITE)
    return None


def _malformed(body: bytes, words: str) -> Unusable:
    found = AT_BYTE.search(words)
    place = int(found.group(1)) if found else 0
    plain = AT_BYTE.sub("", words).removeprefix("JSON is malformed: ").split(" - at ")[0].strip().rstrip(".")
    reason = f"not JSON: {plain[:1].lower()}{plain[1:]}"
    return _unreadable(shown_bytes(body, place), reason, WRITE_JSON)


def _too_deep(body: bytes) -> Unusable:
    return _unreadable(shown_bytes(body), "nested too deeply", "Send names and single values.")


def _unreadable(value: str, reason: str, remedy: str) -> Unusable:
    return Unusable(BadKind.UNREADABLE, "", value, reason, remedy)
