"""Standings compare like with like: the same rows, seeds averaged."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from benchmarks.measuring.job import Failed, Job, Measured, Outcome
from benchmarks.measuring.keeper import Run
from benchmarks.reports.standings import Table, stand
from benchmarks.reports.tables import print_summary, print_table, strongest_peer
from benchmarks.sources.stream import Array, Stream

ROWS = 400
Y_N = np.arange(ROWS) % 2


def wrong_every(n: int, rows: int = ROWS) -> Array:
    said = Y_N[:rows].copy()
    said[::n] = 1 - said[::n]
    return said


def run(directory: Path, contestant: str, said: Array, seed: int = 0, seconds: float = 1.0) -> Run:
    path = directory / f"{contestant}-{seed}.npy"
    np.save(path, said)
    job = Job(contestant, "s", Path("s.npz"), ROWS, seed, 9.0, path)
    return Run(job, Measured(len(said), seconds, seconds / 2, 1.0, 2.0, 2**20, 0, "1.2"))


def failed(directory: Path, contestant: str, reason: str) -> Run:
    outcome: Outcome = Failed(reason)
    return Run(Job(contestant, "s", Path("s.npz"), ROWS, 0, 9.0, directory / "none.npy"), outcome)


@pytest.fixture
def table(tmp_path: Path) -> Table:
    runs = [
        run(tmp_path, "river-hat", wrong_every(4), seconds=10.0),
        run(tmp_path, "stream-hmoe", wrong_every(10), seed=0),
        run(tmp_path, "stream-hmoe", wrong_every(20), seed=1),
        run(tmp_path, "river-arf", np.concatenate([Y_N[:100], 1 - Y_N[100:200]])),
        run(tmp_path, "no-change", wrong_every(50)),
        failed(tmp_path, "vw", "not installed: pip install vowpalwabbit"),
    ]
    stream = Stream("s", "classification", np.zeros((ROWS, 1)), Y_N)
    return stand(stream, runs, project="stream-hmoe", clock="wall")


def test_the_project_comes_first_and_failures_last(table: Table) -> None:
    names = [standing.contestant for standing in table.standings]
    assert names == ["stream-hmoe", "no-change", "river-hat", "river-arf", "vw"]


def test_seeds_are_averaged(table: Table) -> None:
    project = table.standings[0]
    assert project.scores is not None
    assert project.scores["accuracy"].mean == pytest.approx((0.90 + 0.95) / 2)
    assert project.scores["accuracy"].deviation == pytest.approx(0.05 / np.sqrt(2))


def test_a_cut_peer_meets_the_project_on_the_rows_it_played(table: Table) -> None:
    cut = next(standing for standing in table.standings if standing.contestant == "river-arf")
    assert (cut.records, cut.is_cut) == (200, True)
    assert cut.against is not None
    assert cut.against.records == 200
    assert cut.against.project == pytest.approx(np.mean([wrong_every(n, 200) == Y_N[:200] for n in (10, 20)]))
    assert cut.against.margin.difference == pytest.approx(0.5 - 0.075)


def test_the_rate_is_by_the_clock_asked_for(table: Table) -> None:
    rival = next(standing for standing in table.standings if standing.contestant == "river-hat")
    assert rival.records_per_second == pytest.approx(40)
    assert rival.against is not None
    assert rival.against.speed_ratio == pytest.approx(10)


def test_dummies_are_no_rivals(table: Table) -> None:
    rival = strongest_peer(table)
    assert rival is not None
    assert rival.contestant == "river-hat"


def test_tables_say_everything(table: Table) -> None:
    written = io.StringIO()
    console = Console(width=200, file=written)
    print_table(console, table, "wall")
    print_summary(console, [table])
    text = written.getvalue()
    assert "0.5000 @200" in text
    assert "vw: not installed: pip install vowpalwabbit" in text
    assert "At least level with every peer on 1 of 1 streams" in text
