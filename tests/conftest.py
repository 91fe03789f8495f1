"""Settings for every test: nothing may skip where it counts, and a slow machine fails no property."""

from __future__ import annotations

import os
from collections.abc import Generator
from typing import TypeVar

import pytest
from hypothesis import settings

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)

pytest_plugins = ["pytester"]
# Small matrices on a shared machine: more threads wait for each other. Read when torch is first imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    return refuse_skip((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    return refuse_skip((yield))


def refuse_skip(report: Report) -> Report:
    """Turn a skip into a failure when CI says so: a test that did not run has shown nothing."""
    expected_to_fail = "wasxfail" in report.__dict__
    if report.skipped and not expected_to_fail and os.environ.get("CI") == "true":
        report.outcome = "failed"
        report.longrepr = f"nothing may skip in CI, this did: {report.longrepr}"
    return report
