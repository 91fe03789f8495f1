"""Which streams there are, by name, and the cache of those that take time to make."""

from __future__ import annotations

import hashlib
import importlib.metadata
from collections.abc import Sequence
from pathlib import Path

from . import bundled, files, generated
from .stream import Stream

__all__ = ["Catalogue", "UnknownStream"]


class UnknownStream(ValueError):
    """A name that is neither a file, a generator, a bundled set nor a family of them."""


class Catalogue:
    """All streams that can be measured on.

    Args:
        data: directory of gzip CSV files; None if there is none.
        cache: directory for streams that were made once.
    """

    def __init__(self, data: Path | None, cache: Path) -> None:
        self.data = data
        self.cache = cache
        indexed = (*(files.file_names(data) if data is not None else ()), *generated.INDEXED)
        self.families: dict[str, tuple[str, ...]] = {
            "indexed": indexed,
            "unseen": (*generated.UNSEEN, *bundled.BUNDLED),
        }
        self.families["all"] = self.families["indexed"] + self.families["unseen"]

    def expand(self, wanted: Sequence[str]) -> list[str]:
        """Names and families -> names, each once, in the order asked for."""
        names: list[str] = []
        for entry in wanted:
            if entry not in self.families and entry not in self.families["all"]:
                known = ", ".join(self.families["all"])
                raise UnknownStream(
                    f"stream {entry!r} is not known; there are: indexed, unseen, all, {known}"
                )
            names.extend(self.families.get(entry, (entry,)))
        return list(dict.fromkeys(names))

    def open(self, name: str, rows: int) -> tuple[Stream, Path]:
        """A stream's first records, and the file that holds the whole stream."""
        path = self.cache / f"{name}-{self._origin(name)}.npz"
        if not path.exists():
            self._make(name).save(path)
        return Stream.load(path).head(rows), path

    def _origin(self, name: str) -> str:
        """What the stream is made from, in short: another file or another River gives another name."""
        origin = importlib.metadata.version("river")
        if self.data is not None and name in files.file_names(self.data):
            found = files.file_path(self.data, name).stat()
            origin = f"{self.data.resolve()} {found.st_size} {found.st_mtime_ns}"
        return hashlib.sha256(origin.encode()).hexdigest()[:12]

    def _make(self, name: str) -> Stream:
        if name in bundled.BUNDLED:
            return bundled.read(name)
        if name in generated.INDEXED or name in generated.UNSEEN:
            return generated.make(name)
        assert self.data is not None
        return files.read_file(self.data, name)
