"""What the audit of dependencies makes of the answers it gets, and of none."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


@pytest.fixture(scope="module")
def audit() -> ModuleType:
    path = Path(__file__).parents[1] / ".ci" / "audit.py"
    spec = importlib.util.spec_from_file_location("ci_audit", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["ci_audit"] = module
    spec.loader.exec_module(module)
    return module


GOOD: dict[str, Any] = {"name": "good", "version": "1", "vulns": []}
BAD: dict[str, Any] = {"name": "bad", "version": "2", "vulns": [{"id": "CVE-1", "fix_versions": ["3"]}]}
SKIPPED: dict[str, Any] = {"name": "skipped", "skip_reason": "Dependency not found"}


def verdict(audit: ModuleType, *reports: list[dict[str, Any]]) -> tuple[int, str]:
    code, lines = audit.verdict([audit.read_report({"dependencies": report}) for report in reports])
    return code, "\n".join(lines)


def test_clean_is_what_was_looked_up_and_has_nothing(audit: ModuleType) -> None:
    assert verdict(audit, [GOOD]) == (0, "audited: 1 packages, 0 with known vulnerabilities")


def test_a_known_vulnerability_fails_whatever_else_is_unknown(audit: ModuleType) -> None:
    code, text = verdict(audit, [GOOD, BAD, SKIPPED])
    assert code == 1
    assert "VULNERABLE: bad 2: CVE-1 (fixed in 3)" in text
    assert "NOT AUDITED: 1 packages could not be looked up skipped" in text


def test_what_was_skipped_is_not_clean(audit: ModuleType) -> None:
    code, text = verdict(audit, [SKIPPED])
    assert code == 75
    assert "NOT AUDITED" in text
    assert "says nothing about their safety" in text


def test_another_service_may_know_more(audit: ModuleType) -> None:
    assert verdict(audit, [GOOD, SKIPPED], [GOOD, {**SKIPPED, "vulns": [], "version": "1"}])[0] == 75
    known = {"name": "skipped", "version": "1", "vulns": []}
    assert verdict(audit, [GOOD, SKIPPED], [GOOD, known])[0] == 0


def test_no_answer_at_all_is_not_clean(audit: ModuleType) -> None:
    code, lines = audit.verdict([audit.Audit(failure="osv: no such host")])
    assert code == 75
    assert "advisory service unreachable: osv: no such host" in lines


@pytest.mark.parametrize(("allowed", "code"), [([], 75), (["--allow-unreachable"], 0)])
def test_the_command_says_so_and_may_be_told_to_go_on(
    audit: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    allowed: list[str],
    code: int,
) -> None:
    monkeypatch.setattr(audit, "ask", lambda *_: audit.Audit(failure="no such host"))
    monkeypatch.setattr(sys, "argv", ["audit.py", *allowed])
    assert audit.main() == code
    assert "NOT AUDITED: all packages" in capsys.readouterr().out
