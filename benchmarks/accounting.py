"""Was every message that was sent accounted for, everywhere where it should be?"""

from __future__ import annotations

import base64
import json
import sqlite3
import time
import zlib
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from monitor.config import config_hash
from monitor.config.schema import StreamConfig
from monitor.decoding import make_decoder
from monitor.metrics import Process, registry_of
from monitor.service import Service
from monitor.sources.inbox_entries import Entry
from monitor.sources.messages import Channel, Message
from stream_hmoe.events import Account, Label

__all__ = ["Sent", "balance", "letters_at_fault"]

FLOW_SECONDS = 10.0
RECORD_SUM = ("learned", "held_back", "pending", "expired", "rejected", "duplicates")
LABEL_SUM = ("joined", "waiting", "duplicate", "corrected", "unmatched", "rejected")
SHOWN = 5


class Sent:
    """What was sent, by a decoder of its own: a message may hold a record, a label, both or nothing.

    Args:
        stream: its configuration.
    """

    def __init__(self, stream: StreamConfig) -> None:
        self.messages = 0
        self.records = 0
        self.labels = 0
        self.unused = 0
        self.checksums: dict[int, int] = {}
        self._decoder = make_decoder(stream)

    def add(self, numbers: range, entries: Sequence[Entry]) -> None:
        """Count messages that were sent under these numbers."""
        sent = [
            Message(entry.channel, "inbox", str(number), entry.key, entry.body, entry.time_seconds)
            for number, entry in zip(numbers, entries, strict=True)
        ]
        decoded = self._decoder.decode(sent)
        bad = [sent[one.message].channel for one in decoded.bad]
        labels = sum(isinstance(event, Label) for event in decoded.events)
        self.messages += len(sent)
        self.labels += labels + bad.count(Channel.LABELS)
        self.records += len(decoded.events) - labels + bad.count(Channel.EVENTS)
        self.unused += len(sent) - len({*decoded.origins, *(one.message for one in decoded.bad)})
        self.checksums |= {
            number: zlib.crc32(entry.body) for number, entry in zip(numbers, entries, strict=True)
        }


def balance(service: Service, sent: Sent) -> list[str]:
    """What does not add up in the status, the metrics and the journal, in words."""
    board = service.boards[0]
    account = board.current.account or Account()
    flaws = [f"status: {flaw}" for flaw in sums_at_fault(asdict(account), sent)]
    if sent.unused:
        flaws.append(f"{sent.unused} messages are neither events nor bad")
    registry = registry_of(service.boards, Process(service.config.state, config_hash(service.config)))
    scraped = {
        (sample.name, sample.labels.get("outcome", "")): sample.value
        for family in text_string_to_metric_families(generate_latest(registry).decode())
        for sample in family.samples
    }
    wanted = {"learned": account.learned, "expired": account.expired, "rejected": account.rejected}
    wanted |= {"pending": account.pending, "duplicate": account.duplicates, "held_back": account.held_back}
    for outcome, value in wanted.items():
        if scraped.get(("hmoe_account_records", outcome)) != value:
            flaws.append(
                f"metrics: {outcome} is {scraped.get(('hmoe_account_records', outcome))}, not {value}"
            )
    if scraped.get(("hmoe_account_received_records", "")) != sent.records:
        flaws.append(f"metrics: received is not {sent.records}")
    return flaws + flow_at_fault(service, sent)


def flow_at_fault(service: Service, sent: Sent) -> list[str]:
    """What does not add up in the newest row of the journal about what came."""
    path = service.config.state / service.config.streams[0].name / "journal.sqlite"
    deadline = time.monotonic() + FLOW_SECONDS
    row: dict[str, Any] = {}
    while time.monotonic() < deadline and row.get("received") != sent.records:
        service.turn()
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as journal:
            journal.row_factory = sqlite3.Row
            newest = journal.execute("SELECT * FROM flow ORDER BY time_seconds DESC LIMIT 1").fetchone()
            row = {} if newest is None else dict(newest)
    flaws = [f"journal: {flaw}" for flaw in sums_at_fault(row, sent)]
    if row and row["dead_lettered"] != row["rejected"] + row["labels_rejected"]:
        flaws.append(f"journal: {row['dead_lettered']} dead letters")
    return flaws


def sums_at_fault(account: Mapping[str, Any], sent: Sent) -> list[str]:
    """What does not add up in an account, in words."""
    if not account:
        return ["there is none"]
    records = sum(account[name] for name in RECORD_SUM)
    labels = sum(account[f"labels_{name}"] for name in LABEL_SUM)
    found = {
        "records": (account["received"], records, sent.records),
        "labels": (account["labels_received"], labels, sent.labels),
    }
    return [
        f"{received} {name} received, {summed} accounted for, {wanted} sent"
        for name, (received, summed, wanted) in found.items()
        if not received == summed == wanted
    ]


def letters_at_fault(path: Path, sent: Sent, account: Mapping[str, Any]) -> list[str]:
    """What is wrong with the dead letters, in words: one for every refusal, as it was sent, with a reason."""
    flaws: list[str] = []
    count = 0
    with path.open("rb") as lines:
        for line in lines:
            letter = json.loads(line)
            count += 1
            is_whole = bool(letter["reason"] and letter["remedy"])
            text = letter.get("body")
            body = base64.b64decode(letter["body_base64"]) if text is None else text.encode()
            is_same = zlib.crc32(body) == sent.checksums.get(int(letter["offset"]))
            # A label that had to wait was read long before: its letter is written anew.
            is_late = letter["channel"] == Channel.LABELS and letter["reason"].startswith("it would be class")
            if not is_whole or not (is_same or is_late):
                flaws.append(f"dead letter {letter['log']}@{letter['offset']}: {letter['reason']}")
    wanted = account["rejected"] + account["labels_rejected"]
    if count != wanted:
        flaws.append(f"{count} dead letters, {wanted} refused")
    return flaws[:SHOWN]
