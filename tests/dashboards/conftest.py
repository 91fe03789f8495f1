from __future__ import annotations

import time
from pathlib import Path

import pytest

from monitor.run.drift_input import DriftInput
from monitor.run.loop import run
from monitor.run.settings import RunPaths, RunSettings
from monitor.status import Status
from monitor.targets import Task
from tests.dashboards import journals


@pytest.fixture(scope="session")
def story() -> journals.Story:
    """A stream with one change, learned again by the end."""
    return journals.Story()


@pytest.fixture(scope="session")
def journal(tmp_path_factory: pytest.TempPathFactory, story: journals.Story) -> Path:
    """The journal of that stream."""
    return journals.write(tmp_path_factory.mktemp("journal") / "journal.sqlite", story)


class NoView:
    """Shows nothing."""

    def show(self, status: Status) -> None: ...

    def note(self, text: str) -> None: ...

    def close(self, status: Status) -> None: ...


@pytest.fixture(scope="session")
def real_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a real run on the made stream, with two of its changes."""
    folder = tmp_path_factory.mktemp("real") / "parcels"
    folder.mkdir()
    paths = RunPaths.inside(folder)
    run(RunSettings(DriftInput(0, 12_000), paths, task=Task.CLASSIFICATION, limit=8_000), NoView())
    return folder


@pytest.fixture
def live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A journal with everything that a service writes, whose newest record is a moment old."""
    story = journals.Story(is_controlled=True, is_served=True)
    begin = time.time() - story.records / story.records_per_second
    monkeypatch.setattr(journals, "START_SECONDS", begin)
    return journals.write(tmp_path / "live.sqlite", story)
