"""The bodies of requests and answers: what is decoded and encoded, and what the OpenAPI page says of them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from monitor.decoding.records import LAST_SECONDS, MAX_TEXT
from monitor.journal.schema import IntervalRow
from stream_hmoe.events import Account

__all__ = [
    "AcceptedBody",
    "AdminBody",
    "AnswerBody",
    "DriftBody",
    "DriftsBody",
    "ErrorBody",
    "EventBody",
    "EvidenceBody",
    "ExampleBody",
    "ExpertBody",
    "ExpertsBody",
    "Features",
    "GateGroupBody",
    "GatesBody",
    "LabelBody",
    "LivenessBody",
    "LooseEvent",
    "ObservationBody",
    "OrderedBody",
    "PredictionBody",
    "ReadinessBody",
    "RecordBody",
    "Scalar",
    "StatusBody",
    "TargetValue",
    "VersionBody",
]

MAX_REASON_LENGTH = 500

Whole = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
Scalar = str | bool | float | Whole | None
TargetValue = Annotated[str, Meta(min_length=1, max_length=MAX_TEXT)] | bool | float | Whole
Values = Annotated[dict[str, Scalar], Meta(min_length=1)]
Features = Annotated[
    Values,
    Meta(description="names and values", examples=[{"temperature": 18.5, "weekday": "monday"}]),
]
Key = Annotated[
    str,
    Meta(min_length=1, max_length=MAX_TEXT, description="joins a record and its label", examples=["a17"]),
]
Target = Annotated[TargetValue, Meta(description="the class or the number", examples=["busy"])]
Time = Annotated[
    float, Meta(ge=0.0, le=LAST_SECONDS, description="when it happened, Unix time; else when it arrived")
]


class EventBody(Struct, forbid_unknown_fields=True):
    """Any event, before it is known which kind it is."""

    features: Values | UnsetType = UNSET
    key: Key | UnsetType = UNSET
    target: TargetValue | UnsetType = UNSET
    label: TargetValue | UnsetType = UNSET
    time_seconds: Time | UnsetType = UNSET


class LooseEvent(Struct):
    """Any event, to find the feature at fault."""

    features: dict[str, Raw] = {}


class RecordBody(Struct, forbid_unknown_fields=True):
    """A record to predict; nothing remembers it."""

    features: Features


class ObservationBody(Struct, forbid_unknown_fields=True):
    """A record to predict now, whose label comes later under the same key."""

    features: Features
    key: Key
    time_seconds: Time | UnsetType = UNSET


class ExampleBody(Struct, forbid_unknown_fields=True):
    """A record with its label; a key only names it, or is needed where labels may also come later."""

    features: Features
    target: Target
    key: Key | UnsetType = UNSET
    time_seconds: Time | UnsetType = UNSET


class LabelBody(Struct, forbid_unknown_fields=True):
    """What a record that was sent before turned out to be."""

    key: Key
    label: Target
    time_seconds: Time | UnsetType = UNSET


class AdminBody(Struct, forbid_unknown_fields=True):
    """Why an order is given, for the audit."""

    reason: Annotated[str, Meta(max_length=MAX_REASON_LENGTH)] = ""


class ErrorBody(Struct, omit_defaults=True):
    """What went wrong and what to do; field, value, reason and remedy where a record is at fault."""

    error: str
    message: str
    field: str | UnsetType = UNSET
    value: str | UnsetType = UNSET
    reason: str | UnsetType = UNSET
    remedy: str | UnsetType = UNSET


class PredictionBody(Struct):
    """What the model says of a record."""

    stream: str
    prediction: Annotated[str | bool | float | int | None, Meta(description="null before any class is known")]
    probability: Annotated[float | None, Meta(description="of the class; null for numbers")]
    deviation: Annotated[float | None, Meta(description="predictive sd of the number; null for classes")]
    record: Annotated[int, Meta(description="the stream's record count when it was made")]
    outcome: Annotated[str | None, Meta(description="predicted: it waits for its label; null without a key")]


class AnswerBody(Struct):
    """Where an event went; the prediction is the one that its label is scored against."""

    stream: str
    outcome: str
    prediction: str | bool | float | int | None = None


class AcceptedBody(Struct):
    """Events that are safe in the inbox; their numbers are those of dead letters and predictions."""

    stream: str
    accepted: int
    first_offset: int | None
    last_offset: int | None


class ExpertBody(Struct):
    """An expert and its mean gate weight in the last interval."""

    expert: str
    group: str
    weight: float


class ExpertsBody(Struct):
    """The live experts; none before the first interval has closed."""

    stream: str
    record: Annotated[int | None, Meta(description="record count at which the interval closed")]
    experts: list[ExpertBody]


class GateGroupBody(Struct):
    """What the outer gate gives a group, and its inner gate the experts of the group."""

    group: str
    weight: float
    experts: Annotated[dict[str, float], Meta(description="weights within the group; they sum to 1")]


class GatesBody(Struct):
    """The mean outputs of the gates in the last interval."""

    stream: str
    record: int | None
    entropy_nats: Annotated[float | None, Meta(description="mean entropy of the gate weights of a record")]
    groups: list[GateGroupBody]


class EvidenceBody(Struct):
    """How much speaks against "nothing has changed" in a signal."""

    signal: str
    evidence_nats: float | None
    threshold_nats: float | None
    level: str


class DriftBody(Struct):
    """A watched signal changed level."""

    record: int
    signal: str
    level: str
    statistic: float | None
    detail: dict[str, Any]


class DriftsBody(Struct):
    """Changes of level, in stream order."""

    stream: str
    events: list[DriftBody]


class StatusBody(Struct):
    """A stream right now; docs/metrics.md explains the numbers."""

    stream: str
    task: str
    records: int
    rejected: int
    records_per_second: float
    level: str
    levels: dict[str, int]
    drift_counts: dict[str, int]
    evidence: list[EvidenceBody]
    phase: str | None
    decision_counts: dict[str, int]
    interval: IntervalRow | None
    account: Account | None
    dead_letters: dict[str, int]
    lag_records: dict[str, int]
    is_frozen: bool
    halted: Annotated[str, Meta(description="why the stream stands still; empty while it goes on")]
    checkpoint_record: int
    checkpoint_time_seconds: float
    checkpoint_failures: int
    memory_bytes: int


class OrderedBody(Struct):
    """What became of an order."""

    stream: str
    order: str
    status: Literal["done", "taken"]
    message: str
    record: int | None


class LivenessBody(Struct):
    """The model's thread shows signs of life."""

    alive: bool


class ReadinessBody(Struct):
    """Whether requests are welcome, and why not."""

    ready: bool
    reasons: list[str]


class VersionBody(Struct):
    """The version of the package."""

    version: str
