"""Why a journal cannot be shown, in plain words."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.journal.schema import JournalError, JournalLocked, JournalMissing, JournalNewer, JournalOlder

__all__ = ["Notice", "notice"]


@dataclass(frozen=True, slots=True)
class Notice:
    """Why there is nothing to draw, for people.

    Args:
        title: two or three words.
        sentence: what is the case.
        remedy: what to do.
        is_fault: something is wrong; otherwise it is only a matter of waiting.
    """

    title: str
    sentence: str
    remedy: str
    is_fault: bool


def notice(error: JournalError) -> Notice:
    """Say in plain words why a journal cannot be shown."""
    words = str(error)
    sentence = f"{words[:1].upper()}{words[1:]}."
    match error:
        case JournalMissing():
            remedy = "This page fills by itself as soon as a run writes there."
            return Notice("No journal yet", sentence, remedy, is_fault=False)
        case JournalNewer():
            remedy = "Upgrade the installation that serves this page; the journal itself is fine."
            return Notice("Journal from a newer version", sentence, remedy, is_fault=True)
        case JournalOlder():
            remedy = "The journal itself is fine: going on with the run brings it up to date."
            return Notice("Journal from an older version", sentence, remedy, is_fault=True)
        case JournalLocked():
            remedy = "Another program holds the file. This page tries again by itself; nothing is lost."
            return Notice("Journal is locked", sentence, remedy, is_fault=False)
        case _:
            remedy = "Check the path, or move the file away and start the run again."
            return Notice("Journal cannot be read", sentence, remedy, is_fault=True)
