"""A connection that does not wait for ever: those who open many and say nothing keep nobody out.

The server ends a connection that is idle after an answer, but would wait without end for a first request, and
for the rest of one whose head has begun.
"""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

__all__ = ["BoundedConnection"]

FIRST_SECONDS = 20.0
NEXT_SECONDS = 75.0


class BoundedConnection(H11Protocol):
    """Ends when no whole head of a request came: the first within 20 seconds, others between 75 and 150."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin."""
        super().connection_made(transport)
        self._look_after(FIRST_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._look.cancel()
        super().connection_lost(exc)

    def _look_after(self, seconds: float) -> None:
        self._last_request: RequestResponseCycle | None = self.cycle
        self._look = self.loop.call_later(seconds, self._end_if_idle)

    def _end_if_idle(self) -> None:
        request: RequestResponseCycle | None = self.cycle  # None before the first
        if request is self._last_request and (request is None or request.response_complete):
            self.transport.abort()
        else:
            self._look_after(NEXT_SECONDS)
