"""A comparison of learners, when its results lie beside the journal."""

from __future__ import annotations

from pathlib import Path

from dashboards.comparison_file import NAME, ComparisonDamaged, read_comparison
from dashboards.data.snapshot import Snapshot
from dashboards.frame import show
from dashboards.scene import Scene
from monitor.journal.reader import JournalReader


def part(journal: JournalReader, path: Path, snapshot: Snapshot) -> Path:
    """Where the results would lie."""
    return path.with_name(NAME)


def draw(scene: Scene, path: Path) -> None:
    """The page below the verdict."""
    scene.section("This learner beside others, on the same stream")
    try:
        tables = read_comparison(path)
    except ComparisonDamaged as error:
        scene.empty(f"{error}. Write it anew, or take it away.")
        return
    if not tables:
        scene.empty(
            f"No comparison lies at {path}. Tables of results, as JSON, are shown here as soon as they do; "
            "no command of this version writes them."
        )
        return
    for title, table in tables.items():
        scene.section(title)
        scene.table(table, {}, title, f"Results of the comparison: {title}")


show("compare", part, draw, needs_intervals=False)
