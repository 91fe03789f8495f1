"""Files of an inbox: each holds consecutive entries and is named by the number of its first."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from monitor.sources.inbox_entries import whole_entries

__all__ = ["Segment", "create_segment", "find_segments"]

SUFFIX = ".inbox"


@dataclass(slots=True)
class Segment:
    """One file.

    Args:
        first: number of its first entry.
        path: the file.
        descriptor: the open file.
        size_bytes: bytes of its entries; what lies behind them does not count.
    """

    first: int
    path: Path
    descriptor: int
    size_bytes: int

    def read(self, at: int, count: int) -> bytes:
        """Up to ``count`` bytes of the entries from byte ``at`` on."""
        count = min(count, self.size_bytes - at)
        return os.pread(self.descriptor, count, at) if count > 0 else b""

    def write(self, data: bytes, is_synced: bool) -> None:
        """Append entries; after an error the file is as it was.

        Raises:
            OSError: the disk is full or broken.
        """
        try:
            written = 0
            while written < len(data):
                written += os.pwrite(self.descriptor, data[written:], self.size_bytes + written)
            if is_synced:
                os.fsync(self.descriptor)
        except OSError:
            os.ftruncate(self.descriptor, self.size_bytes)
            raise
        self.size_bytes += len(data)

    def cut_torn_tail(self) -> tuple[int, int]:
        """Cut off what follows the last whole entry -> number after it, bytes cut off."""
        offset, end = self.first, 0
        for stored in whole_entries(self.read(0, self.size_bytes)):
            offset, end = stored.offset + 1, stored.end
        torn_bytes = self.size_bytes - end
        os.ftruncate(self.descriptor, end)
        self.size_bytes = end
        return offset, torn_bytes

    def close(self) -> None:
        """Close the file."""
        os.close(self.descriptor)

    def remove(self) -> None:
        """Close and delete the file."""
        self.close()
        self.path.unlink(missing_ok=True)


def create_segment(directory: Path, first: int, is_synced: bool) -> Segment:
    """A new file without entries."""
    path = directory / f"{first:020d}{SUFFIX}"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    if is_synced:
        _sync_directory(directory)
    return Segment(first, path, descriptor, 0)


def find_segments(directory: Path) -> list[Segment]:
    """The files of a folder, oldest first."""
    names = (path for path in directory.glob(f"*{SUFFIX}") if path.stem.isdecimal())
    return [_open(path) for path in sorted(names, key=lambda path: int(path.stem))]


def _open(path: Path) -> Segment:
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    return Segment(int(path.stem), path, descriptor, os.fstat(descriptor).st_size)


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
