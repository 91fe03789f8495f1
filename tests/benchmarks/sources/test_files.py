"""Files become streams of the right task."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np

from benchmarks.sources.files import file_names, read_file


def write(directory: Path, name: str, text: str) -> None:
    (directory / f"{name}.csv.gz").write_bytes(gzip.compress(text.encode()))


def test_few_whole_numbers_are_classes(tmp_path: Path) -> None:
    write(tmp_path, "few", "a,b,label\n1,2,5\n3,4,7\n5,6,5\n")
    stream = read_file(tmp_path, "few")
    assert (stream.task, stream.num_classes) == ("classification", 2)
    assert stream.y_N.tolist() == [0, 1, 0]
    assert stream.x_ND.tolist() == [[1, 2], [3, 4], [5, 6]]


def test_text_is_a_class(tmp_path: Path) -> None:
    write(tmp_path, "text", "a,label\n1,up\n2,down\n")
    assert read_file(tmp_path, "text").y_N.tolist() == [1, 0]


def test_fractions_and_many_whole_numbers_are_numbers(tmp_path: Path) -> None:
    write(tmp_path, "fractions", "a,label\n1,0.5\n2,1.5\n")
    write(tmp_path, "many", "a,label\n" + "".join(f"0,{n}\n" for n in range(101)))
    assert [read_file(tmp_path, name).task for name in file_names(tmp_path)] == ["regression", "regression"]
    assert read_file(tmp_path, "many").y_N.dtype == np.float64
