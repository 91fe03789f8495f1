"""What a checkpoint of a run holds: with it a run goes on as if it had never stopped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from monitor.journal.writer import Mark
from monitor.run.upgrades import UPGRADES
from monitor.targets import Task
from stream_hmoe.errors import BadCheckpoint

__all__ = ["STATE_VERSION", "RunState"]

STATE_VERSION = 3


@dataclass(frozen=True, slots=True)
class RunState:
    """A run between two chunks of its stream.

    Args:
        task: what is predicted.
        detector: the River detector that watches too; None for none.
        identity: which columns play which role.
        position: where the source goes on.
        pipeline: state of the pipeline.
        fold: state of the journal's fold.
        mark: how far the journal had come.
        rejects_bytes: length of the file of rejected records.
        audit: length and end of the audit.
        predictions_path: the predictions file, absolute; None for none.
        predictions_bytes: its length.
    """

    task: Task
    detector: str | None
    identity: Mapping[str, Any]
    position: Mapping[str, Any]
    pipeline: Mapping[str, Any]
    fold: Mapping[str, Any]
    mark: Mark
    rejects_bytes: int
    audit: Mapping[str, Any]
    predictions_path: str | None
    predictions_bytes: int

    def to_dict(self) -> dict[str, Any]:
        """Plain values and arrays, as checkpoints store them."""
        return {
            "version": STATE_VERSION,
            "task": self.task.value,
            "detector": self.detector,
            "identity": dict(self.identity),
            "position": dict(self.position),
            "pipeline": self.pipeline,
            "fold": self.fold,
            "mark": asdict(self.mark),
            "rejects_bytes": self.rejects_bytes,
            "audit": dict(self.audit),
            "predictions_path": self.predictions_path,
            "predictions_bytes": self.predictions_bytes,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> RunState:
        """What ``to_dict`` stored.

        Raises:
            BadCheckpoint: it is no checkpoint of a run, or one of a newer version, or of one too old.
        """
        version = values.get("version")
        if not isinstance(version, int) or "fold" not in values:
            raise BadCheckpoint(
                "this is a checkpoint of a model alone, not of a run: hmoe run cannot resume it"
            )
        if version > STATE_VERSION:
            message = f"the checkpoint has run state version {version}, this version reads {STATE_VERSION}"
            raise BadCheckpoint(f"{message}: upgrade stream-hmoe")
        while version < STATE_VERSION:
            if version not in UPGRADES:
                message = f"the checkpoint has the older run state version {version}, without an audit"
                raise BadCheckpoint(f"{message}: begin again with --overwrite")
            values, version = UPGRADES[version](values), version + 1
        return cls(
            task=Task(values["task"]),
            detector=values["detector"],
            identity=values["identity"],
            position=values["position"],
            pipeline=values["pipeline"],
            fold=values["fold"],
            mark=Mark(**values["mark"]),
            rejects_bytes=values["rejects_bytes"],
            audit=values["audit"],
            predictions_path=values["predictions_path"],
            predictions_bytes=values["predictions_bytes"],
        )
