"""YAML text -> plain values, the line of each, and what is wrong with the text itself.

Scalars are those of YAML 1.2: ``no`` and ``on`` are text, ``12:30`` is no number, ``010`` is not eight.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from monitor.config.flaws import Flaw, Path, path_text

__all__ = ["Written", "read_yaml"]

MAX_VALUES = 100_000
MERGE = "tag:yaml.org,2002:merge"


@dataclass(slots=True)
class Written:
    """What a text says.

    Args:
        values: sections as dicts; without duplicates: the last one stands.
        places: where each value begins, ``line 12``.
        flaws: what is wrong with the text.
    """

    values: dict[str, Any] = field(default_factory=dict)
    places: dict[Path, str] = field(default_factory=dict)
    flaws: list[Flaw] = field(default_factory=list)


class _Loader(yaml.SafeLoader):
    """Builds plain values alone, no objects of any class."""

    yaml_implicit_resolvers = {}  # noqa: RUF012  the base class has it so


for _tag, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?(?:0|[1-9][0-9]*)", list("-+0123456789")),
    ("float", r"[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*)(?:[eE][-+]?[0-9]+)?", list("-+.0123456789")),
    ("float", r"[-+]?[0-9]+[eE][-+]?[0-9]+", list("-+0123456789")),
    ("merge", r"<<", ["<"]),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), _first)


def read_yaml(text: str) -> Written:
    """Read one document whose top is a section.

    Args:
        text: YAML; empty text is an empty section.
    """
    written = Written()
    try:
        loader = _Loader(text)
        root = loader.get_single_node()
        values = {} if root is None else _Reading(loader, written).value(root, ())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        written.flaws.append(_broken("" if mark is None else f"line {mark.line + 1}", str(error.problem)))
        return written
    except yaml.YAMLError as error:  # characters that no YAML may hold: their text shows no values
        written.flaws.append(_broken("", str(error).splitlines()[0]))
        return written
    except RecursionError:
        written.flaws.append(_broken("", "it is nested too deeply"))
        return written
    if isinstance(values, dict):
        written.values = values
    elif values is not None:
        written.flaws.append(_broken("line 1", "the top is no section of keys and values"))
    return written


class _Reading:
    """Walks through the nodes once and notes lines and duplicates."""

    def __init__(self, loader: _Loader, written: Written) -> None:
        self._loader = loader
        self._written = written
        self._above: set[int] = set()
        self._count = 0

    def value(self, node: yaml.Node, path: Path) -> Any:
        self._count += 1
        if self._count > MAX_VALUES or id(node) in self._above:
            reason = "aliases lead in a circle, or to more values than a configuration can have"
            raise yaml.MarkedYAMLError(problem=reason, problem_mark=node.start_mark)
        self._written.places[path] = f"line {node.start_mark.line + 1}"
        self._above.add(id(node))
        try:
            if isinstance(node, yaml.MappingNode):
                return self._section(node, path)
            if isinstance(node, yaml.SequenceNode):
                return [self.value(item, (*path, number)) for number, item in enumerate(node.value)]
            return self._loader.construct_object(node)
        except ValueError as error:  # a number of more digits than Python converts, a date that is none
            raise yaml.MarkedYAMLError(problem=str(error), problem_mark=node.start_mark) from error
        finally:
            self._above.discard(id(node))

    def _section(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        own: dict[str, Any] = {}
        for key, item in node.value:
            if key.tag == MERGE:
                merged = {**self._merged(item, path), **merged}
                continue
            name = self._name(key)
            if name in own:
                self._written.flaws.append(self._duplicate((*path, name), key))
            own[name] = self.value(item, (*path, name))
            self._written.places[(*path, name)] = f"line {key.start_mark.line + 1}"
        return {**merged, **own}

    def _merged(self, node: yaml.Node, path: Path) -> dict[str, Any]:
        """What ``<<: *other`` brings: a section, or several of which the first counts most."""
        value = self.value(node, path)
        sections = value if isinstance(value, list) else [value]
        if not all(isinstance(section, dict) for section in sections):
            raise yaml.MarkedYAMLError(problem="<< merges sections only", problem_mark=node.start_mark)
        return {name: item for section in reversed(sections) for name, item in section.items()}

    def _name(self, key: yaml.Node) -> str:
        if not isinstance(key, yaml.ScalarNode):
            raise yaml.MarkedYAMLError(problem="a key must be text", problem_mark=key.start_mark)
        return str(key.value)

    def _duplicate(self, path: Path, key: yaml.Node) -> Flaw:
        first = self._written.places.get(path, "above")
        place = f"line {key.start_mark.line + 1}"
        return Flaw(
            path_text(path), place, "", f"the key stands twice, first in {first}", "Keep one of both."
        )


def _broken(place: str, reason: str) -> Flaw:
    return Flaw("", place, "", f"not readable as YAML: {reason}", "Mend it there or just before.")
