"""One thing that ``hmoe doctor`` looked at, and looks that several parts need."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed_version
from pathlib import Path

from monitor.commands.dashboard import require_free
from monitor.problems import TemporaryProblem

__all__ = ["Check", "check_disk", "check_package", "check_port", "check_writable"]

MIN_FREE_BYTES = 1 << 30


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Args:
        name: what.
        is_good: it is as it should be.
        found: what was found, or what to do about it.
    """

    name: str
    is_good: bool
    found: str


def check_package(name: str, extra: str = "") -> Check:
    """Whether a package is installed, and which version.

    Args:
        name: as it is called in the index.
        extra: the extra of this project that brings it; empty when it always belongs to it.
    """
    try:
        return Check(name, True, installed_version(name))
    except PackageNotFoundError:
        what = f"'stream-hmoe[{extra}]'" if extra else name
        return Check(name, False, f"not installed: pip install {what}")


def check_writable(name: str, directory: Path) -> Check:
    """Whether files can be written in a folder, or in the nearest one above it that exists."""
    try:
        with tempfile.TemporaryFile(dir=_nearest(directory)):
            return Check(name, True, str(directory))
    except OSError as error:
        return Check(name, False, f"cannot write in {directory}: {error.strerror}")


def check_disk(name: str, directory: Path) -> Check:
    """Whether there is room where a folder is or will be."""
    free = shutil.disk_usage(_nearest(directory)).free
    room = f"{free / 2**30:.1f} GiB"
    if free >= MIN_FREE_BYTES:
        return Check(name, True, room)
    return Check(name, False, f"only {room} free at {directory}: make room, at least 1 GiB")


def check_port(name: str, host: str, port: int, option: str) -> Check:
    """Whether a port can be listened on; 0 stands for any."""
    try:
        require_free(host, port, option)
    except TemporaryProblem as problem:
        return Check(name, False, str(problem))
    return Check(name, True, f"{port} is free" if port else "any free port")


def _nearest(directory: Path) -> Path:
    """The folder itself, or the nearest one above it that exists."""
    directory = directory.resolve()
    return next(path for path in (directory, *directory.parents) if path.exists())
