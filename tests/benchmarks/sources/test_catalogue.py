"""Names are found, families expand, and what was made once is not made again."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from benchmarks.sources.catalogue import Catalogue, UnknownStream
from benchmarks.sources.generated import INDEXED, UNSEEN


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    data = tmp_path / "data"
    data.mkdir()
    (data / "mine.csv.gz").write_bytes(gzip.compress(b"a,label\n1,0\n2,1\n3,0\n"))
    return Catalogue(data, tmp_path / "cache")


def test_families_expand_once_and_in_order(catalogue: Catalogue) -> None:
    assert catalogue.expand(["indexed"]) == ["mine", *INDEXED]
    assert catalogue.expand(["hyperplane", "indexed"])[:2] == ["hyperplane", "mine"]
    assert set(UNSEEN) < set(catalogue.expand(["unseen"]))


def test_an_unknown_name_lists_the_known_ones(catalogue: Catalogue) -> None:
    with pytest.raises(UnknownStream, match=r"'elect' is not known.*mine.*hyperplane"):
        catalogue.expand(["elect"])


def test_a_changed_file_is_read_again(catalogue: Catalogue) -> None:
    assert catalogue.data is not None
    stream, path = catalogue.open("mine", rows=2)
    assert stream.y_N.tolist() == [0, 1]
    assert catalogue.open("mine", rows=3)[1] == path
    (catalogue.data / "mine.csv.gz").write_bytes(gzip.compress(b"a,label\n1,0\n2,1\n3,0\n4,1\n"))
    renewed, other = catalogue.open("mine", rows=9)
    assert other != path
    assert len(renewed.y_N) == 4
