"""What a run is asked to do, and where its files are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from monitor.sources.chunk import Position, Sample, Source
from monitor.sources.opening import InputSettings, open_source, take_sample
from monitor.targets import Task

__all__ = ["CHECKPOINT_RECORDS", "FileInput", "Input", "KnownChange", "RunPaths", "RunSettings"]

CHECKPOINT_RECORDS = 20_000


@dataclass(frozen=True, slots=True)
class KnownChange:
    """A point at which a made stream is known to change.

    Args:
        record: first record after the change.
        what: what changes, in words.
    """

    record: int
    what: str


class Input(Protocol):
    """Where the records of a run come from."""

    @property
    def name(self) -> str:
        """What people call it."""

    @property
    def target(self) -> str:
        """What is to be predicted."""

    def changes(self, first: int, last: int) -> Sequence[KnownChange]:
        """Known changes at records ``first`` to ``last`` (exclusive), in order; usually none are known."""

    def identity(self) -> Mapping[str, Any]:
        """What must be the same when a run is resumed; JSON-able."""

    def open(self, position: Position | None) -> Source:
        """The source at a position, or at its beginning."""

    def sample(self, source: Source, limit: int) -> Sample:
        """A look at the first records, which stay in the source."""


@dataclass(frozen=True, slots=True)
class FileInput:
    """A file or standard input.

    Args:
        settings: which one, and how to read it.
    """

    settings: InputSettings

    @property
    def name(self) -> str:
        """The path; ``-`` for standard input."""
        return self.settings.path

    @property
    def target(self) -> str:
        """The column to learn."""
        return self.settings.target

    def changes(self, first: int, last: int) -> Sequence[KnownChange]:
        """None: a file does not say when it changes."""
        return ()

    def identity(self) -> Mapping[str, Any]:
        """The columns and their roles; not the path, since files move."""
        return {
            "target": self.settings.target,
            "ignored": sorted(self.settings.ignored),
            "categories": sorted(self.settings.categories),
        }

    def open(self, position: Position | None) -> Source:
        """The source at a position, or at its beginning."""
        return open_source(self.settings, position)

    def sample(self, source: Source, limit: int) -> Sample:
        """A look at the first records, which stay in the source."""
        return take_sample(source, self.settings, limit)


@dataclass(frozen=True, slots=True)
class RunPaths:
    """The files of a run.

    Args:
        journal: SQLite file with what happened.
        checkpoint: folder of the checkpoints.
        rejects: JSON Lines file with the records that could not be used.
        audit: hash-chained JSON Lines file with what drifted, what was seen and decided.
        predictions: CSV file with every prediction; None for none.
    """

    journal: Path
    checkpoint: Path
    rejects: Path
    audit: Path
    predictions: Path | None = None

    @classmethod
    def inside(cls, directory: Path) -> RunPaths:
        """The usual names in a folder."""
        return cls(
            journal=directory / "journal.sqlite",
            checkpoint=directory / "checkpoint",
            rejects=directory / "rejects.jsonl",
            audit=directory / "audit.jsonl",
        )


@dataclass(frozen=True, slots=True)
class RunSettings:
    """A run to do.

    Args:
        source: where the records come from.
        paths: where the results go.
        task: None decides from the first labels.
        is_resumed: continue from the newest checkpoint.
        is_overwriting: remove an earlier run with the same files.
        checkpoint_records: a checkpoint at least every so many records.
        limit: stop after so many records of the stream; None for all.
        records_per_second: hold to this rate; None for as fast as possible.
        detector: a River detector that watches loss, gate entropy and group shares too; None for none.
        metrics_host: address to serve metrics on.
        metrics_port: 0 for any free port; None serves none.
    """

    source: Input
    paths: RunPaths
    task: Task | None = None
    is_resumed: bool = False
    is_overwriting: bool = False
    checkpoint_records: int = CHECKPOINT_RECORDS
    limit: int | None = None
    records_per_second: float | None = None
    detector: str | None = None
    metrics_host: str = "127.0.0.1"
    metrics_port: int | None = field(default=None)
