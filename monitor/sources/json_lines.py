"""JSON Lines: one object a line."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from monitor.sources.lines import LineQueue
from monitor.sources.text_source import BadLine, Record

__all__ = ["JsonLinesFormat"]


class JsonLinesFormat:
    """Every line is a JSON object; its members are the fields.

    Args:
        target: the member to learn.
        ignored: members to leave out.
    """

    def __init__(self, target: str, ignored: Sequence[str]) -> None:
        self._target = target
        self._ignored = tuple(ignored)

    def read(self, queue: LineQueue) -> Record | BadLine | None:
        """The next object; None when no complete line is here."""
        while (raw := queue.take()) is not None:
            if not raw.isspace():
                return self._parse(raw)
        return None

    def learn_columns(self, lines: Sequence[bytes]) -> Sequence[str]:
        """The members of the objects among ``lines``, in order of appearance."""
        columns: dict[str, None] = {}
        for raw in lines:
            value = _object(raw)
            if isinstance(value, dict):
                columns.update(dict.fromkeys(value))
        return tuple(columns)

    def position(self) -> dict[str, Any]:
        """Nothing: every line stands for itself."""
        return {}

    def _parse(self, raw: bytes) -> Record | BadLine:
        value = _object(raw)
        if isinstance(value, str):
            return BadLine(raw, value, "Write one JSON object a line, for example with: jq -c .")
        target = value.pop(self._target, None)
        for name in self._ignored:
            value.pop(name, None)
        return Record(value, target)


def _object(raw: bytes) -> dict[str, Any] | str:
    """The object of a line, or why there is none."""
    try:
        value = json.loads(raw)
    except UnicodeDecodeError as error:
        return f"not UTF-8 text ({error.reason} at byte {error.start})"
    except json.JSONDecodeError as error:
        return f"not JSON: {error.msg} at column {error.colno}"
    except ValueError as error:  # integers of more digits than Python converts
        return f"not readable JSON: {error}"
    except RecursionError:
        return "nested too deeply"
    if not isinstance(value, dict):
        return f"a JSON {_KIND.get(type(value), 'value')}, not an object"
    return value


_KIND = {list: "array", str: "string", bool: "boolean", int: "number", float: "number", type(None): "null"}
