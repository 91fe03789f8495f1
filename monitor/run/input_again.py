"""The input of a run as plain values in its journal, so that the run can be repeated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from monitor.problems import ConfigurationProblem
from monitor.run.drift_input import DriftInput
from monitor.run.settings import FileInput, Input
from monitor.sources.byte_stream import STANDARD_INPUT
from monitor.sources.opening import InputSettings

__all__ = ["describe_input", "input_again"]

FILE, DRIFT, OTHER = "file", "drift", "other"


def describe_input(source: Input) -> dict[str, Any]:
    """How to open an input again: JSON-able.

    Args:
        source: the input of a run.
    """
    if isinstance(source, DriftInput):
        return {"kind": DRIFT, "seed": source.seed, "period": source.period}
    if not isinstance(source, FileInput):
        return {"kind": OTHER, "name": source.name, **source.identity()}
    values = asdict(source.settings)
    if source.settings.path != STANDARD_INPUT:
        values["path"] = str(Path(source.settings.path).resolve())
    return {
        "kind": FILE,
        **values,
        "ignored": list(values["ignored"]),
        "categories": list(values["categories"]),
    }


def input_again(described: Mapping[str, Any], moved_to: Path | None = None) -> Input:
    """The input that was described, at its beginning.

    Args:
        described: what ``describe_input`` gave.
        moved_to: where the file is now; None if it is where it was.

    Raises:
        ConfigurationProblem: it cannot be read a second time, or it is not where it was.
    """
    values = dict(described)
    kind = values.pop("kind")
    if kind == DRIFT:
        return DriftInput(values["seed"], values["period"])
    if kind != FILE:
        name = values.get("name", "this input")
        raise ConfigurationProblem(f"{name} cannot be opened again from the journal: leave out --full")
    found = InputSettings(
        **{**values, "ignored": tuple(values["ignored"]), "categories": tuple(values["categories"])}
    )
    if moved_to is not None:
        found = replace(found, path=str(moved_to))
    elif found.path == STANDARD_INPUT:
        raise ConfigurationProblem(
            "the run read standard input: give the same records as a file with --input FILE"
        )
    if not Path(found.path).is_file():
        raise ConfigurationProblem(
            f"the input {found.path} is not there: say where it is now with --input FILE"
        )
    return FileInput(replace(found, is_continued=False))
