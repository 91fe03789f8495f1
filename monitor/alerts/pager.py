"""A receiver of Alertmanager's webhooks that shows what a person would be sent."""

from __future__ import annotations

import html
import json
import threading
from collections import deque
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, NamedTuple, Self, TextIO

from monitor.problems import TemporaryProblem

__all__ = ["Page", "Pager", "pages_of"]

KEPT = 500
MAX_BODY_BYTES = 1 << 20


class Page(NamedTuple):
    """One alert as it reached somebody.

    Args:
        receiver: who was told.
        status: firing or resolved.
        labels: of the alert.
        annotations: its words and links.
        starts_at: since when it is true, as Alertmanager says.
    """

    receiver: str
    status: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    starts_at: str

    @property
    def name(self) -> str:
        """Name of the alert."""
        return self.labels.get("alertname", "")

    def sentence(self) -> str:
        """One line for people."""
        where = " ".join(f"{key}={self.labels[key]}" for key in ("stream", "instance") if key in self.labels)
        what = self.annotations.get("description") or self.annotations.get("summary", "")
        severity = self.labels.get("severity", "")
        link = self.annotations.get("runbook_url", "")
        return f"{self.receiver}: {self.status} {severity} {self.name} {where} - {what} {link}".rstrip()


def pages_of(body: bytes) -> list[Page]:
    """The alerts of a webhook message, version 4.

    Raises:
        ValueError: it is no such message.
    """
    try:
        message = json.loads(body)
        return [
            Page(
                str(message["receiver"]),
                str(alert["status"]),
                dict(alert["labels"]),
                dict(alert["annotations"]),
                str(alert.get("startsAt", "")),
            )
            for alert in message["alerts"]
        ]
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"not a message of Alertmanager's webhook: {error!r} is wrong") from error


class Pager:
    """Listens until closed; the newest pages are kept in memory and served at ``/`` and ``/pages``.

    Args:
        host: address to listen on.
        port: 0 takes any free port.
        out: a line a page goes here.

    Raises:
        TemporaryProblem: the port is taken or not allowed.
    """

    def __init__(self, host: str, port: int, out: TextIO) -> None:
        self._pages: deque[Page] = deque(maxlen=KEPT)
        self._changed = threading.Condition()
        self._out = out
        try:
            self._server = ThreadingHTTPServer((host, port), _handler(self))
        except OSError as error:
            reason = f"port {port} on {host} cannot be used ({error.strerror})"
            raise TemporaryProblem(f"{reason}; choose another with --port") from error
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self.address = f"http://{host}:{self._server.server_port}"

    @property
    def pages(self) -> tuple[Page, ...]:
        """The newest pages, oldest first."""
        with self._changed:
            return tuple(self._pages)

    def take(self, pages: list[Page]) -> None:
        """Keep and show what came."""
        with self._changed:
            for page in pages:
                self._pages.append(page)
                print(page.sentence(), file=self._out, flush=True)
            self._changed.notify_all()

    def wait_for(self, status: str, timeout_seconds: float, **labels: str) -> Page | None:
        """The newest page with a status and labels, as soon as there is one; None when time is up."""

        def found() -> Page | None:
            return next(
                (
                    page
                    for page in reversed(self._pages)
                    if page.status == status and labels.items() <= dict(page.labels).items()
                ),
                None,
            )

        with self._changed:
            return self._changed.wait_for(found, timeout_seconds)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler(pager: Pager) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_POST(self) -> None:
            """Take a message."""
            length = self.headers.get("Content-Length", "")
            if not length.isdecimal() or int(length) > MAX_BODY_BYTES:
                self._answer(413, "text/plain", "the body must say its length, at most 1 MiB\n")
                return
            try:
                pages = pages_of(self.rfile.read(int(length)))
            except ValueError as error:
                self._answer(400, "text/plain", f"{error}\n")
                return
            pager.take(pages)
            self._answer(200, "text/plain", "taken\n")

        def do_GET(self) -> None:
            """Show what came."""
            match self.path:
                case "/":
                    self._answer(200, "text/html", _picture(pager.pages))
                case "/pages":
                    self._answer(
                        200, "application/json", json.dumps([page._asdict() for page in pager.pages])
                    )
                case "/healthz":
                    self._answer(200, "text/plain", "ok\n")
                case _:
                    self._answer(404, "text/plain", "there are /, /pages and /healthz\n")

        def log_message(self, format: str, *values: Any) -> None:
            """Say nothing: what came is shown already."""

        def _answer(self, status: int, kind: str, text: str) -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Handler


def _picture(pages: tuple[Page, ...]) -> str:
    rows = "".join(
        f"<tr class={html.escape(page.status)}>"
        + "".join(
            f"<td>{html.escape(cell)}</td>"
            for cell in (
                page.starts_at[:19],
                page.receiver,
                page.status,
                page.name,
                page.labels.get("stream", ""),
                page.annotations.get("description", ""),
                page.annotations.get("runbook_url", ""),
            )
        )
        + "</tr>"
        for page in reversed(pages)
    )
    head = "".join(
        f"<th>{title}</th>" for title in ("since", "receiver", "status", "alert", "stream", "what", "runbook")
    )
    style = "body{font-family:sans-serif}td,th{padding:.3em .8em;text-align:left}.firing{background:#fdd}"
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="5">'
        f"<title>Pager</title><style>{style}</style><h1>What reached the pager</h1>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></html>"
    )
