"""docs/service.md tells the truth: its configuration is valid, its calls work, its sizes hold."""

from __future__ import annotations

import json
import random
import re
import shlex
import subprocess
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from monitor.config import parse_config
from monitor.service.paths import StreamPaths
from stream_hmoe import HMoEClassifier, Pipeline
from stream_hmoe.events import EventOutcome, Example, Observation
from tests.monitor.command import start

GUIDE = (Path(__file__).parents[1] / "docs" / "service.md").read_text(encoding="utf-8")
WAITING, FEATURES = 2_048, 40  # as many as there is room for: it doubles


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)


def test_the_configuration_is_valid() -> None:
    (text,) = blocks("yaml")
    config = parse_config(text, "docs/service.md", {})
    assert [stream.name for stream in config.streams] == ["orders"]


def test_the_program_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    (block,) = blocks("python")
    exec(compile(block, "docs/service.md", "exec"), names)  # noqa: S102  our own text
    assert "200" in capsys.readouterr().out
    assert names["pipeline"].account.learned == 200


def test_every_outcome_and_every_file_is_explained() -> None:
    assert set(re.findall(r"^\| `([a-z ]+)` \|", GUIDE, re.MULTILINE)) == set(EventOutcome)
    paths = StreamPaths.inside(Path("state"), "NAME")
    for path in (paths.checkpoint, paths.journal, paths.audit, paths.inbox, paths.lock, paths.dead_letters):
        assert f"`{path.name}" in GUIDE


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """A real service with the guide's stream, fed over HTTP."""
    (text,) = blocks("yaml")
    config = yaml.safe_load(text)
    config["streams"][0] |= {"source": {"kind": "http"}, "outputs": {}}
    (tmp_path / "hmoe.yaml").write_text(json.dumps(config))
    process = start(["run", "-c", "hmoe.yaml", "--set", "http.port=0"], tmp_path, stderr=subprocess.PIPE)
    assert process.stderr is not None
    try:
        events = map(json.loads, process.stderr)
        yield next(event["address"] for event in events if event["event"] == "http_listening")
    finally:
        process.terminate()
        with process.stderr:
            process.stderr.read()
        assert process.wait() == 0


def test_its_calls_work(address: str) -> None:
    calls = re.findall(r"^curl (.*)$", GUIDE, re.MULTILINE)
    assert len(calls) == 14
    with httpx.Client(base_url=address, timeout=60.0) as client:
        while client.get("/readyz").status_code != 200:
            assert client.get("/livez").status_code == 200
        answers = [call(client, shlex.split(words)) for words in calls]
    for words, answer in zip(calls, answers, strict=True):
        assert answer.status_code == 200 or answer.json()["outcome"] == "taken", (words, answer.text)


def call(client: httpx.Client, words: list[str]) -> httpx.Response:
    path = words[-1].removeprefix("localhost:8080")
    if "--json" not in words:
        return client.get(path)
    headers = {"Content-Type": "application/json"}
    if "-H" in words:
        name, _, value = words[words.index("-H") + 1].partition(": ")
        headers[name] = value
    return client.post(path, content=words[words.index("--json") + 1], headers=headers)


def test_what_a_record_that_waits_takes() -> None:
    drawn = random.Random(0)

    def features() -> dict[str, float]:
        return {f"f{number}": drawn.random() for number in range(FEATURES)}

    pipeline = Pipeline(HMoEClassifier())
    pipeline.take([Example(features(), "ab"[number % 2]) for number in range(100)])
    pipeline.take([Observation("first", features())])
    observations = [Observation(f"key-{number}", features()) for number in range(WAITING - 1)]
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for begin in range(0, len(observations), 64):
            pipeline.take(observations[begin : begin + 64])
        taken = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    experts = len(pipeline.model.topology.leaves)
    known = 4 * experts + 8 * (FEATURES + 2)
    assert experts == int(re.findall(r"\((\d+) by default\)", GUIDE)[0])
    assert 0.8 * known < taken / WAITING < known + int(re.findall(r"up to (\d+)\s+for its key", GUIDE)[0])
