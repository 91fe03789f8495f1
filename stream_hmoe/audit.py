"""A chain of records in which none can be changed, left out or put in without breaking the ones after it.

Each line is canonical JSON (sorted keys, no spaces, ASCII) with the hash of the line before it. This file
writes nothing: ``AuditChain.append`` returns the line for whoever keeps the log.
The chain shows tampering to anyone who holds its last hash; it does not keep anyone from writing a new chain.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["FIRST", "AuditChain", "Break", "Verdict", "verify"]

FIRST = "0" * 64
_FIELDS = {"index", "record", "kind", "payload", "previous", "hash"}


@dataclass(frozen=True, slots=True)
class Break:
    """The first line at which a chain does not hold.

    Args:
        line: 0-based number of the line.
        reason: what is wrong with it.
    """

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found in a chain.

    Args:
        count: how many lines hold.
        last: hash of the last of them.
        broken: the first that does not, None if all hold.
    """

    count: int
    last: str
    broken: Break | None


class AuditChain:
    """Hash-chained records of what was decided and why.

    Args:
        count: records already in the log.
        last: hash of the last of them.
    """

    def __init__(self, count: int = 0, last: str = FIRST) -> None:
        self.count = count
        self.last = last

    def append(self, record: int, kind: str, payload: Mapping[str, Any]) -> str:
        """The next line of the log, without its line end.

        Args:
            record: position in the stream that it speaks of.
            kind: what happened, for example ``"promoted"``.
            payload: plain JSON values under text keys.

        Raises:
            TypeError: a value or a key of the payload has no exact form in JSON; nothing was appended.
            ValueError: a number is NaN or infinite; nothing was appended.
        """
        _check_plain(payload, "payload")
        entry = {
            "index": self.count,
            "record": int(record),
            "kind": str(kind),
            "payload": payload,
            "previous": self.last,
        }
        digest = _hash(entry)
        self.count += 1
        self.last = digest
        return _canonical({**entry, "hash": digest})

    def state_dict(self) -> dict[str, Any]:
        """Count and last hash: enough to go on with the chain."""
        return {"count": self.count, "last": self.last}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over a saved state."""
        self.count = int(state["count"])
        self.last = str(state["last"])


def verify(lines: Iterable[str], *, count: int = 0, last: str = FIRST) -> Verdict:
    """Follow a chain and stop at the first line that does not hold.

    A log that was cut off at its end holds as far as it goes: compare ``count`` and ``last`` of the verdict
    with those of the chain's state.

    Args:
        lines: the log, with or without line ends.
        count: index of the first line.
        last: hash that it must follow.
    """
    held = 0
    for line in lines:
        reason, digest = _inspect(line.rstrip("\r\n"), count + held, last)
        if reason:
            return Verdict(held, last, Break(held, reason))
        held, last = held + 1, digest
    return Verdict(held, last, None)


def _inspect(line: str, index: int, previous: str) -> tuple[str, str]:
    """What is wrong with a line, empty if nothing, and its hash."""
    try:
        entry = json.loads(line, parse_constant=_finite, parse_float=_finite)
    except ValueError as error:
        return f"it is not JSON: {error}", ""
    if not isinstance(entry, dict) or set(entry) != _FIELDS:
        found = sorted(entry) if isinstance(entry, dict) else type(entry).__name__
        return f"its fields are {found}, expected {sorted(_FIELDS)}", ""
    if entry["index"] != index:
        return f"its index is {entry['index']!r}, expected {index}: a record is missing or was put in", ""
    if entry["previous"] != previous:
        return "it does not follow the record before it: 'previous' is not that record's hash", ""
    digest = _hash({name: value for name, value in entry.items() if name != "hash"})
    if entry["hash"] != digest:
        return "its content is not what was hashed", ""
    if _canonical(entry) != line:
        return "it is not written in canonical form", ""
    return "", digest


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is no finite number")
    return value


def _check_plain(value: Any, place: str) -> None:
    """Only what reads back as it was written: no tuples, keys that are text, plain numbers."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            if type(key) is not str:
                raise TypeError(f"{place} has the key {key!r}: keys must be text")
            _check_plain(item, f"{place}[{key!r}]")
    elif type(value) is list:
        for number, item in enumerate(value):
            _check_plain(item, f"{place}[{number}]")
    elif value is not None and type(value) not in (bool, int, float, str):
        kind = type(value).__name__
        raise TypeError(f"{place} is {kind} {value!r}: convert it to text, a number, a list or a mapping")


def _canonical(value: Mapping[str, Any]) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _hash(entry: Mapping[str, Any]) -> str:
    return hashlib.sha256(_canonical(entry).encode("ascii")).hexdigest()
