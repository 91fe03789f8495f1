"""Routes that give orders: each needs the token, and the audit gets the caller's name and reason."""

from __future__ import annotations

from concurrent.futures import Future

from fastapi import APIRouter, Request, Response

from monitor.http.access import CALLER_HEADER, caller_of
from monitor.http.bodies import AdminBody, OrderedBody
from monitor.http.decoding import decode_admin
from monitor.http.gateway import Caller, Ordered
from monitor.http.openapi import TOKEN, answers, takes
from monitor.http.reading import read_body
from monitor.http.refusals import HttpRefusal
from monitor.http.service import HttpService, StreamName, answer_of, json_response, service_of
from stream_hmoe.events import Order

__all__ = ["router"]

CHECKPOINT = "checkpoint"
SUMMARIES = {
    Order.RETRAIN.value: "Train challengers now, as after a drift; tests decide whether one takes over.",
    Order.PROMOTE.value: "Make the best challenger the model, without waiting for its test.",
    Order.ROLL_BACK.value: "Go back to the model before the last promotion.",
    Order.FREEZE.value: "Predict and score, but learn nothing from now on.",
    Order.UNFREEZE.value: "Learn again.",
    Order.RELEASE.value: "Let a held controller go on.",
    CHECKPOINT: "Make the state safe now.",
}
CALLER = {
    "name": CALLER_HEADER,
    "in": "header",
    "required": False,
    "description": "who you are, for the audit",
    "schema": {"type": "string", "maxLength": 64, "pattern": "^[!-~]*$"},
}

router = APIRouter(prefix="/admin", tags=["orders"])


def _add_route(order: str, summary: str) -> None:
    async def give(request: Request, stream: StreamName = None) -> Response:
        return await _give(request, stream, order)

    described = {
        **TOKEN,
        **takes(AdminBody),
        **answers({200: OrderedBody, 202: OrderedBody}, 400, 401, 404, 408, 409, 413, 415, 422, 503),
        "parameters": [CALLER],
    }
    router.add_api_route(
        f"/{order}", give, methods=["POST"], name=order, description=summary, openapi_extra=described
    )


for _order, _summary in SUMMARIES.items():
    _add_route(_order, _summary)


async def _give(request: Request, stream: str | None, order: str) -> Response:
    service = service_of(request)
    service.access.require(request)
    name = service.stream(stream)
    _, body = await read_body(request, service.max_body_bytes)
    caller = caller_of(request, decode_admin(body).reason)
    ordered = await answer_of(_begin(service, name, order, caller))
    if ordered is None:
        message = f"stream {name} has the order, but has not come to it yet; see /status"
        return json_response(OrderedBody(name, order, "taken", message, None), 202)
    if not ordered.is_accepted:
        raise HttpRefusal(409, ordered.message)
    return json_response(OrderedBody(name, order, "done", ordered.message, ordered.record))


def _begin(service: HttpService, name: str, order: str, caller: Caller) -> Future[Ordered]:
    if order == CHECKPOINT:
        return service.gateway.checkpoint(name, caller)
    return service.gateway.order(name, Order(order), caller)
