"""``hmoe dlq`` on files, as people call it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from monitor.dead_letters import DeadLetter, to_line
from monitor.sources.messages import Channel
from tests.monitor.command import inside

CONFIG = """
state: {state}
streams:
  - {{name: one, target: y, task: regression, source: {{kind: http}}}}
  - {{name: two, target: y, task: regression, source: {{kind: http}}}}
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    folder = tmp_path / "state" / "one"
    folder.mkdir(parents=True)
    letters = [
        DeadLetter("t/0", "1", Channel.EVENTS, None, b'{"x": 9}', "above most", "x", "9", "Mend it."),
        DeadLetter("t/0", "2", Channel.EVENTS, None, b"\xff", "not UTF-8 text", "", "", "Write UTF-8."),
        DeadLetter("t/0", "3", Channel.EVENTS, None, b'{"x": 8}', "above most", "x", "8", "Mend it."),
        DeadLetter("t/1", "4", Channel.LABELS, None, b'{"y": "a"}', "no number", "y", "a", "Mend it."),
    ]
    (folder / "dead-letters.jsonl").write_bytes(b"".join(to_line(letter) + b"\n" for letter in letters))
    path = tmp_path / "hmoe.yaml"
    path.write_text(CONFIG.format(state=tmp_path / "state"))
    return path


def test_reasons_are_counted_and_the_newest_shown(config: Path, tmp_path: Path) -> None:
    done = inside(["dlq", "show", "-c", config, "--stream", "one", "--samples", "1", "--json"], tmp_path)
    assert done.exit_code == 0
    assert done.json["total"] == 4
    first = done.json["reasons"][0]
    assert first == {
        "reason": "above most",
        "field": "x",
        "remedy": "Mend it.",
        "count": 2,
        "samples": [{"origin": "t/0@3", "value": "8", "body": '{"x": 8}'}],
    }


def test_text_for_people_says_the_same(config: Path, tmp_path: Path) -> None:
    done = inside(["dlq", "show", config.parent / "state" / "one", "--field", "x"], tmp_path)
    assert done.out.startswith("2 dead letters")
    assert "x: above most" in done.out
    assert 't/0@3  8  {"x": 8}' in done.out
    assert "UTF-8" not in done.out


def test_a_stream_without_dead_letters_has_none(config: Path, tmp_path: Path) -> None:
    assert inside(["dlq", "show", "-c", config, "--stream", "two"], tmp_path).out == "no dead letters\n"


def test_a_replay_sends_what_was_chosen_and_tells_what_was_refused(config: Path, tmp_path: Path) -> None:
    chosen: list[str | Path] = ["dlq", "replay", "-c", config, "--stream", "one", "--channel", "events"]
    done = inside([*chosen, "--to-file", "again.jsonl", "--json"], tmp_path)
    assert done.exit_code == 78
    assert done.json["sent"] == 2
    assert [refused["origin"] for refused in done.json["refused"]] == ["t/0@2"]
    lines = (tmp_path / "again.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == [{"x": 9}, {"x": 8}]
    done = inside([*chosen, "--to-file", "more.jsonl", "--reason", "most", "--skip", "1"], tmp_path)
    assert (done.exit_code, done.out) == (0, "sent 1 to more.jsonl\n")


def test_a_trial_sends_nothing(config: Path, tmp_path: Path) -> None:
    chosen: list[str | Path] = [
        "dlq",
        "replay",
        "-c",
        config,
        "--stream",
        "one",
        "--to-file",
        "again.jsonl",
        "--limit",
        "3",
    ]
    assert inside([*chosen, "--dry-run"], tmp_path).out == "would send 3\n"
    assert not (tmp_path / "again.jsonl").exists()


@pytest.mark.parametrize(
    ("arguments", "exit_code", "words"),
    [
        (["show"], 2, "a PATH, or a configuration"),
        (["show", "-c", "hmoe.yaml"], 2, "--stream is needed; the configuration has one, two"),
        (["show", "-c", "hmoe.yaml", "--stream", "on"], 2, "no stream 'on'"),
        (["show", "nowhere"], 78, "no such file"),
        (["show", "state"], 78, "holds no dead-letters.jsonl"),
        (["show", "hmoe.yaml"], 78, "is this a file of dead letters?"),
        (["replay", "state/one"], 2, "one of --to-topic, --to-file, --to-url"),
        (["replay", "state/one", "--to-file", "a", "--to-url", "b"], 2, "one of --to-topic"),
        (["replay", "state/one", "--to-topic", "t"], 2, "needs --brokers"),
    ],
)
def test_what_does_not_fit_is_told_with_the_way_out(
    config: Path, tmp_path: Path, arguments: list[str], exit_code: int, words: str
) -> None:
    assert config.exists()
    done = inside(["dlq", *arguments], tmp_path)
    assert done.exit_code == exit_code
    assert words in done.error


def test_a_line_that_is_still_being_written_is_left_for_later(config: Path, tmp_path: Path) -> None:
    path = config.parent / "state" / "one" / "dead-letters.jsonl"
    path.write_text(path.read_text() + '{"log": "t/0", "off')
    assert inside(["dlq", "show", path, "--json"], tmp_path).json["total"] == 4
