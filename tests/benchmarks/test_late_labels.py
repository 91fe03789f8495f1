"""Labels come when they should, and the measurement ends with numbers."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.late_labels import late, main, with_records
from stream_hmoe.events import Example, Label, Observation

RECORDS = [({"a": float(n)}, n % 2) for n in range(4)]


def test_every_label_comes_so_many_records_later() -> None:
    keys = [(type(event), event.key) for event in late(RECORDS, 2) if not isinstance(event, Example)]
    assert keys == [
        (Observation, "0"),
        (Observation, "1"),
        (Observation, "2"),
        (Label, "0"),
        (Observation, "3"),
        (Label, "1"),
    ]
    assert with_records(RECORDS)[1] == Example({"a": 1.0}, 1)


def test_it_measures(tmp_path: Path) -> None:
    options = ["--records", "200", "--warm-up", "100", "--delays", "0,30", "--pending", "50", "--json"]
    assert main([*options, str(tmp_path / "late.json")]) == 0
    found = json.loads((tmp_path / "late.json").read_text())
    assert list(found["records_per_second"]) == ["with the record", "0 records later", "30 records later"]
    assert min(found["checkpoint_seconds"].values()) > 0.0
