from __future__ import annotations

import json
from pathlib import Path

import pytest

from dashboards.comparison_file import NAME, ComparisonDamaged, read_comparison


def test_every_list_of_results_is_a_table(tmp_path: Path) -> None:
    path = tmp_path / NAME
    path.write_text(
        json.dumps({"learners": [{"name": "a", "accuracy": 0.8}], "seed": 1, "by_stream": [{"x": 1}]})
    )
    tables = read_comparison(path)
    assert list(tables) == ["Learners", "By stream"]
    assert tables["Learners"]["accuracy"].tolist() == [0.8]


def test_without_a_file_there_is_nothing(tmp_path: Path) -> None:
    assert read_comparison(tmp_path / NAME) == {}


@pytest.mark.parametrize("content", ["{", "[]", '{"seed": 1}', "[1, 2]", "\x00"])
def test_a_file_without_results_is_damaged(tmp_path: Path, content: str) -> None:
    path = tmp_path / NAME
    path.write_text(content)
    with pytest.raises(ComparisonDamaged):
        read_comparison(path)
