"""A stream of a file: to its end, and stopped anywhere and resumed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from monitor.control.audit_replay import audit_lines, replay
from monitor.journal.reader import JournalReader
from monitor.service.supervisor import Standing
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

RECORDS = 4_000
SENSITIVE = {"arl": 100}  # so that few records are enough for drifts and decisions
BAD = -(-RECORDS // 97)


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return spoiled_lines(tmp_path_factory.mktemp("records") / "records.jsonl", RECORDS)


@pytest.fixture(scope="module")
def whole(records: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """State of a service that nobody disturbed."""
    state = tmp_path_factory.mktemp("whole")
    run_to_end(configuration(state, file_stream(records, model=SENSITIVE)))
    return state


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def test_every_record_is_predicted_or_put_aside(whole: Path) -> None:
    predictions = lines(whole / STREAM / "predictions.jsonl")
    letters = lines(whole / STREAM / "dead-letters.jsonl")
    assert (len(predictions), len(letters)) == (RECORDS - BAD, BAD)
    assert len({one["id"] for one in predictions}) == len(predictions)
    assert {one["reason"] for one in letters} != {""}
    assert letters[0]["body"] == '{"x": broken'
    assert [one["offset"] for one in letters[:3]] == ["1", "98", "195"]


def test_the_journal_tells_of_all_of_it(whole: Path) -> None:
    with JournalReader(whole / STREAM / "journal.sqlite") as reader:
        assert reader.meta()["status"] == "finished"
        assert int(reader.intervals()["record"].iloc[-1]) == RECORDS - BAD
        flow = reader.flow()
        kinds = [kind for kind in reader.events()["kind"] if kind in ("started", "checkpoint", "finished")]
    assert flow["dead_lettered"].iloc[-1] <= BAD
    assert (kinds[0], kinds[-1]) == ("started", "finished")
    assert kinds.count("checkpoint") > 10


def test_the_decisions_have_the_numbers_of_the_journal(whole: Path) -> None:
    written = lines(whole / STREAM / "decisions.jsonl")
    assert [one["id"] for one in written] == [f"{STREAM}/decision/{n + 1}" for n in range(len(written))]
    assert checkpoint.load(whole / STREAM / "checkpoint")["counts"]["announced"] == len(written)
    assert {one["kind"] for one in written} >= {"drift", "decision"}


def test_the_audit_replays_to_the_same_decisions(whole: Path) -> None:
    replayed = replay(audit_lines(whole / STREAM / "audit.jsonl"))
    assert replayed.is_same, replayed.difference
    assert replayed.watched and replayed.decisions


@pytest.mark.parametrize(("turns", "is_stopped"), [(1, True), (9, False), (38, True), (40, False)])
def test_resumed_in_the_middle_it_ends_the_same(
    records: Path, whole: Path, tmp_path: Path, turns: int, is_stopped: bool
) -> None:
    config = configuration(tmp_path, file_stream(records, model=SENSITIVE))
    with started(config) as service:
        for _ in range(turns):
            supervisor_of(service).turn(83, 0.0)
        if is_stopped:
            service.stop("enough for now")
    run_to_end(config, limit=111)
    assert result_of(tmp_path) == result_of(whole)


def test_a_file_that_has_grown_goes_on_where_it_ended(records: Path, whole: Path, tmp_path: Path) -> None:
    content = records.read_bytes().splitlines(keepends=True)
    growing = tmp_path / "growing.jsonl"
    growing.write_bytes(b"".join(content[:3_101]))
    config = configuration(tmp_path, file_stream(growing, model=SENSITIVE))
    run_to_end(config)
    growing.write_bytes(b"".join(content))
    run_to_end(config)
    first, second = result_of(tmp_path), result_of(whole)
    named_by_path = ["predictions", "dead-letters"]
    assert [part for part in first if first[part] != second[part]] == named_by_path


def test_a_finished_stream_starts_and_ends_at_once(records: Path, whole: Path, tmp_path: Path) -> None:
    config = configuration(tmp_path, file_stream(records, model=SENSITIVE))
    shutil.copytree(whole, tmp_path, dirs_exist_ok=True)
    with started(config) as service:
        assert status_of(service).records == RECORDS - BAD
        turn_until(service, lambda: supervisor_of(service).standing is Standing.ENDED)
        assert not service.turn()
    assert result_of(tmp_path) == result_of(whole)


def test_a_crash_before_the_first_checkpoint_leaves_nothing_in_the_way(
    records: Path, whole: Path, tmp_path: Path
) -> None:
    config = configuration(tmp_path, file_stream(records, model=SENSITIVE))
    with started(config):
        pass
    folder = tmp_path / STREAM / "checkpoint"
    (folder / "state-00000001").rename(folder / "state-00000001.writing")
    run_to_end(config)
    assert result_of(tmp_path) == result_of(whole)
    with JournalReader(tmp_path / STREAM / "journal.sqlite") as reader:
        assert list(reader.events()["kind"]).count("started") == 1
