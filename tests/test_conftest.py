from pathlib import Path

import pytest

SKIPPING = """
import pytest

@pytest.mark.skip(reason="no such device")
def test_skipped(): ...

@pytest.mark.xfail
def test_known_bug(): raise ValueError

def test_fine(): ...
"""


@pytest.mark.parametrize(("ci", "outcome"), [("true", {"errors": 1}), ("", {"skipped": 1})])
def test_a_skip_fails_in_ci_only(
    ci: str, outcome: dict[str, int], pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", ci)
    pytester.makeconftest((Path(__file__).parent / "conftest.py").read_text().replace("pytest_plugins", "_"))
    pytester.makepyfile(SKIPPING)
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    result.assert_outcomes(passed=1, xfailed=1, **outcome)


def test_a_module_that_skips_itself_fails_in_ci(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")
    pytester.makeconftest((Path(__file__).parent / "conftest.py").read_text().replace("pytest_plugins", "_"))
    pytester.makepyfile("import pytest; pytest.importorskip('no_such_module')")
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    assert result.ret != 0
    result.stdout.fnmatch_lines(["*nothing may skip in CI*"])
