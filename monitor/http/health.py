"""Routes for those who watch the process: alive, ready, metrics, version."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from monitor.http.bodies import LivenessBody, ReadinessBody, VersionBody
from monitor.http.openapi import answers
from monitor.http.service import in_thread, json_response, service_of
from monitor.version import version

__all__ = ["router"]

METRICS = {
    "responses": {
        "200": {
            "description": "Prometheus text, or OpenMetrics where the Accept header asks for it",
            "content": {"text/plain": {"schema": {"type": "string"}}},
        }
    }
}

router = APIRouter(tags=["health"])


@router.get("/livez", openapi_extra=answers({200: LivenessBody, 503: LivenessBody}))
async def livez(request: Request) -> Response:
    """Whether the process works; a supervisor restarts it when not."""
    is_alive = service_of(request).gateway.is_alive()
    return json_response(LivenessBody(is_alive), 200 if is_alive else 503)


@router.get("/readyz", openapi_extra=answers({200: ReadinessBody, 503: ReadinessBody}))
async def readyz(request: Request) -> Response:
    """Whether requests are welcome, and why not."""
    reasons = list(service_of(request).gateway.readiness())
    return json_response(ReadinessBody(not reasons, reasons), 503 if reasons else 200)


@router.get("/metrics", response_class=Response, openapi_extra=METRICS)
async def metrics(request: Request) -> Response:
    """Metrics for Prometheus; docs/metrics.md lists them."""
    registry = request.app.state.registry
    assert isinstance(registry, CollectorRegistry)
    encode, content_type = choose_encoder(request.headers.get("accept", ""))
    return Response(await in_thread(encode, registry), headers={"Content-Type": content_type})


@router.get("/version", openapi_extra=answers({200: VersionBody}))
async def version_of(request: Request) -> Response:
    """The version of the package."""
    return json_response(VersionBody(version()))
