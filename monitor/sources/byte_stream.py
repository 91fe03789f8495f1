"""Bytes of a file or pipe, decompressed when they are gzip, whatever the name of the file."""

from __future__ import annotations

import os
import select
import stat
import zlib
from pathlib import Path

from monitor.problems import ConfigurationProblem, TemporaryProblem

__all__ = ["STANDARD_INPUT", "ByteStream", "open_bytes"]

STANDARD_INPUT = "-"
BLOCK_BYTES = 1 << 18
POLL_SECONDS = 0.2
GZIP_MAGIC = b"\x1f\x8b"
GZIP_WINDOW = 16 + zlib.MAX_WBITS


def open_bytes(path: str) -> ByteStream:
    """The bytes of a file, or of standard input for ``-``.

    Raises:
        ConfigurationProblem: the file does not exist or cannot be read.
    """
    if path == STANDARD_INPUT:
        return ByteStream(0, "standard input")
    try:
        return ByteStream(os.open(path, os.O_RDONLY), path)
    except FileNotFoundError as error:
        raise ConfigurationProblem(f"no such file: {path}{_neighbours(Path(path))}") from error
    except (PermissionError, IsADirectoryError) as error:
        raise ConfigurationProblem(f"cannot read {path}: {error.strerror}") from error


class ByteStream:
    """Decompressed bytes, block by block.

    Args:
        descriptor: an open file descriptor.
        name: how messages call the input.
    """

    def __init__(self, descriptor: int, name: str) -> None:
        self.name = name
        self._descriptor = descriptor
        status = os.fstat(descriptor)
        if stat.S_ISDIR(status.st_mode):
            raise IsADirectoryError(21, "is a directory", name)
        self._is_regular = stat.S_ISREG(status.st_mode)
        self.size_bytes: int | None = status.st_size if self._is_regular else None
        self.bytes_read = 0
        self._is_detected = False
        self._inflater: _Inflater | None = None
        self._held = b""

    @property
    def is_live(self) -> bool:
        """The bytes come from a pipe: reading may wait, and what was read cannot be read again."""
        return not self._is_regular

    @property
    def is_plain_file(self) -> bool:
        """The bytes are those of a file that can be opened by name as it is; asks for ``head`` first."""
        return self._is_regular and self._descriptor > 0 and self._inflater is None

    def head(self) -> bytes:
        """The first bytes, which stay in the stream; waits for them. Empty when there are none."""
        data = None
        while data is None:
            data = self.read()
        self._held = data
        return data

    def read(self, wait_seconds: float = POLL_SECONDS) -> bytes | None:
        """The next bytes: empty at the end, None when a pipe has nothing within ``wait_seconds``.

        Raises:
            TemporaryProblem: gzip data that end too early.
            ConfigurationProblem: gzip data that are damaged.
        """
        if self._held:
            held, self._held = self._held, b""
            return held
        while True:
            data = self._read_raw(wait_seconds)
            if data is None or self._inflater is None:
                return data
            if not data:
                self._inflater.finish()
                return data
            inflated = self._inflater.feed(data)
            if inflated:
                return inflated

    def skip(self, count: int) -> None:
        """Go on after the first ``count`` decompressed bytes; only before anything was read.

        Raises:
            ConfigurationProblem: the input is shorter than that.
        """
        left = count
        while left > 0:
            data = self.read()
            if data == b"":
                message = f"{self.name} ends before byte {count}, where the run was to be resumed"
                raise ConfigurationProblem(f"{message}: is it the same input?")
            if data is not None:
                self._held = data[left:]
                left -= len(data)
            if self._is_regular and self._inflater is None and left > 0:
                self._seek(count, left)
                left = 0

    def close(self) -> None:
        """Close the file; standard input stays open."""
        if self._descriptor > 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _seek(self, offset: int, left: int) -> None:
        if offset > (self.size_bytes or 0):
            message = f"{self.name} ends {left} bytes before the place where the run was to be resumed"
            raise ConfigurationProblem(f"{message}: is it the same input?")
        os.lseek(self._descriptor, offset, os.SEEK_SET)
        self.bytes_read = offset

    def _read_raw(self, wait_seconds: float) -> bytes | None:
        if self.is_live and not select.select([self._descriptor], [], [], wait_seconds)[0]:
            return None
        data = os.read(self._descriptor, BLOCK_BYTES)
        if not self._is_detected:
            while len(data) == 1:
                more = os.read(self._descriptor, BLOCK_BYTES)
                data += more
                if not more:
                    break
            self._is_detected = True
            if data.startswith(GZIP_MAGIC):
                self._inflater = _Inflater(self.name)
        self.bytes_read += len(data)
        return data


class _Inflater:
    """Gzip members one after the other, giving every byte before a break."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._member = zlib.decompressobj(GZIP_WINDOW)
        self._broken: ConfigurationProblem | None = None

    def feed(self, data: bytes) -> bytes:
        if self._broken is not None:
            raise self._broken
        parts = []
        while data:
            if self._member.eof:
                data = data.lstrip(b"\0")  # gzip allows zero padding between members
                if not data:
                    break
                self._member = zlib.decompressobj(GZIP_WINDOW)
            before = self._member.copy()
            try:
                parts.append(self._member.decompress(data))
            except zlib.error as error:
                parts.append(_inflate_until_broken(before, data))
                self._broken = _damaged_gzip(self._name, str(error))
                break
            data = self._member.unused_data
        inflated = b"".join(parts)
        if not inflated and self._broken is not None:
            raise self._broken
        return inflated

    def finish(self) -> None:
        if self._broken is not None:
            raise self._broken
        if not self._member.eof:
            raise TemporaryProblem(
                f"{self._name} is a broken gzip file: it ends in the middle. The records before the end were "
                "used; get a complete copy and run the same command with --resume"
            )


def _inflate_until_broken(member: zlib._Decompress, data: bytes) -> bytes:
    """What can be inflated before the break: zlib gives nothing of a piece that fails, so go byte by byte."""
    parts = []
    try:
        for start in range(len(data)):
            parts.append(member.decompress(data[start : start + 1]))
    except zlib.error:
        pass
    return b"".join(parts)


def _damaged_gzip(name: str, reason: str) -> ConfigurationProblem:
    return ConfigurationProblem(
        f"{name} is a broken gzip file: {reason}. The records before the break were used, but the last ones "
        "may be damaged too: get an undamaged copy and begin again with --overwrite"
    )


def _neighbours(path: Path) -> str:
    """Name files with the same beginning, for a message."""
    stem = path.name.split(".")[0]
    if not stem or not path.parent.is_dir():
        return ""
    found = sorted(entry.name for entry in path.parent.iterdir() if entry.name.startswith(stem))[:5]
    return f" (there is {', '.join(found)})" if found else ""
