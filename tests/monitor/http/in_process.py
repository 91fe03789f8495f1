"""Calls an application without a network: httpx in front, the application's own loop behind."""

from __future__ import annotations

import asyncio

import httpx
from fastapi import FastAPI


class InProcess(httpx.BaseTransport):
    """Hands every request to the application and waits for its answer.

    Args:
        app: what answers.
        address: where requests seem to come from.
    """

    def __init__(self, app: FastAPI, address: str = "127.0.0.1") -> None:
        self._inner = httpx.ASGITransport(app, raise_app_exceptions=False, client=(address, 50_000))
        self._runner = asyncio.Runner()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        async def answer() -> httpx.Response:
            content = request.read()
            whole = httpx.Request(request.method, request.url, headers=request.headers, content=content)
            response = await self._inner.handle_async_request(whole)
            body = await response.aread()
            return httpx.Response(response.status_code, headers=response.headers, content=body)

        return self._runner.run(answer())

    def close(self) -> None:
        self._runner.close()
