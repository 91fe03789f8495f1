"""CSV: a header line, then one record a line; quoted cells may hold delimiters and line ends."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from monitor.problems import ConfigurationProblem
from monitor.sources.csv_columns import category_cell, is_number_column, number_cell
from monitor.sources.lines import LineQueue
from monitor.sources.text_source import BadLine, Record

__all__ = ["DELIMITERS", "CsvFormat", "read_header"]

DELIMITERS = (",", ";", "\t", "|")
MAX_LINES_OF_A_RECORD = 1_000
BYTE_ORDER_MARK = b"\xef\xbb\xbf"

_Cell = Callable[[str], float | str | None]


def read_header(raw: bytes, delimiter: str | None, name: str) -> tuple[str, tuple[str, ...]]:
    """The delimiter and the column names of a header line.

    Args:
        raw: the line.
        delimiter: None chooses the one that occurs most among comma, semicolon, tab and bar.
        name: how messages call the input.

    Raises:
        ConfigurationProblem: the line is no header.
    """
    try:
        text = raw.removeprefix(BYTE_ORDER_MARK).decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError as error:
        message = f"{name} is not UTF-8 text ({error.reason} at byte {error.start} of its first line)"
        raise ConfigurationProblem(f"{message}; name another --format, or convert it with iconv") from error
    chosen = delimiter or max(DELIMITERS, key=text.count)
    names = tuple(cell.strip() for cell in next(csv.reader([text], delimiter=chosen)))
    twice = sorted({column for column in names if names.count(column) > 1})
    if twice:
        raise ConfigurationProblem(f"{name} has more than one column named {twice[0]!r}; rename them")
    return chosen, names


class CsvFormat:
    """Lines of comma-separated cells under known column names.

    Args:
        columns: the names, in order.
        delimiter: between cells.
        target: the column to learn; its cells are given as text.
        ignored: columns to leave out.
        categories: columns whose numbers are names, for example post codes.
    """

    def __init__(
        self,
        columns: Sequence[str],
        delimiter: str,
        target: str,
        ignored: Collection[str],
        categories: Collection[str],
    ) -> None:
        self._columns = tuple(columns)
        self._delimiter = delimiter
        self._target = self._columns.index(target)
        self._features = [
            index for index, column in enumerate(columns) if column != target and column not in ignored
        ]
        self._names = [self._columns[index] for index in self._features]
        self._categories = frozenset(categories)
        self._numbers: tuple[bool, ...] = ()
        self._cells: list[_Cell] = []

    def read(self, queue: LineQueue) -> Record | BadLine | None:
        """The next record; None when no complete one is here."""
        while (raw := queue.take()) is not None:
            if raw.isspace():
                continue
            if b'"' in raw:
                return self._read_quoted(raw, queue)
            try:
                return self._record(raw, raw.decode("utf-8").rstrip("\r\n").split(self._delimiter))
            except UnicodeDecodeError as error:
                return _not_text(raw, error)
        return None

    def learn_columns(self, lines: Sequence[bytes]) -> Sequence[str]:
        """Decide which columns hold numbers -> all column names."""
        cells: list[list[str]] = [[] for _ in self._columns]
        queue = LineQueue(lines, is_complete=True)
        self._use([False] * len(self._columns))
        while (item := self.read(queue)) is not None:
            if isinstance(item, Record):
                for index, name in zip(self._features, self._names, strict=True):
                    cells[index].append(item.features[name] or "")
        self._use(
            [
                column not in self._categories and is_number_column(cells[index])
                for index, column in enumerate(self._columns)
            ]
        )
        return self._columns

    def position(self) -> dict[str, Any]:
        """Column names, delimiter and which columns hold numbers."""
        return {
            "columns": list(self._columns),
            "delimiter": self._delimiter,
            "numbers": list(self._numbers),
        }

    def resume(self, position: Mapping[str, Any]) -> None:
        """Read on as at ``position``."""
        self._use(position["numbers"])

    def _use(self, numbers: Sequence[bool]) -> None:
        self._numbers = tuple(bool(is_number) for is_number in numbers)
        self._cells = [number_cell if self._numbers[index] else category_cell for index in self._features]

    def _read_quoted(self, first: bytes, queue: LineQueue) -> Record | BadLine | None:
        """A record with quotes, which may go over several lines; an open quote spoils only its first line."""
        parts = [first]
        quotes = first.count(b'"')
        while quotes % 2 and len(parts) < MAX_LINES_OF_A_RECORD:
            raw = queue.take()
            if raw is None:
                break
            parts.append(raw)
            quotes += raw.count(b'"')
        if quotes % 2:
            queue.put_back(parts[1:])
            if not queue.is_complete and len(parts) < MAX_LINES_OF_A_RECORD:
                queue.put_back(parts[:1])
                return None
            return BadLine(first, "a quote that is never closed", "Close it, or double it inside a cell.")
        whole = b"".join(parts)
        try:
            text = io.StringIO(whole.decode("utf-8"), newline="")
            rows = list(csv.reader(text, delimiter=self._delimiter, strict=True))
        except UnicodeDecodeError as error:
            return _not_text(whole, error)
        except csv.Error as error:
            return BadLine(whole, f"not CSV: {error}", "Double every quote inside a quoted cell.")
        if len(rows) != 1:
            return BadLine(whole, "a carriage return outside quotes", "End every line with a line feed.")
        return self._record(whole, rows[0])

    def _record(self, raw: bytes, cells: Sequence[str]) -> Record | BadLine:
        if len(cells) != len(self._columns):
            reason = f"{len(cells)} cells where the header has {len(self._columns)} columns"
            return BadLine(raw, reason, "Quote cells that hold the delimiter, and give every column a cell.")
        values = [cell(cells[index]) for cell, index in zip(self._cells, self._features, strict=True)]
        return Record(dict(zip(self._names, values, strict=True)), cells[self._target].strip() or None)


def _not_text(raw: bytes, error: UnicodeDecodeError) -> BadLine:
    return BadLine(
        raw, f"not UTF-8 text ({error.reason} at byte {error.start})", "Convert the file to UTF-8 with iconv."
    )
