from __future__ import annotations

import json
import re
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from monitor.journal.schema import EventKind, EventRow
from monitor.journal.writer import JournalWriter
from tests.dashboards import journals

PAGE = Path(__file__).parents[2] / "dashboards" / "app.py"


def opened(path: Path, monkeypatch: pytest.MonkeyPatch, **query: str) -> AppTest:
    monkeypatch.setattr(sys, "argv", [str(PAGE), "--journal", str(path)])
    page = AppTest.from_file(str(PAGE), default_timeout=60)
    for name, value in query.items():
        page.query_params[name] = value
    page.run()
    assert not page.exception
    return page


def markup(page: AppTest, part: str) -> str:
    """The piece of HTML on the page that holds this class."""
    bodies = [str(element.proto.body) for element in page.get("html")]
    return next((body for body in bodies if f'class="{part}"' in body), "")


def strip(page: AppTest) -> str:
    return markup(page, "strip")


def specs(page: AppTest) -> list[dict[str, Any]]:
    return [json.loads(chart.proto.spec) for chart in page.get("vega_lite_chart")]


def figures(page: AppTest) -> dict[str, str]:
    pairs = re.findall(r'class="label">(.*?)</div><div class="value">(.*?)</div>', markup(page, "tiles"))
    return dict(pairs)


@pytest.fixture
def live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, story: journals.Story) -> Path:
    """A journal whose newest record is a moment old."""
    begin = time.time() - story.records / story.records_per_second
    monkeypatch.setattr(journals, "START_SECONDS", begin)
    return journals.write(tmp_path / "live.sqlite", story)


def test_the_page_shows_verdict_figures_charts_and_tables(
    live: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = opened(live, monkeypatch)
    assert "Healthy" in strip(page)
    assert figures(page)["Records"] == "20,000"
    assert figures(page)["Experts"] == "8"
    assert figures(page)["Rejected records"] == "3"
    assert figures(page)["Accuracy, last 1,000"].startswith("8")
    assert len(specs(page)) == 3
    assert len(page.dataframe[0].value) == 8
    assert page.dataframe[1].value["kind"].tolist() == ["drift", "drift", "drift", "change point", "started"]


def test_a_page_with_a_controller_shows_evidence_and_what_was_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = journals.Story(is_controlled=True)
    page = opened(journals.write(tmp_path / "controlled.sqlite", story), monkeypatch, window="all")
    assert len(specs(page)) == 4
    assert [title.value for title in page.markdown if "What it did" in title.value]
    episodes, changes = page.dataframe[0].value, page.dataframe[1].value
    assert episodes["outcome"].tolist() == ["promoted"]
    assert episodes["decision"].tolist() == ["challengers: retrain"]
    assert changes["seen"].tolist() == ["after 600 records"]
    assert changes["back"].tolist()[0].startswith("after 3,")
    worth = [str(element.proto.body) for element in page.get("html") if "frozen" in str(element.proto.body)]
    assert "Errors avoided against a copy frozen at record 1,000" in worth[0]


def test_a_controller_that_never_acted_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    story = journals.Story(is_controlled=True, changes=())
    page = opened(journals.write(tmp_path / "calm.sqlite", story), monkeypatch)
    assert [caption.value for caption in page.caption if caption.value.startswith("Nothing: no signal")]
    assert len(page.dataframe) == 2


def test_what_is_shown_of_the_stream_is_in_the_link(live: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = opened(live, monkeypatch, window="5k", group="trees", pause="true")
    assert page.segmented_control(key="window").value == "5k"
    assert page.toggle(key="pause").value is True
    assert page.selectbox(key="group").value == "trees"
    assert "paused" in strip(page)
    assert ["0", "1", "2"] in [
        layer["encoding"]["color"]["scale"]["domain"]
        for layer in specs(page)[1]["layer"]
        if "scale" in layer["encoding"].get("color", {})
    ]


def test_a_link_with_nonsense_opens_the_page_as_usual(live: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = opened(live, monkeypatch, window="7 miles", group="nobody")
    assert page.segmented_control(key="window").value == "20k"
    assert page.selectbox(key="group").value == "all groups"


@pytest.mark.parametrize("window", ["5k", "20k", "100k", "all"])
def test_every_window_can_be_chosen(live: Path, monkeypatch: pytest.MonkeyPatch, window: str) -> None:
    page = opened(live, monkeypatch)
    page.segmented_control(key="window").set_value(window).run()
    assert not page.exception
    assert figures(page)["Records"] == "20,000"


def test_a_paused_page_stands_still_while_the_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = journals.write(tmp_path / "growing.sqlite", journals.Story())
    page = opened(path, monkeypatch, pause="true")
    path.unlink()
    journals.write(path, journals.Story(records=24_000))
    page.selectbox(key="group").set_value("trees").run()
    assert figures(page)["Records"] == "20,000"
    page.segmented_control(key="window").set_value("5k").run()
    assert figures(page)["Records"] == "24,000"


def test_old_data_turn_the_badge_red(journal: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = opened(journal, monkeypatch)
    assert "Silent" in strip(page)
    assert "badge stale" in strip(page)


def test_a_regression_has_its_own_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    story = journals.Story(is_classification=False)
    page = opened(journals.write(tmp_path / "regression.sqlite", story), monkeypatch)
    assert "MAE, last 1,000" in figures(page)


def test_words_of_the_stream_are_never_markup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "odd.sqlite"
    odd = EventRow(19_990, EventKind.DRIFT, "odd", "<script>x</script>", 2, 1.0)
    story = journals.Story(changes=(19_000,))
    page = opened(journals.write(path, story, [odd]), monkeypatch)
    assert "Silent" in strip(page)
    assert "<script>" not in strip(page)


def test_a_journal_without_records_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "empty.sqlite"
    JournalWriter(path, journals.Story().meta).close()
    page = opened(path, monkeypatch)
    assert "Waiting" in strip(page)
    assert not figures(page)


def test_a_missing_journal_is_said_and_appears_as_soon_as_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, story: journals.Story
) -> None:
    path = tmp_path / "later.sqlite"
    page = opened(path, monkeypatch)
    assert "No journal yet" in strip(page)
    assert not page.get("download_button")
    journals.write(path, story)
    page.run()
    assert len(page.get("download_button")) == 6
    assert figures(page)["Records"] == "20,000"


def test_a_newer_journal_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "newer.sqlite"
    writer = JournalWriter(path, {})
    writer.set_meta({"schema_version": "999"})
    writer.close()
    assert "Journal from a newer version" in strip(opened(path, monkeypatch))


def test_a_broken_journal_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "broken.sqlite"
    path.write_bytes(b"\x00garbage" * 500)
    assert "Journal cannot be read" in strip(opened(path, monkeypatch))


def test_a_journal_that_breaks_in_the_middle_is_said(live: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = bytearray(live.read_bytes())
    content[8_192:] = b"\xff" * (len(content) - 8_192)
    live.write_bytes(bytes(content))
    assert "Journal cannot be read" in strip(opened(live, monkeypatch))
