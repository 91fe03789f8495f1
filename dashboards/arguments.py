"""What the server was started with, as every page sees it."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dashboards.advice import RUNBOOKS

__all__ = ["Arguments", "parse"]


@dataclass(frozen=True, slots=True)
class Arguments:
    """What is shown.

    Args:
        path: a journal, a run's folder, or a folder of such folders.
        prometheus: address of a Prometheus server, for its alerts; empty for none.
        runbooks: where the runbooks are: an address or a path.
    """

    path: Path
    prometheus: str = ""
    runbooks: str = RUNBOOKS

    @property
    def words(self) -> list[str]:
        """The same as command-line arguments."""
        words = ["--journal", str(self.path), "--runbooks", self.runbooks]
        return [*words, "--prometheus", self.prometheus] if self.prometheus else words


def parse(words: Sequence[str]) -> Arguments:
    """Read the command line of the page."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--journal", type=Path, default=Path("journal.sqlite"))
    parser.add_argument("--prometheus", default="")
    parser.add_argument("--runbooks", default=RUNBOOKS)
    chosen = parser.parse_args(list(words))
    return Arguments(chosen.journal, chosen.prometheus, chosen.runbooks)
