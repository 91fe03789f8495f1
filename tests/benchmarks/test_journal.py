"""The benchmark of the journal writes what it says and asks every question."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.journal import QUERIES, WINDOWS, main
from monitor.journal.reader import JournalReader


def test_every_query_is_timed_and_finds_something(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--rows", "9000", "--leaves", "4", "--repeats", "1"]
    places = ["--folder", str(tmp_path / "run"), "--json", str(tmp_path / "out.json")]
    assert main([*options, *places]) == 0
    document = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    (written,) = document["written"]
    assert 9_000 <= written["rows"] < 9_500
    asked = {(reading["query"], reading["window"]): reading["rows"] for reading in document["readings"]}
    assert set(asked) == {(query, window) for query in QUERIES for window in WINDOWS}
    assert all(rows > 0 for (_, window), rows in asked.items() if window == "all")
    assert "records: written in" in capsys.readouterr().out
    with JournalReader(tmp_path / "run" / "journal.sqlite") as reader:
        span = reader.span()
    assert span is not None
    assert span.last == written["records"]
