from __future__ import annotations

import os
from pathlib import Path

import pytest

from monitor.commands.dashboard import RUNBOOKS, command, require_journal
from monitor.problems import ConfigurationProblem


def journal(folder: Path) -> Path:
    folder.mkdir(parents=True)
    path = folder / "journal.sqlite"
    path.touch()
    return path


def test_a_run_its_journal_and_a_folder_of_streams_are_shown(tmp_path: Path) -> None:
    path = journal(tmp_path / "state" / "parcels")
    for shown in (path, path.parent, tmp_path / "state"):
        require_journal(shown)


def test_where_there_is_no_journal_it_is_said_what_writes_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationProblem, match="a run writes it: hmoe run, or hmoe demo"):
        require_journal(tmp_path)


def test_prometheus_and_runbooks_reach_the_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = journal(tmp_path / "parcels").parent
    started: list[list[str]] = []
    monkeypatch.setattr(os, "execv", lambda _, words: started.append(words))
    command(path, 8_765, "127.0.0.1", "http://127.0.0.1:9090", "https://wiki.example/runbooks")
    command(path, 8_765, "127.0.0.1", "", RUNBOOKS)
    named, usual = started
    assert named[named.index("--prometheus") + 1] == "http://127.0.0.1:9090"
    assert named[named.index("--runbooks") + 1] == "https://wiki.example/runbooks"
    assert "--prometheus" not in usual
    assert usual[usual.index("--journal") + 1] == str(path)
