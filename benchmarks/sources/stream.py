"""A finite stream in memory, and its copy on disk that the measuring processes read.

Shapes: N records, D features.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import numpy.typing as npt

__all__ = ["Array", "Stream", "Task", "coded"]

Task = Literal["classification", "regression"]
Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Stream:
    """Records in stream order.

    Args:
        name: what tables call it.
        task: what is predicted.
        x_ND: (N, D) float64 features.
        y_N: (N,) int64 class codes from 0, or float64 targets.
    """

    name: str
    task: Task
    x_ND: Array
    y_N: Array

    @property
    def num_classes(self) -> int:
        """How many classes the whole stream has; 0 for regression."""
        return int(self.y_N.max()) + 1 if self.task == "classification" else 0

    def head(self, rows: int) -> Stream:
        """The first records."""
        return Stream(self.name, self.task, self.x_ND[:rows], self.y_N[:rows])

    def save(self, path: Path) -> None:
        """Write it down; a crash leaves no half-written file under this name."""
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f"{path.name}.partial.npz")
        np.savez(partial, name=self.name, task=self.task, x_ND=self.x_ND, y_N=self.y_N)
        partial.replace(path)

    @classmethod
    def load(cls, path: Path) -> Stream:
        """The inverse of ``save``."""
        with np.load(path) as arrays:
            task = cast(Task, str(arrays["task"]))
            return cls(str(arrays["name"]), task, arrays["x_ND"], arrays["y_N"])


def coded(labels: Array) -> Array:
    """Labels -> class codes from 0, in the labels' sorted order."""
    return np.unique(labels, return_inverse=True)[1].astype(np.int64)
