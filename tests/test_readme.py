"""The README tells the truth: its Python runs, its pictures are small, its exit codes are those there are."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from monitor.problems import ExitCode

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
MAX_PICTURE_BYTES = 300_000


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def test_the_python_examples_run_one_after_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for block in blocks("python"):
        exec(compile(block, "README.md", "exec"), names)  # noqa: S102  our own text
    out = capsys.readouterr().out
    assert len(blocks("python")) == 7
    assert int(re.findall(r"alarm after (\d+) records", out)[0]) < 500
    assert 0.8 < float(re.findall(r"Accuracy: ([\d.]+)%", out)[0]) / 100 < 1.0
    assert float(re.findall(r"mean absolute error ([\d.]+)", out)[0]) < 1.0
    assert "torch.Size([64, 2])" in out
    assert len(re.findall(r"^\S.* [\d.]+%$", out, re.MULTILINE)) >= 3


def test_a_loaded_model_is_the_saved_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    first, _, saving = blocks("python")[:3]
    exec(compile(first, "README.md", "exec"), names)  # noqa: S102  our own text
    before = names["model"].predict_proba_one(names["x"])
    exec(compile(saving, "README.md", "exec"), names)  # noqa: S102  our own text
    assert names["model"].predict_proba_one(names["x"]) == before


def test_pictures_are_small() -> None:
    pictures = [ROOT / target for target in re.findall(r"\]\(([^)]+\.png)\)", README)]
    assert pictures
    assert all(picture.stat().st_size < MAX_PICTURE_BYTES for picture in pictures)


@pytest.mark.parametrize("code", ExitCode)
def test_every_exit_code_is_explained(code: ExitCode) -> None:
    assert f"\n| {int(code)} | " in README
