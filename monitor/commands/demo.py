"""``hmoe demo``: the main job on a made-up stream that never ends, with the dashboard beside it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from monitor.commands.dashboard import PORT, next_free, require_free
from monitor.commands.output import choose_view, command_line, report_summary
from monitor.problems import UsageProblem

__all__ = ["command"]


def command(
    records: Annotated[
        int | None,
        typer.Option("--records", min=1, metavar="N", help="Stop after N records of the stream."),
    ] = None,
    rate: Annotated[
        float,
        typer.Option(
            "--rate", min=0, metavar="R", help="Records per second, slow enough to watch; 0 is full speed."
        ),
    ] = 2_000,
    no_dashboard: Annotated[bool, typer.Option("--no-dashboard", help="Start no dashboard.")] = False,
    port: Annotated[
        int | None,
        typer.Option(
            "--port", min=1, max=65535, help="The dashboard's port; the first free one from 8501 on."
        ),
    ] = None,
    host: Annotated[
        str, typer.Option("--host", metavar="ADDRESS", help="Where the dashboard is served.")
    ] = "127.0.0.1",
    metrics_port: Annotated[
        int,
        typer.Option("--metrics-port", min=0, max=65535, help="Prometheus metrics; 0 takes any free port."),
    ] = 0,
    metrics_host: Annotated[
        str, typer.Option("--metrics-host", metavar="ADDRESS", help="Where the metrics are served.")
    ] = "127.0.0.1",
    no_metrics: Annotated[bool, typer.Option("--no-metrics", help="Serve no metrics.")] = False,
    run_dir: Annotated[
        Path,
        typer.Option("--run-dir", metavar="DIR", help="Where results go; an earlier demo there is replaced."),
    ] = Path("runs/demo"),
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the earlier demo instead of a new one.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a run that is no demo, too.")
    ] = False,
    seed: Annotated[
        int, typer.Option("--seed", min=0, metavar="N", help="Another seed, another stream.")
    ] = 0,
    period: Annotated[
        int,
        typer.Option("--period", min=100, metavar="N", help="Records until the schedule of changes repeats."),
    ] = 40_000,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but the summary.")] = False,
) -> None:
    """Watch a model learn from a stream that changes, with nothing to download and no server to start.

    Parcels are delivered in four districts: which of them will be late? All of it is made up. Each district
    has its own reasons for delay, and six times in 40,000 records the reasons or the traffic change. These
    changes are known here, so the page shows beside them what the model and the signals on its gates make
    of them.

    For example:

    * hmoe demo

    * hmoe demo --records 100000 --rate 0 --no-dashboard

    * hmoe demo --resume

    The address of the dashboard is printed at the start. Ctrl-C stops the demo and its dashboard, and keeps
    everything.

    Exit codes: 0 done, or stopped as asked; 2 wrong options; 75 try again later; 78 something is in the way.
    """
    from monitor.commands.dashboard_process import DashboardProcess, WatchfulView
    from monitor.run.drift_input import DriftInput
    from monitor.run.loop import run
    from monitor.run.settings import RunPaths, RunSettings
    from monitor.targets import Task

    if resume and overwrite:
        raise UsageProblem("--resume continues a demo and --overwrite removes it: give one of them")
    paths = RunPaths.inside(run_dir)
    source = DriftInput(seed, period)
    settings = RunSettings(
        source=source,
        paths=paths,
        task=Task.CLASSIFICATION,
        is_resumed=resume,
        is_overwriting=overwrite or (not resume and _holds(paths.journal, source.name)),
        limit=records,
        records_per_second=rate or None,
        metrics_host=metrics_host,
        metrics_port=None if no_metrics else metrics_port,
    )
    view = choose_view(f"{source.name}: late or on time?", is_quiet=quiet, is_json=as_json)
    again = command_line(["dashboard", str(run_dir)])
    if no_dashboard:
        summary = run(settings, view)
    else:
        chosen, remark = _choose_port(host, port)
        dashboard = DashboardProcess(
            paths.journal, host, chosen, lambda address: view.note(f"dashboard: {address}{remark}")
        )
        summary = run(settings, WatchfulView(view, dashboard, again), beside=dashboard)
    report_summary(summary, as_json, sys.argv[1:])
    if not as_json:
        print(f"look at it with: {again}")


def _choose_port(host: str, wanted: int | None) -> tuple[int, str]:
    """The port that was named, which must be free, or the first free one; and what is to be said about it."""
    if wanted is not None:
        require_free(host, wanted, "--port")
        return wanted, ""
    port = next_free(host, PORT)
    return port, "" if port == PORT else f" ({PORT} is taken; --port chooses another)"


def _holds(journal: Path, source: str) -> bool:
    """A journal is there, and it is of an earlier run on this source."""
    from monitor.journal.reader import JournalReader
    from monitor.journal.schema import JournalError

    try:
        with JournalReader(journal) as reader:
            return reader.meta().get("source") == source
    except JournalError:
        return False
