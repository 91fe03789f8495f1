"""Which streams there are at a path: a run's folder holds one, the service's state folder one a stream."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from monitor.journal.opening import FILE_NAME, find_journals

__all__ = ["streams_at"]


def streams_at(path: Path) -> Mapping[str, Path]:
    """The journals at a path by the name of their stream, in alphabetical order.

    Args:
        path: a journal, a run's folder, or a folder of such folders; where there is no journal yet, one is
            expected.
    """
    found = find_journals(path)
    if not found:
        expected = path / FILE_NAME if path.is_dir() else path
        return {_name(expected): expected}
    if len(found) == 1:
        return {_name(found[0]): found[0]}
    root = path.resolve()
    names = [journal.resolve().parent.relative_to(root).as_posix() for journal in found]
    return {root.name if name == "." else name: journal for name, journal in zip(names, found, strict=True)}


def _name(journal: Path) -> str:
    return journal.resolve().parent.name if journal.name == FILE_NAME else journal.stem
