"""A checkpoint is whole or passed over, whatever happens to the files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from stream_hmoe import checkpoint
from stream_hmoe.errors import BadCheckpoint
from tests.stream_hmoe.learners import assert_same_state

ARRAYS, MANIFEST = "arrays.safetensors", "manifest.json"


def state(number: int) -> dict[str, Any]:
    return {"number": number, "array": np.arange(4.0) + number}


def saved(root: Path, count: int, **more: Any) -> list[Path]:
    return [checkpoint.save(root, state(number), **more) for number in range(count)]


dtypes = st.sampled_from([np.float64, np.float32, np.int64, np.int32, np.uint8, np.bool_])
plain = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=3))
held = st.one_of(plain, arrays.arrays(dtypes, arrays.array_shapes(min_dims=0, min_side=0, max_side=3)))
nested = st.one_of(
    held, st.lists(held, max_size=3), st.dictionaries(st.text(max_size=3) | st.integers(), held, max_size=3)
)
states = st.dictionaries(st.text(max_size=3), nested, max_size=4)


@settings(max_examples=30)
@given(state=states)
def test_what_is_saved_is_loaded_bit_for_bit(
    state: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = tmp_path_factory.mktemp("any")
    checkpoint.save(root, state)
    assert_same_state(checkpoint.load(root), state)


def test_the_newest_is_loaded_and_as_many_as_wanted_stay(tmp_path: Path) -> None:
    folders = saved(tmp_path, 5, keep=2)
    assert sorted(tmp_path.iterdir()) == folders[-2:]
    assert_same_state(checkpoint.load(tmp_path), state(4))
    checkpoint.save(tmp_path, state(5), keep=1)
    assert len(list(tmp_path.iterdir())) == 1
    with pytest.raises(ValueError, match="keep: got 0"):
        checkpoint.save(tmp_path, state(6), keep=0)
    assert_same_state(checkpoint.load(tmp_path), state(5))


@pytest.mark.parametrize("name", [ARRAYS, MANIFEST])
@pytest.mark.parametrize("damage", ["missing", "empty", "cut", "zeros", "list", "text"])
def test_a_damaged_checkpoint_is_passed_over(tmp_path: Path, name: str, damage: str) -> None:
    older, newer = saved(tmp_path, 2)
    path = newer / name
    whole = path.read_bytes()
    content = {"empty": b"", "cut": whole[:-3], "zeros": bytes(len(whole)), "list": b"[1]", "text": b'"a"'}
    path.unlink() if damage == "missing" else path.write_bytes(content[damage])
    assert_same_state(checkpoint.load(tmp_path), state(0))
    (older / MANIFEST).unlink()
    with pytest.raises(BadCheckpoint, match=rf"no checkpoint in .* is whole \(.*{newer.name}.*{older.name}"):
        checkpoint.load(tmp_path)


@settings(max_examples=40)
@given(name=st.sampled_from([ARRAYS, MANIFEST]), at=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_no_flipped_bit_gives_another_state(
    name: str, at: float, bit: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = tmp_path_factory.mktemp("flipped")
    path = saved(root, 2)[1] / name
    content = bytearray(path.read_bytes())
    content[int(at * len(content))] ^= 1 << bit
    path.write_bytes(content)
    if name == MANIFEST and read_manifest(content).get("schema", 0) > checkpoint.SCHEMA:
        with pytest.raises(BadCheckpoint, match="upgrade"):
            checkpoint.load(root)
        return
    found = checkpoint.load(root)
    assert_same_state(found, state(found["number"]))


def read_manifest(content: bytearray) -> dict[str, Any]:
    """A manifest if it can be read at all."""
    try:
        manifest: dict[str, Any] = json.loads(content)
    except ValueError:
        return {}
    return manifest


def test_a_newer_schema_is_refused_not_passed_over(tmp_path: Path) -> None:
    folder = saved(tmp_path, 2)[1]
    manifest = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps(manifest | {"schema": checkpoint.SCHEMA + 1}))
    with pytest.raises(BadCheckpoint, match=r"has schema 2, this version reads up to 1: upgrade stream-hmoe"):
        checkpoint.load(tmp_path)


def test_a_crash_before_the_rename_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved(tmp_path, 1)

    def crash(*paths: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr("os.rename", crash)
        with pytest.raises(KeyboardInterrupt):
            checkpoint.save(tmp_path, state(1))
    (half,) = tmp_path.glob("*.writing")
    assert_same_state(checkpoint.load(tmp_path), state(0))
    (half / "left over").touch()
    assert (checkpoint.save(tmp_path, state(2)) / MANIFEST).exists()
    assert_same_state(checkpoint.load(tmp_path), state(2))
    assert not list(tmp_path.rglob("left over"))


def test_there_is_a_checkpoint_once_one_was_finished_whole_or_not(tmp_path: Path) -> None:
    assert not checkpoint.exists(tmp_path / "none")
    (folder,) = saved(tmp_path, 1)
    assert checkpoint.exists(tmp_path)
    (folder / MANIFEST).write_text("damaged")
    assert checkpoint.exists(tmp_path)
    folder.rename(folder.with_name(folder.name + ".writing"))
    assert not checkpoint.exists(tmp_path)


def test_foreign_files_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "state-of-the-art").mkdir()
    (tmp_path / "notes").touch()
    saved(tmp_path, 4, keep=1)
    assert_same_state(checkpoint.load(tmp_path), state(3))
    checkpoint.remove(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["notes", "state-of-the-art"]


def test_removing_takes_the_directory_along_when_it_is_empty(tmp_path: Path) -> None:
    root = tmp_path / "run"
    saved(root, 2)
    (root / "state-00000003.writing").mkdir()
    checkpoint.remove(root)
    assert not root.exists()
    checkpoint.remove(root)


def test_nothing_to_load_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadCheckpoint, match=r"there is no checkpoint in .*nowhere; save one there first"):
        checkpoint.load(tmp_path / "nowhere")


@pytest.mark.parametrize("value", [{1, 2}, object(), np.array(["a"]), np.array([object()]), 1j])
def test_what_has_no_safe_form_is_refused_and_nothing_is_written(tmp_path: Path, value: object) -> None:
    saved(tmp_path, 1)
    with pytest.raises(TypeError, match="a checkpoint cannot hold"):
        checkpoint.save(tmp_path, {"value": value})
    assert len(list(tmp_path.iterdir())) == 1


def test_every_damaged_checkpoint_is_named(tmp_path: Path) -> None:
    for number in range(3):
        checkpoint.save(tmp_path, {"number": number, "values": np.arange(9.0)})
    assert checkpoint.damaged(tmp_path) == {}
    newest = max(tmp_path.glob("*/arrays.safetensors"))
    newest.write_bytes(newest.read_bytes()[:-1] + b"x")
    assert list(checkpoint.damaged(tmp_path)) == [newest.parent.name]
    assert checkpoint.load(tmp_path)["number"] == 1
