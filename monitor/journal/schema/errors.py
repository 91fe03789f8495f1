"""Why a journal cannot be used."""

from __future__ import annotations

from stream_hmoe.errors import StreamHMoEError

__all__ = [
    "JournalDamaged",
    "JournalError",
    "JournalLocked",
    "JournalMissing",
    "JournalNewer",
    "JournalOlder",
]


class JournalError(StreamHMoEError):
    """A journal that cannot be used."""


class JournalMissing(JournalError):
    """There is no journal at this path, or nothing has been written to it yet."""


class JournalNewer(JournalError):
    """The journal was written by a newer version of this package."""


class JournalOlder(JournalError):
    """The journal was written by an older version of this package, with other tables."""


class JournalDamaged(JournalError):
    """The file is not a journal, or it is damaged."""


class JournalLocked(JournalDamaged):
    """Another program holds the file just now; trying again helps, and until then it cannot be read."""
