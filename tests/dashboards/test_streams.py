from __future__ import annotations

from pathlib import Path

from dashboards.streams import streams_at


def journal(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "journal.sqlite"
    path.touch()
    return path


def test_a_run_is_named_after_its_folder_and_a_journal_after_itself(tmp_path: Path) -> None:
    path = journal(tmp_path / "elec")
    assert streams_at(tmp_path / "elec") == {"elec": path}
    assert streams_at(path) == {"elec": path}
    assert streams_at(tmp_path / "other.sqlite") == {"other": tmp_path / "other.sqlite"}


def test_the_streams_of_a_state_folder_stand_side_by_side(tmp_path: Path) -> None:
    clicks, orders = journal(tmp_path / "clicks"), journal(tmp_path / "eu" / "orders")
    assert streams_at(tmp_path) == {"clicks": clicks, "eu/orders": orders}


def test_where_there_is_no_journal_yet_one_is_expected(tmp_path: Path) -> None:
    folder = tmp_path / "soon"
    folder.mkdir()
    assert streams_at(folder) == {"soon": folder / "journal.sqlite"}
