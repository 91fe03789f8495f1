"""One stream of the service under way: turn by turn, with a checkpoint now and then."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from monitor.audit_log import ORDERED
from monitor.config.schema import CheckpointConfig, StreamConfig
from monitor.durations import END_TO_END_EDGES_SECONDS, EVENT_EDGES_SECONDS, LABEL_EDGES_SECONDS, Durations
from monitor.http.gateway import Prediction
from monitor.journal.schema import EventKind
from monitor.logs import Log
from monitor.problems import ConfigurationProblem, StorageProblem
from monitor.run.recorder import Recorder
from monitor.service.answers import Answers
from monitor.service.flow import ages_seconds, flow_row
from monitor.service.intake import Arrived
from monitor.service.opening import StreamParts, identity
from monitor.service.paths import StreamPaths
from monitor.service.put_aside import PutAside
from monitor.service.results import EventResults, answer_unreadable, decision_records, predict
from monitor.service.state import StreamState
from monitor.sources.chunk import Position
from monitor.status import StatusBoard
from monitor.targets import Task
from stream_hmoe import checkpoint
from stream_hmoe.events import Fact, Order, Rejected

__all__ = ["DeadLetterFlood", "StreamWorker"]

FLOW_SECONDS = 1.0
CROWDED_SECONDS = 0.5
FLOOD_REMEDY = "look at them with hmoe dlq show, mend their sender, then start the service again"


class DeadLetterFlood(ConfigurationProblem):
    """Too large a share of the messages could not be used: the stream halts instead of draining into them.

    It halts at the end of the turn: the source has given no position within it.
    """


class CheckpointFailed(StorageProblem):
    """The disk does not take a checkpoint; the stream itself is as it should be."""


class StreamWorker:
    """Learns from a stream; every way out that is not a crash leaves a checkpoint.

    Args:
        config: the stream.
        saving: when to make checkpoints.
        paths: its files.
        parts: what it works with.
        board: where its status is shown to other threads.
        answers: who waits for what became of which message.
        log: says what happens.

    Attributes:
        checkpoints: how many were made of what this worker has taken.
    """

    def __init__(
        self,
        config: StreamConfig,
        saving: CheckpointConfig,
        paths: StreamPaths,
        parts: StreamParts,
        board: StatusBoard,
        answers: Answers,
        log: Log,
    ) -> None:
        self.config = config
        self.saving = saving
        self.parts = parts
        self._paths = paths
        self._board = board
        self._answers = answers
        self._log = log
        self._recorder = Recorder(parts.fold, parts.journal, parts.audit, board)
        self._aside = PutAside(config, parts, self._recorder, log)
        self._position = parts.position
        # Where the checkpoints on disk begin, the oldest first; None for those of earlier workers.
        self._kept: deque[Position | None] = deque([*[None] * (saving.keep - 1), parts.position])
        self.checkpoints = 0
        self._saved_seconds = time.monotonic()
        self._saved_received = self._received
        self._is_changed = parts.is_new
        self._flow_seconds = 0.0
        self._latency = Durations.none(EVENT_EDGES_SECONDS)
        self._end_to_end = Durations.none(END_TO_END_EDGES_SECONDS)
        self._delay = Durations.none(LABEL_EDGES_SECONDS)
        self._flowed = (self._latency, self._delay)
        self._unreadable: list[Fact] = []  # to be recorded with what is taken next
        self.is_ended = False
        self._begin()

    @property
    def _received(self) -> int:
        """Records that came, and messages that hold none: these too are to be let go of by the source."""
        return self.parts.pipeline.account.received + sum(self.parts.counts.unreadable.values())

    @property
    def records(self) -> int:
        """Records dealt with so far."""
        return self.parts.pipeline.records_seen

    def turn(self, limit: int, wait_seconds: float) -> int:
        """Take what has come -> how many messages or records that was.

        Args:
            limit: most messages to take.
            wait_seconds: longest wait for the first.

        Raises:
            Problem: the stream cannot go on; what was done until now is consistent.
        """
        arrived = self.parts.intake.next(limit, wait_seconds)
        begun = time.monotonic()
        self.is_ended = arrived.is_end
        self._position = arrived.position
        if arrived.count or arrived.skipped:
            self._is_changed = True
            self._take_all(arrived)
            self._latency = self._latency.plus(time.monotonic() - begun, arrived.count)
        self._show_flow()
        self._save_if_due()
        if self.parts.guard.is_halted:
            self.save()
            raise DeadLetterFlood(f"{self.parts.guard.halted}; {FLOOD_REMEDY}")
        return arrived.count

    def predict(self, features: Mapping[str, Any]) -> Prediction:
        """A prediction that changes nothing.

        Raises:
            BadRecord: the features cannot be used.
        """
        return predict(self.parts.pipeline, features)

    def order(self, order: Order, caller: str, why: str) -> None:
        """Do what an operator asks for, and make it last.

        Raises:
            OrderRefused: it is impossible now; the message says why.
            Problem: it is done, but a crash may undo it.
        """
        self.parts.pipeline.order(order)
        self.parts.audit.note(self.records, ORDERED, {"order": order.value, "caller": caller, "reason": why})
        self._note_order(order.value, caller)
        self._board.current = replace(self._board.current, is_frozen=self.parts.pipeline.is_frozen)
        self.save()

    def order_checkpoint(self, caller: str) -> None:
        """Make a checkpoint for an operator.

        Raises:
            Problem: it could not be made.
        """
        self._note_order("checkpoint", caller)
        self.save()

    def save(self) -> None:
        """Make a checkpoint: everything that it counts on is safe before it is.

        Raises:
            CheckpointFailed: the disk does not take it.
            Problem: a sink does not take what it counts on.
        """
        parts, begun = self.parts, time.monotonic()
        records = parts.pipeline.records_seen
        self._recorder.announce(EventKind.CHECKPOINT, f"checkpoint after {records:,} records", records)
        for sink in parts.sinks.values():
            sink.flush()
        parts.audit.sync()
        parts.journal.sync()
        try:
            folder = checkpoint.save(self._paths.checkpoint, self._state().to_dict(), keep=self.saving.keep)
            self._recorder.note_checkpoint(folder, records, begun)
            self._acknowledge()
        except OSError as error:
            raise self._failed(error) from error
        self.checkpoints += 1
        self._saved_seconds = time.monotonic()
        self._saved_received = self._received
        self._is_changed = False
        told = self._board.current
        seconds = round(told.checkpoint_duration_seconds, 4)
        self._log.debug("checkpoint_saved", records=records, seconds=seconds, bytes=told.checkpoint_bytes)

    def finish(self, kind: EventKind, message: str) -> None:
        """Stop in order: the stream ended, or it is to stand still."""
        if kind is EventKind.FINISHED:
            self.save()
            self._recorder.finish()
        self._recorder.announce(kind, message, self.parts.pipeline.records_seen)
        if kind is not EventKind.FINISHED:
            self.save()
        status = "finished" if kind is EventKind.FINISHED else "stopped"
        self.parts.journal.set_meta({"status": status})
        self._log.info(status, reason=message, records=self.parts.pipeline.records_seen)

    def tell_halt(self) -> None:
        """Let the readers of the journal know what the board says: why the stream stands still."""
        self._write_flow()

    def _begin(self) -> None:
        parts, records = self.parts, self.parts.pipeline.records_seen
        kind = EventKind.STARTED if parts.is_new else EventKind.RESUMED
        message = "started" if parts.is_new else f"resumed after {records:,} records"
        self._recorder.begin(records, **self._resumed_status(), **self._status())
        self._recorder.announce(kind, message, records)
        parts.journal.set_meta({"status": "running"})
        if parts.is_new:
            self.save()
            self.checkpoints = 0
        self._log.info(kind.value, records=records, pending=parts.pipeline.account.pending)

    def _take_all(self, arrived: Arrived) -> None:
        """Take the events up to each message that holds none, so that it is put aside in its place."""
        parts, events = self.parts, arrived.decoded.events
        parts.counts.skipped += arrived.skipped
        if arrived.skipped:
            self._log.warning("messages_gone", count=arrived.skipped)
        begin = 0
        for bad in arrived.decoded.bad:
            if bad.after > begin:
                self._take(arrived, begin, bad.after)
                begin = bad.after
            message = arrived.message(bad.message, bad.row)
            self._unreadable.append(self._aside.unreadable(message, bad))
            if self._answers:
                answer_unreadable(self._answers, message, bad)
        if begin < len(events):
            self._take(arrived, begin, len(events))
        elif self._unreadable:
            facts, self._unreadable = self._unreadable, []
            self._recorder.add(facts, parts.pipeline.records_seen, **self._status())

    def _take(self, arrived: Arrived, begin: int, end: int) -> None:
        """Take some events and write down what became of them."""
        parts = self.parts
        taken = parts.pipeline.take(arrived.decoded.events[begin:end])
        rejected = self._aside.unusable(arrived, taken, begin)
        is_class = self.config.task is Task.CLASSIFICATION
        results = EventResults(self.config.name, arrived, taken, begin, is_class=is_class)
        if parts.predictions is not None:
            for identifier, record, key in results.prediction_records():
                parts.predictions.write(identifier, record, key)
        if parts.decisions is not None:
            for identifier, record in decision_records(self.config.name, taken.facts, parts.counts):
                parts.decisions.write(identifier, record, None)
        others: list[Fact] = [fact for fact in taken.facts if not isinstance(fact, Rejected)]
        self._end_to_end = self._end_to_end.and_also(ages_seconds(arrived, begin, end, time.time()))
        self._delay = self._delay.and_also(taken.label_delays_seconds)
        parts.guard.take(end - begin, sorted(taken.rejections))
        unreadable, self._unreadable = self._unreadable, []
        self._recorder.add([*unreadable, *rejected, *others], parts.pipeline.records_seen, **self._status())
        if self._answers:
            results.answer(self._answers)

    def _status(self) -> dict[str, Any]:
        """What the recorder does not know of."""
        parts = self.parts
        adaptation = parts.pipeline.adaptation
        return {
            "account": parts.counts.complete(parts.pipeline.account),
            "dead_letters": dict(parts.counts.dead_letters),
            "skipped": parts.counts.skipped,
            "is_frozen": parts.pipeline.is_frozen,
            "event_latency": self._latency,
            "end_to_end": self._end_to_end,
            "label_delay": self._delay,
            "advantages": {} if adaptation is None else adaptation.shadow.advantages,
        }

    def _resumed_status(self) -> dict[str, Any]:
        """The checkpoint that the stream goes on from; it may be old."""
        folder = self.parts.resumed
        if folder is None:
            return {}
        return {
            "checkpoint_record": self.parts.pipeline.records_seen,
            "checkpoint_seconds": folder.stat().st_mtime,
            "checkpoint_bytes": _size(folder),
        }

    def _show_flow(self) -> None:
        """About once a second: how much waits, and a row for the journal."""
        now = time.monotonic()
        if now - self._flow_seconds < FLOW_SECONDS:
            return
        self._flow_seconds = now
        self._board.current = replace(
            self._board.current, lag_records=self.parts.intake.lag(), **self._status()
        )
        self._write_flow()

    def _write_flow(self) -> None:
        latency, delay = self._latency.since(self._flowed[0]), self._delay.since(self._flowed[1])
        self.parts.journal.write_flow(flow_row(self._board.current, time.time(), latency, delay))
        self._flowed = (self._latency, self._delay)

    def _save_if_due(self) -> None:
        inbox = self.parts.inbox
        # A full inbox is emptied by checkpoints alone, also where nothing more can come into it.
        is_crowded = inbox is not None and inbox.waiting_bytes > inbox.max_bytes // 2
        if not (self._is_changed or is_crowded):
            return
        received = self._received - self._saved_received
        elapsed = time.monotonic() - self._saved_seconds
        longest = CROWDED_SECONDS if is_crowded else self.saving.seconds
        if received >= self.saving.records or elapsed >= min(longest, self.saving.seconds):
            with suppress(CheckpointFailed):  # it is counted and told; once more after the usual time
                self.save()

    def _acknowledge(self) -> None:
        """Tell the source which checkpoints there are."""
        self._kept.append(self._position)
        while len(self._kept) > self.saving.keep:
            self._kept.popleft()
        self.parts.intake.acknowledge(self._position, self._kept[0])

    def _failed(self, error: OSError) -> CheckpointFailed:
        self._saved_seconds = time.monotonic()
        self._saved_received = self.parts.pipeline.account.received
        failures = self._board.current.checkpoint_failures + 1
        self._board.current = replace(self._board.current, checkpoint_failures=failures)
        self._log.error("checkpoint_failed", err=str(error), failures=failures)
        message = f"cannot write a checkpoint in {self._paths.checkpoint}: {error.strerror or error}"
        return CheckpointFailed(f"{message}; make room on the disk")

    def _note_order(self, order: str, caller: str) -> None:
        self._recorder.announce(EventKind.ORDERED, f"{caller} ordered: {order}", self.records)
        self._log.info("ordered", order=order, caller=caller, record=self.records)

    def _state(self) -> StreamState:
        parts = self.parts
        sinks: Mapping[str, object] = {name: sink.state_dict() for name, sink in parts.sinks.items()}
        return StreamState(
            identity=identity(self.config),
            position=self._position,
            pipeline=parts.pipeline.state_dict(),
            fold=parts.fold.state_dict(),
            mark=parts.journal.mark,
            audit=parts.audit.state_dict(),
            sinks=sinks,
            guard=parts.guard.state_dict(),
            counts=parts.counts.state_dict(),
        )


def _size(folder: Path) -> int:
    """Bytes of a checkpoint."""
    return sum(file.stat().st_size for file in folder.iterdir())
