"""YAML as the configuration reads it: lines, duplicates, and no surprises of YAML 1.1."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.config.yaml_text import read_yaml


def test_every_value_knows_its_line() -> None:
    written = read_yaml("a:\n  b: 1\n  c:\n    - x\n    - y\n")
    assert written.values == {"a": {"b": 1, "c": ["x", "y"]}}
    assert written.places[("a", "b")] == "line 2"
    assert written.places[("a", "c", 1)] == "line 5"
    assert written.flaws == []


def test_words_and_times_are_text_and_zeros_are_no_octals() -> None:
    text = "a: no\nb: on\nc: 12:30\nd: 010\ne: 2024-05-01\nf: true\ng: 1e3\nh: ~\ni:\nj: 0\nk: .5\n1: x\n"
    values = read_yaml(text).values
    assert values == {
        "a": "no", "b": "on", "c": "12:30", "d": "010", "e": "2024-05-01", "f": True, "g": 1000.0, "h": None,
        "i": None, "j": 0, "k": 0.5, "1": "x",
    }  # fmt: skip


def test_a_key_that_stands_twice_is_a_flaw_with_both_places() -> None:
    (flaw,) = read_yaml("a: 1\nb:\n  c: 1\n  c: 2\n").flaws
    assert (flaw.path, flaw.place) == ("b.c", "line 4")
    assert "first in line 3" in flaw.reason


def test_anchors_and_merges_work_and_own_keys_win() -> None:
    text = "base: &b {x: 1, y: 2}\nother: {<<: *b, y: 3}\nboth: {<<: [{x: 5}, *b]}\n"
    written = read_yaml(text)
    assert written.flaws == []
    assert written.values["other"] == {"x": 1, "y": 3}
    assert written.values["both"] == {"x": 5, "y": 2}


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("a: [1", "line 1", "not readable as YAML"),
        ("a: 1\n b: 2", "line 2", "not readable as YAML"),
        ("- 1", "line 1", "no section"),
        ("a: !!python/object:os.system {}\n", "", ""),
        ("a: !secret x", "line 1", "could not determine a constructor"),
        ("a: &a [*a]", "line 1", "circle"),
        ("{[1]: 2}", "line 1", "a key must be text"),
        ("<<: 3", "line 1", "merges sections only"),
        ("a: 1\n---\nb: 2", "line 2", "another document"),
        ("a: \x00", "", "not readable"),
        ("a: " + "[" * 5_000, "", "nested too deeply"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_line(text: str, place: str, words: str) -> None:
    written = read_yaml(text)
    if words:
        (flaw,) = written.flaws
        assert flaw.place == place
        assert words in f"{flaw.path} {flaw.reason}"
    else:
        assert written.values == {"a": {}}


def test_aliases_that_multiply_are_stopped() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    (flaw,) = read_yaml("\n".join(lines)).flaws
    assert "more values than a configuration can have" in flaw.reason


@given(st.text())
def test_no_text_raises(text: str) -> None:
    written = read_yaml(text)
    assert isinstance(written.values, dict)
