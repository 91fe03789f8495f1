"""Options of ``hmoe run`` that have no effect together are refused, each by its name."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.monitor.command import inside


@pytest.mark.parametrize(
    "options",
    [
        ["--input", "a.csv"],
        ["--target", "label"],
        ["--predictions", "out.csv"],
        ["--resume"],
        ["--checkpoint-every", "20000"],
        ["--ignore", "x"],
        ["--no-metrics"],
        ["-q"],
    ],
)
def test_a_configuration_says_all_that_these_say(tmp_path: Path, options: list[str]) -> None:
    done = inside(["run", "--config", "hmoe.yaml", *options], tmp_path)
    assert done.exit_code == 2
    named = "--quiet" if options == ["-q"] else options[0]
    assert f"leave out {named}: the configuration says that instead" in done.error


@pytest.mark.parametrize("options", [["--standby"], ["--set", "http.port=0"]])
def test_what_is_for_a_service_needs_a_configuration(tmp_path: Path, options: list[str]) -> None:
    done = inside(["run", "--input", "a.csv", "--target", "label", *options], tmp_path)
    assert done.exit_code == 2
    assert f"leave out {options[0]}: it goes with --config alone" in done.error


@pytest.mark.parametrize("options", [[], ["--input", "a.csv"], ["--target", "label"]])
def test_without_a_configuration_input_and_target_are_needed(tmp_path: Path, options: list[str]) -> None:
    done = inside(["run", *options], tmp_path)
    assert done.exit_code == 2
    assert "--input FILE --target NAME, or --config" in done.error


def test_a_configuration_that_is_missing_is_told(tmp_path: Path) -> None:
    done = inside(["run", "--config", "missing.yaml", "--standby", "--set", "http.port=0"], tmp_path)
    assert done.exit_code == 78
    assert "missing.yaml" in done.error
