"""An earlier run with the same files: resumed, replaced when asked to, never destroyed by accident."""

from __future__ import annotations

from pathlib import Path

from monitor.problems import ConfigurationProblem
from monitor.run.settings import RunSettings
from monitor.run.state import RunState
from stream_hmoe import checkpoint

__all__ = ["find_state"]

DATABASE_MAGIC = b"SQLite format 3\0"


def find_state(settings: RunSettings) -> RunState | None:
    """The run to resume; None when a new one is to begin.

    Raises:
        ConfigurationProblem: there is a run, and neither resuming nor overwriting was asked for; or the run
            to resume has other columns, another task or another predictions file.
        BadCheckpoint: the checkpoint is damaged.
    """
    paths = settings.paths
    has_checkpoint = any(not path.name.endswith(".writing") for path in paths.checkpoint.glob("*"))
    has_run = has_checkpoint or paths.journal.exists()
    if has_run and not settings.is_resumed and not settings.is_overwriting:
        message = f"{paths.journal.parent} already holds a run"
        raise ConfigurationProblem(
            f"{message}: continue it with --resume, replace it with --overwrite, or choose another --run-dir"
        )
    if has_checkpoint and settings.is_resumed:
        state = RunState.from_dict(checkpoint.load(paths.checkpoint))
        _require_same(settings, state)
        return state
    if not has_run and not settings.is_overwriting:
        _require_absent(paths.rejects, paths.audit, paths.predictions)
    _remove_journal(paths.journal)
    checkpoint.remove(paths.checkpoint)
    return None


def _require_absent(*files: Path | None) -> None:
    for path in files:
        if path is not None and path.exists():
            message = f"{path} already exists and is not of a run here"
            raise ConfigurationProblem(f"{message}: choose another name, or replace it with --overwrite")


def _require_same(settings: RunSettings, state: RunState) -> None:
    found = dict(state.identity)
    for name, value in settings.source.identity().items():
        if found.get(name) != value:
            raise _differs(name, found.get(name), value)
    if settings.task is not None and settings.task is not state.task:
        raise _differs("task", state.task.value, settings.task.value)
    if settings.detector is not None and settings.detector != state.detector:
        raise _differs("detector", state.detector or "none", settings.detector)
    wanted = settings.paths.predictions
    if wanted is not None and str(wanted.resolve()) != state.predictions_path:
        raise _differs("predictions file", state.predictions_path or "none", str(wanted))


def _differs(name: str, found: object, wanted: object) -> ConfigurationProblem:
    message = f"the run to resume has {name} {found}, not {wanted}"
    return ConfigurationProblem(f"{message}: resume it with the same options, or choose another --run-dir")


def _remove_journal(journal: Path) -> None:
    if journal.exists() and journal.stat().st_size and not _is_database(journal):
        raise ConfigurationProblem(
            f"{journal} is not a journal: choose another --journal, or remove it yourself"
        )
    for path in (journal, journal.with_name(journal.name + "-wal"), journal.with_name(journal.name + "-shm")):
        path.unlink(missing_ok=True)


def _is_database(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(DATABASE_MAGIC)) == DATABASE_MAGIC
