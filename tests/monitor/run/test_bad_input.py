"""Whatever comes in: one clear message, the right exit code, and nothing else lost."""

from __future__ import annotations

import gzip
import json
import math
import socket
from pathlib import Path
from typing import Any

import pytest

from monitor.journal.reader import JournalReader
from monitor.journal.schema import EventKind
from tests.monitor import made_streams
from tests.monitor.command import Done, inside

RECORDS = 600
SPOILED = 400


def run(source: Path | str, folder: Path, *more: str, stdin: bytes | None = None) -> Done:
    wanted = ["run", "--input", source, "--target", "label", "--run-dir", "run"]
    return inside([*wanted, "--predictions", "predictions.csv", "--json", "--quiet", *more], folder, stdin)


def rejects(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "run" / "rejects.jsonl").read_text().splitlines()]


def predicted(folder: Path) -> list[str]:
    return (folder / "predictions.csv").read_text().splitlines()[1:]


def spoiled(field: str, value: Any, is_regression: bool = False) -> list[dict[str, Any]]:
    records = made_streams.drifting(RECORDS, is_regression)
    records[SPOILED][field] = value
    return records


@pytest.mark.parametrize(
    ("field", "value", "is_regression"),
    [
        ("x", math.inf, False),
        ("x", -math.inf, True),
        ("x", "forty", False),
        ("x", [1, 2], False),
        ("x", {"deep": 1}, True),
        ("label", None, False),
        ("label", None, True),
        ("label", "many", True),
        ("label", math.inf, True),
    ],
)
def test_a_record_that_cannot_be_used_is_rejected_with_its_data_and_the_run_goes_on(
    field: str, value: Any, is_regression: bool, tmp_path: Path
) -> None:
    stream = tmp_path / "stream.jsonl"
    stream.write_bytes(made_streams.json_lines(spoiled(field, value, is_regression)))
    done = run(stream, tmp_path)
    assert done.exit_code == 0, done.error
    assert (done.json["records"], done.json["scored"], done.json["rejected"]) == (RECORDS, RECORDS - 1, 1)
    (entry,) = rejects(tmp_path)
    assert (entry["record"], entry["line"], entry["field"]) == (SPOILED, SPOILED + 1, field)
    assert entry["reason"]
    assert entry["remedy"]
    assert field in entry["data"]
    assert len(predicted(tmp_path)) == RECORDS - 1
    assert not any(line.startswith(f"{SPOILED},") for line in predicted(tmp_path))


def test_a_rejected_record_leaves_no_trace_in_the_model(tmp_path: Path) -> None:
    good = made_streams.drifting(RECORDS)
    with_bad, without = tmp_path / "bad.jsonl", tmp_path / "good.jsonl"
    with_bad.write_bytes(made_streams.json_lines([*good[:300], {**good[300], "x": "forty"}, *good[300:]]))
    without.write_bytes(made_streams.json_lines(good))
    for name, stream in (("one", with_bad), ("other", without)):
        (tmp_path / name).mkdir()
        assert run(stream, tmp_path / name).exit_code == 0
    one, other = (
        [line.partition(",")[2] for line in predicted(tmp_path / name)] for name in ("one", "other")
    )
    assert one == other


@pytest.mark.parametrize(
    ("field", "value"), [("x", math.nan), ("x", None), ("colour", "never seen"), ("label", "a new class")]
)
def test_what_is_merely_missing_or_new_is_learned_from(field: str, value: Any, tmp_path: Path) -> None:
    stream = tmp_path / "stream.jsonl"
    stream.write_bytes(made_streams.json_lines(spoiled(field, value)))
    done = run(stream, tmp_path)
    assert done.exit_code == 0, done.error
    assert (done.json["scored"], done.json["rejected"]) == (RECORDS, 0)


def test_a_column_that_vanishes_and_one_that_appears(tmp_path: Path) -> None:
    records = made_streams.drifting(RECORDS)
    for record in records[200:300]:
        del record["x"]
    for record in records[300:]:
        record["late"] = record["y"]
    stream = tmp_path / "stream.jsonl"
    stream.write_bytes(made_streams.json_lines(records))
    done = run(stream, tmp_path)
    assert (done.exit_code, done.json["scored"]) == (0, RECORDS)


def test_lines_that_are_no_records_are_rejected_by_number(tmp_path: Path) -> None:
    lines = made_streams.csv_bytes(made_streams.drifting(RECORDS)).splitlines(keepends=True)
    lines[101] = b"1,2\n"
    lines[301] = b"\xff\xfe,1,red,up\n"
    lines[401] = b'"1,2,red,up\n'
    stream = tmp_path / "stream.csv"
    stream.write_bytes(b"".join(lines))
    done = run(stream, tmp_path)
    assert done.exit_code == 0, done.error
    assert (done.json["records"], done.json["rejected"]) == (RECORDS - 3, 3)
    assert [entry["line"] for entry in rejects(tmp_path)] == [102, 302, 402]
    assert rejects(tmp_path)[0]["data"] == "1,2"
    with JournalReader(tmp_path / "run" / "journal.sqlite") as reader:
        events = reader.events([EventKind.REJECTED])
        assert reader.intervals()["rejected_total"].tolist()[-1] == 3
    assert events["statistic"].sum() == 3
    assert "2 cells where the header has 4 columns" in events["message"].tolist()[0]


@pytest.mark.parametrize("name", ["empty.csv", "empty.jsonl", "empty.csv.gz"])
def test_an_empty_file(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(gzip.compress(b"") if name.endswith("gz") else b"")
    done = run(name, tmp_path)
    assert done.exit_code == 78
    assert done.error == f"hmoe: {name} is empty: there is nothing to learn from\n"
    assert not (tmp_path / "run" / "journal.sqlite").exists()


def test_an_empty_pipe(tmp_path: Path) -> None:
    done = run("-", tmp_path, stdin=b"")
    assert (done.exit_code, done.error) == (
        78,
        "hmoe: standard input is empty: there is nothing to learn from\n",
    )


def test_a_missing_file(tmp_path: Path) -> None:
    done = run("nowhere.csv", tmp_path)
    assert (done.exit_code, done.error) == (78, "hmoe: no such file: nowhere.csv\n")


def test_a_wrong_target(tmp_path: Path) -> None:
    made_streams.write_csv(tmp_path / "stream.csv", made_streams.drifting(20))
    done = inside(["run", "--input", "stream.csv", "--target", "lable"], tmp_path)
    assert done.exit_code == 78
    assert (
        "no column 'lable' to learn. Did you mean --target label? Columns: x, y, colour, label" in done.error
    )


def test_the_wrong_format(tmp_path: Path) -> None:
    (tmp_path / "stream.jsonl").write_bytes(made_streams.csv_bytes(made_streams.drifting(20)))
    done = run("stream.jsonl", tmp_path)
    assert done.exit_code == 78
    assert "none of the first 21 lines is a record; line 1: not JSON" in done.error
    assert "--format" in done.error


def test_a_broken_gzip_file_is_used_up_to_the_break_and_resumed_when_whole(tmp_path: Path) -> None:
    whole = gzip.compress(made_streams.csv_bytes(made_streams.drifting(20_000)))
    stream = tmp_path / "stream.csv.gz"
    stream.write_bytes(whole[: len(whole) * 2 // 3])
    broken = run(stream, tmp_path)
    assert broken.exit_code == 75
    assert "is a broken gzip file: it ends in the middle" in broken.error
    assert "--resume" in broken.error
    used = len(predicted(tmp_path))
    assert used > 10_000
    stream.write_bytes(whole)
    done = run(stream, tmp_path, "--resume")
    assert (done.exit_code, done.json["records"]) == (0, 20_000)
    (tmp_path / "straight").mkdir()
    run(stream, tmp_path / "straight")
    assert predicted(tmp_path) == predicted(tmp_path / "straight")


def test_an_earlier_run_is_in_the_way(tmp_path: Path) -> None:
    stream = made_streams.write_csv(tmp_path / "stream.csv", made_streams.drifting(300))
    assert run(stream, tmp_path).exit_code == 0
    before = predicted(tmp_path)
    again = run(stream, tmp_path)
    assert again.exit_code == 78
    assert "run already holds a run: continue it with --resume, replace it with --overwrite" in again.error
    assert predicted(tmp_path) == before
    assert run(stream, tmp_path, "--overwrite").exit_code == 0
    assert predicted(tmp_path) == before


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--task", "regression"], "task classification, not regression"),
        (["--ignore", "x"], "ignored [], not ['x']"),
        (["--category", "x"], "categories [], not ['x']"),
        (["--detector", "kswin"], "detector none, not kswin"),
    ],
)
def test_resuming_with_other_options(more: list[str], words: str, tmp_path: Path) -> None:
    stream = made_streams.write_csv(tmp_path / "stream.csv", made_streams.drifting(300))
    run(stream, tmp_path)
    done = run(stream, tmp_path, "--resume", *more)
    assert done.exit_code == 78
    assert words in done.error


def test_files_of_others_are_not_overwritten(tmp_path: Path) -> None:
    stream = made_streams.write_csv(tmp_path / "stream.csv", made_streams.drifting(300))
    (tmp_path / "predictions.csv").write_text("mine")
    done = run(stream, tmp_path)
    assert done.exit_code == 78
    assert "predictions.csv already exists" in done.error
    note = tmp_path / "note.txt"
    note.write_text("mine too, and not a journal")
    done = run(stream, tmp_path, "--journal", "note.txt", "--overwrite")
    assert done.exit_code == 78
    assert "note.txt is not a journal" in done.error
    assert (tmp_path / "predictions.csv").read_text() == "mine"
    assert note.read_text() == "mine too, and not a journal"


def test_a_predictions_file_that_was_changed(tmp_path: Path) -> None:
    stream = made_streams.write_csv(tmp_path / "stream.csv", made_streams.drifting(300))
    run(stream, tmp_path, "--limit", "200")
    (tmp_path / "predictions.csv").write_text("record,target\n")
    done = run(stream, tmp_path, "--resume")
    assert done.exit_code == 78
    assert "predictions.csv has 14 bytes, the checkpoint says" in done.error


def test_a_damaged_checkpoint_without_another(tmp_path: Path) -> None:
    stream = made_streams.write_csv(tmp_path / "stream.csv", made_streams.drifting(300))
    run(stream, tmp_path, "--limit", "200")
    for path in (tmp_path / "run" / "checkpoint").glob("*/manifest.json"):
        path.write_text("{}")
    done = run(stream, tmp_path, "--resume")
    assert done.exit_code == 78
    assert "no checkpoint in run/checkpoint is whole" in done.error


def test_a_taken_metrics_port(tmp_path: Path) -> None:
    stream = made_streams.write_csv(tmp_path / "stream.csv", made_streams.drifting(300))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run(stream, tmp_path, "--metrics-port", str(port))
    assert done.exit_code == 75
    assert f"port {port} on 127.0.0.1 is in use; choose another with --metrics-port" in done.error


@pytest.mark.parametrize(
    "more",
    [
        ["--resume", "--overwrite"],
        ["--delimiter", "ab"],
        ["--limit", "0"],
        ["--task", "clustering"],
        ["--metrics-port", "99999"],
        ["--no-such-option"],
    ],
)
def test_wrong_options(more: list[str], tmp_path: Path) -> None:
    stream = made_streams.write_csv(tmp_path / "stream.csv", made_streams.drifting(30))
    done = run(stream, tmp_path, *more)
    assert done.exit_code == 2
    assert done.error
    assert not (tmp_path / "run").exists()
