"""The process around the streams: version, configuration, disk."""

from __future__ import annotations

import platform
import shutil
from dataclasses import dataclass
from pathlib import Path

from monitor.metrics.families import Families
from monitor.version import version

__all__ = ["Process", "collect_process"]


@dataclass(frozen=True, slots=True)
class Process:
    """What is the same for all streams of a process.

    Args:
        state: the folder that must not run out of room; None when nothing is kept.
        config_hash: hash of the configuration; empty without one.
    """

    state: Path | None = None
    config_hash: str = ""


def collect_process(process: Process, families: Families) -> None:
    """Add version, configuration and free disk."""
    families.add("hmoe_build_info", 1.0, version=version(), python=platform.python_version())
    if process.config_hash:
        families.add("hmoe_config_hash_info", 1.0, hash=process.config_hash)
    free_bytes = None if process.state is None else _free_bytes(process.state)
    if free_bytes is not None:
        families.add("hmoe_disk_free_bytes", free_bytes)


def _free_bytes(folder: Path) -> int | None:
    """What may still be written in a folder; None while it cannot be asked."""
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None
