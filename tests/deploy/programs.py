"""Programs of the distribution that a test needs: Debian's packages prometheus, prometheus-alertmanager."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

__all__ = ["ROOT", "needed", "run"]

ROOT = Path(__file__).parents[2]


def needed(*names: str) -> str:
    """The path of a program, by the first of its names that is installed; a test without it is skipped."""
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        pytest.skip(f"{names[0]} is not installed: apt-get install prometheus prometheus-alertmanager")
    return found


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a program to its end; its output and errors as text."""
    return subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=120, check=False)
