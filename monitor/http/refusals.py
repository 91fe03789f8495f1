"""Every way a request is refused, as JSON: a status code, a word for programs, a sentence for people."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from monitor.http.bodies import ErrorBody
from monitor.problems import Problem
from monitor.sources.inbox import InboxFull
from stream_hmoe.errors import BadRecord

__all__ = ["RETRY_AFTER_SECONDS", "HttpRefusal", "install_refusals", "refusal_response", "unusable_record"]

RETRY_AFTER_SECONDS = 1
WORDS = {
    400: "bad_request",
    401: "unauthorized",
    404: "not_found",
    405: "method_not_allowed",
    408: "timeout",
    409: "conflict",
    413: "too_large",
    415: "unsupported_media_type",
    421: "misdirected",
    422: "invalid",
    500: "internal_error",
    503: "unavailable",
}


class HttpRefusal(Exception):
    """A request that is not served.

    Args:
        status: HTTP status code.
        message: what was got, what was expected, what to do.
        headers: further headers of the answer.
        bad: the record at fault; None when it is not about one.
    """

    def __init__(
        self,
        status: int,
        message: str,
        headers: Mapping[str, str] | None = None,
        bad: BadRecord | None = None,
    ) -> None:
        self.status = status
        self.message = message
        self.headers = headers
        self.bad = bad
        super().__init__(message)


def unusable_record(field: str, value: str, reason: str, remedy: str) -> HttpRefusal:
    """The refusal of a record that the stream could not use."""
    bad = BadRecord(field, value, reason, remedy)
    return HttpRefusal(422, str(bad), bad=bad)


def refusal_response(refusal: HttpRefusal) -> Response:
    """The answer to a request that is not served."""
    body = ErrorBody(WORDS.get(refusal.status, "refused"), refusal.message)
    if refusal.bad is not None:
        body.field, body.value = refusal.bad.field, str(refusal.bad.value)[:200]
        body.reason, body.remedy = refusal.bad.reason, refusal.bad.remedy
    headers = dict(refusal.headers or {})
    if refusal.status == 503:
        headers.setdefault("Retry-After", str(RETRY_AFTER_SECONDS))
    return Response(_encode(body), refusal.status, headers, "application/json")


def install_refusals(app: FastAPI) -> None:
    """Have everything that can be raised answered as JSON."""
    app.add_exception_handler(HttpRefusal, _refused)
    app.add_exception_handler(HTTPException, _not_routed)
    app.add_exception_handler(RequestValidationError, _bad_parameter)
    app.add_exception_handler(BadRecord, _bad_record)
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(Exception, _unexpected)


def _encode(body: ErrorBody) -> bytes:
    # Text that was cut from a request may hold half a character.
    return msgspec.json.encode(
        {
            name: value.encode("utf-8", "replace").decode()
            for name, value in msgspec.structs.asdict(body).items()
            if isinstance(value, str)
        }
    )


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HttpRefusal)
    return refusal_response(error)


async def _not_routed(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    messages = {
        404: "no such path; /openapi.json lists them",
        405: f"{request.method} is not for this path; /openapi.json lists what is",
    }
    message = messages.get(error.status_code, str(error.detail))
    return refusal_response(HttpRefusal(error.status_code, message, error.headers))


async def _bad_parameter(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    return refusal_response(HttpRefusal(422, f"{place}: {first['msg']}"))


async def _bad_record(request: Request, error: Exception) -> Response:
    assert isinstance(error, BadRecord)
    return refusal_response(HttpRefusal(422, str(error), bad=error))


async def _problem(request: Request, error: Exception) -> Response:
    if isinstance(error, InboxFull) and error.is_hopeless:
        return refusal_response(HttpRefusal(413, f"{error}, or send fewer events at once"))
    return refusal_response(HttpRefusal(503, str(error)))


async def _unexpected(request: Request, error: Exception) -> Response:
    # The server logs the error with its trace.
    return refusal_response(HttpRefusal(500, "this is our mistake; the log of the service says more"))
