"""The port of the metrics."""

from __future__ import annotations

import socket

import pytest

from monitor.metrics import MetricsServer, registry_of
from monitor.problems import TemporaryProblem


def test_a_taken_port_is_named_with_the_option_to_change_it() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(TemporaryProblem, match=rf"port {port} on 127\.0\.0\.1 is in use.*--metrics-port"):
            MetricsServer(registry_of([]), "127.0.0.1", port)


def test_the_port_is_free_again_after_closing() -> None:
    with MetricsServer(registry_of([]), "127.0.0.1", 0) as server:
        port = int(server.address.split(":")[2].split("/")[0])
    with MetricsServer(registry_of([]), "127.0.0.1", port):
        pass
