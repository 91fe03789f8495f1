"""``hmoe checkpoint``: look at the saved state of a run, and make sure that it can be used."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from monitor.commands.output import print_json
from monitor.problems import ConfigurationProblem

__all__ = ["app", "checkpoint_folder"]

app = typer.Typer(help="Look at the checkpoints of a run.", no_args_is_help=True)

Directory = Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder, or its checkpoint folder.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("show")
def show(run: Directory, as_json: AsJson = False) -> None:
    """What the newest checkpoint holds.

    Example: hmoe checkpoint show runs/elec
    """
    directory = checkpoint_folder(run)
    _print(_facts(directory), as_json)


@app.command("verify")
def verify(run: Directory, as_json: AsJson = False) -> None:
    """Read every byte of all checkpoints, compare their hashes and rebuild the model from the newest.

    A damaged one is named, and the exit code is 78; a run resumes from the newest that is whole.

    Example: hmoe checkpoint verify runs/elec
    """
    from monitor.models import build_pipeline
    from monitor.targets import Task
    from stream_hmoe import checkpoint

    directory = checkpoint_folder(run)
    facts, state = _facts(directory), _state(directory)
    build_pipeline(Task(facts["task"]), state.detector).load_state_dict(state.pipeline)
    found = checkpoint.damaged(directory)
    _print({"verified": not found, **facts, "damaged": found}, as_json)
    if found:
        raise ConfigurationProblem(
            f"damaged: {', '.join(found)}; a resumed run begins at the newest whole one"
        )


def _facts(directory: Path) -> dict[str, Any]:
    state = _state(directory)
    files = [path for path in directory.rglob("*") if path.is_file()]
    leaves = state.fold["leaves"]["live"]
    return {
        "folder": str(directory),
        "task": state.task.value,
        "target": state.identity.get("target"),
        "records": state.fold["records_seen"],
        "rejected": state.fold["rejected_total"],
        "experts": len(leaves),
        "groups": len({group for _, _, group in leaves}),
        "position": dict(state.position),
        "predictions": state.predictions_path,
        "bytes": sum(path.stat().st_size for path in files),
    }


def _state(directory: Path) -> Any:
    from monitor.run.state import RunState
    from stream_hmoe import checkpoint

    return RunState.from_dict(checkpoint.load(directory))


def checkpoint_folder(run: Path) -> Path:
    """Where the checkpoints are, for a run's folder or for that folder itself.

    Raises:
        ConfigurationProblem: there is no such folder.
    """
    directory = run / "checkpoint" if (run / "checkpoint").is_dir() else run
    if not directory.is_dir():
        raise ConfigurationProblem(f"there is no checkpoint at {directory}; hmoe run writes it")
    return directory


def _print(values: Mapping[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(values)
        return
    for name, value in values.items():
        print(f"{name:<12} {value}")
