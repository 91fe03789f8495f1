"""What a run tells while it goes, and what may go on beside it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from monitor.problems import ConfigurationProblem
from monitor.run.drift_input import DriftInput
from monitor.run.loop import run
from monitor.run.settings import RunPaths, RunSettings
from monitor.status import Status
from monitor.targets import Task


class Recorder:
    """A view that keeps everything."""

    def __init__(self) -> None:
        self.statuses: list[Status] = []
        self.notes: list[str] = []

    def show(self, status: Status) -> None:
        self.statuses.append(status)

    def note(self, text: str) -> None:
        self.notes.append(text)

    def close(self, status: Status) -> None:
        self.show(status)


@contextmanager
def noting(notes: list[str]) -> Iterator[None]:
    notes.append("entered")
    try:
        yield
    finally:
        notes.append("left")


def settings(folder: Path, limit: int, is_resumed: bool = False) -> RunSettings:
    return RunSettings(
        source=DriftInput(seed=0, period=1_000),
        paths=RunPaths.inside(folder),
        task=Task.CLASSIFICATION,
        is_resumed=is_resumed,
        limit=limit,
        records_per_second=100_000_000.0,
    )


def test_with_a_limit_the_end_is_known(tmp_path: Path) -> None:
    view = Recorder()
    run(settings(tmp_path, 500), view)
    shares = [status.share_read for status in view.statuses]
    assert shares[0] is None
    assert shares[-1] == 1.0


def test_the_last_known_change_is_shown(tmp_path: Path) -> None:
    view = Recorder()
    run(settings(tmp_path, 400), view)
    assert view.statuses[0].last_change == ""
    assert view.statuses[-1].last_change == (
        "record 300: orders move from the centre to the airport (covariate)"
    )


def test_a_resumed_run_shows_from_the_start_how_far_it_is(tmp_path: Path) -> None:
    run(settings(tmp_path, 300), Recorder())
    view = Recorder()
    run(settings(tmp_path, 400, is_resumed=True), view)
    assert view.statuses[0].records == 300


def test_what_goes_on_beside_a_run_begins_and_ends_with_it(tmp_path: Path) -> None:
    view = Recorder()
    run(settings(tmp_path, 300), view, beside=noting(view.notes))
    assert view.notes == ["entered", "classification of 'delivery', as asked for", "left"]


def test_nothing_begins_beside_a_run_that_cannot(tmp_path: Path) -> None:
    run(settings(tmp_path, 300), Recorder())
    notes: list[str] = []
    with pytest.raises(ConfigurationProblem, match="already holds a run"):
        run(settings(tmp_path, 300), Recorder(), beside=noting(notes))
    assert notes == []
