"""Streams from gzip CSV files: a header row, features first, the target last."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from .stream import Array, Stream, Task, coded

__all__ = ["file_names", "file_path", "read_file"]

SUFFIX = ".csv.gz"
MOST_CLASSES = 100


def file_names(directory: Path) -> list[str]:
    """Names of the streams that lie in a directory."""
    return sorted(path.name.removesuffix(SUFFIX) for path in directory.glob(f"*{SUFFIX}"))


def file_path(directory: Path, name: str) -> Path:
    """Where a stream of this name lies."""
    return directory / f"{name}{SUFFIX}"


def read_file(directory: Path, name: str) -> Stream:
    """Read one file; a target of at most 100 different whole numbers, or of text, is a class."""
    frame = pd.read_csv(file_path(directory, name))
    target = frame.pop(frame.columns[-1]).to_numpy()
    task = _task(target)
    y_N = coded(target) if task == "classification" else target.astype(np.float64)
    return Stream(name, task, frame.to_numpy(np.float64), y_N)


def _task(target: Array) -> Task:
    if not np.issubdtype(target.dtype, np.number):
        return "classification"
    is_whole = bool(np.all(target == np.round(target)))
    return "classification" if is_whole and len(np.unique(target)) <= MOST_CLASSES else "regression"
