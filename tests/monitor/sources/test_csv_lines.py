"""CSV as people write it, and as they spoil it."""

from __future__ import annotations

import csv
import io
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.problems import ConfigurationProblem
from monitor.sources.csv_columns import is_number_column, number_cell
from monitor.sources.csv_lines import CsvFormat, read_header
from monitor.sources.lines import LineQueue
from monitor.sources.text_source import BadLine, Record


def read(
    text: str, columns: str = "age,colour,label", categories: tuple[str, ...] = ()
) -> list[Record | BadLine]:
    lines = text.encode().splitlines(keepends=True)
    line_format = CsvFormat(columns.split(","), ",", "label", (), categories)
    line_format.learn_columns(lines)
    queue = LineQueue(lines, is_complete=True)
    found = []
    while (item := line_format.read(queue)) is not None:
        found.append(item)
    return found


def features(text: str, **options: tuple[str, ...]) -> list[dict[str, object]]:
    items = read(text, **options)  # type: ignore[arg-type]
    assert all(isinstance(item, Record) for item in items)
    return [item.features for item in items if isinstance(item, Record)]


def test_numbers_are_numbers_and_text_is_a_category() -> None:
    assert features("1,red,a\n-2.5e3, blue ,b\n") == [
        {"age": 1.0, "colour": "red"},
        {"age": -2500.0, "colour": "blue"},
    ]


def test_empty_cells_are_missing() -> None:
    first, second = features("1,red,a\n,,b\n")
    assert first == {"age": 1.0, "colour": "red"}
    assert math.isnan(second["age"])  # type: ignore[arg-type]
    assert second["colour"] is None


@pytest.mark.parametrize("word", ["", "NA", "n/a", "NaN", "null", "None", "?", " "])
def test_words_for_missing_numbers(word: str) -> None:
    value = number_cell(word)
    assert isinstance(value, float)
    assert math.isnan(value)


def test_text_in_a_number_column_stays_text_for_the_learner_to_reject() -> None:
    rows = "".join(f"{n},red,a\n" for n in range(9)) + "old,red,a\n"
    assert features(rows)[-1] == {"age": "old", "colour": "red"}


def test_numbers_that_are_names_can_be_said_to_be() -> None:
    assert features("12345,red,a\n", categories=("age",)) == [{"age": "12345", "colour": "red"}]


@pytest.mark.parametrize(
    ("cells", "is_number"),
    [
        (["1", "2.5", ""], True),
        (["red", "1"], False),
        (["2019_01", "2019_02"], False),
        (["", "", ""], True),
        (["inf", "-Infinity", "nan"], True),
        (["1"] * 8 + ["x"] * 2, True),
        (["1"] * 7 + ["x"] * 3, False),
    ],
)
def test_a_column_is_numeric_when_most_of_its_cells_are(cells: list[str], is_number: bool) -> None:
    assert is_number_column(cells) is is_number


def test_quoted_cells_may_hold_delimiters_quotes_and_line_ends() -> None:
    assert features('1,"red, ""dark""\nred",a\n2,blue,b\n') == [
        {"age": 1.0, "colour": 'red, "dark"\nred'},
        {"age": 2.0, "colour": "blue"},
    ]


def test_an_open_quote_spoils_only_its_own_line() -> None:
    items = read('1,red,a\n2,"blue,b\n3,red,c\n4,blue,d\n')
    assert [type(item).__name__ for item in items] == ["Record", "BadLine", "Record", "Record"]
    assert isinstance(items[1], BadLine)
    assert "never closed" in items[1].reason


def test_a_quoted_record_that_is_not_all_here_waits() -> None:
    line_format = CsvFormat(["colour", "label"], ",", "label", (), ())
    line_format.learn_columns([])
    queue = LineQueue([b'"re\n'])
    assert line_format.read(queue) is None
    assert (queue.offset, queue.line) == (0, 0)
    queue.extend([b'd",a\n'])
    item = line_format.read(queue)
    assert isinstance(item, Record)
    assert item.target == "a"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("1,red\n", "2 cells where the header has 3 columns"),
        ("1,red,a,b\n", "4 cells"),
        ('1,"red"x,a\n', "not CSV"),
    ],
)
def test_lines_that_do_not_fit_say_why(line: str, reason: str) -> None:
    (item,) = read(line)
    assert isinstance(item, BadLine)
    assert reason in item.reason


def test_bytes_that_are_not_utf_8_spoil_only_their_line() -> None:
    line_format = CsvFormat(["age", "label"], ",", "label", (), ())
    queue = LineQueue([b"1,a\n", b"\xff\xfe,b\n", b'"\xff",b\n', b"3,c\n"], is_complete=True)
    line_format.learn_columns(queue.first(1))
    kinds = []
    while (item := line_format.read(queue)) is not None:
        kinds.append(type(item).__name__)
    assert kinds == ["Record", "BadLine", "BadLine", "Record"]


def test_blank_lines_are_passed_over() -> None:
    assert len(features("1,red,a\n\n  \n2,blue,b\n")) == 2


def test_carriage_returns_end_lines_too() -> None:
    assert features("1,red,a\r\n2,blue,b\r\n")[1] == {"age": 2.0, "colour": "blue"}


cells = st.text(
    st.characters(blacklist_categories=["Cs"], blacklist_characters="\r\0"), min_size=1, max_size=8
)


@given(
    rows=st.lists(
        st.tuples(cells, cells).filter(lambda row: "".join(row).strip() != ""), min_size=1, max_size=20
    )
)
def test_what_a_csv_writer_writes_is_read_back(rows: list[tuple[str, str]]) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([(*row, "x") for row in rows])
    lines = io.BytesIO(text.getvalue().encode()).readlines()
    line_format = CsvFormat(["one", "two", "label"], ",", "label", (), ("one", "two"))
    line_format.learn_columns(lines)
    queue = LineQueue(lines, is_complete=True)
    found = []
    while (item := line_format.read(queue)) is not None:
        assert isinstance(item, Record)
        found.append((item.features["one"], item.features["two"]))
    assert found == [tuple(cell.strip() or None for cell in row) for row in rows]


@pytest.mark.parametrize(
    ("line", "delimiter"),
    [("a,b,c", ","), ("a;b;c", ";"), ("a\tb\tc", "\t"), ("a|b|c", "|"), ("a;b,x;c", ";")],
)
def test_the_delimiter_is_found_in_the_header(line: str, delimiter: str) -> None:
    assert read_header(line.encode(), None, "file")[0] == delimiter


def test_a_byte_order_mark_and_blanks_are_no_part_of_names() -> None:
    header = "\ufeff age , label\r\n".encode()
    assert read_header(header, None, "file") == (",", ("age", "label"))


@pytest.mark.parametrize(
    ("raw", "words"), [(b"age,age\n", "more than one column named 'age'"), (b"\xff\xfe", "UTF-8")]
)
def test_a_header_that_is_none(raw: bytes, words: str) -> None:
    with pytest.raises(ConfigurationProblem, match=words):
        read_header(raw, None, "file")
