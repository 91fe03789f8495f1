"""The body of a request: of a stated type, at most so long, read within a bounded time."""

from __future__ import annotations

import asyncio
from collections.abc import Container

from fastapi import Request
from starlette.requests import ClientDisconnect

from monitor.http.refusals import HttpRefusal

__all__ = ["JSON", "JSON_LINES", "read_body"]

JSON = "application/json"
JSON_LINES = frozenset({"application/jsonl", "application/x-ndjson"})
BODY_SECONDS = 30.0


async def read_body(request: Request, max_bytes: int, more_types: Container[str] = ()) -> tuple[str, bytes]:
    """The media type of a request, and its body.

    Args:
        request: the request.
        max_bytes: the longest body that is taken; more is not even read.
        more_types: media types that are taken besides JSON.

    Raises:
        HttpRefusal: another type, too long, or too slow.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != JSON and media_type not in more_types:
        got = media_type or "none"
        raise HttpRefusal(415, f"content-type: got {got[:100]}; send JSON as content-type: {JSON}")
    stated = request.headers.get("content-length", "0")
    if not stated.isdecimal() or int(stated[:20]) > max_bytes:
        raise _too_large(max_bytes)
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return media_type, await _read(request, max_bytes)
    except TimeoutError as error:
        raise HttpRefusal(408, f"the body did not come within {BODY_SECONDS:.0f} seconds") from error
    except ClientDisconnect as error:
        raise HttpRefusal(400, "the body ended too early") from error


async def _read(request: Request, max_bytes: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > max_bytes:
            raise _too_large(max_bytes)
        parts.append(part)
    return b"".join(parts)


def _too_large(max_bytes: int) -> HttpRefusal:
    message = f"the body is longer than http.max_body_bytes = {max_bytes}; send less at once"
    return HttpRefusal(413, message, {"Connection": "close"})
