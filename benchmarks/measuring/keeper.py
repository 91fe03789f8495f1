"""Outcomes kept from earlier runs, so that a comparison can go on without playing every peer anew."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from .job import Job, Measured, Outcome

__all__ = ["Keeper", "Run"]


@dataclass(frozen=True)
class Run:
    """A job, what came of it, and whether that was so in an earlier run.

    Args:
        job: what was asked.
        outcome: what was measured, or why nothing was.
        is_kept: whether it was found and not played now; its speed is then of another moment.
    """

    job: Job
    outcome: Outcome
    is_kept: bool = False


class Keeper:
    """A directory of outcomes and predictions.

    Args:
        directory: where they lie; it is made.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)

    def placed(self, job: Job) -> Job:
        """The same job with its own place for predictions."""
        asked = replace(job, predictions_path=Path(), stream_path=Path(job.stream_path.name)).to_json()
        name = f"{job.stream}-{job.title}-{job.seed}-{hashlib.sha256(asked.encode()).hexdigest()[:12]}.npy"
        return replace(job, predictions_path=self.directory / name)

    def find(self, job: Job) -> Run | None:
        """What an earlier run measured for this placed job."""
        notes = self._notes(job)
        if not notes.exists():
            return None
        return Run(job, Measured(**json.loads(notes.read_text(encoding="utf-8"))), is_kept=True)

    def keep(self, run: Run) -> None:
        """Write down a measurement; failures are tried again next time."""
        if isinstance(run.outcome, Measured):
            self._notes(run.job).write_text(json.dumps(asdict(run.outcome)), encoding="utf-8")

    @staticmethod
    def _notes(job: Job) -> Path:
        return job.predictions_path.with_suffix(".json")
