"""Connections on which nothing whole comes are ended, the others are not."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
from prometheus_client import CollectorRegistry

from monitor.config.schema import HttpConfig
from monitor.http import HttpServer, build_app
from monitor.http import connection as connection_module
from monitor.http.connection import FIRST_SECONDS, NEXT_SECONDS, BoundedConnection
from tests.monitor.http.made_gateway import ModelGateway


@pytest.mark.parametrize("begun", [b"", b"GET /livez HTTP/1.1\r\nHost: local"])
def test_who_connects_and_says_nothing_whole_is_let_go(
    gateway: ModelGateway, monkeypatch: pytest.MonkeyPatch, begun: bytes
) -> None:
    monkeypatch.setattr(connection_module, "FIRST_SECONDS", 0.01)
    app = build_app(gateway, HttpConfig(), CollectorRegistry())
    with HttpServer(app, "127.0.0.1", 0) as server:
        url = urlsplit(server.address)
        with (
            socket.create_connection((url.hostname or "", url.port or 0), timeout=60.0) as silent,
            suppress(ConnectionResetError),
        ):
            silent.sendall(begun)
            assert silent.recv(1) == b""


class Watched(BoundedConnection):
    """Without socket and server: its looks are made by hand."""

    def __init__(self) -> None:
        self.looks: list[float] = []
        self.is_aborted = False
        self.cycle = None  # type: ignore[assignment]
        self.loop = SimpleNamespace(call_later=self._later)  # type: ignore[assignment]
        self.transport = SimpleNamespace(abort=self._abort)  # type: ignore[assignment]
        self._look_after(FIRST_SECONDS)

    def request(self) -> None:
        """A whole head came."""
        self.cycle = SimpleNamespace(response_complete=False)  # type: ignore[assignment]

    def answer(self) -> None:
        """It was answered."""
        self.cycle.response_complete = True

    def look(self) -> bool:
        """Time has passed -> whether the connection is over."""
        self._end_if_idle()
        return self.is_aborted

    def _later(self, seconds: float, look: Callable[[], None]) -> asyncio.TimerHandle | None:
        self.looks.append(seconds)
        return None

    def _abort(self) -> None:
        self.is_aborted = True


def test_the_first_head_is_waited_for_once() -> None:
    silent = Watched()
    assert silent.look()
    assert silent.looks == [FIRST_SECONDS]


def test_a_request_under_way_is_never_cut_off() -> None:
    busy = Watched()
    busy.request()
    assert not any(busy.look() for _ in range(5))
    assert busy.looks == [FIRST_SECONDS, *[NEXT_SECONDS] * 5]


def test_after_an_answer_the_next_head_is_waited_for_once_more() -> None:
    used = Watched()
    for _ in range(3):
        used.request()
        used.answer()
        assert not used.look()
    assert used.look()
