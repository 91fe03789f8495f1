"""Bytes come out as they went in, up to the last one before a break."""

from __future__ import annotations

import gzip
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.problems import ConfigurationProblem, TemporaryProblem
from monitor.sources.byte_stream import BLOCK_BYTES, ByteStream, open_bytes
from tests.monitor.sources.made_files import standard_input

DATA = bytes(random.Random(7).choices(b"0123456789,\n", k=3 * BLOCK_BYTES))


@pytest.fixture(params=["plain", "gzip", "two members"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    half = len(DATA) // 2
    content = {
        "plain": DATA,
        "gzip": gzip.compress(DATA),
        "two members": gzip.compress(DATA[:half]) + gzip.compress(DATA[half:]) + b"\0" * 9,
    }
    path = tmp_path / "data"
    path.write_bytes(content[request.param])
    return path


def blocks(stream: ByteStream) -> Iterator[bytes]:
    while (data := stream.read()) != b"":
        yield data or b""


def test_the_whole_content_is_read(path: Path) -> None:
    stream = open_bytes(str(path))
    assert b"".join(blocks(stream)) == DATA
    assert stream.bytes_read == stream.size_bytes == path.stat().st_size
    stream.close()


@pytest.mark.parametrize("count", [0, 1, 100, BLOCK_BYTES, 2 * BLOCK_BYTES + 17, len(DATA)])
def test_skipping_counts_decompressed_bytes(path: Path, count: int) -> None:
    stream = open_bytes(str(path))
    assert DATA.startswith(stream.head())
    stream.skip(count)
    assert b"".join(blocks(stream)) == DATA[count:]
    stream.close()


def test_skipping_past_the_end_asks_for_the_same_input(path: Path) -> None:
    stream = open_bytes(str(path))
    with pytest.raises(ConfigurationProblem, match="same input"):
        stream.skip(len(DATA) + 1)
    stream.close()


def test_a_pipe_is_read_like_a_file() -> None:
    for content in (DATA, gzip.compress(DATA)):
        with standard_input(content):
            stream = open_bytes("-")
            stream.skip(1_000)
            assert b"".join(blocks(stream)) == DATA[1_000:]
            assert stream.size_bytes is None
            assert stream.is_live


def read_into(got: bytearray, stream: ByteStream) -> None:
    for block in blocks(stream):
        got += block


def test_a_cut_gzip_file_gives_what_it_has_and_can_be_resumed_when_whole(tmp_path: Path) -> None:
    path = tmp_path / "cut.gz"
    whole = gzip.compress(DATA)
    path.write_bytes(whole[: len(whole) // 2])
    stream = open_bytes(str(path))
    got = bytearray()
    with pytest.raises(TemporaryProblem, match=r"ends in the middle.*--resume"):
        read_into(got, stream)
    stream.close()
    assert DATA.startswith(bytes(got))
    assert len(got) > len(DATA) // 3


def test_a_damaged_gzip_file_is_told_from_a_cut_one(tmp_path: Path) -> None:
    path = tmp_path / "damaged.gz"
    whole = bytearray(gzip.compress(DATA))
    whole[len(whole) // 2 : len(whole) // 2 + 64] = bytes(64)
    path.write_bytes(whole)
    stream = open_bytes(str(path))
    got = bytearray()
    with pytest.raises(ConfigurationProblem, match=r"broken gzip.*--overwrite"):
        read_into(got, stream)
    stream.close()
    intact = len(DATA) // 3
    assert got[:intact] == DATA[:intact]


def test_a_file_that_is_only_half_a_gzip_header_is_data(tmp_path: Path) -> None:
    path = tmp_path / "short"
    path.write_bytes(b"\x1f")
    stream = open_bytes(str(path))
    assert b"".join(blocks(stream)) == b"\x1f"
    stream.close()
