"""Begins a run, or brings back the one that a checkpoint holds."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

from monitor.audit_log import AuditLog
from monitor.journal.fold import INTERVAL_RECORDS, WINDOW_INTERVALS, JournalFold
from monitor.journal.writer import JournalWriter, Mark
from monitor.models import CONTROLLER, build_pipeline
from monitor.outputs import GrowingFile, predictions_header
from monitor.problems import ConfigurationProblem, TemporaryProblem
from monitor.run.earlier import find_state
from monitor.run.input_again import describe_input
from monitor.run.settings import RunSettings
from monitor.run.state import RunState
from monitor.sources.chunk import Position, Source
from monitor.targets import SAMPLE_RECORDS, Task, decide_task
from monitor.version import version
from stream_hmoe.pipeline import Pipeline

__all__ = ["RunParts", "start"]


@dataclass(slots=True)
class RunParts:
    """Everything a run works with, ready to go on.

    Args:
        task: what is predicted.
        detector: the River detector that watches too; None for none.
        note: one sentence about the start, for people.
        is_new: nothing has been read yet.
        position: where the source stands; empty at its beginning.
        predictions: None when none are wanted.
    """

    task: Task
    detector: str | None
    note: str
    is_new: bool
    position: Position
    source: Source
    pipeline: Pipeline
    fold: JournalFold
    journal: JournalWriter
    rejects: GrowingFile
    audit: AuditLog
    predictions: GrowingFile | None


def start(settings: RunSettings, stack: ExitStack) -> RunParts:
    """Open everything; ``stack`` closes it again.

    Raises:
        Problem: something is in the way; the message says what and what to do.
        BadCheckpoint: the checkpoint to resume from is damaged.
    """
    _lock(settings.paths.journal, stack)
    state = find_state(settings)
    if state is None:
        return _begin(settings, stack)
    return _resume(settings, state, stack)


def _begin(settings: RunSettings, stack: ExitStack) -> RunParts:
    source = stack.enter_context(closing(settings.source.open(None)))
    sample = settings.source.sample(source, SAMPLE_RECORDS)
    if settings.task is None:
        decision = decide_task(sample.targets, settings.source.target)
        task = decision.task
        note = f"{task}: {decision.reason}; --task {_other(task)} decides otherwise"
    else:
        task = settings.task
        note = f"{task} of {settings.source.target!r}, as asked for"
    pipeline = build_pipeline(task, settings.detector)
    paths = settings.paths
    # The journal comes first: a file beside it is then known to be of this run, whenever it is killed.
    journal = stack.enter_context(
        closing(JournalWriter(paths.journal, _meta(settings, task, settings.detector)))
    )
    predictions = None
    if paths.predictions is not None:
        predictions = stack.enter_context(GrowingFile(paths.predictions, None))
        predictions.append(predictions_header(task))
    audit = stack.enter_context(AuditLog(paths.audit, None))
    audit.begin(CONTROLLER)
    return RunParts(
        task=task,
        detector=settings.detector,
        note=note,
        is_new=True,
        position={},
        source=source,
        pipeline=pipeline,
        fold=JournalFold(task is Task.CLASSIFICATION, pipeline.model.topology),
        journal=journal,
        rejects=stack.enter_context(GrowingFile(paths.rejects, None)),
        audit=audit,
        predictions=predictions,
    )


def _resume(settings: RunSettings, state: RunState, stack: ExitStack) -> RunParts:
    pipeline = build_pipeline(state.task, state.detector)
    pipeline.load_state_dict(state.pipeline)
    fold = JournalFold(state.task is Task.CLASSIFICATION, pipeline.model.topology)
    fold.load_state_dict(state.fold)
    predictions = None
    if state.predictions_path is not None:
        file = GrowingFile(Path(state.predictions_path), state.predictions_bytes)
        predictions = stack.enter_context(file)
    journal = JournalWriter(settings.paths.journal, _meta(settings, state.task, state.detector))
    stack.enter_context(closing(journal))
    _require_mark(journal.mark, state.mark, settings.paths.journal)
    journal.rewind(state.mark)
    source = stack.enter_context(closing(settings.source.open(state.position or None)))
    if not state.position:
        settings.source.sample(source, SAMPLE_RECORDS)  # nothing was read yet: learn the columns
    return RunParts(
        task=state.task,
        detector=state.detector,
        note=f"{state.task}, resumed after {pipeline.records_seen:,} records",
        is_new=False,
        position=state.position,
        source=source,
        pipeline=pipeline,
        fold=fold,
        journal=journal,
        rejects=stack.enter_context(GrowingFile(settings.paths.rejects, state.rejects_bytes)),
        audit=stack.enter_context(AuditLog(settings.paths.audit, state.audit)),
        predictions=predictions,
    )


def _lock(journal: Path, stack: ExitStack) -> None:
    """Keep a second run away from the same files until ``stack`` is closed."""
    try:
        journal.parent.mkdir(parents=True, exist_ok=True)
        file = stack.enter_context((journal.parent / f".{journal.name}.lock").open("w"))
    except OSError as error:
        message = f"cannot write in {journal.parent} ({error.strerror})"
        raise ConfigurationProblem(f"{message}; choose another --run-dir") from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        message = f"another run is writing {journal}; stop it first, or choose another --run-dir"
        raise TemporaryProblem(message) from error


def _meta(settings: RunSettings, task: Task, detector: str | None) -> Mapping[str, str]:
    return {
        "run_name": settings.paths.journal.resolve().parent.name,
        "task": task.value,
        "metric": "accuracy" if task is Task.CLASSIFICATION else "absolute error",
        "target": settings.source.target,
        "source": settings.source.name,
        "input": json.dumps(describe_input(settings.source)),
        "interval_records": str(INTERVAL_RECORDS),
        "window_intervals": str(WINDOW_INTERVALS),
        "detector": detector or "",
        "status": "running",
        "product_version": version(),
    }


def _require_mark(found: Mark, wanted: Mark, journal: Path) -> None:
    if found.interval < wanted.interval or found.event < wanted.event:
        message = f"{journal} holds less than the checkpoint says"
        raise ConfigurationProblem(f"{message}: put the file back, or begin again with --overwrite")


def _other(task: Task) -> Task:
    return Task.REGRESSION if task is Task.CLASSIFICATION else Task.CLASSIFICATION
