"""Every page of a live run in a real browser: no exception, no error, live, accessible, in light and dark.

Screenshots go to the folder that DASHBOARD_PICTURES names.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

ROOT = Path(__file__).parents[2]
CHROMIUM = shutil.which("chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
PAGES = ("Now", "Gates", "Drift", "Experts", "Actions", "Data", "Compare", "System")
WAIT_MILLISECONDS = 60_000
SERIOUS = {"serious", "critical"}

if CHROMIUM is None and os.environ.get("CI") != "true":
    pytest.skip("chromium is not installed: apt-get install chromium", allow_module_level=True)


@contextmanager
def process(*words: str, until: str = "") -> Iterator[None]:
    """A command of this package while the test needs it, from the moment on at which it prints a word."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", *words]
    pipe, silent = subprocess.PIPE, subprocess.DEVNULL
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=pipe, stderr=silent, text=True
    ) as started:
        assert started.stdout is not None
        try:
            if until:
                next(line for line in started.stdout if until in line)
            yield
        finally:
            started.send_signal(signal.SIGTERM)
            started.communicate(timeout=30.0)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The dashboard of a run at 2,000 records a second, both just started."""
    folder = tmp_path_factory.mktemp("live") / "demo"
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    run = ("monitor", "demo", "--run-dir", str(folder), "--no-dashboard", "--no-metrics", "--quiet")
    journal = str(folder / "journal.sqlite")
    with ExitStack() as stack:
        stack.enter_context(process("dashboards", "--journal", journal, "--port", str(port), until="URL"))
        stack.enter_context(process(*run, "--rate", "2000"))
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM or "chromium", args=FLAGS)
        yield launched
        launched.close()


@contextmanager
def tab(browser: Browser, address: str, scheme: str) -> Iterator[tuple[Page, list[str]]]:
    """A page that shows the newest figures, and the errors that its console will have shown."""
    context = browser.new_context(color_scheme=scheme, viewport={"width": 1_400, "height": 1_000})  # type: ignore[arg-type]
    page = context.new_page()
    page.set_default_timeout(WAIT_MILLISECONDS)
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    try:
        page.goto(address)
        page.wait_for_selector(".tiles")
        yield page, errors
    finally:
        context.close()


def turn_to(page: Page, title: str) -> None:
    """Click on a page's name and wait for it."""
    page.get_by_test_id("stTopNavLink").filter(has_text=title).click()
    page.wait_for_selector(f'h1:has-text("{title}")')
    page.wait_for_selector(".strip")


def keep_picture(page: Page, name: str) -> None:
    """A screenshot as long as the page."""
    folder = os.environ.get("DASHBOARD_PICTURES")
    if folder is None:
        return
    height = int(page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight"))
    page.set_viewport_size({"width": 1_400, "height": height + 20})
    page.screenshot(path=Path(folder) / f"{name}.png")
    page.set_viewport_size({"width": 1_400, "height": 1_000})


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_of_a_live_run_is_without_fault(browser: Browser, address: str, scheme: str) -> None:
    with tab(browser, address, scheme) as (page, errors):
        for title in PAGES:
            turn_to(page, title)
            if title not in ("Compare", "Data"):
                page.wait_for_selector('[data-testid="stVegaLiteChart"] canvas')
            assert page.get_by_test_id("stException").count() == 0
            found = Axe().run(page).response["violations"]
            grave = [
                f"{fault['id']}: {fault['nodes'][0]['html']}" for fault in found if fault["impact"] in SERIOUS
            ]
            assert not grave, title
            keep_picture(page, f"{title.lower()}-{scheme}")
        assert not errors


def test_figures_go_on_by_themselves_until_the_page_is_paused(browser: Browser, address: str) -> None:
    with tab(browser, address, "light") as (page, errors):
        records = page.locator(".tile .value").first
        before = records.inner_text()
        expect(records).not_to_have_text(before, timeout=WAIT_MILLISECONDS)
        page.get_by_text("Pause").click()
        expect(page.locator(".badge")).to_contain_text("paused")
        assert not errors


def test_what_changed_last_is_one_click_away_and_in_the_link(browser: Browser, address: str) -> None:
    with tab(browser, address, "light") as (page, errors):
        page.get_by_text("What moved, and where").click()
        page.wait_for_selector('h1:has-text("Drift")')
        expect(page.locator("dl.answers")).to_contain_text("seen at record")
        expect(page).to_have_url(re.compile(r"episode=\d"))
        page.get_by_text("100k", exact=True).click()
        expect(page).to_have_url(re.compile("window=100k"))
        turn_to(page, "Gates")
        expect(page).to_have_url(re.compile("gates.*window=100k"))
        assert not errors


def test_pages_are_reached_with_the_keyboard_alone(browser: Browser, address: str) -> None:
    with tab(browser, address, "light") as (page, _):
        link = page.get_by_test_id("stTopNavLink").filter(has_text="Gates")
        for _step in range(12):
            page.keyboard.press("Tab")
            if link.evaluate("element => element === document.activeElement"):
                break
        page.keyboard.press("Enter")
        page.wait_for_selector('h1:has-text("Gates")')


def test_what_a_page_shows_is_saved_as_csv(browser: Browser, address: str) -> None:
    with tab(browser, address, "light") as (page, _):
        page.get_by_test_id("stPopover").get_by_role("button").click()
        with page.expect_download() as saved:
            page.get_by_test_id("stDownloadButton").get_by_role("button", name="metric", exact=True).click()
        assert saved.value.path().read_text().startswith("record,metric,metric_window\n")
