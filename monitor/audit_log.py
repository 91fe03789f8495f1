"""The audit of a run: what drifted, what was seen and decided, as hash-chained lines of a growing file.

A quiet moment (every signal stable, the controller at rest, no order) leaves no line: nothing is ever decided
on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from monitor.outputs import GrowingFile
from monitor.plain_values import plain
from stream_hmoe.audit import AuditChain
from stream_hmoe.controller import ControllerSettings
from stream_hmoe.events import Decided, Drifted, Fact, Level, Phase, Restructured, Watched

__all__ = ["DECIDED", "ORDERED", "SETTINGS", "WATCHED", "AuditLog", "decision_payload"]

SETTINGS, WATCHED, DECIDED, ORDERED = "settings", "watched", "decided", "ordered"
DRIFTED, RESTRUCTURED = "drifted", "restructured"


class AuditLog:
    """Writes the audit of a run.

    Args:
        path: the file; its folder is created when absent.
        state: None starts a new audit; otherwise what ``state_dict`` gave: what lies beyond it is cut off.

    Raises:
        ConfigurationProblem: the file is shorter than the state says: it is not the checkpoint's.
    """

    def __init__(self, path: Path, state: Mapping[str, Any] | None) -> None:
        self._file = GrowingFile(path, None if state is None else int(state["bytes"]))
        self._chain = AuditChain()
        self._phase = Phase.NORMAL
        if state is not None:
            self._chain.load_state_dict(state["chain"])
            self._phase = Phase(state["phase"])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.__exit__(kind, error, trace)

    @property
    def path(self) -> Path:
        """The file."""
        return self._file.path

    def begin(self, settings: ControllerSettings) -> None:
        """Write the first line: the settings that turn what is watched into decisions."""
        self._append(0, SETTINGS, asdict(settings))

    def add(self, facts: Iterable[Fact]) -> None:
        """Write down what belongs to the audit.

        Args:
            facts: in stream order; what was watched before what was decided on it.
        """
        for fact in facts:
            match fact:
                case Watched() if self._phase is not Phase.NORMAL or _is_loud(fact):
                    self._append(fact.record, WATCHED, fact.to_json())
                case Decided():
                    self._phase = fact.after
                    self._append(fact.record, DECIDED, decision_payload(fact))
                case Drifted():
                    self._append(fact.record, DRIFTED, _without_record(fact))
                case Restructured():
                    self._append(fact.record, RESTRUCTURED, _without_record(fact))
        self._file.flush()

    def note(self, record: int, kind: str, payload: Mapping[str, Any]) -> None:
        """Write down what is no fact of the stream: who ordered what."""
        self._append(record, kind, payload)
        self._file.flush()

    def sync(self) -> None:
        """Force everything to disk, so that a checkpoint may rely on it."""
        self._file.sync()

    def state_dict(self) -> dict[str, Any]:
        """Length of the file, end of the chain, and where the controller stands."""
        return {
            "bytes": self._file.length_bytes,
            "chain": self._chain.state_dict(),
            "phase": self._phase.value,
        }

    def _append(self, record: int, kind: str, payload: Mapping[str, Any]) -> None:
        self._file.append(self._chain.append(record, kind, plain(payload)) + "\n")


def decision_payload(fact: Decided) -> dict[str, Any]:
    """A decision as its audit line holds it."""
    payload: dict[str, Any] = plain(_without_record(fact))
    return payload


def _is_loud(watched: Watched) -> bool:
    levels = (watched.gate, watched.concept, *(evidence.level for evidence in watched.evidence))
    return max(levels) > Level.STABLE or watched.order is not None


def _without_record(fact: Decided | Drifted | Restructured) -> dict[str, Any]:
    return {name: value for name, value in asdict(fact).items() if name != "record"}
