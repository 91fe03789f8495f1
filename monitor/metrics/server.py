"""Metrics over HTTP for runs that have no other server."""

from __future__ import annotations

import errno
from types import TracebackType
from typing import Self

from prometheus_client import CollectorRegistry, start_http_server

from monitor.problems import TemporaryProblem

__all__ = ["MetricsServer"]


class MetricsServer:
    """Serves the metrics of a registry over HTTP until closed.

    Args:
        registry: what to serve.
        host: address to listen on.
        port: 0 takes any free port.

    Raises:
        TemporaryProblem: the port is taken or not allowed.
    """

    def __init__(self, registry: CollectorRegistry, host: str, port: int) -> None:
        try:
            self._server, self._thread = start_http_server(port, host, registry)
        except OSError as error:
            raise _cannot_listen(host, port, error) from error
        self.address = f"http://{host}:{self._server.server_port}/metrics"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _cannot_listen(host: str, port: int, error: OSError) -> TemporaryProblem:
    reason = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be opened ({error.strerror})"
    remedy = "choose another with --metrics-port, 0 for any free one, or switch metrics off with --no-metrics"
    return TemporaryProblem(f"port {port} on {host} {reason}; {remedy}")
