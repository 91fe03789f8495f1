"""The command ``hmoe``; what a command needs is imported when it runs, so that help is quick."""

from __future__ import annotations

import sqlite3
import sys
from typing import Annotated

import typer

from monitor.commands import (
    checkpoint,
    config,
    dashboard,
    demo,
    dlq,
    doctor,
    drift,
    experts,
    export,
    metrics,
    pager,
    produce,
    rules,
    run,
)
from monitor.problems import ExitCode, Problem
from monitor.version import version
from stream_hmoe.errors import StreamHMoEError

__all__ = ["app", "main"]

INTERRUPTED = 130
UNCACHED = (
    "cannot cache function"  # what numba says when neither the package nor the home folder can be written
)


def _show_version(is_asked: bool) -> None:
    if is_asked:
        print(f"hmoe {version()}")
        raise typer.Exit


app = typer.Typer(
    name="hmoe",
    help=(
        "Learn from a stream, one record at a time, with a mixture of experts whose gates can be read.\n\n"
        "Try it:  hmoe demo\n\n"
        "Use it:  hmoe run --input data.csv.gz --target label"
    ),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
app.command("run")(run.command)
app.command("demo")(demo.command)
app.command("dashboard")(dashboard.command)
app.command("experts")(experts.command)
app.add_typer(drift.app, name="drift")
app.add_typer(checkpoint.app, name="checkpoint")
app.add_typer(config.app, name="config")
app.command("export")(export.command)
app.add_typer(dlq.app, name="dlq")
app.command("doctor")(doctor.command)
app.command("metrics")(metrics.command)
app.add_typer(rules.app, name="rules")
app.command("produce")(produce.command)
app.command("pager")(pager.command)


@app.callback()
def root(
    is_version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_show_version, help="Print the version.")
    ] = False,
) -> None:
    """See the help of the commands: hmoe COMMAND --help."""


def main() -> None:
    """Run the command line; a problem becomes one line on standard error and the exit code of its kind."""
    try:
        app()
    except Problem as problem:
        _fail(str(problem), problem.exit_code)
    except StreamHMoEError as error:
        _fail(str(error), ExitCode.CONFIGURATION)
    except (OSError, sqlite3.OperationalError) as error:
        _fail(f"{error}; the same command with --resume may work later", ExitCode.TEMPORARY)
    except RuntimeError as error:
        if UNCACHED not in str(error):
            raise
        remedy = "set NUMBA_CACHE_DIR to a folder that can be written"
        _fail(f"there is no place to keep compiled code: {remedy}", ExitCode.CONFIGURATION)
    except KeyboardInterrupt:
        _fail("interrupted; what was done since the last checkpoint is done again by --resume", INTERRUPTED)


def _fail(message: str, exit_code: int) -> None:
    print(f"hmoe: {message}", file=sys.stderr)
    sys.exit(exit_code)
