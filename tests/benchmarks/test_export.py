"""All three are timed on the same records, and say what they are."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.export import Floats, main, microseconds


def test_a_pass_predicts_every_record_once_in_batches() -> None:
    sizes: list[int] = []

    def predict(x_ND: Floats) -> None:
        sizes.append(len(x_ND))

    assert microseconds(predict, np.zeros((10, 2)), batch=4, repeats=2) >= 0.0
    assert sizes == [4, 4, 2] * 3


def test_the_formats_stand_beside_the_learner(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = tmp_path / "export.json"
    small = ["--shapes", "3x2", "--learned", "200", "--records", "64", "--batches", "64", "--repeats", "1"]
    assert main([*small, "--json", str(result)]) == 0
    speeds = json.loads(result.read_text())["speeds"]
    assert [speed["program"] for speed in speeds] == ["learner", "torch", "onnx"]
    assert all(speed["microseconds"]["64"] > 0.0 for speed in speeds)
    assert all(0 < speed["bytes"] < 2**20 and speed["difference"] < 1e-11 for speed in speeds[1:])
    assert "microseconds of one processor" in capsys.readouterr().out
