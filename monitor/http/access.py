"""Who may do what: the token, the names under which a loopback address may be called, the caller's name.

A page in a browser can reach a loopback address. It cannot read answers, cannot send JSON without asking
first (there is no CORS here), and a name of its own that leads to the loopback address is refused.
"""

from __future__ import annotations

import hmac

from fastapi import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from monitor.config import is_loopback, read_token
from monitor.config.schema import HttpConfig
from monitor.http.gateway import Caller
from monitor.http.refusals import HttpRefusal, refusal_response
from monitor.problems import ConfigurationProblem

__all__ = ["CALLER_HEADER", "Access", "KnownHosts", "caller_of"]

CALLER_HEADER = "X-Caller"
MAX_CALLER_LENGTH = 64
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


class Access:
    """Checks the token of requests that change something.

    Args:
        settings: where the token is, and whether one is needed.

    Raises:
        ConfigurationProblem: it cannot be read, is empty, or is missing where other machines can call.
    """

    def __init__(self, settings: HttpConfig) -> None:
        token = read_token(settings)
        self._token = None if token is None else token.get_secret_value().encode()
        if self._token is None and not is_loopback(settings.host):
            raise ConfigurationProblem(
                f"http.host = {settings.host}: other machines can reach it, so changes need a token; set "
                "http.token or http.token_file, or listen on 127.0.0.1"
            )

    @property
    def is_guarded(self) -> bool:
        """There is a token."""
        return self._token is not None

    def require(self, request: Request) -> None:
        """Let a request through that may change something.

        Raises:
            HttpRefusal: it lacks the token.
        """
        if self._token is None:
            return
        scheme, _, presented = request.headers.get("authorization", "").partition(" ")
        is_right = hmac.compare_digest(presented.strip().encode("latin-1", "replace"), self._token)
        if scheme.lower() != "bearer" or not is_right:
            message = "this changes something and needs the header Authorization: Bearer <http.token>"
            raise HttpRefusal(401, message, {"WWW-Authenticate": "Bearer"})


def caller_of(request: Request, reason: str) -> Caller:
    """Who gives an order.

    Raises:
        HttpRefusal: the name in the header is too long or not printable.
    """
    name = request.headers.get(CALLER_HEADER, "").strip()
    if len(name) > MAX_CALLER_LENGTH or not name.isascii() or not name.isprintable():
        message = f"{CALLER_HEADER}: at most {MAX_CALLER_LENGTH} printable ASCII characters name a caller"
        raise HttpRefusal(400, message)
    return Caller(name, request.client.host if request.client else "", reason)


class KnownHosts:
    """On a loopback address, answers only requests that call it by a name of that address.

    Args:
        app: what answers.
        host: the address that is listened on.
    """

    def __init__(self, app: ASGIApp, host: str) -> None:
        self._app = app
        self._known = LOOPBACK_NAMES | {host.lower()} if is_loopback(host) else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer or refuse one request."""
        if scope["type"] == "http" and self._known is not None:
            hosts = [value for name, value in scope["headers"] if name == b"host"]
            if len(hosts) != 1 or _host_name(hosts[0]) not in self._known:
                message = f"call this service by one of these names: {', '.join(sorted(self._known))}"
                await refusal_response(HttpRefusal(421, message))(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _host_name(header: bytes) -> str:
    """A Host header without its port and brackets, lower case."""
    text = header.decode("latin-1").strip().lower()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0]
