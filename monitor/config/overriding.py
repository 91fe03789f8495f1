"""Values that are set from outside the file: variables of the environment, and ``--set`` of the command line.

``HMOE__HTTP__PORT=9090`` sets ``http.port``; ``HMOE__STREAMS__0__SOURCE__OPTIONS__SASL_PASSWORD`` sets the
option ``sasl.password`` of the first stream's source; with ``_FILE`` at its end a variable names a file that
holds the value.
"""

from __future__ import annotations

import pathlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_origin

from pydantic import BaseModel

from monitor.config.fields import OPTIONS, choices_at
from monitor.config.flaws import Flaw, Path, path_text
from monitor.config.yaml_text import Written, read_yaml

__all__ = ["PREFIX", "Override", "apply_overrides", "from_arguments", "from_environment"]

PREFIX = "HMOE__"
FILE_SUFFIX = "_file"
NOTHING = ("", "null")


@dataclass(frozen=True, slots=True)
class Override:
    """One value from outside the file.

    Args:
        names: the parts of its path, as text.
        text: the value.
        place: where it came from, for messages.
        may_be_file: with ``_file`` at the end of its last part, ``text`` names a file with the value.
    """

    names: tuple[str, ...]
    text: str
    place: str
    may_be_file: bool = False


def from_environment(environment: Mapping[str, str]) -> list[Override]:
    """The overrides among the variables of an environment."""
    return [
        Override(tuple(name[len(PREFIX) :].lower().split("__")), environment[name], name, may_be_file=True)
        for name in sorted(environment)
        if name.startswith(PREFIX)
    ]


def from_arguments(arguments: Mapping[str, str]) -> list[Override]:
    """The overrides of ``--set``: dotted path -> value."""
    return [Override(tuple(_parts(path)), text, f"--set {path}") for path, text in arguments.items()]


def apply_overrides(written: Written, overrides: Sequence[Override]) -> None:
    """Set values in what a file says; what cannot be set is noted as a flaw."""
    # a section's kind says which fields it has, so it is set before them
    for override in sorted(overrides, key=lambda override: override.names[-1] != "kind"):
        written.flaws.extend(_apply(written, override))


def _apply(written: Written, override: Override) -> Iterator[Flaw]:
    names, text = override.names, override.text
    path = _path(names, written.values)
    if override.may_be_file and names[-1].endswith(FILE_SUFFIX) and not _is_named(path, written.values):
        path = _path((*names[:-1], names[-1][: -len(FILE_SUFFIX)]), written.values)
        try:
            text = pathlib.Path(text).read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            # not named: somebody may have put the secret itself there
            fault = f"the file that it names cannot be read: {reason}"
            yield Flaw(path_text(path), override.place, "", fault, "Name a file that holds the value.")
            return
    fault = _set(written.values, path, _typed(text, choices_at(path, written.values)))
    if fault:
        yield Flaw(path_text(path), override.place, "", fault, "See hmoe config show for what is there.")
        return
    for known in [place for place in written.places if place[: len(path)] == path]:
        del written.places[known]
    written.places[path] = override.place


def _path(names: Sequence[str], values: Any) -> Path:
    """The path that is meant, with entry numbers as numbers and keys in the spelling that the file uses."""
    path: Path = ()
    for name in names:
        choices = choices_at(path, values)
        origins = [get_origin(choice) for choice in choices]
        if list in origins and name.isascii() and name.isdigit():
            path = (*path, int(name))
        elif dict in origins:
            path = (*path, _key(name, path, values))
        else:
            path = (*path, name)
    return path


def _key(name: str, path: Path, values: Any) -> str:
    for part in path:
        values = values[part] if _has(values, part) else {}
    written: dict[str, str] = {key.lower(): key for key in values} if isinstance(values, dict) else {}
    if path[-1] == OPTIONS:
        name = name.replace("_", ".")  # names of variables have no dots, librdkafka's options no underscores
    return written.get(name.lower(), name)


def _parts(path: str) -> list[str]:
    """``a.options.b.c`` -> ``a``, ``options``, ``b.c``."""
    parts = path.split(".")
    if OPTIONS not in parts[:-1]:
        return parts
    end = parts.index(OPTIONS) + 1
    return [*parts[:end], ".".join(parts[end:])]


def _is_named(path: Path, values: Any) -> bool:
    return bool(choices_at(path, values)) and path[-2:-1] != (OPTIONS,)


def _typed(text: str, choices: tuple[Any, ...]) -> Any:
    """Text for plain fields, whose model converts it; sections, lists and maps are written as YAML."""
    if type(None) in choices and text in NOTHING:
        return None
    if any(get_origin(choice) in (list, dict) or _is_section(choice) for choice in choices):
        inner = read_yaml(f"value: {text}")
        return inner.values.get("value", text) if not inner.flaws else text
    return text


def _is_section(choice: Any) -> bool:
    return isinstance(choice, type) and issubclass(choice, BaseModel)


def _has(values: Any, name: str | int) -> bool:
    if isinstance(values, dict):
        return name in values
    return isinstance(values, list) and isinstance(name, int) and name < len(values)


def _set(values: Any, path: Path, value: Any) -> str:
    """Put a value in its place and make the sections around it; what stands in the way, or nothing."""
    here = values
    for depth, name in enumerate(path):
        if isinstance(here, list):
            if not isinstance(name, int):
                return f"{path_text(path[:depth])} is a list: a number must follow"
            if name > len(here):
                return f"{path_text(path[:depth])} has {len(here)} entries, the next is number {len(here)}"
            if name == len(here):
                here.append(None)
        elif not isinstance(here, dict):
            return f"{path_text(path[:depth])} is no section"
        if depth == len(path) - 1:
            here[name] = value
        elif not _has(here, name) or here[name] is None:
            here[name] = [] if isinstance(path[depth + 1], int) else {}
        here = here[name]
    return ""
