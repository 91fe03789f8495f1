"""``hmoe export``: the current model as one file for other programs."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from monitor.commands.checkpoint import checkpoint_folder
from monitor.commands.output import print_json
from monitor.problems import ConfigurationProblem
from monitor.version import version

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from stream_hmoe.learner import Learner

__all__ = ["command"]


def command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder, or its checkpoint folder.")],
    output: Annotated[
        Path, typer.Option("--output", metavar="FILE", help="The file; FILE.json beside it describes it.")
    ],
    form: Annotated[
        Literal["onnx", "torch"],
        typer.Option("--format", help="onnx runs everywhere; torch is a torch.export program (.pt2)."),
    ] = "onnx",
    as_json: Annotated[bool, typer.Option("--json", help="Print the description as JSON.")] = False,
) -> None:
    """Write the model of the newest checkpoint as a file that predicts without this package.

    It takes encoded records, any number at a time, and gives predictions and gate weights; it cannot learn.
    Before it is written it predicts the checkpoint's sample of the stream, and must agree with the model.
    It is for where the learner cannot go: in batches of 64 the learner itself is 4 to 8 times as fast
    (python -m benchmarks.export).

    Example: hmoe export runs/elec --format onnx --output elec.onnx
    """
    from stream_hmoe import checkpoint

    if output.is_dir():
        raise ConfigurationProblem(f"--output {output} is a folder; name a file")
    folder, state = checkpoint.load_newest(checkpoint_folder(run))
    content, description = _frozen(folder, state, form)
    _write(output, content)
    beside = output.with_name(output.name + ".json")
    _write(beside, (json.dumps(description, indent=2, allow_nan=False) + "\n").encode())
    if as_json:
        print_json({"file": str(output), "bytes": len(content), **description})
    else:
        print(_use(output, beside, description))


def _frozen(
    folder: Path, state: Mapping[str, Any], form: Literal["onnx", "torch"]
) -> tuple[bytes, dict[str, Any]]:
    """The file and its description, after the model in it was compared with the learner."""
    from stream_hmoe.adapting import restored_learner
    from stream_hmoe.frozen import TOLERANCE, FrozenModel, compare

    _quiet_torch()
    model = state.get("model") or state.get("pipeline", {}).get("model")
    if model is None:
        raise ConfigurationProblem(f"{folder} holds no model; hmoe run writes one")
    learner = restored_learner(model["learner"])
    if not (learner.records and learner.num_features):
        raise ConfigurationProblem(f"the model in {folder} has learned nothing yet; let it see some records")
    frozen = FrozenModel.of(model, form)
    check = compare(frozen.predict_encoded, learner, _recorded(state, learner))
    if not check.is_close:
        most = max(check.predicted, check.leaf_weights)
        found = f"the exported model differs from the learner by {most:.1e} on {check.records} records"
        raise ConfigurationProblem(f"{found}, more than {TOLERANCE:g}; nothing was written")
    frozen.description |= {
        "target": state.get("identity", {}).get("target"),
        "checkpoint": {"folder": folder.name, "manifest_sha256": _sha256(folder / "manifest.json")},
        "check": {**asdict(check), "tolerance": TOLERANCE},
        "product_version": version(),
    }
    return frozen.to_bytes(), frozen.description


def _quiet_torch() -> None:
    """Let the exporter keep to itself that packages are missing which no model here could use.

    Importing torch sets the levels of its loggers, so this comes after.
    """
    import logging

    logging.getLogger("torch.onnx").setLevel(logging.ERROR)


def _recorded(state: Mapping[str, Any], learner: Learner) -> npt.NDArray[np.float64]:
    """The even sample of the stream in a run's checkpoint; else the records that the model remembers."""
    from stream_hmoe.frozen import remembered
    from stream_hmoe.replay import widened

    adaptation = state.get("pipeline", {}).get("adaptation")
    sample = adaptation["sample"]["kept"] if adaptation else None
    if sample is None or not len(sample["x_ND"]):
        return remembered(learner)
    return widened(sample["x_ND"], learner.num_features)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _write(path: Path, content: bytes) -> None:
    """All of the file or nothing of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    writing = path.with_name(path.name + ".writing")
    writing.write_bytes(content)
    os.replace(writing, path)


def _use(output: Path, beside: Path, description: Mapping[str, Any]) -> str:
    """How to use the file, in three lines."""
    check = description["check"]
    most, features = max(check["predicted"], check["leaf_weights"]), len(description["features"])
    agrees = f"agrees with it within {most:.0e} on {check['records']:,} records of the stream"
    load = f'FrozenModel.load("{output}").predict_one(record)'
    columns = f"x (records, {features}) float64 -> predicted, leaf_weights"
    return (
        f"{output}: the model after {description['records']:,} records; {agrees}\n"
        f"in Python:  from stream_hmoe import FrozenModel; {load}\n"
        f"elsewhere:  {columns}; {beside.name} says what they mean"
    )
