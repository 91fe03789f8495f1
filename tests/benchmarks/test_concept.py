"""Every case runs and writes what it found."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.concept import main


def test_findings_are_written(tmp_path: Path) -> None:
    place = tmp_path / "concept.json"
    assert main(["--quick", "--cases", "mix", "--seed", "3", "--json", str(place)]) == 0
    findings = json.loads(place.read_text(encoding="utf-8"))["findings"]
    alarms = [one["value"] for one in findings if one["case"].startswith("c")]
    assert alarms and all(0.0 <= value <= 1.0 for value in alarms)


def test_an_unknown_case_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--cases", "nulls"]) == 2
    assert "no case 'nulls'" in capsys.readouterr().err
