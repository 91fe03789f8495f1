"""The guide to exported models tells the truth: its Python runs, and its encoding is the learner's."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given

from stream_hmoe.features import FeatureEncoder
from tests.stream_hmoe.features.records import consistent_records

GUIDE = (Path(__file__).parents[1] / "docs" / "export.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)


def run(blocks: list[str], names: dict[str, Any]) -> dict[str, Any]:
    for block in blocks:
        exec(compile(block, "docs/export.md", "exec"), names)  # noqa: S102  our own text
    return names


def test_the_examples_run_one_after_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    names = run(BLOCKS, {})
    assert len(BLOCKS) == 3
    assert "['night', 'day']" in capsys.readouterr().out
    np.testing.assert_allclose(names["predicted"], names["probabilities"], rtol=1e-12)
    np.testing.assert_allclose(names["leaf_weights"], names["weights"], rtol=1e-9, atol=1e-15)


ENCODE = run(BLOCKS[1:2], {})["encode"]


@given(records=consistent_records())
def test_rows_are_those_of_the_encoder(records: list[dict[str, Any]]) -> None:
    encoder = FeatureEncoder(max_categories=3)
    encoder.learn_many(records[: len(records) // 2 + 1])
    columns = encoder.state_dict()["columns"]
    for record in records:
        row = ENCODE(columns, record)
        np.testing.assert_allclose(row, encoder.encode(record), rtol=1e-9, atol=1e-9)
