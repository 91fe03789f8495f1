"""Text that is shown to people, at most so long."""

from __future__ import annotations

__all__ = ["shortened"]


def shortened(text: str, characters: int) -> str:
    """A text, or its beginning with ``...`` behind it.

    Args:
        text: any text.
        characters: how much of it is shown at most.
    """
    return text if len(text) <= characters else f"{text[:characters]}..."
