"""A measuring process answers, is cut by its budget, and says why it failed."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.measuring.job import Failed, Job, Measured
from benchmarks.measuring.keeper import Keeper, Run
from benchmarks.measuring.runner import Runner
from benchmarks.sources.stream import Stream


@pytest.fixture
def job(tmp_path: Path) -> Job:
    random = np.random.default_rng(0)
    x_ND = random.normal(size=(1_000, 2))
    path = tmp_path / "easy.npz"
    Stream("easy", "classification", x_ND, (x_ND[:, 0] > 0).astype(np.int64)).save(path)
    return Job("river-logistic", "easy", path, 1_000, 0, 60.0, tmp_path / "said.npy")


def test_a_job_is_the_same_after_travelling(job: Job) -> None:
    with_settings = replace(job, settings={"gates": "SS"}, label="softmax")
    assert Job.from_json(with_settings.to_json()) == with_settings


def test_a_contestant_is_measured_in_its_own_process(job: Job) -> None:
    heard: list[int] = []
    outcome = Runner().run(job, heard.append)
    assert isinstance(outcome, Measured)
    assert outcome.records == 1_000 == len(np.load(job.predictions_path))
    assert heard == [200, 400, 600, 800, 1_000]
    assert outcome.wall_seconds > 0
    assert outcome.peak_bytes > 2**23


def test_the_budget_cuts(job: Job) -> None:
    outcome = Runner().run(replace(job, budget_seconds=0.0), lambda records: None)
    assert isinstance(outcome, Measured)
    assert outcome.records == 200 == len(np.load(job.predictions_path))


def test_a_failure_says_why(job: Job) -> None:
    outcome = Runner().run(
        replace(job, contestant="stream-hmoe", settings={"gates": "XX"}), lambda records: None
    )
    assert isinstance(outcome, Failed)
    assert "gates: got 'XX'" in outcome.reason


def test_another_interpreter_is_used_where_asked(job: Job) -> None:
    with pytest.raises(FileNotFoundError, match="no-such-python"):
        Runner({"river": "/no-such-python"}).run(job, lambda records: None)
    assert isinstance(Runner({"riv": sys.executable}).run(job, lambda records: None), Measured)


def test_outcomes_are_kept_and_found(job: Job, tmp_path: Path) -> None:
    keeper = Keeper(tmp_path / "kept")
    placed = keeper.placed(job)
    assert keeper.find(placed) is None
    measured = Measured(10, 1.0, 0.5, 0.1, 0.2, 1000, 10, "1.0")
    keeper.keep(Run(placed, measured))
    assert keeper.find(placed) == Run(placed, measured, is_kept=True)
    assert keeper.find(keeper.placed(replace(job, seed=1))) is None
    assert keeper.find(keeper.placed(replace(job, settings={"gates": "SS"}))) is None


def test_failures_are_tried_again(job: Job, tmp_path: Path) -> None:
    keeper = Keeper(tmp_path / "kept")
    placed = keeper.placed(job)
    keeper.keep(Run(placed, Failed("not installed")))
    assert keeper.find(placed) is None
