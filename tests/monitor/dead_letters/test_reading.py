"""Dead letters of a file are those that it held when somebody began to read them."""

from __future__ import annotations

from pathlib import Path

from monitor.dead_letters import DeadLetter, to_line
from monitor.dead_letters.reading import read_file
from monitor.sources.messages import Channel


def letter(number: int) -> bytes:
    return to_line(DeadLetter("inbox", str(number), Channel.EVENTS, None, b"{}", "no number"))


def test_what_is_refused_again_meanwhile_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "dead-letters.jsonl"
    path.write_bytes(b"".join(letter(number) + b"\n" for number in range(3)))
    read = []
    for found in read_file(path):
        read.append(found.offset)
        with path.open("ab") as file:
            file.write(letter(100 + len(read)) + b"\n")
    assert read == ["0", "1", "2"]
