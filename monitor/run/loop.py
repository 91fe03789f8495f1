"""The flow of the main job: read, predict and learn, write down, and now and then make sure."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import replace
from typing import Any

from monitor.journal.schema import EventKind, EventRow
from monitor.metrics import MetricsServer, Process, registry_of
from monitor.outputs import prediction_lines, reject_line
from monitor.pace import Pace
from monitor.run.recorder import Recorder
from monitor.run.settings import RunSettings
from monitor.run.starting import RunParts, start
from monitor.run.state import RunState
from monitor.run.stopping import StopRequest
from monitor.run.summary import FAILED, FINISHED, STOPPED, Outcome, Summary
from monitor.shortened import shortened
from monitor.sources.chunk import Chunk
from monitor.status import Status, StatusBoard, told
from monitor.targets import to_targets
from monitor.terminal import View, metric_name
from stream_hmoe import checkpoint
from stream_hmoe.errors import StreamHMoEError
from stream_hmoe.events import Fact, Rejected, Scored

__all__ = ["Run", "run"]

CHUNK_RECORDS = 1_000
KEEP_CHECKPOINTS = 3
MAX_SHOWN = 80


def run(settings: RunSettings, view: View, beside: AbstractContextManager[object] | None = None) -> Summary:
    """Do the main job until the stream ends, a limit is reached or a stop is requested.

    Args:
        settings: what to do.
        view: where people watch.
        beside: entered once nothing is in the way of the run, left when it is over, however it ends.

    Raises:
        Problem: the run could not begin, or its input broke; what was done until then is kept.
        BadCheckpoint: the checkpoint to resume from is damaged.
    """
    with ExitStack() as stack:
        parts = start(settings, stack)
        board = StatusBoard(_status_at_start(parts))
        this_run = Run(settings, parts, board, view)
        if settings.metrics_port is not None:
            registry = registry_of([board], Process(state=settings.paths.journal.parent))
            server = MetricsServer(registry, settings.metrics_host, settings.metrics_port)
            address = stack.enter_context(server).address
            parts.journal.set_meta({"metrics_address": address})
            view.note(f"metrics: {address}")
        stop = stack.enter_context(StopRequest())
        stack.enter_context(beside or nullcontext())
        return this_run.to_the_end(stop)


class Run:
    """A run under way.

    Args:
        settings: what was asked for.
        parts: what it works with.
        board: where its status is shown to other threads.
        view: where its status is shown to people.
    """

    def __init__(self, settings: RunSettings, parts: RunParts, board: StatusBoard, view: View) -> None:
        self._settings = settings
        self._parts = parts
        self._board = board
        self._view = view
        self._recorder = Recorder(parts.fold, parts.journal, parts.audit, board)
        self._begun_seconds = time.monotonic()
        self._begun_records = parts.pipeline.records_seen
        self._saved_records = 0

    def to_the_end(self, stop: StopRequest) -> Summary:
        """Go through the stream; every way out leaves a checkpoint."""
        parts = self._parts
        try:
            self._view.note(parts.note)
            self._announce(EventKind.STARTED if parts.is_new else EventKind.RESUMED, parts.note)
            self._save()
            self._view.show(self._board.current)
            outcome = self._flow(stop)
            if outcome.status == FINISHED:
                self._save()
                self._recorder.finish()
                self._announce(EventKind.FINISHED, outcome.reason)
            else:
                self._announce(EventKind.STOPPED, outcome.reason)
                self._save()
            parts.journal.set_meta({"status": FINISHED if outcome.status == FINISHED else STOPPED})
        finally:
            self._view.close(self._board.current)
        if outcome.problem is not None:
            raise outcome.problem
        return self._summary(outcome)

    def _flow(self, stop: StopRequest) -> Outcome:
        """Read, predict and learn, write down: chunk by chunk."""
        settings, parts = self._settings, self._parts
        pace = Pace(settings.records_per_second)
        limit = pace.chunk_records or CHUNK_RECORDS
        while not stop.is_requested or parts.source.has_waiting:
            if stop.is_requested:
                parts.source.stop_reading()
            left = self._left()
            if left == 0:
                return Outcome(STOPPED, f"the limit of {settings.limit:,} records is reached")
            try:
                chunk = parts.source.next_chunk(limit if left is None else min(limit, left))
            except StreamHMoEError as problem:
                return Outcome(FAILED, str(problem), problem)
            if chunk is None:
                return Outcome(FINISHED, "the stream has ended")
            self._process(chunk)
            if parts.pipeline.records_seen - self._saved_records >= settings.checkpoint_records:
                self._save()
            pace.wait(parts.pipeline.records_seen - self._begun_records, lambda: stop.is_requested)
        return Outcome(STOPPED, f"{stop.reason}; nothing is lost")

    def _process(self, chunk: Chunk) -> None:
        """Predict, learn and write down one chunk."""
        parts = self._parts
        first = parts.pipeline.records_seen
        targets = to_targets(parts.task, chunk.targets)
        facts = list(parts.pipeline.step(chunk.records, targets)) if chunk.records else []
        parts.position = chunk.position
        rejected = self._reject(chunk, first, [fact for fact in facts if isinstance(fact, Rejected)])
        if parts.predictions is not None:
            for fact in facts:
                if isinstance(fact, Scored):
                    parts.predictions.append(prediction_lines(fact))
        others: list[Fact] = [fact for fact in facts if not isinstance(fact, Rejected)]
        records = parts.pipeline.records_seen
        adaptation = parts.pipeline.adaptation
        self._recorder.add(
            [*rejected, *others],
            records,
            self._changes(first),
            share_read=self._share_read(chunk),
            advantages={} if adaptation is None else adaptation.shadow.advantages,
        )
        self._view.show(self._board.current)

    def _reject(self, chunk: Chunk, first: int, unusable: Sequence[Rejected]) -> list[Rejected]:
        """Write down what was rejected, with the data -> all of it in stream order."""
        lines: list[tuple[Rejected, int, dict[str, Any] | str]] = []
        for bad in chunk.malformed:
            fact = Rejected(first + bad.index, "line", shortened(bad.text, MAX_SHOWN), bad.reason, bad.remedy)
            lines.append((fact, bad.line, bad.text))
        target = self._settings.source.target
        for fact in unusable:
            index = fact.record - first
            features = chunk.records[index]
            if fact.field == "target" and fact.field not in features:
                fact = replace(fact, field=target)  # people know the label by the name of its column
            lines.append((fact, chunk.lines[index], {**features, target: chunk.targets[index]}))
        lines.sort(key=lambda entry: entry[1])
        for fact, line, data in lines:
            self._parts.rejects.append(reject_line(fact, line, data))
        return [fact for fact, _, _ in lines]

    def _changes(self, first: int) -> list[EventRow]:
        """The known changes of the stream from record ``first`` to the last one read."""
        end = self._parts.pipeline.records_seen
        return [
            EventRow(change.record, EventKind.CHANGE_POINT, change.what)
            for change in self._settings.source.changes(first, end)
        ]

    def _announce(self, kind: EventKind, message: str) -> None:
        """Journal something that happened to the process."""
        self._recorder.announce(kind, message, self._parts.pipeline.records_seen)

    def _save(self) -> None:
        """Make a checkpoint: everything it counts on is on disk before it is."""
        parts, begun_seconds = self._parts, time.monotonic()
        records = parts.pipeline.records_seen
        self._announce(EventKind.CHECKPOINT, f"checkpoint after {records:,} records")
        parts.rejects.sync()
        parts.audit.sync()
        if parts.predictions is not None:
            parts.predictions.sync()
        parts.journal.sync()
        folder = checkpoint.save(
            self._settings.paths.checkpoint, self._state().to_dict(), keep=KEEP_CHECKPOINTS
        )
        self._saved_records = records
        self._recorder.note_checkpoint(folder, records, begun_seconds)

    def _state(self) -> RunState:
        parts = self._parts
        predictions = parts.predictions
        return RunState(
            task=parts.task,
            detector=parts.detector,
            identity=self._settings.source.identity(),
            position=parts.position,
            pipeline=parts.pipeline.state_dict(),
            fold=parts.fold.state_dict(),
            mark=parts.journal.mark,
            rejects_bytes=parts.rejects.length_bytes,
            audit=parts.audit.state_dict(),
            predictions_path=None if predictions is None else str(predictions.path.resolve()),
            predictions_bytes=0 if predictions is None else predictions.length_bytes,
        )

    def _share_read(self, chunk: Chunk) -> float | None:
        """How much of the input, or of what is wanted of it, has been read; None when nobody knows."""
        size, limit = self._parts.source.size_bytes, self._settings.limit
        shares = [chunk.bytes_read / size] if size else []
        if limit is not None:
            shares.append(self._parts.pipeline.records_seen / limit)
        return min(1.0, max(shares)) if shares else None

    def _left(self) -> int | None:
        """Records until the limit; None without one."""
        limit = self._settings.limit
        return None if limit is None else max(0, limit - self._parts.pipeline.records_seen)

    def _summary(self, outcome: Outcome) -> Summary:
        parts, paths = self._parts, self._settings.paths
        tally = parts.fold.so_far()
        seconds = time.monotonic() - self._begun_seconds
        records = parts.pipeline.records_seen
        files = {"journal": paths.journal, "audit": paths.audit, "checkpoint": paths.checkpoint}
        if parts.rejects.length_bytes:
            files["rejects"] = paths.rejects
        if parts.predictions is not None:
            files["predictions"] = parts.predictions.path
        return Summary(
            status=outcome.status,
            reason=outcome.reason,
            task=parts.task.value,
            records=records,
            scored=tally.scored,
            rejected=tally.rejected,
            metric_name=metric_name(parts.task),
            metric=tally.metric,
            loss_nats=tally.loss_nats,
            drifts=dict(parts.fold.drift_counts),
            num_leaves=len(parts.fold.leaves.live),
            seconds=seconds,
            records_per_second=(records - self._begun_records) / seconds,
            files={kind: str(path) for kind, path in files.items()},
        )


def _status_at_start(parts: RunParts) -> Status:
    return told(Status(parts.task, records=parts.pipeline.records_seen), parts.fold)
