"""Routes through which records and labels come: predict, learn, events."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from msgspec import UNSET

from monitor.http.bodies import (
    AcceptedBody,
    AnswerBody,
    EventBody,
    ExampleBody,
    LabelBody,
    ObservationBody,
    PredictionBody,
    RecordBody,
)
from monitor.http.decoding import decode_event, decode_lines, decode_list, plain_features, to_entry
from monitor.http.gateway import Answer, Intake, Prediction
from monitor.http.openapi import TOKEN, answers, records, takes
from monitor.http.reading import JSON_LINES, read_body
from monitor.http.refusals import HttpRefusal, unusable_record
from monitor.http.service import HttpService, StreamName, answer_of, in_thread, json_response, service_of
from stream_hmoe.events import EventOutcome

__all__ = ["router"]

router = APIRouter(tags=["records"])

PREDICT = {
    "security": [{}, *TOKEN["security"]],
    **takes(RecordBody, ObservationBody),
    **answers({200: PredictionBody}, 400, 401, 404, 408, 409, 413, 415, 422, 503),
}
LEARN = {
    **TOKEN,
    **takes(ExampleBody, LabelBody),
    **answers({200: AnswerBody, 202: AnswerBody}, 400, 401, 404, 408, 409, 413, 415, 422, 503),
}
EVENTS = {
    **TOKEN,
    **records(ObservationBody, ExampleBody, LabelBody),
    **answers({202: AcceptedBody}, 400, 401, 404, 408, 409, 413, 415, 422, 503),
}


@router.post("/predict", openapi_extra=PREDICT)
async def predict(request: Request, stream: StreamName = None) -> Response:
    """Predict a record; with a key it then waits for its label, which scores this very prediction."""
    service = service_of(request)
    name = service.stream(stream)
    _, body = await read_body(request, service.max_body_bytes)
    event = decode_event(body)
    if event.target is not UNSET or event.label is not UNSET:
        raise HttpRefusal(422, "`$`: a record with its label goes to /learn; here it goes without")
    if event.key is not UNSET:
        return await _observe(request, service, name, event)
    if event.time_seconds is not UNSET:
        raise HttpRefusal(422, "`$.time_seconds`: goes with a key only")
    features = plain_features(event, service.gateway.intake(name))
    prediction = await answer_of(service.gateway.predict(name, features))
    if prediction is None:
        raise HttpRefusal(503, f"stream {name} is busy and did not answer in time; try again")
    return json_response(_prediction_body(name, prediction, None))


@router.post("/learn", openapi_extra=LEARN)
async def learn(request: Request, stream: StreamName = None) -> Response:
    """Predict and learn a record with its label, or give a record that was sent before its label."""
    service = service_of(request)
    service.access.require(request)
    name = service.stream(stream)
    _, body = await read_body(request, service.max_body_bytes)
    event = decode_event(body)
    if event.target is UNSET and event.label is UNSET:
        raise HttpRefusal(422, "`$`: send features and target, or key and label")
    answer = await _submitted(service, name, event)
    if answer is None:
        return json_response(AnswerBody(name, "taken"), 202)
    value = None if answer.prediction is None else answer.prediction.value
    return json_response(AnswerBody(name, answer.outcome.value, value))


@router.post("/events", status_code=202, openapi_extra=EVENTS)
async def events(request: Request, stream: StreamName = None) -> Response:
    """Take a batch of events, all or none: a JSON array, or JSON Lines; they are learned in this order."""
    service = service_of(request)
    service.access.require(request)
    name = service.stream(stream)
    media_type, body = await read_body(request, service.max_body_bytes, JSON_LINES)
    # A long batch takes long to read: others are answered meanwhile.
    numbers = await in_thread(_take, service, name, media_type, body)
    first, last = (numbers[0], numbers[-1]) if numbers else (None, None)
    return json_response(AcceptedBody(name, len(numbers), first, last), 202)


def _take(service: HttpService, name: str, media_type: str, body: bytes) -> range:
    """Put a batch into the inbox -> the numbers of its events."""
    intake = _open_intake(service, name)
    found = decode_lines(body) if media_type in JSON_LINES else decode_list(body)
    entries = [to_entry(event, intake, f"$[{number}]") for number, event in enumerate(found)]
    return service.gateway.submit_and_forget(name, entries) if entries else range(0)


async def _observe(request: Request, service: HttpService, name: str, event: EventBody) -> Response:
    service.access.require(request)
    answer = await _submitted(service, name, event)
    if answer is None:
        raise HttpRefusal(
            503,
            f"stream {name} keeps the record but did not answer in time; the same key is safe to send again",
        )
    if answer.prediction is None:
        message = f"key {event.key!r} waits for its label or has had it: {answer.outcome.value}"
        raise HttpRefusal(409, f"{message}; send a new key")
    return json_response(_prediction_body(name, answer.prediction, answer.outcome))


async def _submitted(service: HttpService, name: str, event: EventBody) -> Answer | None:
    """What became of one event; None when that is not known in time."""
    intake = _open_intake(service, name)
    entries = [to_entry(event, intake)]
    submit = service.gateway.submit
    # Handing an event over to another thread takes longer than a write that does not wait for the disk.
    future = await in_thread(submit, name, entries) if intake.is_synced else submit(name, entries)
    answers = await answer_of(future)
    answer = None if answers is None else answers[0]
    if answer is not None and answer.refusal is not None:
        refusal = answer.refusal
        raise unusable_record(refusal.field, refusal.value, refusal.reason, refusal.remedy)
    return answer


def _open_intake(service: HttpService, name: str) -> Intake:
    intake = service.gateway.intake(name)
    if not intake.is_open:
        message = f"stream {name} learns from another source, as its configuration says"
        raise HttpRefusal(409, f"{message}; send events there, or to /predict without a key")
    return intake


def _prediction_body(name: str, prediction: Prediction, outcome: EventOutcome | None) -> PredictionBody:
    return PredictionBody(
        name,
        prediction.value,
        prediction.probability,
        prediction.deviation,
        prediction.record,
        None if outcome is None else outcome.value,
    )
