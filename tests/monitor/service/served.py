"""A service whose streams take turns in a thread of this process, with its HTTP API on a real socket."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

from monitor.config import ServiceConfig
from monitor.http import HttpServer, build_app
from monitor.metrics import registry_of
from monitor.service.service import Service
from tests.monitor.service.made_service import started


@dataclass(frozen=True, slots=True)
class Served:
    """The service, and a client of its API."""

    service: Service
    client: httpx.Client

    def post(self, path: str, body: object, status: int = 200, **parameters: str) -> dict[str, object]:
        """The answer to a request."""
        answer = self.client.post(path, json=body, params=parameters, headers={"X-Caller": "anna"})
        assert answer.status_code == status, answer.text
        found: dict[str, object] = answer.json()
        return found


@contextmanager
def served(config: ServiceConfig) -> Iterator[Served]:
    """Serve until left; leaving is like a crash: no checkpoint is made, and nobody is told."""
    is_over, opened = threading.Event(), Future[Service]()

    def work() -> None:
        try:
            with started(config) as service:
                opened.set_result(service)
                while not is_over.is_set():
                    service.turn()
        except BaseException as error:
            if opened.done():
                raise
            opened.set_exception(error)

    thread = threading.Thread(target=work, name="streams")
    thread.start()
    try:
        service = opened.result()
        app = build_app(service.gateway, config.http, registry_of(service.boards))
        with HttpServer(app, "127.0.0.1", 0) as server, httpx.Client(base_url=server.address) as client:
            yield Served(service, client)
    finally:
        is_over.set()
        thread.join()
