"""Where journals lie: a run's folder holds one, the service's state folder one in each stream's folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

__all__ = ["JOURNAL_NAME", "journals_of"]

JOURNAL_NAME = "journal.sqlite"


def journals_of(path: Path) -> Mapping[str, Path]:
    """The journals at a path by the name of their stream, in alphabetical order; empty when there is none.

    Args:
        path: a journal, which need not exist yet; a run's folder; or a folder of such folders.
    """
    if not path.is_dir():
        is_usual = path.name == JOURNAL_NAME
        return {path.resolve().parent.name if is_usual else path.stem: path}
    own = path / JOURNAL_NAME
    found = [own] if own.is_file() else []
    found += sorted(path.glob(f"*/{JOURNAL_NAME}"))
    return {journal.resolve().parent.name: journal for journal in found}
