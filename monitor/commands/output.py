"""How commands show a run and print what they found."""

from __future__ import annotations

import json
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from monitor.run.summary import Summary
    from monitor.terminal import View

__all__ = ["choose_view", "command_line", "print_json", "report_summary"]

UNTIL = ("--limit", "--records")


def choose_view(title: str, is_quiet: bool, is_json: bool) -> View:
    """A live picture when standard output is a terminal that is free for it, else lines on standard error."""
    from rich.console import Console

    from monitor.terminal import LiveView, PlainView, QuietView

    if is_quiet:
        return QuietView()
    if sys.stdout.isatty() and not is_json:
        return LiveView(Console(), title)
    return PlainView()


def report_summary(summary: Summary, as_json: bool, arguments: Sequence[str]) -> None:
    """Print the end of a run, and how to go on when it was stopped."""
    resume = None if summary.status == "finished" else _resuming(arguments)
    if as_json:
        print_json({**summary.to_dict(), "resume": resume})
        return
    print(summary.text())
    if resume is not None:
        print(f"go on with: {resume}")


def command_line(arguments: Sequence[str]) -> str:
    """An ``hmoe`` command to copy: by its name where the shell finds it, else as this one was started."""
    is_script = PurePath(sys.argv[0]).name == "hmoe"
    program = sys.argv[0] if is_script and shutil.which("hmoe") is None else "hmoe"
    return shlex.join([program, *arguments])


def _resuming(arguments: Sequence[str]) -> str:
    """The command line that goes on where this one stopped."""
    kept: list[str] = []
    for before, argument in zip(["", *arguments], arguments, strict=False):
        is_end = before in UNTIL or argument.split("=")[0] in UNTIL
        if not is_end and argument not in ("--overwrite", "--resume"):
            kept.append(argument)
    return command_line([*kept, "--resume"])


def print_json(values: Mapping[str, Any]) -> None:
    """Print one JSON object on standard output."""
    print(json.dumps(values, indent=2, allow_nan=False))
