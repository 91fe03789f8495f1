"""Complete state <-> a directory on disk: atomic, checked by hashes, never pickle.

A checkpoint directory holds numbered folders, each with ``arrays.safetensors`` and ``manifest.json``.
A folder is written under another name, flushed to disk, and renamed last, so that a name that exists
is whole. Loading takes the newest folder whose hashes are right.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load as load_arrays
from safetensors.numpy import save as save_arrays

from .errors import BadCheckpoint

__all__ = ["SCHEMA", "damaged", "exists", "load", "load_newest", "remove", "save"]

SCHEMA = 1
_PREFIX = "state-"
_WRITING = ".writing"
_ARRAY, _NUMBER, _ITEMS = "array", "number", "items"
_ARRAYS, _MANIFEST = "arrays.safetensors", "manifest.json"


def save(directory: str | Path, state: Mapping[str, Any], keep: int = 3) -> Path:
    """Write a state as the newest checkpoint of a directory.

    Args:
        directory: made if need be.
        state: nested mappings and lists of NumPy arrays, numbers, text, booleans and None.
        keep: how many checkpoints stay; older ones are removed after the new one is safe.

    Returns:
        The folder that was written.

    Raises:
        TypeError: the state holds something that has no safe form.
        ValueError: ``keep`` is below 1.
    """
    if keep < 1:
        raise ValueError(f"keep: got {keep}; at least the new checkpoint must stay")
    root = Path(directory)
    root.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, npt.NDArray[Any]] = {}
    tree = _describe(state, arrays)
    packed = save_arrays(arrays)
    manifest = {
        "schema": SCHEMA,
        "arrays_sha256": _hash(packed),
        "state": tree,
        "state_sha256": _hash(_text(tree)),
    }
    number = max((_number(path) for path in _folders(root)), default=0) + 1
    folder = root / f"{_PREFIX}{number:08d}"
    writing = folder.with_name(folder.name + _WRITING)
    if writing.exists():
        shutil.rmtree(writing)
    writing.mkdir()
    _write(writing / _ARRAYS, packed)
    _write(writing / _MANIFEST, _text(manifest))
    _flush_directory(writing)
    os.rename(writing, folder)
    _flush_directory(root)
    for old in _folders(root)[:-keep]:
        shutil.rmtree(old)
    return folder


def load(directory: str | Path) -> dict[str, Any]:
    """The newest whole checkpoint of a directory; damaged newer ones are passed over.

    Raises:
        BadCheckpoint: there is none, all are damaged, or the newest whole one has a newer schema.
    """
    return load_newest(directory)[1]


def load_newest(directory: str | Path) -> tuple[Path, dict[str, Any]]:
    """The same, after the folder that it was read from.

    Raises:
        BadCheckpoint: as ``load``.
    """
    root = Path(directory)
    damage: list[str] = []
    for folder in reversed(_folders(root)):
        try:
            return folder, _read(folder)
        except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
            damage.append(f"{folder.name}: {error}")
    if damage:
        raise BadCheckpoint(f"no checkpoint in {root} is whole ({'; '.join(damage)})")
    raise BadCheckpoint(f"there is no checkpoint in {root}; save one there first, or name another directory")


def exists(directory: str | Path) -> bool:
    """Whether a directory holds a checkpoint, whole or damaged; one whose writing was cut short is none."""
    return bool(_folders(Path(directory)))


def damaged(directory: str | Path) -> dict[str, str]:
    """Which checkpoints of a directory cannot be read, newest first -> what is wrong with each."""
    found: dict[str, str] = {}
    for folder in reversed(_folders(Path(directory))):
        try:
            _read(folder)
        except (BadCheckpoint, OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
            found[folder.name] = str(error)
    return found


def remove(directory: str | Path) -> None:
    """Remove every checkpoint of a directory, and the directory if nothing else is in it."""
    root = Path(directory)
    for folder in [*_folders(root), *root.glob(f"{_PREFIX}*{_WRITING}")]:
        shutil.rmtree(folder)
    if root.is_dir() and not any(root.iterdir()):
        root.rmdir()


def _read(folder: Path) -> dict[str, Any]:
    manifest = json.loads((folder / _MANIFEST).read_bytes())
    if manifest["schema"] > SCHEMA:
        message = f"{folder} has schema {manifest['schema']}, this version reads up to {SCHEMA}"
        raise BadCheckpoint(f"{message}: upgrade stream-hmoe")
    packed = (folder / _ARRAYS).read_bytes()
    if _hash(packed) != manifest["arrays_sha256"]:
        raise ValueError("the arrays are not what was written")
    if _hash(_text(manifest["state"])) != manifest["state_sha256"]:
        raise ValueError("the manifest is not what was written")
    state = _rebuild(manifest["state"], load_arrays(packed))
    assert isinstance(state, dict)
    return state


def _describe(value: Any, arrays: dict[str, npt.NDArray[Any]]) -> Any:
    """JSON for a value; arrays go to ``arrays`` and are named by number. Mappings are kept as pairs."""
    if isinstance(value, np.ndarray):
        if value.dtype.kind not in "biuf":
            raise TypeError(f"a checkpoint cannot hold an array of {value.dtype}: {value!r}")
        name = str(len(arrays))
        arrays[name] = np.ascontiguousarray(value).reshape(-1)
        return {_ARRAY: name, "shape": list(value.shape)}
    if isinstance(value, np.generic):
        return _describe(value.item(), arrays)
    if isinstance(value, float) and not math.isfinite(value):
        return {_NUMBER: repr(value)}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Mapping):
        return {_ITEMS: [[_describe(key, arrays), _describe(item, arrays)] for key, item in value.items()]}
    if isinstance(value, list | tuple):
        return [_describe(item, arrays) for item in value]
    raise TypeError(f"a checkpoint cannot hold {type(value).__name__}: {value!r}")


def _rebuild(tree: Any, arrays: Mapping[str, npt.NDArray[Any]]) -> Any:
    if isinstance(tree, list):
        return [_rebuild(item, arrays) for item in tree]
    if not isinstance(tree, dict):
        return tree
    if _ARRAY in tree:
        return arrays[tree[_ARRAY]].reshape(tree["shape"])
    if _NUMBER in tree:
        return float(tree[_NUMBER])
    return {_rebuild(key, arrays): _rebuild(item, arrays) for key, item in tree[_ITEMS]}


def _folders(root: Path) -> list[Path]:
    """Finished checkpoints, oldest first."""
    folders = (path for path in root.glob(f"{_PREFIX}*") if path.is_dir())
    return sorted((path for path in folders if path.name.removeprefix(_PREFIX).isdecimal()), key=_number)


def _number(folder: Path) -> int:
    return int(folder.name.removeprefix(_PREFIX))


def _text(tree: Any) -> bytes:
    return json.dumps(tree, separators=(",", ":"), allow_nan=False).encode()


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _flush_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
