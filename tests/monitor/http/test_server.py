"""The server on a real socket: address, a taken port, a bounded end, a client that keeps its connection."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from urllib.parse import urlsplit

import pytest
from prometheus_client import CollectorRegistry

from monitor.config.schema import HttpConfig
from monitor.http import HttpServer, Prediction, build_app
from monitor.problems import TemporaryProblem
from tests.monitor.http.made_gateway import ModelGateway

HOST = "127.0.0.1"
PART_BYTES = 1 << 16
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def server(gateway: ModelGateway) -> Iterator[HttpServer]:
    with serve(gateway) as made:
        yield made


def serve(gateway: ModelGateway, port: int = 0, grace_seconds: float = 5.0) -> HttpServer:
    return HttpServer(build_app(gateway, HttpConfig(), CollectorRegistry()), HOST, port, grace_seconds)


def connected(server: HttpServer) -> http.client.HTTPConnection:
    url = urlsplit(server.address)
    return http.client.HTTPConnection(url.hostname or "", url.port)


def ask(
    connection: http.client.HTTPConnection, method: str, path: str, body: bytes = b""
) -> tuple[int, bytes]:
    connection.request(method, path, body, JSON)
    answer = connection.getresponse()
    return answer.status, answer.read()


def test_it_answers_at_the_address_that_it_names(server: HttpServer) -> None:
    connection = connected(server)
    for _ in range(3):
        assert ask(connection, "GET", "/livez") == (200, b'{"alive":true}')
    status, body = ask(connection, "POST", "/predict", b'{"features":{"x":1}}')
    assert status == 200 and b'"prediction":null' in body
    connection.close()
    assert server.is_serving


def test_a_body_in_chunks_is_cut_at_the_limit(server: HttpServer) -> None:
    url = urlsplit(server.address)
    head = f"POST /events HTTP/1.1\r\nHost: {url.netloc}\r\nContent-Type: application/json\r\n"
    part = b"%x\r\n%s\r\n" % (PART_BYTES, b"x" * PART_BYTES)
    with socket.create_connection((HOST, url.port or 0)) as client:
        client.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
        for _ in range(HttpConfig().max_body_bytes // PART_BYTES + 1):  # one part too many, and never the end
            client.sendall(part)
        assert client.recv(65_536).startswith(b"HTTP/1.1 413 ")


def test_a_mistake_of_ours_is_in_the_log_with_its_trace(
    gateway: ModelGateway, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(stream: str) -> None:
        raise RuntimeError("made for this test")

    monkeypatch.setattr(gateway, "status", broken)
    with serve(gateway) as server:
        connection = connected(server)
        assert ask(connection, "GET", "/status")[0] == 500
        connection.close()
    assert "made for this test" in caplog.text


def test_a_taken_port_is_named_with_the_setting(gateway: ModelGateway) -> None:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(TemporaryProblem, match=rf"port {port} on 127\.0\.0\.1 is in use; set http\.port"):
            serve(gateway, port)


def test_an_address_of_another_machine_is_named(gateway: ModelGateway) -> None:
    app = build_app(gateway, HttpConfig(), CollectorRegistry())
    with pytest.raises(TemporaryProblem, match=r"192\.0\.2\.1 cannot be opened"):
        HttpServer(app, "192.0.2.1", 0)


def test_the_port_is_free_again_after_closing(gateway: ModelGateway) -> None:
    with serve(gateway) as first:
        port = urlsplit(first.address).port
        connection = connected(first)
        assert ask(connection, "GET", "/version")[0] == 200
    first.close()
    assert not first.is_serving
    connection.close()
    with serve(gateway, port or 0) as second:
        again = connected(second)
        assert ask(again, "GET", "/version")[0] == 200
        again.close()


def test_a_request_under_way_is_answered_before_the_end(
    gateway: ModelGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, late = threading.Event(), Future[Prediction]()

    def predict(*arguments: object) -> Future[Prediction]:
        asked.set()
        return late

    monkeypatch.setattr(gateway, "predict", predict)
    server = serve(gateway)
    connection = connected(server)
    connection.request("POST", "/predict", b'{"features":{"x":1}}', JSON)
    asked.wait()
    closing = threading.Thread(target=server.close)
    closing.start()
    late.set_result(Prediction("late", 1.0, None, 1))
    answer = connection.getresponse()
    assert answer.status == 200 and b"late" in answer.read()
    closing.join()
    connection.close()


def test_the_end_is_bounded_when_nobody_answers(
    gateway: ModelGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = threading.Event()

    def never(*arguments: object) -> Future[Prediction]:
        asked.set()
        return Future()

    monkeypatch.setattr(gateway, "predict", never)
    server = serve(gateway, grace_seconds=0.5)
    connection = connected(server)
    connection.request("POST", "/predict", b'{"features":{"x":1}}', JSON)
    asked.wait()
    server.close()
    assert not server.is_serving
    connection.close()
