"""What a target may be: one of a bounded number of classes, or a finite number."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from stream_hmoe.errors import BadCheckpoint, BadRecord
from stream_hmoe.features.values import number_of

__all__ = ["ClassIndex", "Label", "finite_target"]

Label = bool | int | float | str
Indices = npt.NDArray[np.intp]

SCHEMA = 1


class ClassIndex:
    """Numbers the classes 0, 1, 2 ... in order of appearance; labels that are equal are one class.

    Args:
        max_classes: most classes; a label beyond is a BadRecord.
        field: name of the target, for error messages.

    Example:
        >>> classes = ClassIndex()
        >>> classes.learn("up"), classes.learn("down"), classes.learn("up")
        (0, 1, 0)
        >>> classes.labels
        ('up', 'down')
    """

    def __init__(self, max_classes: int = 1000, field: str = "target") -> None:
        self.max_classes = max_classes
        self.field = field
        self._index_of: dict[Label, int] = {}

    def __len__(self) -> int:
        return len(self._index_of)

    @property
    def labels(self) -> tuple[Label, ...]:
        """The label of each class, in order of appearance."""
        return tuple(self._index_of)

    def index_of(self, label: object) -> int | None:
        """Return the index of a label, or None when it was never learned.

        Raises:
            BadRecord: it cannot be a label.
        """
        return self._index_of.get(self._as_label(label))

    def learn(self, label: object) -> int:
        """Return the index of a label, which is new if need be.

        Raises:
            BadRecord: it cannot be a label, or there would be too many classes; nothing was added.
        """
        plain = self._as_label(label)
        index = self._index_of.get(plain)
        if index is not None:
            return index
        if len(self._index_of) >= self.max_classes:
            raise BadRecord(
                self.field,
                label,
                f"it would be class {len(self._index_of) + 1} and max_classes is {self.max_classes}",
                "Raise max_classes, or use a regressor if the target is a quantity.",
            )
        self._index_of[plain] = len(self._index_of)
        return len(self._index_of) - 1

    def learn_many(self, labels: Iterable[object]) -> Indices:
        """Return the indices of N labels, (N,), as learned one by one; all or nothing.

        Raises:
            BadRecord: as ``learn``; nothing was added.
        """
        before = dict(self._index_of)
        plain = labels.tolist() if isinstance(labels, np.ndarray) else labels
        try:
            return np.array([self.learn(label) for label in plain], dtype=np.intp)
        except BadRecord:
            self._index_of = before
            raise

    def state_dict(self) -> dict[str, Any]:
        """Return all that was learned, ready for JSON."""
        return {"schema": SCHEMA, "labels": list(self._index_of)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what ``state_dict`` returned.

        Raises:
            BadCheckpoint: the state was written by a newer version, or is damaged.
        """
        if state.get("schema") != SCHEMA:
            raise BadCheckpoint(f"classes: got schema {state.get('schema')!r}, expected {SCHEMA}")
        labels = state.get("labels")
        if not isinstance(labels, list) or len(set(labels)) != len(labels):
            raise BadCheckpoint("classes: the list of labels is damaged")
        self._index_of = {label: index for index, label in enumerate(labels)}

    def _as_label(self, label: object) -> Label:
        plain = label.item() if isinstance(label, np.generic) else label
        if isinstance(plain, bool | int | str) or (isinstance(plain, float) and math.isfinite(plain)):
            return plain
        raise BadRecord(
            self.field,
            label,
            "a label is text, a finite number, true or false",
            "Send the label, or leave the record out of training while it is unknown.",
        )


def finite_target(value: object, field: str = "target") -> float:
    """Return a regression target as a finite float; text that reads as a number is one.

    Raises:
        BadRecord: it is missing, infinite or not a number.
    """
    if type(value) is float and math.isfinite(value):
        return value
    number = number_of(field, value)
    if math.isnan(number):
        raise BadRecord(
            field,
            value,
            "the target is missing",
            "Send a finite number, or leave the record out of training while it is unknown.",
        )
    return number
