"""``hmoe checkpoint``: look at the saved state of a run, and make sure that it can be used."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.commands.output import print_json
from monitor.problems import ConfigurationProblem

if TYPE_CHECKING:
    from monitor.run.state import RunState
    from monitor.service.state import StreamState

__all__ = ["app", "checkpoint_folder"]

app = typer.Typer(
    help="Look at the checkpoints of a run, or of a stream of the service.", no_args_is_help=True
)

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
    from stream_hmoe import checkpoint

    directory = checkpoint_folder(run)
    facts = _facts(directory)
    _rebuild(checkpoint.load(directory))
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
        "task": str(getattr(state, "task", state.identity.get("task"))),
        "target": state.identity.get("target"),
        "records": state.fold["records_seen"],
        "rejected": state.fold["rejected_total"],
        "experts": len(leaves),
        "groups": len({group for _, _, group in leaves}),
        "position": dict(state.position),
        "bytes": sum(path.stat().st_size for path in files),
        "predictions": getattr(state, "predictions_path", None),
    }


def _state(directory: Path) -> RunState | StreamState:
    """The newest state of a run on a file, or of a stream of the service."""
    from monitor.run.state import RunState
    from monitor.service.state import StreamState
    from stream_hmoe import checkpoint

    values = checkpoint.load(directory)
    return StreamState.from_dict(values) if "stream_version" in values else RunState.from_dict(values)


def _rebuild(values: Mapping[str, Any]) -> None:
    """Make the pipeline of a checkpoint again.

    Raises:
        BadCheckpoint: it cannot be made.
    """
    from monitor.config.schema import ModelConfig
    from monitor.models import build_pipeline
    from monitor.run.state import RunState
    from monitor.service.state import StreamState
    from monitor.targets import Task

    if "stream_version" not in values:
        run = RunState.from_dict(values)
        build_pipeline(run.task, run.detector).load_state_dict(run.pipeline)
        return
    stream = StreamState.from_dict(values)
    found = stream.identity
    model = ModelConfig(**{name: found[name] for name in ("gates", "adapt_experts", "is_adapting")})
    build_pipeline(Task(found["task"]), found["detector"], model=model).load_state_dict(stream.pipeline)


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
