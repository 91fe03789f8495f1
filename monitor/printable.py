"""Text of unknown senders on a terminal: what would steer the terminal is written out instead."""

from __future__ import annotations

__all__ = ["printable"]


def printable(text: str) -> str:
    r"""The text with every character that is not printed written as an escape.

    Example:
        >>> print(printable("red \x1b[31m and\u202e back"))
        red \x1b[31m and\u202e back
    """
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)
