"""Opens a page without a browser, and reads what it shows."""

from __future__ import annotations

import html
import json
import re
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

APP = Path(__file__).parents[2] / "dashboards" / "pages" / "app.py"
PAGES = ("now", "gates", "drift", "experts", "actions", "data", "compare", "system")


class Page:
    """One page of a dashboard, run once."""

    def __init__(self, app: AppTest) -> None:
        self.app = app

    def run(self) -> Page:
        """Run it again."""
        self.app.run()
        assert not self.app.exception, self.app.exception[0].stack_trace
        return self

    @property
    def markup(self) -> list[str]:
        """All pieces of HTML."""
        return [str(element.proto.body) for element in self.app.get("html")]

    def piece(self, part: str) -> str:
        """The first piece of HTML that holds this class; empty without one."""
        return next((body for body in self.markup if f'class="{part}"' in body), "")

    @property
    def words(self) -> str:
        """Everything that is written as HTML, without its tags."""
        return html.unescape(re.sub(r"<[^>]+>", " ", " ".join(self.markup[1:])))

    @property
    def strip(self) -> str:
        """The verdict, or why there is none."""
        return self.piece("strip")

    @property
    def figures(self) -> dict[str, str]:
        """The key figures of all tiles."""
        found = "".join(body for body in self.markup if 'class="tiles"' in body)
        pairs = re.findall(r'class="label">(.*?)</div><div class="value">(.*?)</div>', found)
        return dict(pairs)

    @property
    def charts(self) -> dict[str, dict[str, Any]]:
        """The specifications of all charts by what a screen reader is told of them."""
        return {
            str(chart.proto.alt): json.loads(chart.proto.spec) for chart in self.app.get("vega_lite_chart")
        }

    def chart(self, beginning: str) -> dict[str, Any]:
        """The chart whose description begins with these words."""
        return next(spec for alt, spec in self.charts.items() if alt.startswith(beginning))

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """All tables by what a screen reader is told of them."""
        return {str(table.proto.alt): table.value for table in self.app.dataframe}

    def table(self, beginning: str) -> pd.DataFrame:
        """The table whose description begins with these words."""
        return next(table for alt, table in self.tables.items() if alt.startswith(beginning))


def opened(
    path: Path, monkeypatch: pytest.MonkeyPatch, page: str = "now", *arguments: str, **query: str
) -> Page:
    """Open a page of what lies at a path, as if by a link."""
    monkeypatch.setattr(sys, "argv", [str(APP), "--journal", str(path), *arguments])
    app = AppTest.from_file(str(APP), default_timeout=60)
    for name, value in query.items():
        app.query_params[name] = value
    found = Page(app).run()
    if page == "now":
        return found
    app.switch_page(f"{page}.py")
    return found.run()
