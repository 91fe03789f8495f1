"""Opens an input in the format it has: by name, or by its first bytes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath

from monitor.problems import ConfigurationProblem
from monitor.sources.byte_stream import STANDARD_INPUT, ByteStream, open_bytes
from monitor.sources.chunk import Position, Sample, Source, require_column, require_target
from monitor.sources.csv_lines import CsvFormat, read_header
from monitor.sources.json_lines import JsonLinesFormat
from monitor.sources.lines import LineReader
from monitor.sources.text_source import TextSource

__all__ = ["FORMATS", "InputSettings", "open_source", "take_sample"]

FORMATS = ("csv", "jsonl", "parquet")
_FORMAT_OF_SUFFIX = {
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
}


@dataclass(frozen=True, slots=True)
class InputSettings:
    """What to read and how.

    Args:
        path: a file, or ``-`` for standard input.
        target: the column to learn.
        format: one of FORMATS; None finds out from the name or the first bytes.
        delimiter: between CSV cells; None finds out from the header.
        ignored: columns to leave out.
        categories: CSV columns whose numbers are names.
        is_continued: standard input goes on where it ended, so a resumed run skips nothing of it.
    """

    path: str
    target: str
    format: str | None = None
    delimiter: str | None = None
    ignored: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    is_continued: bool = False


def open_source(settings: InputSettings, position: Position | None = None) -> Source:
    """The source, at ``position`` or at its beginning.

    Raises:
        ConfigurationProblem: no such file, nothing in it, no such column, not in this format.
        TemporaryProblem: the file is broken before its first record.
    """
    stream = open_bytes(settings.path)
    try:
        if stream.head() == b"":
            raise ConfigurationProblem(f"{stream.name} is empty: there is nothing to learn from")
        kind = settings.format or _format_of(settings.path, stream)
        if kind == "parquet":
            return _open_parquet(stream, settings, position)
        if kind == "jsonl":
            return _open_json_lines(stream, settings, position)
        return _open_csv(stream, settings, position)
    except BaseException:
        stream.close()
        raise


def take_sample(source: Source, settings: InputSettings, limit: int) -> Sample:
    """A look at up to ``limit`` first records, which stay in the stream.

    Raises:
        ConfigurationProblem: there are no records, none can be read, or none has the target.
    """
    sample = source.sample(limit)
    name = "standard input" if settings.path == STANDARD_INPUT else settings.path
    if not sample.targets:
        if not sample.malformed:
            raise ConfigurationProblem(f"{name} holds no records: there is nothing to learn from")
        first = sample.malformed[0]
        message = f"{name}: none of the first {len(sample.malformed)} lines is a record"
        remedy = f"Is it another format? --format {'|'.join(FORMATS)}"
        raise ConfigurationProblem(f"{message}; line {first.line}: {first.reason}. {remedy}")
    require_target(settings.target, sample.columns, name)
    return sample


def _open_csv(stream: ByteStream, settings: InputSettings, position: Position | None) -> Source:
    lines = LineReader(stream)
    if position is not None and not settings.is_continued:
        columns, delimiter = tuple(position["columns"]), str(position["delimiter"])
        lines.skip(int(position["offset"]), int(position["line"]))
    else:
        lines.peek(1)
        header = lines.queue.take()
        if header is None:
            lines.raise_problem()
        delimiter, columns = read_header(header or b"", settings.delimiter, stream.name)
    for column in settings.ignored:
        require_column(column, columns, "--ignore", stream.name)
    for column in settings.categories:
        require_column(column, columns, "--category", stream.name)
    require_target(settings.target, columns, stream.name)
    line_format = CsvFormat(columns, delimiter, settings.target, settings.ignored, settings.categories)
    if position is not None:
        if columns != tuple(position["columns"]):
            raise ConfigurationProblem(f"{stream.name} has other columns than the run to resume")
        line_format.resume(position)
    return TextSource(lines, line_format, not settings.is_continued)


def _open_json_lines(stream: ByteStream, settings: InputSettings, position: Position | None) -> Source:
    if stream.head().lstrip().startswith(b"["):
        message = f"{stream.name} holds a JSON array, not one object a line"
        raise ConfigurationProblem(f"{message}; convert it with: jq -c '.[]'")
    lines = LineReader(stream)
    if position is not None and not settings.is_continued:
        lines.skip(int(position["offset"]), int(position["line"]))
    return TextSource(lines, JsonLinesFormat(settings.target, settings.ignored), not settings.is_continued)


def _open_parquet(stream: ByteStream, settings: InputSettings, position: Position | None) -> Source:
    from monitor.sources.parquet_source import ParquetSource  # pyarrow takes a while to import

    start = None if settings.is_continued else position
    return ParquetSource(stream, settings.target, settings.ignored, start)


def _format_of(path: str, stream: ByteStream) -> str:
    """The format by the name's ending, else by the first bytes."""
    suffixes = [suffix.lower() for suffix in PurePath(path).suffixes if suffix.lower() != ".gz"]
    if suffixes and suffixes[-1] in _FORMAT_OF_SUFFIX:
        return _FORMAT_OF_SUFFIX[suffixes[-1]]
    head = stream.head().lstrip()
    if head.startswith(b"PAR1"):
        return "parquet"
    return "jsonl" if head.startswith((b"{", b"[")) else "csv"
