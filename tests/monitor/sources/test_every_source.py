"""What every source keeps to, in every format."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from monitor.problems import ConfigurationProblem
from monitor.sources.chunk import Chunk, Source
from monitor.sources.opening import InputSettings, open_source, take_sample
from tests.monitor.sources import made_files
from tests.monitor.sources.made_files import FORMATS, RECORDS

FEATURES = [{name: value for name, value in record.items() if name != "label"} for record in RECORDS]


def drain(source: Source, limit: int = 1_000) -> list[Chunk]:
    chunks = []
    while (chunk := source.next_chunk(limit)) is not None:
        chunks.append(chunk)
    return chunks


def records_of(chunks: list[Chunk]) -> list[dict[str, Any]]:
    return [record for chunk in chunks for record in chunk.records]


@pytest.fixture(params=FORMATS)
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> InputSettings:
    return InputSettings(str(made_files.write(tmp_path, request.param)), "label")


def opened(settings: InputSettings) -> Source:
    source = open_source(settings)
    try:
        take_sample(source, settings, 20)
    except ConfigurationProblem:
        source.close()
        raise
    return source


def test_all_records_come_in_order_with_their_targets(settings: InputSettings) -> None:
    source = opened(settings)
    chunks = drain(source, 10)
    source.close()
    assert records_of(chunks) == FEATURES
    assert [str(target) for chunk in chunks for target in chunk.targets] == [str(n % 2) for n in range(57)]
    assert all(len(chunk.records) <= 10 for chunk in chunks)


def test_a_sample_takes_nothing_away(settings: InputSettings) -> None:
    source = open_source(settings)
    sample = take_sample(source, settings, 5)
    assert [str(target) for target in sample.targets] == ["0", "1", "0", "1", "0"]
    assert list(sample.columns) == ["age", "colour", "pay", "label"]
    assert records_of(drain(source)) == FEATURES
    source.close()


@pytest.mark.parametrize("limit", [1, 7, 10, 25])
def test_every_position_resumes_after_the_last_record(settings: InputSettings, limit: int) -> None:
    source = opened(settings)
    seen = 0
    for chunk in drain(source, limit):
        seen += len(chunk.records)
        position = json.loads(json.dumps(dict(chunk.position)))
        again = open_source(settings, position)
        rest = drain(again, limit)
        again.close()
        assert records_of(rest) == FEATURES[seen:]
    source.close()


def test_lines_number_the_records_in_the_file(settings: InputSettings) -> None:
    source = opened(settings)
    lines = [line for chunk in drain(source, 9) for line in chunk.lines]
    source.close()
    first = 2 if "csv" in settings.path else 1
    assert lines == list(range(first, first + 57))


def test_bytes_read_grow_to_the_size_of_the_file(settings: InputSettings) -> None:
    source = opened(settings)
    read = [chunk.bytes_read for chunk in drain(source, 9)]
    assert read == sorted(read)
    assert read[-1] == source.size_bytes == Path(settings.path).stat().st_size
    source.close()


def test_the_name_of_the_file_does_not_matter_with_a_format(tmp_path: Path) -> None:
    for kind in FORMATS:
        path = made_files.write(tmp_path, kind)
        plain = path.rename(tmp_path / f"without ending {kind.replace('.', ' ')}")
        for chosen in (None, kind.split(".")[0]):
            settings = InputSettings(str(plain), "label", format=chosen)
            source = opened(settings)
            assert records_of(drain(source)) == FEATURES
            source.close()


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet", "csv.gz", "jsonl.gz"])
def test_standard_input_gives_the_same_records(kind: str, tmp_path: Path) -> None:
    data = made_files.write(tmp_path, kind).read_bytes()
    settings = InputSettings("-", "label")
    with made_files.standard_input(data):
        source = opened(settings)
        chunks = drain(source, 10)
        source.close()
    assert records_of(chunks) == FEATURES
    position = next(chunk for chunk in reversed(chunks[:-1]) if chunk.records).position
    seen = len(records_of(chunks[: chunks.index(next(c for c in chunks if c.position == position)) + 1]))
    with made_files.standard_input(data):
        again = open_source(settings, position)
        assert records_of(drain(again)) == FEATURES[seen:]
        again.close()


def test_standard_input_that_goes_on_skips_nothing(tmp_path: Path) -> None:
    settings = InputSettings("-", "label", is_continued=True)
    with made_files.standard_input(made_files.as_json_lines(RECORDS[:30])):
        source = opened(settings)
        position = drain(source)[-1].position
        source.close()
    with made_files.standard_input(made_files.as_json_lines(RECORDS[30:])):
        again = open_source(settings, position)
        assert records_of(drain(again)) == FEATURES[30:]
        again.close()


def test_lines_read_from_a_pipe_are_given_before_a_stop() -> None:
    settings = InputSettings("-", "label", is_continued=True)
    with made_files.standard_input(made_files.as_json_lines()):
        source = opened(settings)
        first = source.next_chunk(5)
        assert first is not None
        assert source.has_waiting
        source.stop_reading()
        rest = []
        while source.has_waiting:
            chunk = source.next_chunk(5)
            assert chunk is not None
            rest.append(chunk)
        source.close()
    assert records_of([first, *rest]) == FEATURES


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet", "csv.gz"])
def test_a_wrong_target_names_the_nearest_column_and_all_others(kind: str, tmp_path: Path) -> None:
    settings = InputSettings(str(made_files.write(tmp_path, kind)), "Labl")
    with pytest.raises(
        ConfigurationProblem, match=r"no column 'Labl'.*--target label.*age, colour, pay, label"
    ):
        opened(settings)


@pytest.mark.parametrize("name", ["empty.csv", "empty.jsonl", "empty.parquet", "empty"])
def test_an_empty_file_is_named(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.touch()
    with pytest.raises(ConfigurationProblem, match="is empty"):
        open_source(InputSettings(str(path), "label"))


@pytest.mark.parametrize(
    ("name", "data"),
    [("a.csv", b"age,label\n"), ("a.jsonl", b"\n\n"), ("a.parquet", made_files.as_parquet(RECORDS)[:4])],
)
def test_a_file_without_records_is_named(name: str, data: bytes, tmp_path: Path) -> None:
    path = tmp_path / name
    if name == "a.parquet":
        data = made_files.as_parquet_without_rows()
    path.write_bytes(data)
    settings = InputSettings(str(path), "label")
    with pytest.raises(ConfigurationProblem, match="holds no records"):
        opened(settings)


def test_a_missing_file_is_named_with_its_neighbours(tmp_path: Path) -> None:
    made_files.write(tmp_path, "csv.gz")
    with pytest.raises(ConfigurationProblem, match=r"no such file.*there is records.csv.gz"):
        open_source(InputSettings(str(tmp_path / "records.csv"), "label"))


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationProblem, match="cannot read"):
        open_source(InputSettings(str(tmp_path), "label"))


def test_ignored_columns_are_left_out(settings: InputSettings) -> None:
    narrow = InputSettings(settings.path, "label", ignored=("age", "colour"))
    source = opened(narrow)
    assert records_of(drain(source)) == [{"pay": record["pay"]} for record in RECORDS]
    source.close()
