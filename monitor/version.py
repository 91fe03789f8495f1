"""The version of the package."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed_version

__all__ = ["version"]


def version() -> str:
    """The installed version, or ``source`` when the package runs from a checkout that is not installed."""
    try:
        return installed_version("stream-hmoe")
    except PackageNotFoundError:
        return "source"
