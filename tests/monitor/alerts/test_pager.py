"""The pager shows what Alertmanager sends, and refuses all else."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError

import pytest

from monitor.alerts.pager import KEPT, Pager, pages_of
from monitor.problems import TemporaryProblem
from tests.monitor.command import start


def message(name: str = "HmoeDrift", status: str = "firing", description: str = "It drifted.") -> bytes:
    alert = {
        "status": status,
        "labels": {"alertname": name, "severity": "warning", "stream": "payments"},
        "annotations": {"summary": "A summary.", "description": description, "runbook_url": "runbooks.md#x"},
        "startsAt": "2026-01-02T03:04:05Z",
    }
    return json.dumps({"version": "4", "receiver": "desk", "alerts": [alert]}).encode()


@pytest.fixture
def out() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def pager(out: io.StringIO) -> Iterator[Pager]:
    with Pager("127.0.0.1", 0, out) as listening:
        yield listening


def get(pager: Pager, path: str) -> str:
    with urllib.request.urlopen(pager.address + path) as answer:  # noqa: S310  our own server's address
        return str(answer.read().decode())


def post(pager: Pager, body: bytes) -> int:
    try:
        with urllib.request.urlopen(pager.address + "/desk", body) as answer:  # noqa: S310  as above
            return int(answer.status)
    except HTTPError as error:
        error.close()
        return error.code


def test_an_alert_becomes_a_line_and_a_row(pager: Pager, out: io.StringIO) -> None:
    assert post(pager, message()) == 200
    line = "desk: firing warning HmoeDrift stream=payments - It drifted. runbooks.md#x\n"
    assert out.getvalue() == line
    assert json.loads(get(pager, "/pages"))[0]["labels"]["alertname"] == "HmoeDrift"
    assert "<td>It drifted.</td>" in get(pager, "/")
    assert get(pager, "/healthz") == "ok\n"


def test_what_alerts_say_is_text_and_no_html(pager: Pager) -> None:
    post(pager, message(description="<script>alert(1)</script>"))
    assert "<script>" not in get(pager, "/")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b'{"receiver": 1, "alerts": [1]}', b"null"])
def test_anything_else_is_refused(pager: Pager, out: io.StringIO, body: bytes) -> None:
    assert post(pager, body) == 400
    assert out.getvalue() == ""


def test_a_message_that_is_too_large_is_refused(pager: Pager) -> None:
    request = urllib.request.Request(  # noqa: S310  our own server's address
        pager.address, b"{}", {"Content-Length": str(1 << 30)}
    )
    with pytest.raises(HTTPError) as refused:
        urllib.request.urlopen(request)  # noqa: S310  as above
    refused.value.close()
    assert refused.value.code == 413


def test_the_newest_are_kept(pager: Pager) -> None:
    for number in range(KEPT + 2):
        pager.take(pages_of(message(f"Hmoe{number}")))
    assert [page.name for page in pager.pages][:: KEPT - 1] == ["Hmoe2", f"Hmoe{KEPT + 1}"]


def test_somebody_may_wait_for_a_page(pager: Pager) -> None:
    post(pager, message("HmoeWorkerDown"))
    post(pager, message("HmoeWorkerDown", "resolved"))
    found = pager.wait_for("resolved", 10.0, alertname="HmoeWorkerDown")
    assert found is not None
    assert found.labels["stream"] == "payments"
    assert pager.wait_for("firing", 0.0, alertname="HmoeDrift") is None


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_prints_what_arrives_until_it_is_stopped(number: signal.Signals, tmp_path: Path) -> None:
    with start(["pager", "--port", "0"], tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        address = process.stdout.readline().decode().removeprefix("pager: ").strip()
        with urllib.request.urlopen(address + "/pager", message()) as answer:  # noqa: S310  as above
            assert answer.status == 200
        assert process.stdout.readline().startswith(b"desk: firing warning HmoeDrift")
        process.send_signal(number)
        assert process.wait(30) == 0
        assert process.stderr is not None
        assert process.stderr.read() == b"pager: stopped\n"


def test_a_taken_port_is_named(pager: Pager) -> None:
    port = int(pager.address.rpartition(":")[2])
    with pytest.raises(TemporaryProblem, match=rf"port {port} on 127\.0\.0\.1 .*--port"):
        Pager("127.0.0.1", port, io.StringIO())
