"""Every case runs and writes what it found."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.concept import main


def test_findings_are_written(tmp_path: Path) -> None:
    place = tmp_path / "concept.json"
    assert main(["--quick", "--cases", "recurring", "--seed", "3", "--json", str(place)]) == 0
    findings = json.loads(place.read_text(encoding="utf-8"))["findings"]
    by_name = {(one["setting"].split(", ")[-1], one["quantity"]): one["value"] for one in findings}
    assert by_name["a new one comes", "called unknown"] > 0.5


def test_an_unknown_case_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--cases", "nulls"]) == 2
    assert "no case 'nulls'" in capsys.readouterr().err
