"""The errors a user can meet: each says what was got, what was expected and what to do."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["BadCheckpoint", "BadRecord", "MissingPackage", "OrderRefused", "StreamHMoEError"]


class StreamHMoEError(Exception):
    """Base of every error this package raises on purpose."""


class BadRecord(StreamHMoEError, ValueError):
    """A record that cannot be used; the learner's state is as it was before.

    Args:
        field: name of the feature or target at fault.
        value: the value as it arrived.
        reason: what is wrong with it.
        remedy: what the sender or the operator can do.
    """

    def __init__(self, field: str, value: object, reason: str, remedy: str) -> None:
        self.field = field
        self.value = value
        self.reason = reason
        self.remedy = remedy
        super().__init__(f"field {field!r}: got {_shortened(_text(value, repr), 80)}: {reason}. {remedy}")

    @property
    def shown(self) -> str:
        """The value as short text."""
        return _shortened(_text(self.value, str), 200)


class BadCheckpoint(StreamHMoEError):
    """A checkpoint that is missing, damaged or written by a newer schema."""


class MissingPackage(StreamHMoEError):
    """Something that only some need is not installed.

    Args:
        package: what is missing.
        extra: the extra of this package that brings it.
    """

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(f"{package} is not installed: pip install stream-hmoe[{extra}]")


class OrderRefused(StreamHMoEError):
    """An operator's order that cannot be done now; the message says why, and nothing has changed."""


def _text(value: object, write: Callable[[object], str]) -> str:
    if isinstance(value, str):
        value = value[:1_000]
    try:
        return write(value)
    except ValueError:  # Python does not write out whole numbers of thousands of digits
        return f"{type(value).__name__} of very many digits"


def _shortened(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 3] + "..."
