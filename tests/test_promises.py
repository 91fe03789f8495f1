"""Every promise in docs/promises.md names tests that exist and benchmarks that exist, with their options."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "promises.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in TEXT.splitlines()
    if line.startswith("| ") and not line.startswith(("| promise", "| **"))
]
SECTIONS = re.findall(r"^\| \*\*(.+?)\*\*", TEXT, re.MULTILINE)


def test_there_is_a_promise_for_every_harm() -> None:
    wanted = {
        "Delivery",
        "Late labels",
        "Dead letters",
        "Flood",
        "Gaps",
        "Back-pressure",
        "Failures",
        "Clock",
    }
    assert set(SECTIONS) == wanted | {"Orders", "Security", "Retention", "Versions"}
    assert len(ROWS) > 40


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_promise_is_proved(row: list[str]) -> None:
    promise, how, tests, _ = row if len(row) == 4 else [*row, ""]
    assert promise
    assert how
    names = re.findall(r"`([^`]+)::(\w+)`", tests)
    assert names
    for path, test in names:
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        assert test in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, (path, test)


@pytest.mark.parametrize("command", sorted(set(re.findall(r"`python -m (benchmarks\.[^`]+)`", TEXT))))
def test_a_benchmark_exists(command: str) -> None:
    name, *words = command.split()
    module = importlib.import_module(name)
    assert callable(module.main)
    if words[:1] == ["--harm"]:
        assert set(words[1:]) <= set(module.HARMS)


def test_every_harm_stands_behind_a_promise() -> None:
    harms = importlib.import_module("benchmarks.chaos").HARMS
    named = " ".join(re.findall(r"--harm ([a-z -]+)", TEXT)).split()
    assert set(named) == set(harms)
