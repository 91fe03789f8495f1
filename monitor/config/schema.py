"""The configuration of the service: one YAML file, these models.

Every field has a description: ``hmoe config schema`` publishes it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from monitor.targets import Task

__all__ = [
    "CheckpointConfig",
    "DeadLetterConfig",
    "FileSinkConfig",
    "FileSourceConfig",
    "HttpConfig",
    "HttpSourceConfig",
    "JournalConfig",
    "KafkaSinkConfig",
    "KafkaSourceConfig",
    "LabelConfig",
    "LogConfig",
    "ModelConfig",
    "OutputConfig",
    "RedisSourceConfig",
    "ServiceConfig",
    "SinkConfig",
    "SourceConfig",
    "StreamConfig",
]


class Section(BaseModel):
    """A part of the configuration: unknown keys are errors, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class FeatureConfig(Section):
    """What is known of one feature beforehand."""

    type: Literal["number", "category", "boolean"] = Field("number", description="what its values are")
    least: float | None = Field(None, description="smallest allowed number")
    most: float | None = Field(None, description="largest allowed number")
    is_required: bool = Field(False, description="a record without it is rejected")


class KafkaConfig(Section):
    """How to reach a Kafka cluster."""

    brokers: str = Field(description="host:port, several separated by commas")
    options: dict[str, str | int | float | bool | SecretStr] = Field(
        default_factory=dict, description="further settings of librdkafka, such as security.protocol"
    )


class KafkaSourceConfig(KafkaConfig):
    """Records, and labels if they come later, from Kafka topics."""

    kind: Literal["kafka"] = "kafka"
    events: str = Field(description="topic of the records")
    labels: str | None = Field(None, description="topic of the labels; none when the records bring them")
    group: str = Field("hmoe", description="group under which positions are committed, for lag tools")
    partitions: list[int] | None = Field(None, description="partitions to read; none reads all")
    format: Literal["json", "avro", "arrow"] = Field("json", description="how message bodies are written")
    avro_schema: Path | None = Field(None, description="file with the Avro schema of the records")
    start: Literal["earliest", "latest"] = Field("earliest", description="where a new stream begins")
    gap: Literal["fail", "skip"] = Field(
        "fail", description="what to do when messages were deleted before they were read"
    )
    merge_wait_seconds: float = Field(
        10.0, ge=0.0, description="how long an empty but unfinished partition is waited for"
    )
    queue_kbytes: int = Field(16_384, ge=64, description="messages kept waiting in memory, KiB")


class RedisSourceConfig(Section):
    """Records, and labels if they come later, from Redis Streams."""

    kind: Literal["redis"] = "redis"
    url: SecretStr = Field(description="redis://[:password@]host:port/database")
    events: str = Field(description="stream of the records; each entry has a field 'body' with JSON")
    labels: str | None = Field(None, description="stream of the labels; none when the records bring them")
    gap: Literal["fail", "skip"] = Field("fail", description="what to do when entries were trimmed unread")


class FileSourceConfig(Section):
    """Records from a file, or from standard input."""

    kind: Literal["file"] = "file"
    path: str = Field(description="CSV, JSON Lines or Parquet; - is standard input")
    format: Literal["auto", "csv", "jsonl", "parquet"] = Field("auto", description="auto goes by the name")


class HttpSourceConfig(Section):
    """Records and labels that come to the HTTP API of the service."""

    kind: Literal["http"] = "http"
    max_inbox_bytes: int = Field(
        1_073_741_824, ge=65_536, description="most bytes that may wait; beyond it requests get 503"
    )
    is_synced: bool = Field(False, description="force every accepted request to disk before the answer")


SourceConfig = Annotated[
    KafkaSourceConfig | RedisSourceConfig | FileSourceConfig | HttpSourceConfig, Field(discriminator="kind")
]


class LabelConfig(Section):
    """How labels find their records."""

    arrive: Literal["with the record", "later"] = Field("with the record", description="when labels come")
    key: str = Field("id", description="field that joins a record and its label")
    time: str | None = Field(None, description="field with the Unix time of an event; none takes the log's")
    max_pending: int = Field(100_000, ge=1, description="most records that wait for labels")
    max_age_seconds: float | None = Field(
        None, gt=0.0, description="how long a record waits, by the times of the stream; none waits for ever"
    )


class KafkaSinkConfig(KafkaConfig):
    """Output to a Kafka topic."""

    kind: Literal["kafka"] = "kafka"
    topic: str = Field(description="topic to write to")


class FileSinkConfig(Section):
    """Output to a JSON Lines file."""

    kind: Literal["file"] = "file"
    path: Path | None = Field(None, description="the file; none takes the usual name in the state folder")


SinkConfig = Annotated[KafkaSinkConfig | FileSinkConfig, Field(discriminator="kind")]


class OutputConfig(Section):
    """Where results go."""

    predictions: SinkConfig | None = Field(None, description="every prediction; none writes none")
    decisions: SinkConfig | None = Field(None, description="drifts and decisions; none writes none")


class DeadLetterConfig(Section):
    """What happens to messages that cannot be used."""

    sink: SinkConfig = Field(default_factory=FileSinkConfig, description="where they go, with the reason")
    max_ratio: float = Field(
        0.2, gt=0.0, le=1.0, description="share of bad messages at which the stream halts"
    )
    window_messages: int = Field(1_000, ge=10, description="the share is over the last so many messages")


class ModelConfig(Section):
    """The model and its watches."""

    gates: Literal["SS", "SL", "LS", "LL"] = Field("LL", description="outer, then inner gate")
    adapt_experts: bool = Field(False, description="let the data choose the number of experts")
    seed: int = Field(0, description="of everything random")
    arl: float = Field(10_000.0, ge=100.0, description="wanted records to a false alarm")
    detector: Literal["adwin", "kswin", "page-hinkley"] | None = Field(
        None, description="a River detector that watches loss, gate entropy and group shares too"
    )
    is_adapting: bool = Field(True, description="watch for drift and act on it")
    max_features: int = Field(
        1_000,
        ge=1,
        le=4_096,
        description="most columns of encoded features; a record that needs more is rejected",
    )
    max_classes: int = Field(
        100, ge=2, le=1_000, description="most classes; a label that would be one more is rejected"
    )


class CheckpointConfig(Section):
    """When the state is made safe."""

    records: int = Field(20_000, ge=1, description="at least every so many records")
    seconds: float = Field(30.0, gt=0.0, description="at least every so many seconds, if anything happened")
    keep: int = Field(3, ge=1, description="how many stay")


class JournalConfig(Section):
    """How long what happened is kept."""

    full_intervals: int = Field(20_000, ge=100, description="newest intervals kept as they are")
    coarse_intervals: int = Field(20_000, ge=100, description="older ones kept, each of ten joined")
    events: int = Field(100_000, ge=100, description="newest events kept")


class StreamConfig(Section):
    """One model and what it learns from."""

    name: str = Field(
        pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$",
        description="lower case letters, digits, - and _; names its folder",
    )
    target: str = Field(description="the field to predict")
    task: Task = Field(description="classification or regression")
    ignored: list[str] = Field(default_factory=list, description="fields that are no features")
    features: dict[str, FeatureConfig] = Field(
        default_factory=dict, description="what is known of the features; others are taken as they come"
    )
    is_closed: bool = Field(False, description="reject records with features that are not listed")
    source: SourceConfig
    labels: LabelConfig = LabelConfig()
    outputs: OutputConfig = OutputConfig()
    dead_letters: DeadLetterConfig = DeadLetterConfig()
    model: ModelConfig = ModelConfig()
    warm_start: Path | None = Field(None, description="file of labelled records to learn before the first")


class HttpConfig(Section):
    """The HTTP API, health and metrics: one port."""

    host: str = Field("127.0.0.1", description="address to listen on; 0.0.0.0 for all")
    port: int = Field(8080, ge=0, le=65_535, description="0 takes any free port")
    token: SecretStr | None = Field(None, description="what callers that change something must present")
    token_file: Path | None = Field(None, description="file with that token, instead of token")
    max_body_bytes: int = Field(1_048_576, ge=1_024, description="larger requests are refused")


class LogConfig(Section):
    """What the service says on standard error."""

    format: Literal["auto", "json", "text"] = Field(
        "auto", description="auto is text on a terminal, else JSON"
    )
    level: Literal["debug", "info", "warning", "error"] = Field("info", description="the least that is said")


class ServiceConfig(Section):
    """Everything that ``hmoe run -c`` needs."""

    state: Path = Field(Path("state"), description="folder for what must survive; one folder a stream in it")
    http: HttpConfig = HttpConfig()
    log: LogConfig = LogConfig()
    checkpoint: CheckpointConfig = CheckpointConfig()
    journal: JournalConfig = JournalConfig()
    grace_seconds: float = Field(30.0, gt=0.0, description="longest orderly stop")
    streams: list[StreamConfig] = Field(min_length=1, description="the models and what they learn from")

    def model_post_init(self, context: Any) -> None:
        """Names are unique: each stands for a folder and for a label of the metrics."""
        names = [stream.name for stream in self.streams]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"streams: the name {name!r} is used twice; each stream needs its own")
