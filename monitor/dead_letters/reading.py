"""Dead letters from a file: those of the service, and the rejects of a run on a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from monitor.dead_letters.letter import DeadLetter, from_line
from monitor.problems import ConfigurationProblem

__all__ = ["FILE_NAME", "find_file", "read_file"]

FILE_NAME = "dead-letters.jsonl"
"""What the file is called in the folder of a stream."""

USUAL_NAMES = (FILE_NAME, "rejects.jsonl")


def find_file(path: Path) -> Path:
    """The file itself, or the dead letters in the folder of a stream or of a run.

    Raises:
        ConfigurationProblem: there is none.
    """
    if path.is_dir():
        for name in USUAL_NAMES:
            if (path / name).is_file():
                return path / name
        names = " or ".join(USUAL_NAMES)
        raise ConfigurationProblem(
            f"{path} holds no {names}: nothing was refused there, or it went elsewhere"
        )
    if not path.is_file():
        raise ConfigurationProblem(f"no such file or folder: {path}")
    return path


def read_file(path: Path) -> Iterator[DeadLetter]:
    """The dead letters that a file holds now, oldest first; an unfinished last line is still being written.

    What is added while they are read is not given: what is sent again may be refused again.

    Raises:
        ConfigurationProblem: a line is no dead letter.
    """
    try:
        with path.open("rb") as file:
            left_bytes = path.stat().st_size
            for number, line in enumerate(file, 1):
                left_bytes -= len(line)
                if left_bytes < 0:
                    return
                if not line.strip():
                    continue
                try:
                    letter = from_line(line)
                except (ValueError, RecursionError) as error:
                    if not line.endswith(b"\n"):
                        return
                    message = f"{path}, line {number}: {error}"
                    raise ConfigurationProblem(f"{message}; is this a file of dead letters?") from error
                yield letter
    except OSError as error:
        raise ConfigurationProblem(f"cannot read {path}: {error.strerror}") from error
