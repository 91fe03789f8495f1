"""A JSON Lines file that a resume cuts back to its checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from monitor.outputs import GrowingFile

__all__ = ["LineFile"]


class LineFile:
    """A file of JSON objects, one a line.

    Args:
        path: the file; its folder is created when absent.
        state: what ``state_dict`` gave: what lies beyond it is cut off. None, or the state of another kind
            of store, begins a new file.

    Raises:
        ConfigurationProblem: the file is shorter than the state says: it is not the checkpoint's.
    """

    def __init__(self, path: Path, state: Mapping[str, Any] | None) -> None:
        length = None if state is None else state.get("bytes")
        self._file = GrowingFile(path, None if length is None else int(length))

    def append(self, line: bytes) -> None:
        """Write one object."""
        self._file.append(line.decode() + "\n")

    def flush(self) -> None:
        """Return when everything written is on disk.

        Raises:
            TemporaryProblem: the disk does not take it.
        """
        self._file.sync()

    def state_dict(self) -> dict[str, Any]:
        """The length of the file."""
        return {"bytes": self._file.length_bytes}

    def close(self) -> None:
        """Close the file; may be called twice."""
        self._file.__exit__(None, None, None)
