"""The files of one stream."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from monitor.dead_letters.reading import FILE_NAME

__all__ = ["StreamPaths"]


@dataclass(frozen=True, slots=True)
class StreamPaths:
    """Where a stream keeps what must survive.

    Args:
        folder: holds all of it.
    """

    folder: Path

    @classmethod
    def inside(cls, state: Path, name: str) -> StreamPaths:
        """The folder of a stream under the state folder."""
        return cls(state / name)

    @property
    def lock(self) -> Path:
        """Held by the one worker of the stream."""
        return self.folder / ".lock"

    @property
    def journal(self) -> Path:
        """What happened."""
        return self.folder / "journal.sqlite"

    @property
    def checkpoint(self) -> Path:
        """Points to resume from."""
        return self.folder / "checkpoint"

    @property
    def audit(self) -> Path:
        """What was seen and decided, hash-chained."""
        return self.folder / "audit.jsonl"

    @property
    def inbox(self) -> Path:
        """What the HTTP API accepted."""
        return self.folder / "inbox"

    @property
    def dead_letters(self) -> Path:
        """Messages that could not be used."""
        return self.folder / FILE_NAME

    @property
    def predictions(self) -> Path:
        """Every prediction, when they go to a file."""
        return self.folder / "predictions.jsonl"

    @property
    def decisions(self) -> Path:
        """Drifts and decisions, when they go to a file."""
        return self.folder / "decisions.jsonl"
