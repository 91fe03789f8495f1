"""What is watched and decided comes to journal, audit and status, however often the run is stopped."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from monitor.journal.reader import JournalReader
from monitor.journal.schema import EventKind
from monitor.run import loop
from monitor.status import Status
from monitor.terminal import QuietView
from stream_hmoe.events import Phase
from tests.monitor import made_pipeline, made_streams
from tests.monitor.command import inside

RECORDS = 1_200


@pytest.fixture(autouse=True)
def made_controller(monkeypatch: pytest.MonkeyPatch) -> None:
    made_pipeline.install(monkeypatch)


def run(folder: Path, *more: str) -> None:
    stream = folder / "stream.csv"
    if not stream.exists():
        made_streams.write_csv(stream, made_streams.drifting(RECORDS))
    wanted = ["run", "--input", "stream.csv", "--target", "label", "--run-dir", "run", "--json", "--quiet"]
    done = inside([*wanted, "--no-metrics", *more], folder)
    assert done.exit_code == 0, done.error


def tables(folder: Path) -> list[pd.DataFrame]:
    with JournalReader(folder / "run" / "journal.sqlite") as reader:
        decisions = reader.events([EventKind.DECISION]).drop(columns=["id", "time_seconds"])
        return [reader.evidence(), reader.worth(), decisions]


def test_a_run_that_was_stopped_often_tells_the_same(tmp_path: Path) -> None:
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    for folder in (whole, stopped):
        folder.mkdir()
    run(whole)
    for number, limit in enumerate(("330", "350", "620", str(RECORDS + 1))):
        run(stopped, "--limit", limit, *(["--resume"] if number else []))
    assert (stopped / "run" / "audit.jsonl").read_bytes() == (whole / "run" / "audit.jsonl").read_bytes()
    for one, other in zip(tables(stopped), tables(whole), strict=True):
        assert len(one) > 0
        pd.testing.assert_frame_equal(one, other)
    assert inside(["drift", "replay", "run"], stopped).exit_code == 0


def test_the_status_follows_the_controller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[Status] = []
    monkeypatch.setattr(QuietView, "show", lambda _, status: shown.append(status))
    monkeypatch.setattr(loop, "CHUNK_RECORDS", 100)
    run(tmp_path)
    phases = list(dict.fromkeys(status.phase for status in shown if status.phase is not None))
    assert phases == [Phase.NORMAL, Phase.WARN, Phase.ALARM, Phase.SHADOW, Phase.COOL_DOWN]
    assert shown[-1].decision_counts == {
        "train challengers": 1,
        "promote the challenger": 1,
        "take a new reference": 1,
    }
    assert [evidence.signal for evidence in shown[-1].evidence] == ["gate weights", "loss given gate"]
    assert shown[-1].worth is not None
