"""A warm start is learned before the stream: neither counted nor scored, whatever crashes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from monitor.config import ServiceConfig
from monitor.problems import ConfigurationProblem
from monitor.service.supervisor import Standing
from stream_hmoe import checkpoint
from tests.monitor import made_streams
from tests.monitor.service.made_service import (
    STREAM,
    configuration,
    file_stream,
    result_of,
    run_to_end,
    started,
    status_of,
    supervisor_of,
    turn_until,
)


@pytest.fixture
def config(tmp_path: Path) -> ServiceConfig:
    return with_start(tmp_path, made_streams.json_lines(made_streams.drifting(1_200, seed=11)[:600]))


def with_start(tmp_path: Path, content: bytes) -> ServiceConfig:
    start, records = tmp_path / "start.jsonl", tmp_path / "records.jsonl"
    start.write_bytes(content)
    records.write_bytes(made_streams.json_lines(made_streams.drifting(500, seed=3)[:250]))
    one = file_stream(records, warm_start=str(start))
    return configuration(tmp_path / "state", one, checkpoint={"records": 100, "seconds": 3_600.0})


def right(folder: Path, count: int) -> int:
    """How many of the first records of the stream were predicted rightly."""
    lines = (folder / STREAM / "predictions.jsonl").read_text().splitlines()[:count]
    wanted = [record["label"] for record in made_streams.drifting(500, seed=3)]
    return sum(json.loads(line)["prediction"] == label for line, label in zip(lines, wanted, strict=False))


def test_it_is_learned_but_neither_counted_nor_scored(config: ServiceConfig) -> None:
    with started(config) as service:
        assert status_of(service).records == 0
        turn_until(service, lambda: supervisor_of(service).standing is Standing.ENDED)
        account = status_of(service).account
        assert account is not None
        assert (account.received, account.learned) == (250, 250)
        tally = supervisor_of(service).board.current
        assert tally.records == 250
    assert result_of(config.state)["predictions lines"] == 250
    cold = config.state.parent / "cold"
    streams = [config.streams[0].model_copy(update={"warm_start": None})]
    run_to_end(config.model_copy(update={"state": cold, "streams": streams}))
    assert right(config.state, 30) > right(cold, 30)


@pytest.mark.parametrize("is_saved", [False, True])
def test_a_crash_after_it_changes_nothing(config: ServiceConfig, tmp_path: Path, is_saved: bool) -> None:
    whole = config.model_copy(update={"state": tmp_path / "whole"})
    run_to_end(whole)
    with started(config) as service:
        supervisor_of(service).turn(60, 0.0)
    if not is_saved:
        checkpoint.remove(config.state / STREAM / "checkpoint")
    run_to_end(config)
    assert result_of(config.state) == result_of(whole.state)


def test_it_is_not_learned_again_after_a_restart(
    config: ServiceConfig, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "hmoe")
    for _ in range(2):
        with started(config) as service:
            service.stop("enough")
    told = [record for record in caplog.records if record.msg == "warm_started"]
    assert [record.__dict__["hmoe_fields"]["records"] for record in told] == [600]


@pytest.mark.parametrize(
    ("content", "named"),
    [(b'{"other": 1}\n', "label"), (b'{"x": 1.0, "label": null}\n', "warm_start: .* holds no usable record")],
)
def test_one_that_cannot_be_used_is_refused(tmp_path: Path, content: bytes, named: str) -> None:
    with pytest.raises(ConfigurationProblem, match=named), started(with_start(tmp_path, content)):
        pass
