"""What a checkpoint of a stream holds: with it the stream goes on as if it had never stopped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from monitor.journal.writer import Mark
from stream_hmoe.errors import BadCheckpoint

__all__ = ["STREAM_STATE_VERSION", "StreamState"]

STREAM_STATE_VERSION = 1


@dataclass(frozen=True, slots=True)
class StreamState:
    """A stream of the service between two turns.

    Args:
        identity: what must be the same in the configuration that resumes it.
        position: where the source goes on.
        pipeline: model, watches, controller, records that wait for labels.
        fold: the journal's fold.
        mark: how far the journal had come.
        audit: length and end of the audit.
        sinks: state of every sink, by name.
        guard: the newest messages, good or bad.
        counts: what the pipeline does not count.
    """

    identity: Mapping[str, Any]
    position: Mapping[str, Any]
    pipeline: Mapping[str, Any]
    fold: Mapping[str, Any]
    mark: Mark
    audit: Mapping[str, Any]
    sinks: Mapping[str, Any]
    guard: Mapping[str, Any]
    counts: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Plain values and arrays, as checkpoints store them."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return {"stream_version": STREAM_STATE_VERSION, **values, "mark": asdict(self.mark)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> StreamState:
        """What ``to_dict`` stored.

        Raises:
            BadCheckpoint: it is no checkpoint of a stream, or one of a newer version.
        """
        version = values.get("stream_version")
        if not isinstance(version, int):
            raise BadCheckpoint(
                "this is no checkpoint of a stream of the service: choose another state folder"
            )
        if version > STREAM_STATE_VERSION:
            message = f"the checkpoint has stream state version {version}"
            raise BadCheckpoint(f"{message}, this version reads {STREAM_STATE_VERSION}: upgrade stream-hmoe")
        parts = {name: values[name] for name in cls.__slots__ if name != "mark"}
        return cls(**parts, mark=Mark(**values["mark"]))
