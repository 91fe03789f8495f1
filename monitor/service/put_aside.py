"""What cannot be used is put aside: into the dead letters, with the reason; counted, journaled and told."""

from __future__ import annotations

import time
from dataclasses import replace

import msgspec

from monitor.config.schema import StreamConfig
from monitor.dead_letters import DeadLetter
from monitor.decoding import Bad
from monitor.journal.schema import BadRow
from monitor.logs import Log
from monitor.run.recorder import Recorder
from monitor.service.counts import DeadReason
from monitor.service.intake import Arrived
from monitor.service.opening import StreamParts
from monitor.sources.messages import Channel, Message
from stream_hmoe.events import Label, Rejected, Taken

__all__ = ["PutAside"]

MAX_SHOWN = 200


class PutAside:
    """Puts messages aside.

    Args:
        config: the stream.
        parts: what it works with.
        recorder: writes its journal.
        log: says what happens.
    """

    def __init__(self, config: StreamConfig, parts: StreamParts, recorder: Recorder, log: Log) -> None:
        self._config = config
        self._parts = parts
        self._recorder = recorder
        self._log = log

    def unreadable(self, message: Message, bad: Bad) -> Rejected:
        """Put aside a message, or a record of it, that holds no event -> as a fact."""
        parts = self._parts
        parts.counts.unreadable[message.channel] += 1
        parts.guard.take(1, [0])
        clock = parts.pipeline.records_seen
        fact = Rejected(clock, bad.field or "message", bad.value, bad.reason, bad.remedy)
        return self._keep(message, fact, DeadReason.UNREADABLE, bad.field)

    def unusable(self, arrived: Arrived, taken: Taken, begin: int) -> list[Rejected]:
        """Put aside the events that the pipeline could not use -> as facts.

        Args:
            arrived: what came in the turn.
            taken: what the pipeline made of some of its events.
            begin: number of the first of them in the turn.
        """
        decoded, facts = arrived.decoded, []
        for index, rejected in taken.rejections.items():
            at = begin + index
            kind = DeadReason.LABEL if isinstance(decoded.events[at], Label) else DeadReason.RECORD
            message = arrived.message(decoded.origins[at], decoded.rows[at])
            facts.append(self._keep(message, rejected, kind, rejected.field))
        for index, label, rejected in taken.late_rejections:
            at = begin + index
            place = arrived.message(decoded.origins[at], decoded.rows[at])
            message = self._said_again(label, place)
            facts.append(self._keep(message, rejected, DeadReason.LABEL, rejected.field))
        return facts

    def _said_again(self, label: Label, place: Message) -> Message:
        """A label whose own message was read long ago, at the place of the record that it came for."""
        body = msgspec.json.encode({self._config.labels.key: label.key, self._config.target: label.value})
        return place._replace(
            channel=Channel.LABELS, key=label.key.encode(), body=body, time_seconds=label.time_seconds
        )

    def _keep(self, message: Message, fact: Rejected, reason: DeadReason, field: str) -> Rejected:
        """Keep a message; ``field`` is empty when the whole is at fault."""
        parts = self._parts
        if field == "target":  # people know the label by the name of its field
            field = self._config.target
            fact = replace(fact, field=field)
        letter = DeadLetter.of(message, replace(fact, field=field))
        parts.dead_letters.add(letter)
        parts.counts.dead(reason)
        text = message.body[:MAX_SHOWN].decode("utf-8", "replace")
        flaw = (fact.field, fact.value, fact.reason, fact.remedy)
        self._recorder.add_bad(BadRow(fact.record, time.time(), letter.origin, *flaw, text))
        self._log.warning("dead_letter", origin=letter.origin, field=fact.field, reason=fact.reason)
        return fact
