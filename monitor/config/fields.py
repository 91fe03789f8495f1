"""The models of the configuration, asked by path: what may stand there, and whether it is a secret."""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Mapping
from typing import Annotated, Any, Union

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from monitor.config.flaws import Path
from monitor.config.schema import ServiceConfig

__all__ = ["OPTIONS", "choices_at", "field_at", "is_secret", "is_secret_name", "section_at"]

OPTIONS = "options"
SECRET_NAME = re.compile(r"passw|secret|token|key|credential|jaas|oauthbearer\.config|\.pem$")
NO_SECRET_NAME = re.compile(r"location$|endpoint\.url$|_file$")


def is_secret_name(name: str) -> bool:
    """Whether an option of a client library holds a secret, by its name.

    Example:
        >>> is_secret_name("sasl.password"), is_secret_name("ssl.ca.location")
        (True, False)
    """
    lower = name.lower()
    return SECRET_NAME.search(lower) is not None and NO_SECRET_NAME.search(lower) is None


def is_secret(path: Path, values: Any) -> bool:
    """Whether the value at a path must never be shown."""
    if len(path) > 1 and path[-2] == OPTIONS:
        return is_secret_name(str(path[-1]))
    choices = choices_at(path, values)
    return SecretStr in choices and str not in choices


def choices_at(path: Path, values: Any) -> tuple[Any, ...]:
    """The types that the value at a path may have; none when there is no such field.

    Args:
        path: where.
        values: the whole configuration as written; its ``kind`` fields choose between sections.
    """
    choices: tuple[Any, ...] = (ServiceConfig,)
    for name in path:
        choices = _inside(choices, name, values)
        values = _child(values, name)
    return choices


def section_at(path: Path, values: Any) -> type[BaseModel] | None:
    """The section that must stand at a path; None when none does, or when ``kind`` does not tell which."""
    here = values
    for name in path:
        here = _child(here, name)
    return _chosen(choices_at(path, values), here)


def field_at(path: Path, values: Any) -> FieldInfo | None:
    """The field at a path; None for entries of lists and maps, and where there is none."""
    section = section_at(path[:-1], values) if path else None
    return None if section is None else section.model_fields.get(str(path[-1]))


def _inside(choices: tuple[Any, ...], name: str | int, values: Any) -> tuple[Any, ...]:
    section = _chosen(choices, values)
    if section is not None:
        field = section.model_fields.get(str(name))
        return () if field is None else _flat(field.annotation)
    for choice in choices:
        if typing.get_origin(choice) in (list, dict):
            return _flat(typing.get_args(choice)[-1])
    return ()


def _chosen(choices: tuple[Any, ...], values: Any) -> type[BaseModel] | None:
    sections = [choice for choice in choices if isinstance(choice, type) and issubclass(choice, BaseModel)]
    if len(sections) > 1:
        kind = values.get("kind") if isinstance(values, Mapping) else None
        sections = [section for section in sections if section.model_fields["kind"].default == kind]
    return sections[0] if len(sections) == 1 else None


def _flat(annotation: Any) -> tuple[Any, ...]:
    origin = typing.get_origin(annotation)
    if origin is Annotated:
        return _flat(typing.get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return tuple(flat for part in typing.get_args(annotation) for flat in _flat(part))
    return (annotation,)


def _child(values: Any, name: str | int) -> Any:
    if isinstance(values, Mapping):
        return values.get(name)
    if isinstance(values, list) and isinstance(name, int) and 0 <= name < len(values):
        return values[name]
    return None
