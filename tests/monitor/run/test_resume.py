"""Killed anywhere and resumed, a run ends as if nothing had happened."""

from __future__ import annotations

import gzip
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from monitor.journal.reader import JournalReader
from monitor.journal.schema import EventKind
from stream_hmoe import checkpoint
from tests.monitor import made_streams
from tests.monitor.command import Done, inside, kill, start, wait_for_growth

RECORDS = 12_000
STREAM_EVENTS = [
    EventKind.DRIFT,
    EventKind.DECISION,
    EventKind.CHANGE_POINT,
    EventKind.REJECTED,
    EventKind.RESTRUCTURED,
]


@pytest.fixture(scope="module")
def stream(tmp_path_factory: pytest.TempPathFactory) -> Path:
    records = made_streams.drifting(RECORDS)
    for number in range(100, RECORDS, 777):
        records[number]["x"] = "spoiled"
    return made_streams.write_csv(tmp_path_factory.mktemp("stream") / "drifting.csv.gz", records)


def arguments(stream: Path, *more: str) -> list[str]:
    wanted = ["run", "--input", str(stream), "--target", "label", "--predictions", "predictions.csv"]
    return [*wanted, "--run-dir", "run", "--checkpoint-every", "2500", "--json", "--quiet", *more]


@pytest.fixture(scope="module")
def uninterrupted(stream: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("uninterrupted")
    done = inside(arguments(stream), folder)
    assert done.exit_code == 0, done.error
    assert done.json["records"] == RECORDS
    return folder


def assert_equal(one: Any, other: Any, path: str = "state") -> None:
    """Equal to the last bit, NaN included."""
    assert type(one) is type(other), path
    if isinstance(one, dict):
        assert list(one) == list(other), path
        for key in one:
            assert_equal(one[key], other[key], f"{path}.{key}")
    elif isinstance(one, np.ndarray):
        assert one.dtype == other.dtype, path
        assert one.shape == other.shape, path
        assert one.tobytes() == other.tobytes(), path
    elif isinstance(one, list):
        assert len(one) == len(other), path
        for number, (left, right) in enumerate(zip(one, other, strict=True)):
            assert_equal(left, right, f"{path}[{number}]")
    else:
        assert repr(one) == repr(other), path


def final_state(folder: Path) -> dict[str, Any]:
    state = checkpoint.load(folder / "run" / "checkpoint")
    # Where files lie, and how often the process was announced, are not of the stream.
    return {name: value for name, value in state.items() if name not in ("mark", "predictions_path")}


def journal_tables(folder: Path) -> dict[str, pd.DataFrame]:
    own_time = ["time_seconds", "records_per_second", "memory_bytes"]
    with JournalReader(folder / "run" / "journal.sqlite") as reader:
        return {
            "intervals": reader.intervals().drop(columns=own_time),
            "shares": reader.shares(),
            "topology": reader.topology(),
            "evidence": reader.evidence(),
            "worth": reader.worth(),
            "events": reader.events(STREAM_EVENTS).drop(columns=["id", "time_seconds"]),
        }


def assert_same_run(one: Path, other: Path) -> None:
    for name in ("predictions.csv", "run/rejects.jsonl", "run/audit.jsonl"):
        assert (one / name).read_bytes() == (other / name).read_bytes(), name
    assert_equal(final_state(one), final_state(other))
    tables, others = journal_tables(one), journal_tables(other)
    for name in tables:
        pd.testing.assert_frame_equal(tables[name], others[name])


def interrupt(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGINT)
    assert process.wait() == 0


def terminate(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    assert process.wait() == 0


def resumed(stream: Path, folder: Path) -> Done:
    done = inside(arguments(stream, "--resume"), folder)
    assert done.exit_code == 0, done.error
    assert done.json["records"] == RECORDS
    assert done.json["status"] == "finished"
    return done


def test_killed_at_three_points_and_resumed(stream: Path, uninterrupted: Path, tmp_path: Path) -> None:
    size = (uninterrupted / "predictions.csv").stat().st_size
    for number, share in enumerate((0.15, 0.5, 0.8)):
        process = start(
            arguments(stream, *(["--resume"] if number else [])), tmp_path, stdout=subprocess.PIPE
        )
        wait_for_growth(tmp_path / "predictions.csv", int(share * size), process)
        kill(process)
        assert process.stdout is not None
        process.stdout.close()
    resumed(stream, tmp_path)
    assert_same_run(tmp_path, uninterrupted)


def test_killed_before_the_first_checkpoint(stream: Path, uninterrupted: Path, tmp_path: Path) -> None:
    process = start(arguments(stream, "--rate", "100"), tmp_path)
    wait_for_growth(tmp_path / "run" / "journal.sqlite", 1, process)
    kill(process)
    resumed(stream, tmp_path)
    assert_same_run(tmp_path, uninterrupted)


@pytest.mark.parametrize("stop", [interrupt, terminate], ids=["ctrl-c", "sigterm"])
def test_stopped_on_request_and_resumed(
    stop: Callable[[subprocess.Popen[bytes]], None], stream: Path, uninterrupted: Path, tmp_path: Path
) -> None:
    process = start(arguments(stream), tmp_path, stdout=subprocess.PIPE)
    wait_for_growth(tmp_path / "predictions.csv", 50_000, process)
    stop(process)
    assert process.stdout is not None
    summary = process.stdout.read().decode()
    process.stdout.close()
    assert '"status": "stopped"' in summary
    assert "--resume" in summary
    resumed(stream, tmp_path)
    assert_same_run(tmp_path, uninterrupted)


def test_a_limit_stops_where_it_says_and_can_be_resumed(
    stream: Path, uninterrupted: Path, tmp_path: Path
) -> None:
    done = inside(arguments(stream, "--limit", "4321"), tmp_path)
    assert done.json["records"] == 4_321
    assert done.json["status"] == "stopped"
    resumed(stream, tmp_path)
    assert (tmp_path / "predictions.csv").read_bytes() == (uninterrupted / "predictions.csv").read_bytes()
    assert_equal(final_state(tmp_path)["pipeline"], final_state(uninterrupted)["pipeline"])


def test_resuming_a_finished_run_changes_nothing(stream: Path, uninterrupted: Path, tmp_path: Path) -> None:
    inside(arguments(stream), tmp_path)
    resumed(stream, tmp_path)
    assert_same_run(tmp_path, uninterrupted)


def test_a_stream_that_has_grown_goes_on_where_it_ended(
    uninterrupted: Path, stream: Path, tmp_path: Path
) -> None:
    whole = gzip.decompress(stream.read_bytes()).splitlines(keepends=True)
    growing = tmp_path / "drifting.csv"
    growing.write_bytes(b"".join(whole[:5_130]))
    assert inside(arguments(growing), tmp_path).json["records"] == 5_129
    growing.write_bytes(b"".join(whole))
    resumed(growing, tmp_path)
    assert_same_run_except_bytes(tmp_path, uninterrupted)


def assert_same_run_except_bytes(one: Path, other: Path) -> None:
    assert (one / "predictions.csv").read_bytes() == (other / "predictions.csv").read_bytes()
    assert_equal(final_state(one)["pipeline"], final_state(other)["pipeline"])
    pd.testing.assert_frame_equal(journal_tables(one)["intervals"], journal_tables(other)["intervals"])


def test_a_damaged_newest_checkpoint_falls_back_to_the_one_before(
    stream: Path, uninterrupted: Path, tmp_path: Path
) -> None:
    inside(arguments(stream, "--limit", "6000"), tmp_path)
    newest = max((tmp_path / "run" / "checkpoint").glob("*/arrays.safetensors"))
    newest.write_bytes(newest.read_bytes()[:-10])
    resumed(stream, tmp_path)
    assert_same_run(tmp_path, uninterrupted)


def test_a_pipe_is_resumed_by_skipping_what_was_read(
    uninterrupted: Path, stream: Path, tmp_path: Path
) -> None:
    data = gzip.decompress(stream.read_bytes())
    wanted = ["--limit", "4000"]
    first = inside(arguments(Path("-"), *wanted), tmp_path, stdin=data)
    assert first.json["records"] == 4_000
    refused = inside(arguments(Path("-"), "--resume"), tmp_path, stdin=data)
    assert refused.exit_code == 2
    assert "--stdin-holds" in refused.error
    done = inside(arguments(Path("-"), "--resume", "--stdin-holds", "all"), tmp_path, stdin=data)
    assert done.json["records"] == RECORDS
    assert (tmp_path / "predictions.csv").read_bytes() == (uninterrupted / "predictions.csv").read_bytes()


def test_the_journal_tells_of_every_part_of_a_run(stream: Path, tmp_path: Path) -> None:
    inside(arguments(stream, "--limit", "3000"), tmp_path)
    resumed(stream, tmp_path)
    with JournalReader(tmp_path / "run" / "journal.sqlite") as reader:
        kinds = [
            kind for kind in reader.events()["kind"] if kind not in STREAM_EVENTS and kind != "checkpoint"
        ]
        status = reader.meta()["status"]
    assert kinds == ["started", "stopped", "resumed", "finished"]
    assert status == "finished"


def test_a_river_detector_watches_too_and_is_resumed(stream: Path, tmp_path: Path) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    for folder in (whole, parts):
        folder.mkdir()
    assert inside(arguments(stream, "--detector", "adwin"), whole).exit_code == 0
    inside(arguments(stream, "--detector", "adwin", "--limit", "4000"), parts)
    resumed(stream, parts)
    assert_same_run(parts, whole)
    with JournalReader(whole / "run" / "journal.sqlite") as reader:
        signals = set(reader.events([EventKind.DRIFT])["signal"].tolist())
        assert reader.meta()["detector"] == "adwin"
    assert "gate entropy" in signals
