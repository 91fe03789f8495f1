"""What a measuring process is asked, and what it answers; both travel as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["Failed", "Job", "Measured", "Outcome"]


@dataclass(frozen=True)
class Job:
    """One contestant on one stream with one seed.

    Args:
        contestant: its name in the catalogue.
        stream: the stream's name.
        stream_path: file with the stream's arrays.
        rows: at most so many records from the beginning.
        seed: the contestant's seed.
        budget_seconds: playing stops after this; the whole process has some grace beyond it.
        predictions_path: where the predictions go.
        settings: options of the contestant that differ from its defaults.
        label: what tables call it, where that is not its name.
    """

    contestant: str
    stream: str
    stream_path: Path
    rows: int
    seed: int
    budget_seconds: float
    predictions_path: Path
    settings: Mapping[str, Any] = field(default_factory=dict)
    label: str = ""

    @property
    def title(self) -> str:
        """What tables call the contestant."""
        return self.label or self.contestant

    def to_json(self) -> str:
        """One line."""
        return json.dumps({**asdict(self), "settings": dict(self.settings)}, default=str)

    @classmethod
    def from_json(cls, text: str) -> Job:
        """The inverse of ``to_json``."""
        values = json.loads(text)
        paths = {name: Path(values[name]) for name in ("stream_path", "predictions_path")}
        return cls(**{**values, **paths})


@dataclass(frozen=True)
class Measured:
    """What one contestant did.

    Args:
        records: records played; fewer than asked for if the budget ran out.
        wall_seconds: time from the first prediction to the last update, by the clock.
        cpu_seconds: processor time of the playing thread in that time.
        import_seconds: time to build the first contestant, imports included.
        warm_up_seconds: time of the first 1,000 records with a throw-away contestant: compilation, mostly.
        peak_bytes: most memory of the whole process.
        grown_bytes: most memory while playing, less what was there before.
        version: of the distribution it comes from.
    """

    records: int
    wall_seconds: float
    cpu_seconds: float
    import_seconds: float
    warm_up_seconds: float
    peak_bytes: int
    grown_bytes: int
    version: str

    @property
    def records_per_second(self) -> float:
        """Speed by the clock."""
        return self.records / self.wall_seconds

    @property
    def records_per_cpu_second(self) -> float:
        """Speed by processor time of the playing thread: steadier on a busy machine."""
        return self.records / self.cpu_seconds


@dataclass(frozen=True)
class Failed:
    """Why there is no measurement."""

    reason: str


Outcome = Measured | Failed
