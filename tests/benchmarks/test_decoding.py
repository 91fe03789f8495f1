"""The measurement of decoding decodes every record of every format."""

from __future__ import annotations

import pytest

from benchmarks import decoding


def test_every_format_is_measured_with_and_without_checks(capsys: pytest.CaptureFixture[str]) -> None:
    assert decoding.main(["--records", "600", "--features", "3", "--repeats", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()[1:]
    assert [line.split()[0] for line in lines] == ["json", "json", "avro", "avro", "arrow", "arrow"]
    assert all(float(line.split()[1].replace(",", "")) > 0 for line in lines)


def test_a_record_that_is_lost_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "_rows", lambda records, features: [{"id": "1", "label": "a"}] * records)
    with pytest.raises(RuntimeError, match="json: 0 events of 5 records"):
        list(decoding.measure(5, 1, 1))
