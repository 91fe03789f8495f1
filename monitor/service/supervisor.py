"""Keeps one stream going: opens it, starts it again after a failure, lets it stand still when that is no use.

A failure inside a turn may leave a worker between two states. It is thrown away and the stream goes on from
its newest checkpoint, exactly as after a crash: there is one way back, and the tests kill the process to walk
it.
"""

from __future__ import annotations

import enum
import fcntl
import sqlite3
import stat
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import replace
from typing import TypeVar

from monitor.config import secrets_in
from monitor.config.schema import ServiceConfig, StreamConfig
from monitor.journal.schema import EventKind, JournalLocked
from monitor.logs import Log, Redactor
from monitor.problems import (
    ConfigurationProblem,
    MessagesGone,
    Problem,
    SinkProblem,
    StorageProblem,
    TemporaryProblem,
)
from monitor.service.answers import Answers
from monitor.service.counts import Counts
from monitor.service.opening import open_stream
from monitor.service.paths import StreamPaths
from monitor.service.worker import DeadLetterFlood, StreamWorker
from monitor.status import Halt, Status, StatusBoard
from stream_hmoe.errors import StreamHMoEError

__all__ = ["Standing", "StreamSupervisor"]

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 60.0
MAX_FAILURES = 8
LOCK_PAUSE_SECONDS = 0.5
OWN_FOLDER = 0o700
Result = TypeVar("Result")


class Standing(enum.StrEnum):
    """What a stream is doing."""

    OPENING = "being opened"
    WAITING = "waiting for its turn: another worker holds the stream"
    RUNNING = "running"
    RETRYING = "to be started again"
    HALTED = "standing still"
    ENDED = "at the end of its source"


class StreamSupervisor:
    """One stream, through all that can happen to it.

    Args:
        service: the whole configuration.
        config: the stream.
        is_standby: wait while another worker holds the stream.
        log: says what happens.
    """

    def __init__(self, service: ServiceConfig, config: StreamConfig, *, is_standby: bool, log: Log) -> None:
        self.config = config
        self.service = service
        counts = Counts()  # every reason counts 0 before the first dead letter
        self.board = StatusBoard(Status(config.task, stream=config.name, dead_letters=counts.dead_letters))
        self.answers = Answers()
        self.standing = Standing.OPENING
        self.worker: StreamWorker | None = None
        self._paths = StreamPaths.inside(service.state, config.name)
        self._is_standby = is_standby
        self._log = log
        self._redact = Redactor(secrets_in(service))
        self._held = ExitStack()
        self._open = ExitStack()
        self._due_seconds = 0.0
        self._failures = 0

    @property
    def reason(self) -> str:
        """Why the stream is not running; empty while it is."""
        if self.standing is Standing.RUNNING:
            return ""
        return self.board.current.halted or self.standing.value

    def start(self) -> None:
        """Take the stream and open it.

        Raises:
            ConfigurationProblem: it can never run like this.
            TemporaryProblem: another worker holds it, and this one is no standby.
        """
        if not self._take():
            if not self._is_standby:
                message = f"another worker holds the stream {self.config.name!r} in {self._paths.folder}"
                raise TemporaryProblem(f"{message}: stop it first, or wait for it with --standby")
            self._log.info("standby", folder=str(self._paths.folder))
            self._wait()
            return
        self._try(self._begin)
        if self.standing is Standing.HALTED:
            raise ConfigurationProblem(f"stream {self.config.name}: {self.board.current.halted}")

    def turn(self, limit: int, wait_seconds: float) -> int:
        """Go on, as far as the stream can -> messages taken."""
        if self.standing in (Standing.WAITING, Standing.RETRYING) and time.monotonic() >= self._due_seconds:
            if self.standing is Standing.RETRYING or self._try(self._take):
                self._try(self._begin)
            elif self.standing is Standing.WAITING:
                self._wait()
        if self.standing is not Standing.RUNNING:
            return 0
        taken = self._try(lambda: self._turn(limit, wait_seconds))
        return taken or 0

    def stop(self, reason: str) -> None:
        """Stop in order, with a checkpoint."""
        worker = self.worker
        if worker is not None and self.standing is Standing.RUNNING:
            self._try(lambda: worker.finish(EventKind.STOPPED, reason))
        self.close()

    def close(self) -> None:
        """Let go of everything without a further word."""
        self._close_worker()
        self._held.close()

    def _turn(self, limit: int, wait_seconds: float) -> int:
        assert self.worker is not None
        taken = self.worker.turn(limit, wait_seconds)
        if self.worker.checkpoints:  # it is past what failed before
            self._failures = 0
        if self.worker.is_ended:
            self.worker.finish(EventKind.FINISHED, "the source has ended")
            self._close_worker()
            self.standing = Standing.ENDED
        return taken

    def _wait(self) -> None:
        self.standing = Standing.WAITING
        self._due_seconds = time.monotonic() + LOCK_PAUSE_SECONDS

    def _take(self) -> bool:
        """Become the one worker of the stream -> whether that worked."""
        folder = self._paths.folder
        try:
            folder.mkdir(mode=OWN_FOLDER, parents=True, exist_ok=True)  # it holds records of people
            is_anybodys = bool(folder.stat().st_mode & stat.S_IWOTH)
            file = self._paths.lock.open("w")
        except OSError as error:
            message = f"cannot write in {folder} ({error.strerror})"
            raise ConfigurationProblem(f"{message}; choose another state folder") from error
        if is_anybodys:
            file.close()
            message = f"anybody on this machine can write in {folder}, and so replace the model"
            raise ConfigurationProblem(f"{message}: chmod o-w {folder}")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            return False
        self._held.callback(file.close)
        return True

    def _begin(self) -> int:
        parts = open_stream(self.service, self.config, self._log, self._open)
        self.board.current = replace(self.board.current, halted="", halt=None)
        self.worker = StreamWorker(
            self.config, self.service.checkpoint, self._paths, parts, self.board, self.answers, self._log
        )
        self.standing = Standing.RUNNING
        return 0

    def _try(self, action: Callable[[], Result]) -> Result | None:
        """Do something with the stream; a failure closes it and decides how it goes on."""
        try:
            return action()
        except DeadLetterFlood as flood:
            self._fail(str(flood), Halt.DEAD_LETTERS, is_final=True)
        except MessagesGone as gap:
            self._fail(str(gap), Halt.GAP, is_final=True)
        except SinkProblem as problem:
            self._fail(str(problem), Halt.SINK, is_final=False)
        except (StorageProblem, JournalLocked) as problem:
            self._fail(str(problem), Halt.STORAGE, is_final=False)
        except TemporaryProblem as problem:
            self._fail(str(problem), Halt.SOURCE, is_final=False)
        except (Problem, StreamHMoEError) as problem:
            self._fail(str(problem), Halt.OTHER, is_final=True)
        except (OSError, sqlite3.Error) as error:
            self._fail(f"{type(error).__name__}: {error}", Halt.STORAGE, is_final=False)
        except Exception as error:  # a defect of ours must not take the other streams down
            self._log.error("stream_failed", error=error)
            is_final = self._failures >= MAX_FAILURES
            self._fail(f"{type(error).__name__}: {error}", Halt.OTHER, is_final=is_final)
        return None

    def _fail(self, reason: str, halt: Halt, *, is_final: bool) -> None:
        reason = self._redact(reason)  # everybody may read the status
        self.board.current = replace(self.board.current, halted=reason, halt=halt)
        self.standing = Standing.HALTED if is_final else Standing.RETRYING
        if self.worker is not None:
            with suppress(Exception):  # the journal may be what has failed
                self.worker.tell_halt()
        self._close_worker()
        self.answers.fail(reason)
        if is_final:
            self._log.error("stream_halted", reason=reason)
            return
        pause = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2.0**self._failures)
        self._failures += 1
        self._due_seconds = time.monotonic() + pause
        self._log.error("stream_retrying", reason=reason, failures=self._failures, pause_seconds=pause)

    def _close_worker(self) -> None:
        self.worker = None
        opened, self._open = self._open, ExitStack()
        try:
            opened.close()
        except (Problem, OSError, sqlite3.Error) as error:
            self._log.error("closing_failed", err=str(error))
