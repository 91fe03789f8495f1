"""What one value of a record means: a number, a category, a moment in time, or nothing at all."""

from __future__ import annotations

import enum
import math
import numbers
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from stream_hmoe.errors import BadRecord

__all__ = ["PLAIN_NUMBERS", "TEXT_LIMIT", "Kind", "as_named", "kind_of", "moment_of", "number_of", "text_of"]

PLAIN_NUMBERS = frozenset(
    {float, int, bool, np.bool_, np.float64, np.float32, np.float16}
    | {np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64}
)
# numpy names the two classes of a date; this package imports nothing that also knows the present time
DATE: Any = type(np.datetime64(0, "D").item())
DATETIME: Any = type(np.datetime64(0, "us").item())

_TEXT = frozenset({str})
COMPARES_WITH_ITSELF = (float, np.floating, np.datetime64, DATE)  # NaN and NaT differ from themselves
TEXT_LIMIT = 200
LONGEST_NUMBER = 40
DAY_MICROSECONDS = 86_400_000_000
WEEK_MICROSECONDS = 7 * DAY_MICROSECONDS
EPOCH_AFTER_MONDAY = 3 * DAY_MICROSECONDS  # 1970-01-01 was a Thursday
NUMBER_INSIDE = re.compile(r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")


class Kind(enum.Enum):
    """What a feature holds; fixed by the first value that is not missing."""

    NUMBER = "number"
    CATEGORY = "category"
    MOMENT = "moment"


def as_named(record: object) -> Mapping[str, Any]:
    """Return the record with every feature named by text.

    Raises:
        BadRecord: it is no mapping, or two of its names are the same as text.
    """
    if not isinstance(record, Mapping):
        record = _row(record)
    if _TEXT.issuperset(map(type, record)):
        return record
    named: dict[str, Any] = {}
    for name, value in record.items():
        if str(name) in named:
            raise BadRecord(
                str(name), value, "two features have this name once names are text", "Rename one."
            )
        named[str(name)] = value
    return named


def kind_of(field: str, value: object) -> Kind | None:
    """Return what a feature would hold if this were its first value; None for a missing value.

    Raises:
        BadRecord: no feature can hold the value.
    """
    if isinstance(value, str):
        return Kind.CATEGORY if value.strip() else None
    if _is_missing(value):
        return None
    if isinstance(value, DATE | np.datetime64):
        return Kind.MOMENT
    number_of(field, value)
    return Kind.NUMBER


def number_of(field: str, value: Any) -> float:
    """Return the value as a finite float, or NaN when it is missing; text that reads as a number is one.

    Raises:
        BadRecord: infinite, beyond the range of a float, or not a number.
    """
    if type(value) is float and value - value == 0.0:  # finite: by far the most frequent case
        return value
    if isinstance(value, str):
        number = _number_in(field, value)
    elif _is_missing(value):
        return math.nan
    else:
        number = _float_of(field, value)
    if math.isinf(number):
        raise BadRecord(
            field,
            value,
            "it is not finite as a 64-bit float",
            "Send a finite number, or null when it is unknown.",
        )
    return number


def text_of(field: str, value: object) -> str:
    """Return the value as the text of a category, empty when it is missing.

    Long texts are told apart by their first 200 characters, so that memory stays bounded.

    Raises:
        BadRecord: the value is neither text, number nor date.
    """
    if isinstance(value, str):
        return str.__str__(value)[:TEXT_LIMIT] if value.strip() else ""
    if kind_of(field, value) is None:
        return ""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        value += 0.0  # -0.0 and 0.0 are one category
    return str(value)[:TEXT_LIMIT]


def moment_of(field: str, value: Any) -> tuple[float, float, float, float, float] | None:
    """Return a date or time as five numbers, or None when it is missing; ISO 8601 text is one.

    These are seconds since 1970 in UTC, where no zone means UTC, then sine and cosine of the time of day and
    of the time of week on the clock of the value's own zone, because habits follow local time.

    Raises:
        BadRecord: it is no date.
    """
    if isinstance(value, str):
        value = _moment_in(field, value)
    if _is_missing(value):
        return None
    if not isinstance(value, DATE | np.datetime64):
        raise BadRecord(
            field,
            value,
            f"earlier values are dates, this is {type(value).__name__}",
            "Send a date, a time stamp or ISO 8601 text such as 2024-05-01T12:30:00.",
        )
    offset = 0
    if isinstance(value, DATETIME) and value.tzinfo is not None:
        offset = round(value.utcoffset().total_seconds() * 1e6)
        value = value.replace(tzinfo=None)
    wall = int(np.datetime64(value).astype("datetime64[us]").astype(np.int64))
    day = 2 * math.pi * (wall % DAY_MICROSECONDS) / DAY_MICROSECONDS
    week = 2 * math.pi * ((wall + EPOCH_AFTER_MONDAY) % WEEK_MICROSECONDS) / WEEK_MICROSECONDS
    return (wall - offset) / 1e6, math.sin(day), math.cos(day), math.sin(week), math.cos(week)


def _is_missing(value: object) -> bool:
    if value is None:
        return True
    if type(value) in PLAIN_NUMBERS or isinstance(value, COMPARES_WITH_ITSELF):
        return bool(value != value)
    if isinstance(value, Decimal):
        return value.is_nan()
    return value is pd.NA


def _row(record: object) -> Mapping[Any, Any]:
    if isinstance(record, pd.Series):
        return dict(record)
    raise BadRecord(
        "record", record, f"a record maps names to values, this is {type(record).__name__}", "Send a dict."
    )


def _float_of(field: str, value: Any) -> float:
    """Return any real number as a float, infinity when it is beyond the range of a float."""
    if type(value) in PLAIN_NUMBERS or isinstance(value, numbers.Real | Decimal):
        try:
            return float(value)
        except OverflowError:
            return math.inf
        except TypeError:  # numpy counts a time span among the integers
            pass
    raise BadRecord(
        field, value, f"{type(value).__name__} is no number", "Send a number, or null when it is unknown."
    )


def _number_in(field: str, text: str) -> float:
    if not text.strip():
        return math.nan
    try:
        return float(text)
    except ValueError:
        meant = _nearest_number(text)
        advice = f" (did you mean {meant}?)" if meant else ""
        raise BadRecord(
            field,
            text,
            "earlier values are numbers, this text is none",
            f"Send a number{advice}, null when it is unknown, or text under another name.",
        ) from None


def _nearest_number(text: str) -> str:
    """Return the number that the text most likely stands for, empty when it holds none."""
    has_thousands = re.fullmatch(r"\D*\d{1,3}(,\d{3})+(\.\d+)?\D*", text) is not None
    found = NUMBER_INSIDE.search(text.replace(",", "" if has_thousands else "."))
    return found.group() if found and len(found.group()) <= LONGEST_NUMBER else ""


def _moment_in(field: str, text: str) -> Any:
    if not text.strip():
        return None
    try:
        return DATETIME.fromisoformat(text.strip())
    except ValueError:
        raise BadRecord(
            field,
            text,
            "earlier values are dates, this text is none",
            "Send ISO 8601 text such as 2024-05-01T12:30:00.",
        ) from None
