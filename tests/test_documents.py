"""Every document tells the truth: its commands exist with their options, its links lead somewhere."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from monitor.cli import app

ROOT = Path(__file__).parents[1]
DOCUMENTS = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    *sorted(ROOT.glob("docs/*.md")),
]
ELSEWHERE = {"amtool", "cd", "curl", "df", "docker", "git", "kcat", "pip", "tail"}  # besides this project
FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CHANGELOG = ROOT / "CHANGELOG.md"


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def lines(path: Path) -> Iterator[list[str]]:
    """The commands of a document's examples, one pipe after the other."""
    for language, block in FENCED.findall(path.read_text(encoding="utf-8")):
        for line in block.replace("\\\n", " ").splitlines():
            for part in line.split(" | "):
                if language == "sh" or (language == "" and re.match(r"(hmoe|make) ", part)):
                    yield shlex.split(part.partition(" > ")[0], comments=True)


def mentioned(path: Path) -> Iterator[list[str]]:
    """The commands that a document names in its sentences."""
    text = FENCED.sub("", path.read_text(encoding="utf-8"))
    for span in re.findall(r"`(hmoe [^`]+)`", text):
        words = shlex.split(span)
        if not words[1].isupper():  # ``hmoe COMMAND --help`` stands for all of them
            yield words


def parse(command: Any, arguments: list[str]) -> None:
    """Read a command line down to its last subcommand, without running it; what does not exist raises."""
    if not hasattr(command, "resolve_command"):
        command.make_context("hmoe", arguments)
        return
    _, subcommand, rest = command.resolve_command(command.make_context("hmoe", arguments[:1]), arguments)
    parse(subcommand, rest)


def look_up(command: Any, arguments: list[str]) -> None:
    """Find a command and its options, whether or not all that it needs is given."""
    while hasattr(command, "resolve_command") and arguments and not arguments[0].startswith("-"):
        context = command.make_context("hmoe", arguments[:1])
        _, command, arguments = command.resolve_command(context, arguments)
    known = {"--help"} | {option for param in command.params for option in param.opts}
    unknown = {word.partition("=")[0] for word in arguments if word.startswith("-")} - known
    assert not unknown, unknown


EXAMPLES = [(path, words) for path in DOCUMENTS for words in lines(path)]
MENTIONS = [(path, words) for path in DOCUMENTS if path != CHANGELOG for words in mentioned(path)]


@pytest.mark.parametrize(
    ("path", "words"), EXAMPLES, ids=lambda one: name(one) if isinstance(one, Path) else " ".join(one)
)
def test_the_commands_of_examples_exist_with_these_options(path: Path, words: list[str]) -> None:
    program, *arguments = words
    if program == "hmoe":
        parse(typer.main.get_command(app), arguments)
    elif program == "make":
        assert f"\n{arguments[0]}:" in (ROOT / "Makefile").read_text(encoding="utf-8")
    else:
        assert program in ELSEWHERE


@pytest.mark.parametrize(
    ("path", "words"), MENTIONS, ids=lambda one: name(one) if isinstance(one, Path) else " ".join(one)
)
def test_the_commands_of_sentences_exist_with_these_options(path: Path, words: list[str]) -> None:
    look_up(typer.main.get_command(app), words[1:])


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
    with pytest.raises((Exception, AssertionError), match=wrong):
        look_up(typer.main.get_command(app), line.split())


def test_every_command_is_named_in_some_document() -> None:
    shown = {words[1] for _, words in [*EXAMPLES, *MENTIONS] if words[0] == "hmoe"}
    assert shown >= set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]  # a group


@pytest.mark.parametrize("path", DOCUMENTS, ids=name)
def test_links_lead_somewhere(path: Path) -> None:
    for target, anchor in re.findall(r"\]\(([^)#]*)(#[^)]*)?\)", path.read_text(encoding="utf-8")):
        if target.startswith("https://"):
            continue
        found = path if not target else (path.parent / target).resolve()
        assert found.is_file(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)$", found.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor[1:] in {anchor_of(heading) for heading in headings}, anchor


def anchor_of(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
