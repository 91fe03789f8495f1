"""Lines are cut where they end, and positions count them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.problems import ConfigurationProblem
from monitor.sources import lines as lines_module
from monitor.sources.byte_stream import open_bytes
from monitor.sources.lines import LineQueue, LineReader
from tests.monitor.sources.made_files import standard_input


def read_all(reader: LineReader, limit: int = 10) -> list[bytes]:
    found: list[bytes] = []
    while True:
        reader.gather(limit)
        raw = reader.queue.take()
        if raw is None:
            reader.raise_problem()
            return found
        found.append(raw)


@pytest.mark.parametrize(
    "content", [b"a\nbb\n\nccc", b"a\r\nb\r\n", b"\n", b"one line", b"x" * 700_000 + b"\nend"]
)
def test_lines_joined_are_the_content(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_bytes(content)
    reader = LineReader(open_bytes(str(path)))
    found = read_all(reader)
    reader.stream.close()
    assert b"".join(found) == content
    assert found == content.splitlines(keepends=True)
    assert reader.queue.offset == len(content)
    assert reader.queue.line == len(found)


@given(
    lines=st.lists(st.binary(max_size=5).map(lambda raw: raw + b"\n"), min_size=1), taken=st.integers(1, 5)
)
def test_putting_back_undoes_taking(lines: list[bytes], taken: int) -> None:
    queue = LineQueue(lines, is_complete=True)
    queue.take()
    before = (queue.offset, queue.line, queue.first(100))
    got = [raw for raw in (queue.take() for _ in range(taken)) if raw is not None]
    queue.put_back(got)
    assert (queue.offset, queue.line, queue.first(100)) == before


def test_peeking_leaves_everything(tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_bytes(b"1\n2\n3\n")
    reader = LineReader(open_bytes(str(path)))
    assert reader.peek(2) == [b"1\n", b"2\n"]
    assert read_all(reader) == [b"1\n", b"2\n", b"3\n"]
    reader.stream.close()


def test_peeking_at_a_slow_pipe_gives_up_after_a_while() -> None:
    ticks = iter(range(0, 1_000, 2))
    import os

    reading, writing = os.pipe()
    os.write(writing, b"1\n2\n")
    kept = os.dup(0)
    os.dup2(reading, 0)
    try:
        reader = LineReader(open_bytes("-"), clock=lambda: float(next(ticks)))
        assert reader.peek(1_000) == [b"1\n", b"2\n"]
    finally:
        os.dup2(kept, 0)
        for descriptor in (kept, reading, writing):
            os.close(descriptor)


def test_a_pipe_that_pauses_gives_what_it_has() -> None:
    with standard_input(b"1\n2\n"):
        reader = LineReader(open_bytes("-"))
        assert read_all(reader, limit=1_000) == [b"1\n", b"2\n"]


def test_a_file_that_is_not_text_is_refused_in_bounded_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines_module, "MAX_LINE_BYTES", 1 << 20)
    path = tmp_path / "binary"
    path.write_bytes(b"header\n" + b"\x00" * (3 << 20))
    reader = LineReader(open_bytes(str(path)))
    with pytest.raises(ConfigurationProblem, match="line 2: longer than 1 MiB"):
        read_all(reader)
    assert reader.queue.line == 1
    reader.stream.close()
