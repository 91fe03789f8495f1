from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from dashboards.__main__ import command
from dashboards.arguments import Arguments, parse

ROOT = Path(__file__).parents[2]


def test_the_server_listens_on_this_machine_only_and_reports_to_nobody() -> None:
    words = command(Arguments(Path("run.sqlite")), port=9_000)
    assert "--server.address=127.0.0.1" in words
    assert "--server.port=9000" in words
    assert "--browser.gatherUsageStats=false" in words
    assert parse(words[words.index("--") + 1 :]) == Arguments(Path("run.sqlite"))


def test_what_is_shown_reaches_the_pages_as_it_was_said() -> None:
    shown = Arguments(Path("state"), "http://127.0.0.1:9090", "https://wiki.example/runbooks")
    words = command(shown)
    assert parse(words[words.index("--") + 1 :]) == shown


def test_the_page_is_served_by_the_process_that_was_started(journal: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words = [sys.executable, "-m", "dashboards", "--journal", str(journal), "--port", str(port)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(words, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        said = next(line for line in server.stdout if "URL" in line)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/") as answer:
            assert answer.status == 200
        server.send_signal(signal.SIGTERM)
        assert server.wait(timeout=30) in (0, -signal.SIGTERM)
    assert f"127.0.0.1:{port}" in said


def test_a_journal_must_be_named() -> None:
    words = [sys.executable, "-m", "dashboards"]
    ended = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "--journal" in ended.stderr


@pytest.mark.parametrize("flag", ["--server.headless=true", "--server.fileWatcherType=none"])
def test_the_server_neither_opens_a_browser_nor_watches_files(flag: str) -> None:
    assert flag in command(Arguments(Path("run.sqlite")))


def test_without_the_process_that_wanted_it_the_server_does_not_start(journal: Path) -> None:
    words = [sys.executable, "-m", "dashboards", "--journal", str(journal), "--parent", str(os.getppid())]
    ended = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "is gone" in ended.stderr
