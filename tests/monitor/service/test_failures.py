"""What fails for a while is tried again from the checkpoint; what fails for ever stands still."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from monitor.config import ServiceConfig
from monitor.problems import ConfigurationProblem, SinkProblem, StorageProblem, TemporaryProblem
from monitor.service import supervisor as supervising
from monitor.service.service import Service
from monitor.service.supervisor import Standing
from monitor.service.worker import StreamWorker
from monitor.status import Halt
from stream_hmoe import checkpoint
from tests.monitor.service.made_service import (
    STREAM,
    configuration,
    file_stream,
    result_of,
    run_to_end,
    spoiled_lines,
    started,
    status_of,
    supervisor_of,
    turn_until,
)

RECORDS = 700


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervising, "FIRST_PAUSE_SECONDS", 0.0)


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return spoiled_lines(tmp_path_factory.mktemp("records") / "records.jsonl", RECORDS)


@pytest.fixture(scope="module")
def whole(records: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    state = tmp_path_factory.mktemp("whole")
    run_to_end(configuration(state, file_stream(records)))
    return result_of(state)


@pytest.fixture
def config(records: Path, tmp_path: Path) -> ServiceConfig:
    return configuration(tmp_path, file_stream(records), checkpoint={"records": 100, "seconds": 3_600.0})


def worker_of(service: Service) -> StreamWorker:
    worker = supervisor_of(service).worker
    assert worker is not None
    return worker


def fails(error: Exception) -> Callable[..., Any]:
    def fail(*arguments: Any, **named: Any) -> Any:
        raise error

    return fail


@pytest.mark.parametrize(
    ("method", "error", "halt"),
    [
        ("flush", SinkProblem("the topic is away"), Halt.SINK),
        ("write", StorageProblem("cannot write: no room"), Halt.STORAGE),
        ("flush", OSError(28, "No space left on device"), Halt.STORAGE),
        ("write", RuntimeError("a defect"), Halt.OTHER),
    ],
    ids=["topic", "file", "disk", "defect"],
)
def test_a_sink_that_fails_for_a_while_changes_nothing(
    config: ServiceConfig, whole: dict[str, Any], method: str, error: Exception, halt: Halt
) -> None:
    with started(config) as service:
        turn_until(service, lambda: status_of(service).records > 400)
        setattr(worker_of(service).parts.predictions, method, fails(error))
        turn_until(service, lambda: supervisor_of(service).standing is not Standing.RUNNING)
        assert supervisor_of(service).standing is Standing.RETRYING
        assert (status_of(service).halt, str(error) in status_of(service).halted) == (halt, True)
        turn_until(service, lambda: supervisor_of(service).standing is Standing.ENDED)
        assert (status_of(service).halt, status_of(service).halted) == (None, "")
    assert result_of(config.state) == whole


def with_failing_source(service: Service) -> None:
    turn_until(service, lambda: status_of(service).records > 400)
    away: Any = SimpleNamespace(next=fails(TemporaryProblem("away")))
    worker_of(service).parts.intake = away


def test_a_source_that_fails_for_a_while_changes_nothing(
    config: ServiceConfig, whole: dict[str, Any]
) -> None:
    with started(config) as service:
        with_failing_source(service)
        turn_until(service, lambda: supervisor_of(service).standing is not Standing.RUNNING)
        assert status_of(service).halt is Halt.SOURCE
        turn_until(service, lambda: supervisor_of(service).standing is Standing.ENDED)
    assert result_of(config.state) == whole


def test_a_problem_that_stays_stands_still(config: ServiceConfig) -> None:
    with started(config) as service:
        turn_until(service, lambda: status_of(service).records > 400)
        sink = worker_of(service).parts.predictions
        assert sink is not None
        sink.write = fails(ConfigurationProblem("no such topic; create it"))  # type: ignore[method-assign]
        turn_until(service, lambda: supervisor_of(service).standing is not Standing.RUNNING)
        assert supervisor_of(service).standing is Standing.HALTED
        assert status_of(service).halted == "no such topic; create it"
        assert service.turn()


def test_a_disk_that_takes_no_checkpoint_does_not_stop_the_stream(
    config: ServiceConfig, whole: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    with started(config) as service:
        turn_until(service, lambda: status_of(service).records > 400)
        with monkeypatch.context() as full:
            full.setattr(checkpoint, "save", fails(OSError(28, "No space left on device")))
            turn_until(service, lambda: status_of(service).checkpoint_failures > 0)
            assert supervisor_of(service).standing is Standing.RUNNING
            with pytest.raises(StorageProblem, match="make room"):
                worker_of(service).order_checkpoint("somebody")
        turn_until(service, lambda: supervisor_of(service).standing is Standing.ENDED)
    assert result_of(config.state) == whole


def test_a_failure_that_returns_at_the_same_place_ends_in_standing_still(
    config: ServiceConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    take = StreamWorker._take

    def take_until_poisoned(worker: StreamWorker, arrived: Any, begin: int, end: int) -> None:
        take(worker, arrived, begin, end)
        if worker.records > 450:
            raise RuntimeError("poisoned")

    monkeypatch.setattr(StreamWorker, "_take", take_until_poisoned)
    with started(config) as service:
        turn_until(service, lambda: supervisor_of(service).standing is Standing.HALTED)
        assert status_of(service).halted == "RuntimeError: poisoned"


def test_failures_are_forgotten_once_a_checkpoint_is_past_them(
    config: ServiceConfig, whole: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    failed: set[int] = set()
    take = StreamWorker._take

    def take_or_fail_once(worker: StreamWorker, arrived: Any, begin: int, end: int) -> None:
        take(worker, arrived, begin, end)
        if worker.records // 40 not in failed:
            failed.add(worker.records // 40)
            raise RuntimeError("once")

    monkeypatch.setattr(StreamWorker, "_take", take_or_fail_once)
    more_often = config.model_copy(
        update={"checkpoint": config.checkpoint.model_copy(update={"records": 30})}
    )
    with started(more_often) as service:
        turn_until(service, lambda: supervisor_of(service).standing is Standing.ENDED, limit=20)
    assert len(failed) > supervising.MAX_FAILURES
    assert result_of(config.state)["pipeline"] == whole["pipeline"]


def test_a_stop_while_a_stream_is_to_be_started_again_is_orderly(
    config: ServiceConfig, whole: dict[str, Any]
) -> None:
    with started(config) as service:
        with_failing_source(service)
        service.turn()
        assert supervisor_of(service).standing is Standing.RETRYING
        service.stop("enough")
    run_to_end(config)
    assert result_of(config.state) == whole


def test_a_second_worker_is_refused_while_the_first_lives(config: ServiceConfig) -> None:
    refused = pytest.raises(TemporaryProblem, match=r"another worker holds the stream 's' .* --standby")
    with started(config), refused, started(config):
        pass
    with started(config):
        pass


def test_a_standby_waits_and_takes_over(
    config: ServiceConfig, whole: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervising, "LOCK_PAUSE_SECONDS", 0.0)
    with started(config) as first:
        turn_until(first, lambda: status_of(first).records > 400)
        with started(config, is_standby=True) as second:
            second.turn()
            assert supervisor_of(second).standing is Standing.WAITING
            assert "another worker holds the stream" in second.gateway.readiness()[0]
            first.close()
            turn_until(second, lambda: supervisor_of(second).standing is Standing.ENDED)
    assert result_of(config.state) == whole


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"target": "colour"}, "target 'label', not 'colour'"),
        ({"task": "regression"}, "task 'classification', not 'regression'"),
        ({"labels": {"key": "other"}}, "key 'id', not 'other'"),
        ({"model": {"gates": "SS"}}, "gates 'LL', not 'SS'"),
        ({"source": {"kind": "file", "path": "other.jsonl"}}, "source"),
    ],
)
def test_another_stream_does_not_go_on_with_a_checkpoint(
    config: ServiceConfig, records: Path, tmp_path: Path, change: dict[str, Any], named: str
) -> None:
    with started(config) as service:
        service.stop("enough")
    changed = configuration(tmp_path, {**file_stream(records), **change})
    with pytest.raises(ConfigurationProblem, match=named), started(changed):
        pass
    assert (tmp_path / STREAM / "predictions.jsonl").exists()


def test_a_journal_that_was_taken_away_is_begun_anew(config: ServiceConfig, whole: dict[str, Any]) -> None:
    with started(config) as service:
        turn_until(service, lambda: status_of(service).records > 400)
        service.stop("enough")
    for path in (config.state / STREAM).glob("journal.sqlite*"):
        path.unlink()
    run_to_end(config)
    assert result_of(config.state)["pipeline"] == whole["pipeline"]
