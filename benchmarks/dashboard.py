"""How long the dashboard's pages take to open and to update, and what they hold: ``--help`` says how to ask.

A page is opened by its own link in headless Chromium, with a fresh tab, and is open when its first chart is
drawn (where it has none: its first table, or its verdict). An update is one second of a page that is left
alone: the time that the browser's main thread worked in it, and the processor time that the server took. A
soak leaves one page open and watches the server's resident memory and the browser's heap, collected before
each reading.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from playwright.sync_api import Browser, CDPSession, Page, sync_playwright
from rich.table import Table as Grid

from .comparison import write_json
from .reports.tables import wide_console

__all__ = ["Opening", "Soak", "main"]

ROOT = Path(__file__).parents[1]
PAGES = ("now", "gates", "drift", "experts", "actions", "data", "compare", "system")
CHART = '[data-testid="stVegaLiteChart"] canvas'
WITHOUT_CHART = {"compare": ".strip", "data": f'{CHART}, [data-testid="stDataFrame"] canvas'}
TICKS = 10
READING_SECONDS = 10.0
WAIT_MILLISECONDS = 60_000
FLAGS = ["--no-sandbox", "--disable-dev-shm-usage", "--js-flags=--expose-gc"]
MEBIBYTE = 2.0**20


@dataclass(frozen=True, slots=True)
class Opening:
    """One page.

    Args:
        page: its name.
        first_chart_seconds: from asking for it to its first chart; the median of the repeats.
        browser_milliseconds: work of the browser's main thread in a second of an open page.
        server_milliseconds: processor time of the server in the same second.
    """

    page: str
    first_chart_seconds: float
    browser_milliseconds: float
    server_milliseconds: float


@dataclass(frozen=True, slots=True)
class Soak:
    """One reading of a page that stays open: after how many seconds, bytes of server and heap, DOM nodes."""

    seconds: float
    server_bytes: int
    heap_bytes: int
    nodes: int


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; the exit code."""
    options = _parser().parse_args(arguments)
    chromium = shutil.which("chromium")
    if chromium is None:
        print("chromium is not installed: apt-get install chromium", file=sys.stderr)
        return 2
    console = wide_console()
    with ExitStack() as stack:
        journal = options.journal or stack.enter_context(_live_run(options.rate))
        server, address = stack.enter_context(_served(journal))
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        openings = [_opened(browser, address, page, server, options) for page in PAGES]
        soak = list(_soaked(browser, address, server, options.soak)) if options.soak else []
        browser.close()
    console.print(_table(openings))
    if soak:
        first, last = soak[min(1, len(soak) - 1)], soak[-1]
        console.print(
            f"open for {last.seconds:.0f} s: server {first.server_bytes / MEBIBYTE:.0f} MiB -> "
            f"{last.server_bytes / MEBIBYTE:.0f} MiB, browser heap {first.heap_bytes / MEBIBYTE:.1f} MiB -> "
            f"{last.heap_bytes / MEBIBYTE:.1f} MiB, {first.nodes:,} -> {last.nodes:,} nodes"
        )
    if options.json:
        results = {"openings": [asdict(one) for one in openings], "soak": [asdict(one) for one in soak]}
        write_json(options.json, "dashboard", vars(options), **results)
    return 0


@contextmanager
def _live_run(rate: float) -> Iterator[Path]:
    """The journal of a demo that goes on at ``rate`` records a second, once it has an interval."""
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "demo"
        words = [
            "-m",
            "monitor",
            "demo",
            "--run-dir",
            str(run),
            "--rate",
            str(rate),
            "--no-dashboard",
            "--quiet",
        ]
        with _process(words):
            journal = run / "journal.sqlite"
            while not journal.exists():
                time.sleep(0.1)
            time.sleep(20.0)  # the compiler's share is not the dashboard's
            yield journal


@contextmanager
def _served(journal: Path) -> Iterator[tuple[int, str]]:
    """Process id and address of a dashboard."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with _process(["-m", "dashboards", "--journal", str(journal), "--port", str(port)]) as process:
        assert process.stdout is not None
        next(line for line in process.stdout if "URL" in line)
        yield process.pid, f"http://127.0.0.1:{port}"


@contextmanager
def _process(words: Sequence[str]) -> Iterator[subprocess.Popen[str]]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        [sys.executable, *words],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.terminate()
            process.communicate(timeout=60.0)


def _opened(browser: Browser, address: str, page: str, server: int, options: argparse.Namespace) -> Opening:
    """Open one page several times, and watch it the last time."""
    taken: list[float] = []
    for repeat in range(options.repeats):
        context = browser.new_context(viewport={"width": 1_400, "height": 1_000})
        tab = context.new_page()
        tab.set_default_timeout(WAIT_MILLISECONDS)
        begin = time.perf_counter()
        _go(tab, address, page, options.window)
        taken.append(time.perf_counter() - begin)
        if repeat == options.repeats - 1:
            time.sleep(2.0)
            browser_ms, server_ms = _work(context.new_cdp_session(tab), server)
        context.close()
    return Opening(page, statistics.median(taken), browser_ms, server_ms)


def _go(tab: Page, address: str, page: str, window: str) -> None:
    tab.goto(f"{address}/{'' if page == 'now' else page}?window={window}")
    tab.wait_for_selector(WITHOUT_CHART.get(page, CHART))


def _work(session: CDPSession, server: int) -> tuple[float, float]:
    """Milliseconds of work in a second, of the browser's main thread and of the server."""
    session.send("Performance.enable")
    before, server_before, begin = (
        _metric(session, "TaskDuration"),
        _processor_seconds(server),
        time.perf_counter(),
    )
    time.sleep(TICKS)
    seconds = time.perf_counter() - begin
    worked = _metric(session, "TaskDuration") - before
    return 1_000.0 * worked / seconds, 1_000.0 * (_processor_seconds(server) - server_before) / seconds


def _soaked(browser: Browser, address: str, server: int, seconds: float) -> Iterator[Soak]:
    """A reading every ten seconds of a page that shows everything."""
    context = browser.new_context(viewport={"width": 1_400, "height": 1_000})
    tab = context.new_page()
    _go(tab, address, "now", "20k")
    session = context.new_cdp_session(tab)
    session.send("Performance.enable")
    begin = time.perf_counter()
    while (passed := time.perf_counter() - begin) < seconds:
        time.sleep(READING_SECONDS)
        session.send("HeapProfiler.collectGarbage")
        heap, nodes = int(_metric(session, "JSHeapUsedSize")), int(_metric(session, "Nodes"))
        yield Soak(passed + READING_SECONDS, _resident_bytes(server), heap, nodes)
    context.close()


def _metric(session: CDPSession, name: str) -> float:
    found = session.send("Performance.getMetrics")["metrics"]
    return float(next(metric["value"] for metric in found if metric["name"] == name))


def _processor_seconds(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _resident_bytes(process: int) -> int:
    pages = Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def _table(openings: Sequence[Opening]) -> Grid:
    table = Grid("page", "first chart (s)", "browser (ms a second)", "server (ms a second)")
    for one in openings:
        times = (one.first_chart_seconds, one.browser_milliseconds, one.server_milliseconds)
        table.add_row(one.page, *(f"{value:.2f}" if value < 10 else f"{value:.0f}" for value in times))
    return table


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.dashboard", description=__doc__)
    parser.add_argument("--journal", type=Path, help="journal to show; default: that of a demo under way")
    parser.add_argument("--rate", type=float, default=2_000.0, help="records a second of the demo")
    parser.add_argument("--window", default="20k", choices=["5k", "20k", "100k", "all"], help="records shown")
    parser.add_argument("--repeats", type=int, default=3, help="of every opening; the median counts")
    parser.add_argument(
        "--soak", type=float, default=0.0, metavar="SECONDS", help="how long a page stays open"
    )
    parser.add_argument("--json", type=Path, help="file for the numbers")
    return parser


if __name__ == "__main__":
    sys.exit(main())
