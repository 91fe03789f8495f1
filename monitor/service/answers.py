"""Who waits for what became of which message: requests of the HTTP API, answered by the model's thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from monitor.http.gateway import Answer
from monitor.problems import TemporaryProblem
from monitor.sources.inbox import Announce

__all__ = ["Answers"]


@dataclass(slots=True)
class Waiting:
    """A request whose messages are on their way."""

    future: Future[Sequence[Answer]]
    left: set[int] = field(default_factory=set)
    found: dict[int, Answer] = field(default_factory=dict)


class Answers:
    """Brings answers to the requests that wait for them; requests come from other threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[int, Waiting] = {}

    def __bool__(self) -> bool:
        """Somebody waits."""
        return bool(self._waiting)

    def submit(self, append: Callable[[Announce], object]) -> Future[Sequence[Answer]]:
        """Put messages into an inbox -> one answer for each, in order.

        Args:
            append: puts them there; it is told whom to announce their numbers to, before anyone reads them.
        """
        waiting = Waiting(Future())

        def expect(numbers: range) -> None:
            with self._lock:
                waiting.left = set(numbers)
                self._waiting |= dict.fromkeys(numbers, waiting)

        append(expect)
        return waiting.future

    def give(self, number: int, answer: Answer) -> None:
        """What became of one message; nobody may have asked."""
        with self._lock:
            waiting = self._waiting.pop(number, None)
        if waiting is None:
            return
        waiting.found[number] = answer
        waiting.left.discard(number)
        if not waiting.left:
            waiting.future.set_result([waiting.found[at] for at in sorted(waiting.found)])

    def fail(self, reason: str) -> None:
        """Nobody will be answered any more."""
        with self._lock:
            waiting, self._waiting = self._waiting, {}
        for one in {id(entry): entry for entry in waiting.values()}.values():
            one.future.set_exception(TemporaryProblem(reason))
