"""The server: one socket, an event loop in a thread of its own, a bounded end."""

from __future__ import annotations

import errno
import socket
import threading
from types import TracebackType
from typing import Self

import uvicorn
from fastapi import FastAPI

from monitor.http.connection import BoundedConnection
from monitor.problems import Problem, TemporaryProblem

__all__ = ["HttpServer"]

MAX_CONNECTIONS = 1_024
KEEP_ALIVE_SECONDS = 75
BACKLOG = 1_024


class HttpServer:
    """Serves an application until closed.

    Args:
        app: what answers.
        host: address to listen on.
        port: 0 takes any free port.
        grace_seconds: how long requests that are being answered may take at the end.

    Attributes:
        address: where it listens, as a URL.

    Raises:
        TemporaryProblem: the port is taken or not allowed, or the address is not of this machine.
    """

    def __init__(self, app: FastAPI, host: str, port: int, grace_seconds: float = 5.0) -> None:
        self._socket = _listening(host, port)
        name = f"[{host}]" if ":" in host else host
        self.address = f"http://{name}:{self._socket.getsockname()[1]}"
        self._grace_seconds = grace_seconds
        config = uvicorn.Config(
            app,
            access_log=False,
            backlog=BACKLOG,
            forwarded_allow_ips=None,
            http=BoundedConnection,
            lifespan="off",
            limit_concurrency=MAX_CONNECTIONS,
            log_config=None,
            loop="asyncio",
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=max(1, round(grace_seconds)),
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            ws="none",
        )
        self._server = _Announcing(config)
        self._thread = threading.Thread(target=self._serve, name="http", daemon=True)
        self._thread.start()
        self._server.is_up.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def is_serving(self) -> bool:
        """The thread runs."""
        return self._thread.is_alive()

    def close(self) -> None:
        """Take no more requests, finish those under way within the grace; may be called twice."""
        self._server.should_exit = True
        self._thread.join(self._grace_seconds + 1.0)
        if self._thread.is_alive():
            self._server.force_exit = True
            self._thread.join(1.0)
        self._socket.close()

    def _serve(self) -> None:
        try:
            self._server.run(sockets=[self._socket])
        finally:
            self._server.is_up.set()


class _Announcing(uvicorn.Server):
    """Says when it has begun to listen."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.is_up = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.is_up.set()


def _listening(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind, protocol)
    except OSError as error:
        raise _cannot_listen(host, port, error) from error
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(BACKLOG)
        listening.setblocking(False)
    except OSError as error:
        listening.close()
        raise _cannot_listen(host, port, error) from error
    return listening


def _cannot_listen(host: str, port: int, error: OSError) -> Problem:
    reason = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be opened ({error.strerror})"
    remedy = "set http.port (0 takes any free one) or http.host in the configuration"
    return TemporaryProblem(f"port {port} on {host} {reason}; {remedy}")
