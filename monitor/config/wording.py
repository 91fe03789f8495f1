"""What the models have against a configuration, in words that say what is allowed and what was meant."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import SecretStr, ValidationError

from monitor.config.fields import OPTIONS, field_at, is_secret, section_at
from monitor.config.flaws import Flaw, Path, path_text, place_of
from monitor.shortened import shortened

__all__ = ["did_you_mean", "flaws_of", "shown_value"]

MAX_SHOWN = 60
PLAIN = {
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "dict_type": "must be a section of keys and values",
    "finite_number": "must be a finite number",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "int_from_float": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be a smaller number",
    "int_type": "must be a whole number",
    "list_type": "must be a list",
    "model_type": "must be a section of keys and values",
    "path_type": "must be a path",
    "string_type": "must be text",
    "too_short": "needs at least one entry",
}
LIMITS = {
    "greater_than": ("must be more than {gt:g}", "gt"),
    "greater_than_equal": ("must be at least {ge:g}", "ge"),
    "less_than": ("must be less than {lt:g}", "lt"),
    "less_than_equal": ("must be at most {le:g}", "le"),
}
NO_KIND = "union_tag_not_found"
VALUELESS = ("missing", NO_KIND, "extra_forbidden")  # what stands under a misspelt name may be a secret
LITERALS = {"literal_error": "expected", "enum": "expected", "union_tag_invalid": "expected_tags"}


def flaws_of(error: ValidationError, values: Any, places: Mapping[Path, str]) -> Iterator[Flaw]:
    """Every flaw once.

    Args:
        error: what validation raised.
        values: the configuration that was validated.
        places: where its values were written.
    """
    seen: set[Path] = set()
    for entry in error.errors(include_url=False):
        path = _real_path(entry["loc"], values)
        if entry["type"] in ("union_tag_invalid", NO_KIND):
            path = (*path, "kind")
        if path in seen:
            continue
        seen.add(path)
        reason, remedy = _words(entry, path, values)
        value = "" if entry["type"] in VALUELESS else _shown_at(path, values)
        place = place_of(path, places) if path else ""
        yield Flaw(path_text(path), place, value, reason, remedy)


def did_you_mean(name: Any, allowed: Iterable[str]) -> str:
    """The nearest allowed name as a question, or all of them."""
    known = list(allowed)
    lowered = {word.lower(): word for word in known}
    near = difflib.get_close_matches(str(name).lower(), lowered, n=1, cutoff=0.6)
    every = f"Allowed: {', '.join(known)}."
    return f"Did you mean {lowered[near[0]]}? {every}" if near else every


def shown_value(value: Any) -> str:
    """A value for a message, shortened; secrets inside it are not shown."""
    if isinstance(value, Mapping):
        return "a section"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    if value is None:
        return "nothing"
    text = repr(value)
    return shortened(text, MAX_SHOWN)


def _real_path(location: tuple[int | str, ...], values: Any) -> Path:
    """The location without what pydantic adds: the kind of a section, the type of a choice."""
    path: Path = ()
    for name in location:
        if path[-2:-1] == (OPTIONS,):
            break
        if isinstance(values, Mapping):
            if values.get("kind") == name and name not in values:
                continue
            values = values.get(str(name))
        elif isinstance(values, list) and isinstance(name, int):
            values = values[name]
        else:
            break
        path = (*path, name)
    return path


def _words(entry: Any, path: Path, values: Any) -> tuple[str, str]:
    """Reason and remedy."""
    kind, context = entry["type"], entry.get("ctx", {})
    field = field_at(path, values)
    meaning = "" if field is None or field.description is None else f"It says: {field.description}."
    if kind == "missing":
        return "is missing", meaning.replace("It says", "Add it; it says")
    if kind == "extra_forbidden":
        section = section_at(path[:-1], values)
        return "unknown key", did_you_mean(path[-1], section.model_fields if section else ())
    if kind in LITERALS:
        allowed = re.findall(r"'([^']*)'", context[LITERALS[kind]])
        return "no such choice", did_you_mean(_at(path, values), allowed)
    if kind == NO_KIND:
        return "is missing", "Say which kind it is, for example kind: file."
    if path[-2:-1] == (OPTIONS,):
        return "must be text, a number, true or false", "Options of the client library are single values."
    if kind in LIMITS:
        return LIMITS[kind][0].format(**context), meaning
    if kind == "string_pattern_mismatch":
        return "is not allowed", meaning.replace("It says", "Allowed")
    if kind == "value_error":
        return str(context["error"]), ""
    if kind == "string_type" and isinstance(_at(path, values), int | float):
        return PLAIN[kind], "Put it in quotes."
    return PLAIN.get(kind, str(entry["msg"])), meaning


def _shown_at(path: Path, values: Any) -> str:
    value = _at(path, values)
    if is_secret(path, values) or isinstance(value, SecretStr):
        return ""
    return shown_value(value) if path else ""


def _at(path: Path, values: Any) -> Any:
    for name in path:
        if isinstance(values, Mapping):
            values = values.get(str(name))
        elif isinstance(values, list) and isinstance(name, int) and name < len(values):
            values = values[name]
        else:
            return None
    return values
