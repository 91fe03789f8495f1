"""Files that grow with the stream and can be cut back to a checkpoint: predictions and rejected records."""

from __future__ import annotations

import csv
import io
import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

from monitor.problems import ConfigurationProblem, StorageProblem
from monitor.targets import Task
from stream_hmoe.events import Rejected, Scored

__all__ = ["GrowingFile", "prediction_lines", "predictions_header", "reject_line"]


class GrowingFile:
    """A file that is only appended to, and whose length is part of every checkpoint.

    Args:
        path: the file; its folder is created when absent.
        length_bytes: None starts a new file; otherwise what lies beyond this length is cut off.

    Raises:
        ConfigurationProblem: the file is shorter than ``length_bytes``: it is not the checkpoint's.
    """

    def __init__(self, path: Path, length_bytes: int | None) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        if length_bytes is None:
            self._file: BinaryIO = path.open("wb")
        else:
            self._require_length(length_bytes)
            self._file = path.open("r+b" if path.exists() else "wb")
            self._file.truncate(length_bytes)
            self._file.seek(length_bytes)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._file.close()
        except OSError as full:
            if error is None:
                raise self._cannot_write(full) from full

    @property
    def length_bytes(self) -> int:
        """Bytes written so far."""
        return self._file.tell()

    def append(self, text: str) -> None:
        """Write text at the end."""
        try:
            self._file.write(text.encode("utf-8", "surrogatepass"))
        except OSError as error:
            raise self._cannot_write(error) from error

    def sync(self) -> None:
        """Force everything to disk, so that a checkpoint may rely on it."""
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise self._cannot_write(error) from error

    def flush(self) -> None:
        """Let other processes see what was written."""
        try:
            self._file.flush()
        except OSError as error:
            raise self._cannot_write(error) from error

    def _require_length(self, length_bytes: int) -> None:
        found = self.path.stat().st_size if self.path.exists() else 0
        if found < length_bytes:
            message = f"{self.path} has {found} bytes, the checkpoint says {length_bytes}"
            raise ConfigurationProblem(f"{message}: put the file back, or begin again with --overwrite")

    def _cannot_write(self, error: OSError) -> StorageProblem:
        message = f"cannot write {self.path}: {error.strerror}"
        return StorageProblem(f"{message}; make room: a service goes on by itself, a run with --resume")


def predictions_header(task: Task) -> str:
    """First line of a predictions file: probability is that of the predicted class; sd the predictive one."""
    last = "probability" if task is Task.CLASSIFICATION else "sd"
    return f"record,target,prediction,{last}\n"


def prediction_lines(scored: Scored) -> str:
    """One CSV line per scored record."""
    lines = io.StringIO()
    rows = zip(
        scored.record.tolist(),
        scored.targets,
        scored.predictions,
        scored.probabilities.tolist(),
        strict=True,
    )
    csv.writer(lines, lineterminator="\n").writerows(rows)
    return lines.getvalue()


def reject_line(fact: Rejected, line: int, data: Mapping[str, Any] | str) -> str:
    """One JSON line: why a record was rejected, and the record itself, so that it can be repaired.

    Args:
        fact: the rejection.
        line: line or row of the input.
        data: the record, or the text of a line that is none.
    """
    entry = {
        "record": fact.record,
        "line": line,
        "field": fact.field,
        "value": fact.value,
        "reason": fact.reason,
        "remedy": fact.remedy,
        "data": data if isinstance(data, str) else {name: _strict(item) for name, item in data.items()},
    }
    return json.dumps(entry, default=str) + "\n"


def _strict(value: Any) -> Any:
    """JSON knows no NaN and no infinity: they become text."""
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
