"""``hmoe doctor``: is everything here that a run needs?"""

from __future__ import annotations

import platform
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed_version
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from monitor.commands.dashboard import require_free
from monitor.commands.output import print_json
from monitor.problems import ConfigurationProblem, TemporaryProblem
from monitor.version import version

__all__ = ["Check", "command", "examine"]

PACKAGES = ("numpy", "numba", "pandas", "pyarrow", "river", "prometheus-client", "rich", "streamlit", "torch")
MIN_SQLITE = (3, 35, 0)
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


def command(
    directory: Annotated[
        Path, typer.Option("--run-dir", metavar="DIR", help="Where results would go.")
    ] = Path("runs"),
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="The dashboard's port.")] = 8501,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Look at versions, folders, ports and the compiler's cache, and say what is wrong.

    Exit code 78 when something is.
    """
    checks = list(examine(directory, port))
    is_good = all(check.is_good for check in checks)
    if as_json:
        print_json({"good": is_good, "checks": [asdict(check) for check in checks]})
    else:
        for check in checks:
            print(f"{'ok  ' if check.is_good else 'FAIL'}  {check.name:<18} {check.found}")
    if not is_good:
        failed = ", ".join(check.name for check in checks if not check.is_good)
        raise ConfigurationProblem(f"not in order: {failed}")


def examine(directory: Path, port: int) -> Iterator[Check]:
    """Look at everything a run and its dashboard need."""
    yield Check("stream-hmoe", True, version())
    yield Check("python", sys.version_info >= (3, 11), platform.python_version())
    yield Check("sqlite", sqlite3.sqlite_version_info >= MIN_SQLITE, sqlite3.sqlite_version)
    for package in PACKAGES:
        yield _package(package)
    yield _writable("run folder", directory)
    yield _writable("temporary folder", Path(tempfile.gettempdir()))
    yield _disk(directory)
    yield _compiler_cache()
    yield _port("dashboard port", port)
    yield _dashboard()


def _package(name: str) -> Check:
    try:
        return Check(name, True, installed_version(name))
    except PackageNotFoundError:
        return Check(name, False, f"not installed: pip install {name}")


def _nearest(directory: Path) -> Path:
    """The folder itself, or the nearest one above it that exists."""
    directory = directory.resolve()
    return next(path for path in (directory, *directory.parents) if path.exists())


def _writable(name: str, directory: Path) -> Check:
    try:
        with tempfile.TemporaryFile(dir=_nearest(directory)):
            return Check(name, True, str(directory))
    except OSError as error:
        return Check(name, False, f"cannot write in {directory}: {error.strerror}")


def _disk(directory: Path) -> Check:
    free = shutil.disk_usage(_nearest(directory)).free
    return Check("free disk", free >= MIN_FREE_BYTES, f"{free / 2**30:.1f} GiB")


def _compiler_cache() -> Check:
    """Compiled code is kept between processes only where numba can write."""
    import numba

    import stream_hmoe.kernels as kernels

    configured = numba.config.CACHE_DIR  # type: ignore[attr-defined]  # set when it is imported
    folder = Path(configured) if configured else Path(next(iter(kernels.__path__)))
    check = _writable("compiler cache", folder)
    if check.is_good:
        return check
    return Check(check.name, False, f"{check.found}; set NUMBA_CACHE_DIR to a folder that can be written")


def _port(name: str, port: int) -> Check:
    try:
        require_free("127.0.0.1", port, "--port")
    except TemporaryProblem as problem:
        return Check(name, False, str(problem))
    return Check(name, True, f"{port} is free")


def _dashboard() -> Check:
    is_there = find_spec("dashboards") is not None
    return Check("dashboard", is_there, "installed" if is_there else "the package dashboards is missing")
