"""All four combinations are measured on the same rows."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.gates import COMBINATIONS, main


def test_all_four_combinations(tmp_path: Path) -> None:
    place = tmp_path / "gates.json"
    assert main(["--streams", "phishing", "--rows", "200", "--kinds", "regions", "--json", str(place)]) == 0
    (table,) = json.loads(place.read_text(encoding="utf-8"))["tables"]
    assert {standing["contestant"] for standing in table["standings"]} == set(COMBINATIONS)
    assert all(standing["scores"]["accuracy"]["mean"] > 0.5 for standing in table["standings"])
