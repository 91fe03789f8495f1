"""``hmoe run``: the main job on a file or standard input."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path, PurePath
from typing import Annotated, NoReturn

import typer

from monitor.commands.output import choose_view, report_summary
from monitor.problems import UsageProblem

__all__ = ["command"]


class TaskChoice(StrEnum):
    """What can be asked for with --task."""

    AUTO = "auto"
    CLASSIFICATION = "classification"
    REGRESSION = "regression"


class FormatChoice(StrEnum):
    """What can be asked for with --format."""

    AUTO = "auto"
    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"


class DetectorChoice(StrEnum):
    """What can be asked for with --detector."""

    ADWIN = "adwin"
    KSWIN = "kswin"
    PAGE_HINKLEY = "page-hinkley"


class StdinChoice(StrEnum):
    """What standard input holds when a run is resumed."""

    ALL = "all"
    NEW = "new"


SERVICE_OPTIONS = {"config", "settings_set", "standby"}


def command(
    context: typer.Context,
    input_path: Annotated[
        str | None,
        typer.Option("--input", "-i", metavar="FILE|-", help="CSV, JSON Lines, Parquet; plain or gzip."),
    ] = None,
    target: Annotated[
        str | None, typer.Option("--target", "-t", metavar="NAME", help="The column to predict.")
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", metavar="FILE", help="Be a service: streams as this YAML says."),
    ] = None,
    settings_set: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="With --config: override a setting; repeatable."),
    ] = None,
    standby: Annotated[
        bool, typer.Option("--standby", help="With --config: wait while another worker has the streams.")
    ] = False,
    task: Annotated[
        TaskChoice, typer.Option("--task", help="auto decides from the first 1,000 labels, and says why.")
    ] = TaskChoice.AUTO,
    predictions: Annotated[
        Path | None, typer.Option("--predictions", metavar="FILE", help="Write every prediction to this CSV.")
    ] = None,
    run_dir: Annotated[
        Path | None,
        typer.Option("--run-dir", metavar="DIR", help="Where results go; runs/NAME by default."),
    ] = None,
    journal: Annotated[
        Path | None, typer.Option("--journal", metavar="FILE", help="What happened; default in the run dir.")
    ] = None,
    checkpoint: Annotated[
        Path | None,
        typer.Option("--checkpoint", metavar="DIR", help="Points to resume from; default in the run dir."),
    ] = None,
    rejects: Annotated[
        Path | None,
        typer.Option("--rejects", metavar="FILE", help="Unusable records; default in the run dir."),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the newest checkpoint.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an earlier run here.")] = False,
    stdin_holds: Annotated[
        StdinChoice | None,
        typer.Option(
            "--stdin-holds", help="With --input - and --resume: the stream from its start, or what is new."
        ),
    ] = None,
    input_format: Annotated[
        FormatChoice, typer.Option("--format", help="auto goes by the name, else by the first bytes.")
    ] = FormatChoice.AUTO,
    delimiter: Annotated[
        str | None, typer.Option("--delimiter", metavar="CHAR", help="Between CSV cells; found by default.")
    ] = None,
    ignore: Annotated[
        list[str] | None, typer.Option("--ignore", metavar="NAME", help="A column to leave out; repeatable.")
    ] = None,
    category: Annotated[
        list[str] | None,
        typer.Option("--category", metavar="NAME", help="A CSV column whose numbers are names; repeatable."),
    ] = None,
    detector: Annotated[
        DetectorChoice | None,
        typer.Option("--detector", help="River's detector on loss, gate entropy and group shares as well."),
    ] = None,
    checkpoint_every: Annotated[
        int, typer.Option("--checkpoint-every", min=1, metavar="N", help="Records between checkpoints.")
    ] = 20_000,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, metavar="N", help="Stop after N records of the stream.")
    ] = None,
    rate: Annotated[
        float | None, typer.Option("--rate", min=0.1, metavar="R", help="At most R records per second.")
    ] = None,
    metrics_port: Annotated[
        int,
        typer.Option("--metrics-port", min=0, max=65535, help="Prometheus metrics; 0 takes any free port."),
    ] = 0,
    metrics_host: Annotated[
        str, typer.Option("--metrics-host", metavar="ADDRESS", help="Where the metrics are served.")
    ] = "127.0.0.1",
    no_metrics: Annotated[bool, typer.Option("--no-metrics", help="Serve no metrics.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but the summary.")] = False,
) -> None:
    """Predict, score, then learn: every record of a stream, in order.

    With --input, a file or standard input to its end; with --config, a service that goes on (Kafka,
    Redis, HTTP, files; late labels; several streams): see hmoe config --help. For example:

    * hmoe run --input elec.csv.gz --target label

    * hmoe run --input elec.csv.gz --target label --predictions out.csv --resume

    * tail -F events.jsonl | hmoe run --input - --target price --run-dir runs/live

    * hmoe run --config hmoe.yaml --set http.port=9000

    Ctrl-C stops after the records under way and keeps everything; --resume goes on as if it had not stopped.

    Exit codes: 0 done, or stopped as asked; 2 wrong options; 75 try again later; 78 does not fit the input.
    """
    from monitor.run.loop import run
    from monitor.run.settings import FileInput, RunPaths, RunSettings
    from monitor.sources.opening import InputSettings
    from monitor.targets import Task

    if config is not None:
        _require_none(
            context, lambda name: name not in SERVICE_OPTIONS, "the configuration says that instead"
        )
        _serve(config, settings_set or (), is_standby=standby)
    if input_path is None or target is None:
        raise UsageProblem("say what to learn from: --input FILE --target NAME, or --config hmoe.yaml")
    _require_none(context, lambda name: name in SERVICE_OPTIONS, "it goes with --config alone")
    _require_consistent(input_path, resume, overwrite, stdin_holds)
    _require_delimiter(delimiter)
    usual = RunPaths.inside(run_dir or Path("runs", _run_name(input_path)))
    settings = RunSettings(
        source=FileInput(
            InputSettings(
                path=input_path,
                target=target,
                format=None if input_format is FormatChoice.AUTO else input_format.value,
                delimiter=delimiter,
                ignored=tuple(ignore or ()),
                categories=tuple(category or ()),
                is_continued=stdin_holds is StdinChoice.NEW,
            )
        ),
        paths=RunPaths(
            journal=journal or usual.journal,
            checkpoint=checkpoint or usual.checkpoint,
            rejects=rejects or usual.rejects,
            audit=journal.with_name(usual.audit.name) if journal else usual.audit,
            predictions=predictions,
        ),
        task=None if task is TaskChoice.AUTO else Task(task.value),
        is_resumed=resume,
        is_overwriting=overwrite,
        checkpoint_records=checkpoint_every,
        limit=limit,
        records_per_second=rate,
        detector=None if detector is None else detector.value,
        metrics_host=metrics_host,
        metrics_port=None if no_metrics else metrics_port,
    )
    title = f"{input_path}: learning {target!r}"
    summary = run(settings, choose_view(title, is_quiet=quiet, is_json=as_json))
    report_summary(summary, as_json, sys.argv[1:])


def _serve(config: Path, settings: Sequence[str], *, is_standby: bool) -> NoReturn:
    """Be the service until it ends."""
    from monitor.commands.config import settings_of
    from monitor.service import run_service

    raise typer.Exit(run_service(config, settings_of(list(settings)), os.environ, is_standby=is_standby))


def _require_none(context: typer.Context, is_unwanted: Callable[[str], bool], why: str) -> None:
    """Refuse options that would have no effect."""
    for option in context.command.params:
        name = option.name or ""
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE" and is_unwanted(name):
            raise UsageProblem(f"leave out {option.opts[0]}: {why}")


def _run_name(input_path: str) -> str:
    """A folder name after the input: its file name up to the first dot."""
    name = "stdin" if input_path == "-" else PurePath(input_path).name.split(".")[0]
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name) or "run"


def _require_consistent(
    input_path: str, is_resumed: bool, is_overwriting: bool, stdin_holds: StdinChoice | None
) -> None:
    if is_resumed and is_overwriting:
        raise UsageProblem("--resume continues a run and --overwrite removes it: give one of them")
    if is_resumed and input_path == "-" and stdin_holds is None:
        raise UsageProblem(
            "resuming from standard input: say what it holds. --stdin-holds all skips the records that were "
            "read before (the pipe begins again at the first one); --stdin-holds new skips nothing"
        )


def _require_delimiter(delimiter: str | None) -> None:
    if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n'):
        raise UsageProblem(f"--delimiter must be one character, not {delimiter!r} (for tab: $'\\t')")
