"""What the command line makes of problems that no command foresees."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor import cli
from tests.monitor.command import inside


def failing(message: str) -> None:
    raise RuntimeError(message)


def test_a_compiler_without_a_cache_is_told_where_to_keep_its_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "cannot cache function 'softmax': no locator available for file 'steps.py'"
    monkeypatch.setattr(cli, "app", lambda: failing(said))
    done = inside(["demo"], tmp_path)
    assert done.exit_code == 78
    assert "set NUMBA_CACHE_DIR to a folder that can be written" in done.error


def test_a_mistake_of_our_own_is_not_hidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "app", lambda: failing("something else"))
    with pytest.raises(RuntimeError, match="something else"):
        inside(["demo"], tmp_path)
