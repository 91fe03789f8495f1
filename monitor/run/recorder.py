"""Facts -> audit, journal and status: what a run on a file and a stream of the service have in common."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from monitor.audit_log import AuditLog
from monitor.journal.fold import JournalFold
from monitor.journal.schema import BadRow, EventKind, EventRow, Rows
from monitor.journal.writer import JournalWriter, Stamp
from monitor.pace import Throughput, resident_memory_bytes
from monitor.status import Status, StatusBoard, last_shares, told
from stream_hmoe.events import Fact

__all__ = ["Recorder", "checkpoint_bytes"]


class Recorder:
    """Writes down what happened and shows how things stand.

    Args:
        fold: facts to rows.
        journal: takes the rows.
        audit: takes what was seen and decided.
        board: holds the status.
    """

    def __init__(
        self, fold: JournalFold, journal: JournalWriter, audit: AuditLog, board: StatusBoard
    ) -> None:
        self._fold = fold
        self._journal = journal
        self._audit = audit
        self._board = board
        self._throughput = Throughput()

    def add(
        self, facts: Sequence[Fact], records: int, changes: Sequence[EventRow] = (), **status: Any
    ) -> None:
        """Write down the facts of the next stretch of a stream.

        Args:
            facts: in stream order.
            records: records dealt with so far, all facts about them given.
            changes: known changes of the stream among these records.
            status: further fields of the status that are to change.
        """
        self._audit.add(facts)
        rows = self._fold.add(facts, records)
        events = sorted([*rows.events, *changes], key=lambda event: event.record)
        rows = replace(rows, events=tuple(events))
        if changes:
            status["last_change"] = f"record {changes[-1].record:,}: {changes[-1].message}"
        self._board.current = self._shown(rows, records, status)
        self._write(rows)

    def begin(self, records: int, **status: Any) -> None:
        """The stream is taken up: show how it stands, and count from there.

        Args:
            records: records dealt with by then.
            status: further fields of the status.
        """
        self._board.begin(self._shown(Rows(), records, status))

    def add_bad(self, row: BadRow) -> None:
        """Journal what could not be used."""
        self._write(Rows(bad=(row,)))

    def finish(self) -> None:
        """The stream has ended: close the interval under way."""
        self._write(self._fold.finish())

    def announce(self, kind: EventKind, message: str, records: int) -> None:
        """Journal something that happened to the process."""
        self._write(Rows(events=(EventRow(records, kind, message),)))

    def note_checkpoint(self, folder: Path, records: int, begun_seconds: float) -> None:
        """Show that a checkpoint is safe.

        Args:
            folder: holds it.
            records: records dealt with until then.
            begun_seconds: when it was begun, by the monotonic clock.
        """
        self._board.current = replace(
            self._board.current,
            checkpoint_record=records,
            checkpoint_seconds=time.time(),
            checkpoint_duration_seconds=time.monotonic() - begun_seconds,
            checkpoint_bytes=checkpoint_bytes(folder),
        )

    def _shown(self, rows: Rows, records: int, status: dict[str, Any]) -> Status:
        """The status after some rows."""
        fold, before = self._fold, self._board.current
        shown = replace(
            told(before, fold),
            records=records,
            records_per_second=self._throughput.update(records, time.monotonic()),
            time_seconds=time.time(),
            memory_bytes=resident_memory_bytes(),
            interval=rows.intervals[-1] if rows.intervals else before.interval,
            shares=last_shares(rows, fold) if rows.intervals else before.shares,
        )
        return replace(shown, **status) if status else shown

    def _write(self, rows: Rows) -> None:
        status = self._board.current
        self._journal.write(rows, Stamp(time.time(), status.records_per_second, status.memory_bytes))


def checkpoint_bytes(folder: Path) -> int:
    """The size of a checkpoint."""
    return sum(file.stat().st_size for file in folder.iterdir())
