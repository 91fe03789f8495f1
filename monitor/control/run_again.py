"""A whole run once more, from its input, to compare what it decides with what it decided."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from monitor.control.audit_replay import audit_lines
from monitor.journal.reader import JournalReader
from monitor.journal.schema import EventKind
from monitor.problems import ConfigurationProblem
from monitor.run.input_again import input_again
from monitor.run.loop import run
from monitor.run.settings import RunPaths, RunSettings
from monitor.targets import Task
from monitor.terminal import View

__all__ = ["run_again"]


def run_again(journal: Path, moved_to: Path | None, view: View) -> tuple[int, list[str]]:
    """Repeat a run in a temporary folder -> how many records of it are safe to compare, and its audit.

    Args:
        journal: the journal of the run.
        moved_to: where the input is now; None if it is where it was.
        view: where people watch.

    Raises:
        ConfigurationProblem: the input cannot be opened again, or nothing was saved of the run yet.
    """
    with JournalReader(journal) as reader:
        meta = reader.meta()
        saved = reader.events([EventKind.CHECKPOINT, EventKind.STOPPED, EventKind.FINISHED])
    if "input" not in meta:
        raise ConfigurationProblem(f"{journal} is of a stream of the service: leave out --full")
    records = int(saved["record"].max()) if len(saved) else 0
    if not records:
        raise ConfigurationProblem(
            f"{journal} has no checkpoint after a record yet: there is nothing to repeat"
        )
    with tempfile.TemporaryDirectory() as folder:
        paths = RunPaths.inside(Path(folder))
        settings = RunSettings(
            source=input_again(json.loads(meta["input"]), moved_to),
            paths=paths,
            task=Task(meta["task"]),
            limit=records,
            detector=meta["detector"] or None,
        )
        run(settings, view)
        return records, audit_lines(paths.audit)
