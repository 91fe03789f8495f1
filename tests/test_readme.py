"""The README tells the truth: its Python runs, its commands and files exist."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from monitor.cli import app
from monitor.problems import ExitCode

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
ELSEWHERE = {"cd", "docker", "git", "pip", "tail"}  # what the examples use besides this project
MAX_PICTURE_BYTES = 300_000


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def commands() -> Iterator[list[str]]:
    for block in blocks("sh"):
        for line in block.splitlines():
            yield from (shlex.split(part) for part in line.split("|"))


def parse(command: Any, arguments: list[str]) -> None:
    """Read a command line down to its last subcommand, without running it; what does not exist raises."""
    if not hasattr(command, "resolve_command"):
        command.make_context("hmoe", arguments)
        return
    _, subcommand, rest = command.resolve_command(command.make_context("hmoe", arguments[:1]), arguments)
    parse(subcommand, rest)


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


@pytest.mark.parametrize("words", list(commands()), ids=" ".join)
def test_the_commands_exist_with_these_options(words: list[str]) -> None:
    program, *arguments = words
    if program == "hmoe":
        parse(typer.main.get_command(app), arguments)
    elif program == "make":
        assert f"\n{arguments[0]}:" in (ROOT / "Makefile").read_text(encoding="utf-8")
    else:
        assert program in ELSEWHERE


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("rnu --input a", "rnu"),
        ("run --input a --target b --sped 3", "--sped"),
        ("checkpoint shwo a", "shwo"),
    ],
)
def test_a_command_that_does_not_exist_would_be_found(line: str, wrong: str) -> None:
    with pytest.raises(Exception, match=wrong):
        parse(typer.main.get_command(app), line.split())


def test_links_and_pictures_lead_somewhere() -> None:
    targets = re.findall(r"\]\(([^)#]+)\)", README)
    local = [target for target in targets if not target.startswith("https://")]
    assert local
    assert all((ROOT / target).is_file() for target in local)
    pictures = [ROOT / target for target in local if target.endswith(".png")]
    assert pictures
    assert all(picture.stat().st_size < MAX_PICTURE_BYTES for picture in pictures)


@pytest.mark.parametrize("code", ExitCode)
def test_every_exit_code_is_explained(code: ExitCode) -> None:
    assert f"\n| {int(code)} | " in README
