"""Which columns of a CSV file hold numbers: decided once, from its first records."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

__all__ = ["MISSING_NUMBERS", "category_cell", "is_number_column", "number_cell"]

MISSING_NUMBERS = frozenset({"", "na", "n/a", "nan", "null", "none", "?"})
MIN_NUMBER_SHARE = 0.8

_NUMBER = re.compile(r"\s*[+-]?((\d+\.?\d*|\.\d+)(e[+-]?\d+)?|inf|infinity)\s*", re.IGNORECASE)


def is_number_column(cells: Sequence[str]) -> bool:
    """A column is numeric when at least four of five cells that are not missing read as numbers.

    The rest is then text in a number, which the learner rejects with a message; below that the column is a
    category. A column without any value counts as numeric.
    """
    present = [cell for cell in cells if cell.strip().lower() not in MISSING_NUMBERS]
    numbers = sum(1 for cell in present if _NUMBER.fullmatch(cell))
    return numbers >= MIN_NUMBER_SHARE * len(present)


def number_cell(cell: str) -> float | str:
    """The number in a cell; nan when it is missing; the text itself when it is neither."""
    try:
        return float(cell)
    except ValueError:
        return math.nan if cell.strip().lower() in MISSING_NUMBERS else cell


def category_cell(cell: str) -> str | None:
    """The category in a cell, without surrounding blanks; None when it is empty."""
    return cell.strip() or None
