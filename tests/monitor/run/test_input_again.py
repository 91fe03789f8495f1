"""What a journal says about its input is enough to open it again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from monitor.problems import ConfigurationProblem
from monitor.run.input_again import describe_input, input_again
from monitor.run.settings import FileInput, KnownChange
from monitor.sources.opening import InputSettings
from tests.monitor import made_streams


def described(settings: InputSettings) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(describe_input(FileInput(settings))))
    return found


def test_a_file_is_opened_with_all_its_options_and_from_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    made_streams.write_csv(tmp_path / "stream.csv", made_streams.drifting(10))
    settings = InputSettings("stream.csv", "label", "csv", ",", ("x",), ("colour",))
    found = described(settings)
    monkeypatch.chdir("/")
    again = input_again(found)
    assert again.name == str(tmp_path / "stream.csv")
    assert dict(again.identity()) == dict(FileInput(settings).identity())
    source = again.open(None)
    again.sample(source, 10)
    chunk = source.next_chunk(10)
    source.close()
    assert chunk is not None
    assert len(chunk.records) == 10
    assert set(chunk.records[0]) == {"y", "colour"}


def test_standard_input_is_asked_for_as_a_file(tmp_path: Path) -> None:
    found = described(InputSettings("-", "label", is_continued=True))
    with pytest.raises(ConfigurationProblem, match=r"standard input.*--input FILE"):
        input_again(found)
    stream = made_streams.write_csv(tmp_path / "stream.csv", made_streams.drifting(10))
    again = input_again(found, stream)
    assert isinstance(again, FileInput)
    assert again.settings.path == str(stream)
    assert not again.settings.is_continued


def test_a_file_that_is_gone_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationProblem, match=r"gone\.csv is not there: .*--input FILE"):
        input_again(described(InputSettings(str(tmp_path / "gone.csv"), "label")))


class Tap:
    """An input that is no file."""

    name, target = "a tap", "label"
    changes: Sequence[KnownChange] = ()

    def identity(self) -> Mapping[str, Any]:
        return {"seed": 3}


def test_what_is_no_file_cannot_be_opened_again() -> None:
    found = describe_input(Tap())  # type: ignore[arg-type]  # what it gives besides its name is not asked for
    assert found == {"kind": "other", "name": "a tap", "seed": 3}
    with pytest.raises(ConfigurationProblem, match=r"a tap cannot be opened again.*leave out --full"):
        input_again(found)
