"""Opens a stream of the service: from its newest checkpoint, or at its beginning."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monitor.audit_log import AuditLog
from monitor.config.schema import (
    FileSourceConfig,
    HttpSourceConfig,
    KafkaSourceConfig,
    RedisSourceConfig,
    ServiceConfig,
    StreamConfig,
)
from monitor.dead_letters import FloodGuard
from monitor.decoding import make_decoder
from monitor.journal.fold import INTERVAL_RECORDS, WINDOW_INTERVALS, JournalFold
from monitor.journal.writer import JournalWriter, Mark, Retention
from monitor.logs import Log
from monitor.models import CONTROLLER, build_pipeline
from monitor.problems import ConfigurationProblem
from monitor.service.counts import Counts
from monitor.service.intake import Intake, MessageIntake, open_file
from monitor.service.paths import StreamPaths
from monitor.service.state import StreamState
from monitor.sinks import DeadLetters, Sink, open_dead_letters, open_sink
from monitor.sources.chunk import Position
from monitor.sources.inbox import Inbox
from monitor.sources.inbox_source import InboxSource
from monitor.sources.opening import InputSettings, open_source, take_sample
from monitor.sources.opening_messages import open_messages
from monitor.targets import SAMPLE_RECORDS, Task, to_targets
from monitor.version import version
from stream_hmoe import checkpoint
from stream_hmoe.labels import LabelSettings
from stream_hmoe.pipeline import Pipeline

__all__ = ["StreamParts", "identity", "open_stream"]

WARM_UP_RECORDS = 1_000


@dataclass(slots=True)
class StreamParts:
    """Everything a stream works with, ready to go on.

    Args:
        is_new: it has no checkpoint yet.
        position: where the source stands; empty at its beginning.
        inbox: what the HTTP API accepts for it; None for other sources.
        predictions: None when none are wanted, like decisions.
    """

    is_new: bool
    position: Position
    intake: Intake
    inbox: Inbox | None
    pipeline: Pipeline
    fold: JournalFold
    journal: JournalWriter
    audit: AuditLog
    dead_letters: DeadLetters
    predictions: Sink | None
    decisions: Sink | None
    guard: FloodGuard
    counts: Counts

    @property
    def sinks(self) -> dict[str, Sink | DeadLetters]:
        """All outputs, by name."""
        found = {
            "dead_letters": self.dead_letters,
            "predictions": self.predictions,
            "decisions": self.decisions,
        }
        return {name: sink for name, sink in found.items() if sink is not None}


def open_stream(service: ServiceConfig, config: StreamConfig, log: Log, stack: ExitStack) -> StreamParts:
    """Open everything that a stream needs; ``stack`` closes it again.

    Args:
        service: the whole configuration.
        config: the stream.
        log: says what was found.
        stack: takes what is to be closed.

    Raises:
        Problem: something is in the way; the message says what and what to do.
        BadCheckpoint: no checkpoint is whole.
    """
    paths = StreamPaths.inside(service.state, config.name)
    state = _newest(config, paths, log)
    pipeline = _pipeline(config)
    fold = JournalFold(config.task is Task.CLASSIFICATION, pipeline.model.topology)
    retention = Retention(**service.journal.model_dump())
    journal = stack.enter_context(closing(JournalWriter(paths.journal, _meta(config), retention)))
    if state is None:
        journal.rewind(Mark())  # of a process that was killed before its first checkpoint
        _warm_up(config, pipeline, log)
    else:
        pipeline.load_state_dict(state.pipeline)
        fold.load_state_dict(state.fold)
        journal.rewind(state.mark)
    audit = stack.enter_context(AuditLog(paths.audit, None if state is None else state.audit))
    if state is None:
        audit.begin(CONTROLLER)
    position = {} if state is None else state.position
    sinks: Mapping[str, Any] = {} if state is None else state.sinks
    dead_letters = open_dead_letters(config.dead_letters.sink, paths.dead_letters, sinks.get("dead_letters"))
    stack.callback(dead_letters.close)
    guard = FloodGuard(config.dead_letters.max_ratio, config.dead_letters.window_messages)
    if state is not None:
        guard.load_state_dict(state.guard)
    if guard.is_halted:
        guard.release()  # whoever starts the stream again has looked at it
    inbox = _inbox(config, paths, stack)
    return StreamParts(
        is_new=state is None,
        position=position,
        intake=_intake(config, inbox, position, stack),
        inbox=inbox,
        pipeline=pipeline,
        fold=fold,
        journal=journal,
        audit=audit,
        dead_letters=dead_letters,
        predictions=_sink(config.outputs.predictions, paths.predictions, sinks.get("predictions"), stack),
        decisions=_sink(config.outputs.decisions, paths.decisions, sinks.get("decisions"), stack),
        guard=guard,
        counts=Counts() if state is None else Counts.from_state_dict(state.counts),
    )


def identity(config: StreamConfig) -> dict[str, Any]:
    """What must stay the same for a checkpoint to go on with."""
    source = config.source
    where: dict[str, Any] = {"kind": source.kind}
    if isinstance(source, KafkaSourceConfig | RedisSourceConfig):
        where |= {"events": source.events, "labels": source.labels}
    elif isinstance(source, FileSourceConfig):
        where |= {"path": source.path}
    return {
        "target": config.target,
        "task": config.task.value,
        "labels": config.labels.arrive,
        "key": config.labels.key,
        "gates": config.model.gates,
        "detector": config.model.detector,
        "adapt_experts": config.model.adapt_experts,
        "is_adapting": config.model.is_adapting,
        "source": where,
    }


def _newest(config: StreamConfig, paths: StreamPaths, log: Log) -> StreamState | None:
    for name, reason in checkpoint.damaged(paths.checkpoint).items():
        log.error("checkpoint_damaged", checkpoint=name, reason=reason)
    if not checkpoint.exists(paths.checkpoint):
        return None
    state = StreamState.from_dict(checkpoint.load(paths.checkpoint))
    wanted = identity(config)
    for field, value in wanted.items():
        found = state.identity.get(field)
        if found != value:
            message = f"the checkpoint in {paths.checkpoint} was made with {field} {found!r}, not {value!r}"
            raise ConfigurationProblem(f"{message}: set it back, or give the stream another name")
    return state


def _pipeline(config: StreamConfig) -> Pipeline:
    labels = LabelSettings(config.labels.max_pending, config.labels.max_age_seconds)
    return build_pipeline(config.task, config.model.detector, model=config.model, labels=labels)


def _warm_up(config: StreamConfig, pipeline: Pipeline, log: Log) -> None:
    """Learn a batch file before the stream begins: none of it is scored."""
    if config.warm_start is None:
        return
    settings = InputSettings(path=str(config.warm_start), target=config.target, ignored=tuple(config.ignored))
    learned = rejected = 0
    with closing(open_source(settings)) as source:
        take_sample(source, settings, SAMPLE_RECORDS)
        while (chunk := source.next_chunk(WARM_UP_RECORDS)) is not None:
            block = pipeline.model.step(chunk.records, to_targets(config.task, chunk.targets))
            learned += len(block.scored.record)
            rejected += len(block.rejected) + len(chunk.malformed)
    if not learned:
        raise ConfigurationProblem(f"warm_start: {config.warm_start} holds no usable record")
    log.info("warm_started", file=str(config.warm_start), records=learned, rejected=rejected)


def _inbox(config: StreamConfig, paths: StreamPaths, stack: ExitStack) -> Inbox | None:
    source = config.source
    if not isinstance(source, HttpSourceConfig):
        return None
    return stack.enter_context(closing(Inbox(paths.inbox, source.max_inbox_bytes, source.is_synced)))


def _intake(config: StreamConfig, inbox: Inbox | None, position: Position, stack: ExitStack) -> Intake:
    source = config.source
    if isinstance(source, FileSourceConfig):
        intake: Intake = open_file(config, source, position)
    elif isinstance(source, HttpSourceConfig):
        assert inbox is not None
        intake = MessageIntake(InboxSource(inbox, position or None), make_decoder(config), is_emptied=True)
    else:
        intake = MessageIntake(open_messages(source, position or None), make_decoder(config))
    stack.callback(intake.close)
    return intake


def _sink(config: Any, usual: Path, state: Mapping[str, Any] | None, stack: ExitStack) -> Sink | None:
    if config is None:
        return None
    sink = open_sink(config, usual, state)
    stack.callback(sink.close)
    return sink


def _meta(config: StreamConfig) -> dict[str, str]:
    return {
        "run_name": config.name,
        "task": config.task.value,
        "metric": "accuracy" if config.task is Task.CLASSIFICATION else "absolute error",
        "target": config.target,
        "source": config.source.kind,
        "interval_records": str(INTERVAL_RECORDS),
        "window_intervals": str(WINDOW_INTERVALS),
        "detector": config.model.detector or "",
        "status": "running",
        "product_version": version(),
    }
