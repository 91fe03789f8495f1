"""``hmoe doctor``: is everything here that a run needs?"""

from __future__ import annotations

import platform
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from monitor.commands.checks import Check, check_disk, check_package, check_port, check_writable
from monitor.commands.config import Settings, load
from monitor.commands.output import print_json
from monitor.problems import ConfigurationProblem
from monitor.version import version

__all__ = ["command", "examine"]

PACKAGES = ("numpy", "numba", "pandas", "pyarrow", "river", "prometheus-client", "rich", "streamlit", "torch")
MIN_SQLITE = (3, 35, 0)


def command(
    directory: Annotated[
        Path, typer.Option("--run-dir", metavar="DIR", help="Where results would go.")
    ] = Path("runs"),
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="The dashboard's port.")] = 8501,
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", metavar="FILE", help="Look at what this configuration needs, too."),
    ] = None,
    settings: Settings = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Look at versions, folders, ports and the compiler's cache, and say what is wrong.

    With a configuration, also at what it asks for: state folder, port, token, files, brokers, topics.

    For example:

    * hmoe doctor

    * hmoe doctor -c hmoe.yaml --json

    Exit code 78 when something is wrong.
    """
    checks = list(examine(directory, port))
    if config is not None:
        checks += _examine_config(config, settings)
    is_good = all(check.is_good for check in checks)
    if as_json:
        print_json({"good": is_good, "checks": [asdict(check) for check in checks]})
    else:
        width = max(len(check.name) for check in checks)
        for check in checks:
            print(f"{'ok  ' if check.is_good else 'FAIL'}  {check.name:<{width}} {check.found}")
    if not is_good:
        failed = ", ".join(dict.fromkeys(check.name for check in checks if not check.is_good))
        raise ConfigurationProblem(f"not in order: {failed}")


def examine(directory: Path, port: int) -> Iterator[Check]:
    """Look at everything a run and its dashboard need."""
    yield Check("stream-hmoe", True, version())
    yield Check("python", sys.version_info >= (3, 11), platform.python_version())
    yield Check("sqlite", sqlite3.sqlite_version_info >= MIN_SQLITE, sqlite3.sqlite_version)
    for package in PACKAGES:
        yield check_package(package)
    yield check_writable("run folder", directory)
    yield check_writable("temporary folder", Path(tempfile.gettempdir()))
    yield check_disk("free disk", directory)
    yield _compiler_cache()
    yield check_port("dashboard port", "127.0.0.1", port, "--port")
    yield _dashboard()


def _examine_config(path: Path, settings: list[str] | None) -> list[Check]:
    """What a configuration needs, or what is wrong with it."""
    from monitor.commands.service_checks import examine_service

    try:
        found = load(path, settings)
    except ConfigurationProblem as problem:
        return [Check("configuration", False, str(problem))]
    return list(examine_service(found))


def _compiler_cache() -> Check:
    """Compiled code is kept between processes only where numba can write."""
    import numba

    import stream_hmoe.kernels as kernels

    configured = numba.config.CACHE_DIR  # type: ignore[attr-defined]  # set when it is imported
    folder = Path(configured) if configured else Path(next(iter(kernels.__path__)))
    check = check_writable("compiler cache", folder)
    if check.is_good:
        return check
    return Check(check.name, False, f"{check.found}; set NUMBA_CACHE_DIR to a folder that can be written")


def _dashboard() -> Check:
    is_there = find_spec("dashboards") is not None
    return Check("dashboard", is_there, "installed" if is_there else "the package dashboards is missing")
