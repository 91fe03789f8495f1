"""Routes that only look: experts, gates, drift, status."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from monitor.http.bodies import (
    DriftBody,
    DriftsBody,
    EvidenceBody,
    ExpertBody,
    ExpertsBody,
    GateGroupBody,
    GatesBody,
    StatusBody,
)
from monitor.http.openapi import answers
from monitor.http.service import StreamName, in_thread, json_response, service_of
from monitor.plain_values import finite, plain
from monitor.status import LeafShare, Status
from stream_hmoe.events import Drifted, Level

__all__ = ["router"]

MAX_EVENTS = 1_000

router = APIRouter(tags=["the model"])


@router.get("/experts", openapi_extra=answers({200: ExpertsBody}, 400, 404, 422))
async def experts(request: Request, stream: StreamName = None) -> Response:
    """The live experts and how much of the stream each serves."""
    status = _status(request, stream)
    rows = [ExpertBody(share.leaf, share.group, share.weight) for share in status.shares]
    return json_response(ExpertsBody(status.stream, _interval_record(status), rows))


@router.get("/gates", openapi_extra=answers({200: GatesBody}, 400, 404, 422))
async def gates(request: Request, stream: StreamName = None) -> Response:
    """What the outer gate gives every group, and what the inner gates give the experts."""
    status = _status(request, stream)
    groups: dict[str, list[LeafShare]] = {}
    for share in status.shares:
        groups.setdefault(share.group, []).append(share)
    entropy = None if status.interval is None else status.interval.gate_entropy_nats
    rows = [_group(name, shares) for name, shares in groups.items()]
    return json_response(GatesBody(status.stream, _interval_record(status), entropy, rows))


@router.get("/drift/events", openapi_extra=answers({200: DriftsBody}, 400, 404, 422))
async def drift_events(
    request: Request,
    stream: StreamName = None,
    after: Annotated[int, Query(ge=-1, le=2**62, description="only what happened after this record")] = -1,
    limit: Annotated[int, Query(ge=1, le=MAX_EVENTS, description="the newest so many")] = 100,
) -> Response:
    """What drifted: every change of level of a watched signal."""
    service = service_of(request)
    name = service.stream(stream)
    found = await in_thread(service.gateway.drift_events, name, after, limit)
    return json_response(DriftsBody(name, [_drift(fact) for fact in found]))


@router.get("/status", openapi_extra=answers({200: StatusBody}, 400, 404, 422))
async def status(request: Request, stream: StreamName = None) -> Response:
    """A stream right now."""
    return json_response(_status_body(_status(request, stream)))


def _status(request: Request, stream: str | None) -> Status:
    service = service_of(request)
    return service.gateway.status(service.stream(stream))


def _interval_record(status: Status) -> int | None:
    return None if status.interval is None else status.interval.record


def _group(name: str, shares: list[LeafShare]) -> GateGroupBody:
    weight = sum(share.weight for share in shares)
    inner = {share.leaf: share.weight / weight if weight else 0.0 for share in shares}
    return GateGroupBody(name, weight, inner)


def _drift(fact: Drifted) -> DriftBody:
    return DriftBody(
        fact.record, fact.signal, fact.level.name.lower(), finite(fact.statistic), plain(fact.detail)
    )


def _status_body(status: Status) -> StatusBody:
    evidence = [
        EvidenceBody(
            one.signal, finite(one.evidence_nats), finite(one.threshold_nats), one.level.name.lower()
        )
        for one in status.evidence
    ]
    return StatusBody(
        stream=status.stream,
        task=status.task.value,
        records=status.records,
        rejected=status.rejected,
        records_per_second=status.records_per_second,
        level=Level(status.level).name.lower(),
        levels=dict(status.levels),
        drift_counts=dict(status.drift_counts),
        evidence=evidence,
        phase=None if status.phase is None else status.phase.value,
        decision_counts=dict(status.decision_counts),
        interval=status.interval,
        account=status.account,
        dead_letters=dict(status.dead_letters),
        lag_records=dict(status.lag_records),
        is_frozen=status.is_frozen,
        halted=status.halted,
        checkpoint_record=status.checkpoint_record,
        checkpoint_time_seconds=status.checkpoint_seconds,
        checkpoint_failures=status.checkpoint_failures,
        memory_bytes=status.memory_bytes,
    )
