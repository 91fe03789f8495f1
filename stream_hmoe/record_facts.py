"""Facts about single records, as columns: joined where they can be, cut where the set of experts changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any, TypeVar

import numpy as np

from .events import Fact, Predicted, Restructured, Scored

__all__ = ["RecordFacts", "cut", "joined"]

Columns = TypeVar("Columns", Predicted, Scored)


class RecordFacts:
    """Collects what was predicted and scored and joins what has one meaning of its gate weights."""

    def __init__(self) -> None:
        self._done: list[Fact] = []
        self._predicted: list[Predicted] = []
        self._scored: list[Scored] = []

    def add(self, fact: Predicted | Scored | Restructured) -> None:
        """Take in the next fact."""
        match fact:
            case Predicted():
                self._predicted.append(fact)
            case Scored():
                self._scored.append(fact)
            case Restructured():
                self._join()
                self._done.append(fact)

    def in_order(self) -> list[Fact]:
        """All of them: between two changes of the set of experts one of each kind at most."""
        self._join()
        return self._done

    def _join(self) -> None:
        self._done += [joined(self._predicted)] if self._predicted else []
        self._done += [joined(self._scored)] if self._scored else []
        self._predicted, self._scored = [], []


def joined(parts: Sequence[Columns]) -> Columns:
    """One fact of several that follow each other."""
    if len(parts) == 1:
        return parts[0]
    columns: dict[str, Any] = {}
    for field in fields(parts[0]):
        values = [getattr(part, field.name) for part in parts]
        is_array = isinstance(values[0], np.ndarray)
        columns[field.name] = np.concatenate(values) if is_array else [one for part in values for one in part]
    return type(parts[0])(**columns)


def cut(scored: Scored, restructured: Sequence[Restructured]) -> list[Scored | Restructured]:
    """Scored records and restructurings in order: every part has one meaning of its gate weights."""
    facts: list[Scored | Restructured] = []
    begin = 0
    for fact in restructured:
        end = int((scored.record < fact.record).sum())
        facts += [_part(scored, begin, end), fact]
        begin = end
    if begin < len(scored.record):
        facts.append(_part(scored, begin, len(scored.record)) if begin else scored)
    return facts


def _part(scored: Scored, begin: int, end: int) -> Scored:
    return Scored(*(getattr(scored, field.name)[begin:end] for field in fields(scored)))
