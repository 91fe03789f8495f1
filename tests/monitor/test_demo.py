"""The demo: what it writes down, and that nothing of it is left behind."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pandas as pd
import pytest

from monitor.commands import demo
from monitor.commands.dashboard_process import DashboardProcess, WatchfulView
from monitor.journal.reader import JournalReader
from monitor.journal.schema import EventKind
from monitor.status import Status
from monitor.targets import Task
from stream_hmoe.streams import DriftStream
from tests.monitor import made_streams
from tests.monitor.command import Done, inside, kill, start, wait_for_growth, wait_until

PERIOD = 1_000
QUICK = ["demo", "--rate", "0", "--run-dir", "run", "--period", str(PERIOD)]


def run(folder: Path, *more: str) -> Done:
    return inside([*QUICK, "--no-dashboard", "--json", "--quiet", *more], folder)


def changes(folder: Path) -> list[tuple[int, str]]:
    with JournalReader(folder / "run" / "journal.sqlite") as reader:
        events = reader.events([EventKind.CHANGE_POINT])
    return list(zip(events["record"].tolist(), events["message"].tolist(), strict=True))


def known_changes(records: int) -> list[tuple[int, str]]:
    points = DriftStream(0, PERIOD).change_points_between(0, records)
    return [(point.record, f"{point.description} ({point.kind})") for point in points]


def intervals(folder: Path) -> pd.DataFrame:
    with JournalReader(folder / "run" / "journal.sqlite") as reader:
        return reader.intervals().drop(columns=["time_seconds", "records_per_second", "memory_bytes"])


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


def is_healthy(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health") as answer:
            return bool(answer.read() == b"ok")
    except (urllib.error.URLError, ConnectionError):
        return False


def is_closed(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def test_it_stops_after_the_records_asked_for_with_the_known_changes_in_the_journal(tmp_path: Path) -> None:
    done = run(tmp_path, "--records", "2500")
    assert done.exit_code == 0, done.error
    assert (done.json["status"], done.json["records"], done.json["rejected"]) == ("stopped", 2_500, 0)
    assert "--records" not in done.json["resume"]
    assert len(known_changes(2_500)) == 15
    assert changes(tmp_path) == known_changes(2_500)


def test_it_begins_anew_unless_it_is_resumed(tmp_path: Path) -> None:
    for _ in range(2):
        assert run(tmp_path, "--records", "1300").json["records"] == 1_300
    assert changes(tmp_path) == known_changes(1_300)
    done = run(tmp_path, "--records", "2100", "--resume")
    assert (done.exit_code, done.json["records"]) == (0, 2_100)
    assert changes(tmp_path) == known_changes(2_100)
    (tmp_path / "straight").mkdir()
    run(tmp_path / "straight", "--records", "2100")
    pd.testing.assert_frame_equal(intervals(tmp_path), intervals(tmp_path / "straight"))


def test_killed_and_resumed_it_tells_every_change_once_and_in_order(tmp_path: Path) -> None:
    process = start([*QUICK, "--no-dashboard", "--quiet"], tmp_path, stdout=subprocess.DEVNULL)
    second = tmp_path / "run" / "checkpoint"
    wait_until(lambda: len(list(second.glob("*/manifest.json"))) >= 2, process)
    wait_for_growth(tmp_path / "run" / "journal.sqlite", 1_000_000, process)
    kill(process)
    reached = int(intervals(tmp_path)["record"].max())
    done = run(tmp_path, "--records", str(reached + 1_000), "--resume")
    assert (done.exit_code, done.json["records"]) == (0, reached + 1_000)
    assert changes(tmp_path) == known_changes(reached + 1_000)


def test_ctrl_c_ends_the_demo_and_its_dashboard_and_what_was_learned_is_kept(tmp_path: Path) -> None:
    port = free_port()
    process = start(
        ["demo", "--run-dir", "run", "--port", str(port)],
        tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    wait_until(lambda: is_healthy(port), process)
    process.send_signal(signal.SIGINT)
    out, error = process.communicate()
    assert process.returncode == 0, error
    assert is_closed(port)
    assert f"dashboard: http://127.0.0.1:{port}\n".encode() in error
    assert b"metrics: http://127.0.0.1:" in error
    assert b"stopped: Ctrl-C" in out
    assert f"demo --run-dir run --port {port} --resume".encode() in out
    assert b"dashboard run" in out
    assert b"Traceback" not in error
    with JournalReader(tmp_path / "run" / "journal.sqlite") as reader:
        reached = int(reader.events([EventKind.STOPPED])["record"].iloc[-1])
    wanted = ["demo", "--run-dir", "run", "--no-dashboard", "--quiet", "--json", "--resume"]
    done = inside([*wanted, "--rate", "0", "--records", str(reached + 700)], tmp_path)
    assert (done.exit_code, done.json["records"]) == (0, reached + 700)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with a parent that was killed")
def test_a_demo_that_is_killed_takes_its_dashboard_along(tmp_path: Path) -> None:
    port = free_port()
    process = start(["demo", "--run-dir", "run", "--port", str(port), "--quiet"], tmp_path)
    wait_until(lambda: is_healthy(port), process)
    kill(process)
    witness = start(["demo", "--run-dir", "other", "--no-dashboard", "--quiet"], tmp_path)
    wait_until(lambda: is_closed(port), witness)
    kill(witness)


def test_a_lost_dashboard_is_told_of_once_and_the_run_goes_on(tmp_path: Path) -> None:
    notes: list[str] = []

    class Noting:
        def show(self, status: Status) -> None:
            notes.append("shown")

        def note(self, text: str) -> None:
            notes.append(text)

        def close(self, status: Status) -> None:
            notes.append("closed")

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        dashboard = DashboardProcess(tmp_path / "journal.sqlite", "127.0.0.1", port, notes.append)
        view = WatchfulView(Noting(), dashboard, "hmoe dashboard run")
        with dashboard:
            while not dashboard.is_lost:
                assert "URL" not in dashboard.log.read_text(), "it serves a page on a port that is taken"
            view.show(Status(Task.CLASSIFICATION))
            view.show(Status(Task.CLASSIFICATION))
        assert not dashboard.is_lost
        view.close(Status(Task.CLASSIFICATION))
    assert notes[0] == f"http://127.0.0.1:{port}"
    assert "Open it again with: hmoe dashboard run" in notes[1]
    assert notes[2:] == ["shown", "shown", "closed"]
    assert str(port) in dashboard.log.read_text()


def test_a_taken_port_that_was_named_is_refused_before_anything_is_replaced(tmp_path: Path) -> None:
    run(tmp_path, "--records", "300")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = inside([*QUICK, "--records", "10", "--port", str(port)], tmp_path)
    assert done.exit_code == 75
    assert f"port {port} on 127.0.0.1 cannot be used (Address already in use)" in done.error
    assert "--port" in done.error
    assert run(tmp_path, "--records", "300", "--resume").json["records"] == 300


def test_a_taken_usual_port_is_passed_over_and_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setattr(demo, "PORT", port)
        done = inside([*QUICK, "--records", "10"], tmp_path)
    assert done.exit_code == 0, done.error
    assert f"({port} is taken; --port chooses another)" in done.error
    assert f"dashboard: http://127.0.0.1:{port}\n" not in done.error


def test_a_run_that_is_no_demo_is_not_replaced(tmp_path: Path) -> None:
    stream = made_streams.write_csv(tmp_path / "stream.csv", made_streams.drifting(300))
    inside(["run", "--input", stream, "--target", "label", "--run-dir", "run", "--quiet"], tmp_path)
    done = run(tmp_path, "--records", "10")
    assert done.exit_code == 78
    assert "run already holds a run" in done.error
    assert len(intervals(tmp_path)) == 2
    assert run(tmp_path, "--records", "10", "--overwrite").json["records"] == 10


def test_another_stream_is_not_resumed(tmp_path: Path) -> None:
    run(tmp_path, "--records", "300")
    done = run(tmp_path, "--records", "400", "--resume", "--seed", "1")
    assert done.exit_code == 78
    assert "the run to resume has seed 0, not 1" in done.error


def test_two_demos_do_not_write_to_the_same_files(tmp_path: Path) -> None:
    first = start([*QUICK, "--no-dashboard", "--quiet"], tmp_path)
    wait_for_growth(tmp_path / "run" / "journal.sqlite", 1, first)
    done = run(tmp_path, "--records", "10")
    kill(first)
    assert done.exit_code == 75
    assert "another run is writing run/journal.sqlite" in done.error


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("a file")
    done = run(tmp_path, "--records", "10")
    assert done.exit_code == 78
    assert "cannot write in run (File exists); choose another --run-dir" in done.error


@pytest.mark.parametrize(
    "wrong",
    [
        ["--records", "0"],
        ["--rate", "-1"],
        ["--port", "70000"],
        ["--period", "5"],
        ["--resume", "--overwrite"],
    ],
)
def test_wrong_options_are_refused(wrong: list[str], tmp_path: Path) -> None:
    done = run(tmp_path, *wrong)
    assert done.exit_code == 2
    assert wrong[0] in done.error
    assert not (tmp_path / "run").exists()
