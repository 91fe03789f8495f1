from __future__ import annotations

import time
from pathlib import Path

import pytest

from monitor.journal.schema import EventKind, EventRow, Rows
from monitor.journal.writer import JournalWriter
from tests.dashboards import journals, made_tables
from tests.dashboards.opened import PAGES, opened


@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens_on_a_real_run(real_run: Path, monkeypatch: pytest.MonkeyPatch, page: str) -> None:
    shown = opened(real_run, monkeypatch, page, window="all")
    assert shown.strip
    assert page.capitalize() in shown.piece("title")
    assert page == "compare" or shown.charts or shown.tables


@pytest.mark.parametrize("page", PAGES)
def test_every_chart_and_table_is_described_and_of_bounded_size(
    live: Path, monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    shown = opened(live, monkeypatch, page, window="all")
    assert all(len(words) > 20 for words in [*shown.charts, *shown.tables])
    for chart in shown.app.get("vega_lite_chart"):
        rows = [data.data.data for data in chart.proto.datasets]
        assert sum(map(len, rows)) < 400_000


@pytest.mark.parametrize("page", PAGES)
def test_every_page_says_why_there_is_nothing_yet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    shown = opened(tmp_path / "later.sqlite", monkeypatch, page)
    assert "No journal yet" in shown.strip
    assert not shown.charts
    assert not shown.app.get("download_button")


@pytest.mark.parametrize("page", PAGES)
def test_every_page_waits_for_the_first_records(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    path = tmp_path / "empty.sqlite"
    JournalWriter(path, journals.Story().meta).close()
    shown = opened(path, monkeypatch, page)
    assert "Waiting" in shown.strip
    assert not shown.charts


def test_a_missing_journal_appears_as_soon_as_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, story: journals.Story
) -> None:
    path = tmp_path / "later.sqlite"
    shown = opened(path, monkeypatch)
    journals.write(path, story)
    shown.run()
    assert shown.figures["Records"] == "20,000"
    assert len(shown.app.get("download_button")) == 2 + 6


@pytest.mark.parametrize(
    ("version", "title"),
    [("999", "Journal from a newer version"), ("1", "Journal from an older version")],
)
def test_a_journal_of_another_version_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, title: str
) -> None:
    path = tmp_path / "other.sqlite"
    writer = JournalWriter(path, {})
    writer.set_meta({"schema_version": version})
    writer.close()
    assert title in opened(path, monkeypatch).strip


def test_a_broken_journal_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "broken.sqlite"
    path.write_bytes(b"\x00garbage" * 500)
    assert "Journal cannot be read" in opened(path, monkeypatch).strip


@pytest.mark.parametrize("page", PAGES)
def test_a_journal_that_breaks_in_the_middle_is_said(
    live: Path, monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    content = bytearray(live.read_bytes())
    content[8_192:] = b"\xff" * (len(content) - 8_192)
    live.write_bytes(bytes(content))
    assert "Journal cannot be read" in opened(live, monkeypatch, page).strip


@pytest.mark.parametrize("page", PAGES)
def test_a_halted_stream_says_why_on_every_page(
    live: Path, monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    made_tables.add(live, Rows(), [made_tables.flow(20_000, time.time(), "a flood of dead letters")])
    shown = opened(live, monkeypatch, page)
    assert "Halted" in shown.strip
    assert "a flood of dead letters" in shown.strip
    assert "docs/runbooks.md#hmoestreamhalted" in shown.strip


def test_old_data_turn_the_badge_red(journal: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = opened(journal, monkeypatch)
    assert "Stale" in shown.strip
    assert "badge stale" in shown.strip


def test_a_process_that_reports_is_not_stale_while_no_record_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = journals.write(tmp_path / "quiet.sqlite", journals.Story(is_served=True))
    assert "badge stale" in opened(path, monkeypatch).strip
    made_tables.add(path, Rows(), [made_tables.flow(20_000, time.time())])
    assert "badge stale" not in opened(path, monkeypatch).strip


def test_what_is_shown_of_the_stream_is_in_the_link(live: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = opened(live, monkeypatch, "gates", window="5k", group="trees", pause="true")
    assert shown.app.segmented_control(key="window").value == "5k"
    assert shown.app.toggle(key="pause").value is True
    assert shown.app.selectbox(key="group").value == "trees"
    assert "paused" in shown.strip


def test_a_link_with_nonsense_opens_the_page_as_usual(live: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nonsense = {"window": "7 miles", "group": "nobody", "expert": "x", "episode": "-1", "arl": "pi"}
    for page in PAGES:
        shown = opened(live, monkeypatch, page, **nonsense)
        assert shown.app.segmented_control(key="window").value == "20k"


@pytest.mark.parametrize("window", ["5k", "20k", "100k", "all"])
def test_every_window_can_be_chosen(live: Path, monkeypatch: pytest.MonkeyPatch, window: str) -> None:
    shown = opened(live, monkeypatch)
    shown.app.segmented_control(key="window").set_value(window)
    assert shown.run().figures["Records"] == "20,000"


def test_a_paused_page_stands_still_while_the_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = journals.write(tmp_path / "growing.sqlite", journals.Story())
    shown = opened(path, monkeypatch, pause="true")
    path.unlink()
    journals.write(path, journals.Story(records=24_000))
    assert shown.run().figures["Records"] == "20,000"
    shown.app.segmented_control(key="window").set_value("5k")
    assert shown.run().figures["Records"] == "24,000"


def test_the_streams_of_a_folder_can_be_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, records in (("clicks", 10_000), ("orders", 12_000)):
        (tmp_path / name).mkdir()
        journals.write(tmp_path / name / "journal.sqlite", journals.Story(records=records, changes=()))
    shown = opened(tmp_path, monkeypatch)
    assert shown.app.selectbox(key="stream").options == ["clicks", "orders"]
    assert shown.figures["Records"] == "10,000"
    assert opened(tmp_path, monkeypatch, "now", stream="orders").figures["Records"] == "12,000"


def test_words_of_the_stream_are_never_markup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    odd = EventRow(19_990, EventKind.DRIFT, "odd", "<script>x</script>", 2, 1.0)
    story = journals.Story(changes=(19_000,), is_served=True)
    path = journals.write(tmp_path / "odd.sqlite", story, [odd])
    made_tables.add(path, Rows(), [made_tables.flow(20_000, time.time(), "<script>y</script>")])
    for page in PAGES:
        assert not [body for body in opened(path, monkeypatch, page).markup if "<script" in body]
