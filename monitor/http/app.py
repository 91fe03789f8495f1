"""The application: every route, every refusal, who may call."""

from __future__ import annotations

from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from monitor.config.schema import HttpConfig
from monitor.http import admin, health, learning, views
from monitor.http.access import Access, KnownHosts
from monitor.http.gateway import Gateway
from monitor.http.openapi import install_openapi
from monitor.http.refusals import install_refusals
from monitor.http.service import HttpService
from monitor.version import version

__all__ = ["build_app"]

DESCRIPTION = (
    "Send records, get predictions; send labels when they are known; look at experts, gates and drift; "
    "give orders. What changes something needs the token."
)


def build_app(gateway: Gateway, settings: HttpConfig, registry: CollectorRegistry) -> FastAPI:
    """The HTTP API of a service.

    There are no pages for browsers: those of FastAPI load scripts from elsewhere.

    Args:
        gateway: the service.
        settings: address, token, limits.
        registry: what /metrics shows.

    Raises:
        ConfigurationProblem: other machines can call, and there is no token.
    """
    app = FastAPI(
        title="stream-hmoe",
        version=version(),
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    access = Access(settings)
    app.state.service = HttpService(gateway, access, settings.max_body_bytes)
    app.state.registry = registry
    for part in (learning, views, admin, health):
        app.include_router(part.router)
    app.add_middleware(KnownHosts, host=settings.host)
    install_refusals(app)
    install_openapi(app, gateway.streams(), access.is_guarded)
    return app
