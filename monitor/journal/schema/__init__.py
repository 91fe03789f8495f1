"""The tables of the journal and the values of their rows.

``tables`` has the columns, ``intervals`` the rows about reporting intervals and events, ``features`` those
about what the records were like, ``flow`` those about what came; ``errors`` says why a journal cannot be
used.
"""

from __future__ import annotations

from .errors import JournalDamaged, JournalError, JournalLocked, JournalMissing, JournalNewer, JournalOlder
from .features import FeatureRow, LeafFeatureRow, SampleRow
from .flow import BadRow, FlowRow
from .intervals import EventKind, EventRow, EvidenceRow, IntervalRow, ShareRow, TopologyRow, WorthRow
from .rows import Rows
from .tables import CREATE_TABLES, JOINED, MAX_BAD, SCHEMA_VERSION

__all__ = [
    "CREATE_TABLES",
    "JOINED",
    "MAX_BAD",
    "SCHEMA_VERSION",
    "BadRow",
    "EventKind",
    "EventRow",
    "EvidenceRow",
    "FeatureRow",
    "FlowRow",
    "IntervalRow",
    "JournalDamaged",
    "JournalError",
    "JournalLocked",
    "JournalMissing",
    "JournalNewer",
    "JournalOlder",
    "LeafFeatureRow",
    "Rows",
    "SampleRow",
    "ShareRow",
    "TopologyRow",
    "WorthRow",
]
