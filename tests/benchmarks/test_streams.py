"""The whole comparison, small: one command gives a table, a document and a picture."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.streams import main


def test_a_comparison_from_end_to_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    places = {"--json": tmp_path / "out.json", "--plot": tmp_path / "out.png", "--keep": tmp_path / "kept"}
    options = [
        "--streams",
        "phishing,trump_approval",
        "--peers",
        "river-linear,river-logistic,vw",
        "--rows",
        "300",
    ]
    options += [part for name, path in places.items() for part in (name, str(path))]
    assert main(options) == 0
    document = json.loads(places["--json"].read_text(encoding="utf-8"))
    tables = {table["stream"]: table for table in document["tables"]}
    names = [standing["contestant"] for standing in tables["phishing"]["standings"]]
    assert names[0] == "stream-hmoe"
    assert {"river-logistic", "no-change", "majority"} < set(names)
    assert tables["trump_approval"]["task"] == "regression"
    assert places["--plot"].read_bytes().startswith(b"\x89PNG")
    assert "phishing: classification, 300 rows" in capsys.readouterr().out
    assert main([*options, "--no-project"]) == 0
    assert "(earlier run)" in capsys.readouterr().out


@pytest.mark.parametrize(("option", "name"), [("--streams", "elect"), ("--peers", "river-afr")])
def test_a_wrong_name_is_a_usage_error(option: str, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([option, name]) == 2
    assert f"{name!r} is not known" in capsys.readouterr().err
