"""What every route works with: the service behind it, and how answers of its threads are awaited."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Annotated, Any, ParamSpec, TypeVar

import msgspec
from fastapi import Query, Request, Response

from monitor.http.access import Access
from monitor.http.gateway import Gateway
from monitor.http.reading import JSON
from monitor.http.refusals import HttpRefusal

__all__ = ["HttpService", "StreamName", "answer_of", "in_thread", "json_response", "service_of"]

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

ANSWER_SECONDS = 10.0
StreamName = Annotated[str | None, Query(description="name of the stream; not needed when there is one")]

_ENCODER = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class HttpService:
    """What every route works with.

    Args:
        gateway: the service.
        access: who may change something.
        max_body_bytes: the longest body.
    """

    gateway: Gateway
    access: Access
    max_body_bytes: int

    def stream(self, name: str | None) -> str:
        """The stream that a request means.

        Raises:
            HttpRefusal: there is none of that name, or several and no name.
        """
        names = self.gateway.streams()
        if name is None and len(names) == 1:
            return names[0]
        known = f"choose one with ?stream=: {', '.join(names)}"
        if name is None:
            raise HttpRefusal(400, f"there are several streams; {known}")
        if name not in names:
            raise HttpRefusal(404, f"there is no stream {name[:64]!r}; {known}")
        return name


def service_of(request: Request) -> HttpService:
    """What the route works with."""
    service = request.app.state.service
    assert isinstance(service, HttpService)
    return service


def json_response(body: Any, status: int = 200) -> Response:
    """An answer."""
    return Response(_ENCODER.encode(body), status, media_type=JSON)


async def in_thread(
    function: Callable[Parameters, Result], *arguments: Parameters.args, **none: Parameters.kwargs
) -> Result:
    """The result of something that may wait for a disk."""
    return await asyncio.get_running_loop().run_in_executor(None, function, *arguments)


async def answer_of(future: Future[Result]) -> Result | None:
    """The result of a future of another thread; None when it does not come within ``ANSWER_SECONDS``."""
    if future.done():
        return future.result()
    loop = asyncio.get_running_loop()
    is_done = loop.create_future()

    def wake() -> None:
        if not is_done.done():
            is_done.set_result(None)

    def tell(_: Future[Result]) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(wake)

    future.add_done_callback(tell)
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            await is_done
    except TimeoutError:
        return None
    return future.result()
