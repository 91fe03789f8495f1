from __future__ import annotations

from pathlib import Path

import pytest

from tests.dashboards import journals


@pytest.fixture(scope="session")
def story() -> journals.Story:
    """A stream with one change, learned again by the end."""
    return journals.Story()


@pytest.fixture(scope="session")
def journal(tmp_path_factory: pytest.TempPathFactory, story: journals.Story) -> Path:
    """The journal of that stream."""
    return journals.write(tmp_path_factory.mktemp("journal") / "journal.sqlite", story)
