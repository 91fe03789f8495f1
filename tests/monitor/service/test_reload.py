"""SIGHUP takes over what can change while streams run, and says what cannot."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from monitor.config import ServiceConfig, parse_config
from monitor.service.reload import ReloadRequest, reload_config
from tests.monitor.service.made_service import (
    configuration,
    file_stream,
    spoiled_lines,
    started,
    status_of,
    supervisor_of,
    turn_until,
)


@pytest.fixture
def config(tmp_path: Path) -> ServiceConfig:
    return configuration(tmp_path / "state", file_stream(spoiled_lines(tmp_path / "records.jsonl", 400)))


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    """Events that the service logs, whatever happens to the handlers."""
    found: list[tuple[str, dict[str, Any]]] = []

    class Keeper(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            found.append((str(record.msg), record.__dict__.get("hmoe_fields", {})))

    monkeypatch.setattr("monitor.service.reload.set_up_logging", lambda config, secrets: None)
    logger = logging.getLogger("hmoe")
    monkeypatch.setattr(logger, "handlers", [Keeper()])
    monkeypatch.setattr(logger, "level", logging.INFO)
    logger.manager._clear_cache()  # type: ignore[attr-defined]
    return found


def changed(config: ServiceConfig, **values: Any) -> Callable[[], ServiceConfig]:
    return lambda: ServiceConfig.model_validate(config.model_dump() | values)


def test_the_signal_is_noted_once_and_the_former_answer_comes_back() -> None:
    before = signal.getsignal(signal.SIGHUP)
    with ReloadRequest() as request:
        assert not request.take()
        os.kill(os.getpid(), signal.SIGHUP)
        assert (request.take(), request.take()) == (True, False)
    assert signal.getsignal(signal.SIGHUP) is before


def test_checkpoints_log_and_grace_are_taken_over(config: ServiceConfig, told: list[Any]) -> None:
    with started(config) as service:
        turn_until(service, lambda: status_of(service).records > 20, limit=20)
        first = status_of(service).checkpoint_record
        saving = {"records": 10, "seconds": 3_600.0}
        reload_config(service, changed(config, checkpoint=saving, grace_seconds=7.0, log={"level": "error"}))
        assert service.config.grace_seconds == 7.0
        service.supervisors["s"].turn(20, 0.0)
        assert status_of(service).checkpoint_record > first
    fields = dict(told)["reloaded"]
    assert fields == {"taken": "checkpoint, grace_seconds, log", "needs_restart": ""}


def test_what_needs_a_new_start_is_named_and_left(config: ServiceConfig, told: list[Any]) -> None:
    streams = [config.streams[0].model_dump() | {"ignored": ["y"]}]
    with started(config) as service:
        reload_config(service, changed(config, streams=streams, http={"port": 1}, grace_seconds=7.0))
        assert (service.config.streams, service.config.http) == (config.streams, config.http)
        assert supervisor_of(service).config is config.streams[0]
    assert dict(told)["reloaded"] == {"taken": "grace_seconds", "needs_restart": "http, streams"}


def test_an_invalid_file_changes_nothing(config: ServiceConfig, told: list[Any]) -> None:
    with started(config) as service:
        reload_config(service, lambda: parse_config("streams: nonsense", "hmoe.yaml", {}, {}))
        assert service.config is config
    assert "streams" in dict(told)["reload_refused"]["err"]
