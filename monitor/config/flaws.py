"""What is wrong with a configuration: every flaw with its place, its value and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from monitor.problems import ConfigurationProblem

__all__ = ["Flaw", "InvalidConfiguration", "Path", "path_text", "place_of"]

Path = tuple[str | int, ...]
"""Where a value stands: names of sections and fields, numbers of list entries."""


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing that is wrong.

    Args:
        path: the field, for example ``streams[0].source.events``; empty for the whole.
        place: where it was written: ``line 12``, a variable of the environment, an option; empty if nowhere.
        value: what was written, as text; empty when there is nothing, and for secrets.
        reason: what is wrong with it.
        remedy: what to do.
    """

    path: str
    place: str
    value: str
    reason: str
    remedy: str

    def text(self) -> str:
        """One line for people."""
        where = ": ".join(part for part in (self.place, self.path) if part)
        got = f", got {self.value}" if self.value else ""
        return f"{where}{': ' if where else ''}{self.reason}{got}. {self.remedy}".rstrip()


class InvalidConfiguration(ConfigurationProblem):
    """A configuration that cannot be used; names all flaws at once.

    Args:
        name: of the file.
        flaws: at least one.
    """

    def __init__(self, name: str, flaws: Sequence[Flaw]) -> None:
        self.name = name
        self.flaws = tuple(flaws)
        count = "one flaw" if len(flaws) == 1 else f"{len(flaws)} flaws"
        super().__init__("\n  ".join([f"{name} has {count}:", *(flaw.text() for flaw in flaws)]))

    def to_json(self) -> list[dict[str, Any]]:
        """The flaws as plain values."""
        return [asdict(flaw) for flaw in self.flaws]


def path_text(path: Path) -> str:
    """A path as people write it.

    Example:
        >>> path_text(("streams", 0, "source", "events"))
        'streams[0].source.events'
    """
    text = ""
    for name in path:
        text += f"[{name}]" if isinstance(name, int) else f"{'.' if text else ''}{name}"
    return text


def place_of(path: Path, places: Mapping[Path, str]) -> str:
    """Where a value was written, or else the nearest section around it."""
    while path and path not in places:
        path = path[:-1]
    return places.get(path, "")
