"""Files that grow, and are cut back to where a checkpoint saw them."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from monitor.outputs import GrowingFile, prediction_lines, predictions_header, reject_line
from monitor.problems import ConfigurationProblem, TemporaryProblem
from monitor.targets import Task
from stream_hmoe.events import Rejected
from tests.monitor.journal.made_facts import scored


def test_what_lies_beyond_the_checkpoint_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "file"
    with GrowingFile(path, None) as file:
        file.append("one\n")
        length = file.length_bytes
        file.append("two\n")
    with GrowingFile(path, length) as file:
        assert file.length_bytes == length
        file.append("three\n")
        file.sync()
        assert path.read_text() == "one\nthree\n"


def test_a_new_file_replaces_an_old_one(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    with GrowingFile(path, None):
        pass
    assert path.read_text() == ""


def test_a_file_that_lost_something_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with pytest.raises(ConfigurationProblem, match=r"has 0 bytes, the checkpoint says 5.*--overwrite"):
        GrowingFile(path, 5)
    path.write_text("abc")
    with pytest.raises(ConfigurationProblem, match="has 3 bytes"):
        GrowingFile(path, 5)
    assert path.read_text() == "abc"


def test_a_full_disk_is_a_temporary_problem() -> None:
    file = GrowingFile(Path("/dev/full"), None)
    file.append("x")
    with pytest.raises(TemporaryProblem, match=r"cannot write /dev/full: No space.*--resume"):
        file.sync()
    with pytest.raises(TemporaryProblem, match="cannot write"), file:
        pass


def test_predictions_are_csv_in_full_precision() -> None:
    fact = scored([4, 5], 2)
    text = predictions_header(Task.CLASSIFICATION) + prediction_lines(fact)
    rows = list(csv.DictReader(text.splitlines()))
    assert [row["record"] for row in rows] == ["4", "5"]
    assert [float(row["probability"]) for row in rows] == fact.probabilities.tolist()
    assert predictions_header(Task.REGRESSION) == "record,target,prediction,sd\n"


def test_a_rejected_record_is_kept_whole_in_strict_json() -> None:
    fact = Rejected(7, "age", "inf", "infinite", "send a finite number")

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    line = reject_line(fact, 9, {"age": float("inf"), "name": "x", "gap": float("nan"), "label": None})
    entry = json.loads(line, parse_constant=refuse)
    assert entry["record"] == 7
    assert entry["line"] == 9
    assert entry["reason"] == "infinite"
    assert entry["data"] == {"age": "inf", "name": "x", "gap": "nan", "label": None}
    assert json.loads(reject_line(fact, 9, "spoiled text"))["data"] == "spoiled text"
