"""A record by names -> events: key, time and label are taken out, the rest are features, and are checked.

With labels that come with the record, a record is an ``Example``. With labels that come later, a record is an
``Observation``; if it holds its label all the same, a ``Label`` follows it at once; and a record of key and
label alone (the time may be there) is a ``Label``, so that one log can carry both.
"""

from __future__ import annotations

import math
from typing import Any

from monitor.config.schema import StreamConfig
from monitor.decoding.decoded import WHOLE, BadKind, Decoded, Unusable, shown
from monitor.decoding.features import FeatureCheck
from monitor.sources.messages import Channel, Message
from monitor.targets import Task, to_targets
from stream_hmoe.events import Event, Example, Label, Observation

__all__ = ["MAX_TEXT", "RecordReader"]

MAX_TEXT = 200  # characters of a key or of a class: both are kept in memory
LAST_SECONDS = 1e11  # in the year 5138; a larger number is most likely in milliseconds
AHEAD_SECONDS = (
    86_400.0  # clocks differ, and some name the end of a day; nothing is known days before it happens
)
LARGEST_TARGET = 1e100  # one label of 1e300 would be all that is left of a mean error


class RecordReader:
    """Makes events of the records of one stream.

    Args:
        stream: names the target, the key, the time, what is ignored and what is known of features.
    """

    def __init__(self, stream: StreamConfig) -> None:
        self._target = stream.target
        self._task = stream.task
        self._key = stream.labels.key
        self._time = stream.labels.time
        self._is_later = stream.labels.arrive == "later"
        self._ignored = tuple(stream.ignored)
        self.check = FeatureCheck(stream.features, stream.is_closed)

    @property
    def others(self) -> frozenset[str]:
        """Fields that are no features."""
        times = () if self._time is None else (self._time,)
        return frozenset((self._target, self._key, *times, *self._ignored))

    def add(
        self,
        record: dict[str, Any],
        message: Message,
        index: int,
        row: int,
        to: Decoded,
        is_checked: bool = False,
    ) -> None:
        """Append the events of a record, or why there are none.

        Args:
            record: names and values; its key, time, target and ignored fields are removed.
            message: where it came from.
            index: number of that message in the batch.
            row: number of the record in the message, or ``WHOLE``.
            to: what is appended to.
            is_checked: the features are known to be as they should.
        """
        try:
            if message.channel is Channel.LABELS:
                label = self._label(record, message)
                self._append(label, label.key, index, row, to)
            elif self._is_later:
                for event in self._observed(record, message, is_checked):
                    self._append(event, event.key, index, row, to)
            else:
                key = self._name(record, message, row)
                self._append(self._example(record, is_checked), key, index, row, to)
        except Unusable as flaw:
            to.refuse(index, row, flaw)

    def _append(self, event: Event, key: str, index: int, row: int, to: Decoded) -> None:
        to.events.append(event)
        to.origins.append(index)
        to.rows.append(row)
        to.keys.append(key)

    def _example(self, record: dict[str, Any], is_checked: bool) -> Example:
        target = self._read_target(record.pop(self._target, None))
        if self._time is not None:
            record.pop(self._time, None)
        self._read_features(record, is_checked)
        return Example(record, target)

    def _observed(
        self, record: dict[str, Any], message: Message, is_checked: bool
    ) -> tuple[Observation | Label, ...]:
        key = self._read_key(record.pop(self._key, None))
        seconds = self._seconds(record, message)
        target = record.pop(self._target, None)
        for name in self._ignored:
            record.pop(name, None)
        if not record and target is not None:
            return (Label(key, self._read_target(target), seconds),)
        self._read_features(record, is_checked)
        observation = Observation(key, record, seconds)
        if target is None:
            return (observation,)
        return observation, Label(key, self._read_target(target), seconds)

    def _label(self, record: dict[str, Any], message: Message) -> Label:
        key = self._read_key(record.pop(self._key, None))
        seconds = self._seconds(record, message)
        return Label(key, self._read_target(record.pop(self._target, None)), seconds)

    def _read_features(self, record: dict[str, Any], is_checked: bool) -> None:
        for name in self._ignored:
            record.pop(name, None)
        if not record:
            remedy = "Send its fields; a label by itself needs its key and its target."
            raise Unusable(BadKind.MISSING, "", "", "the record has no features", remedy)
        if not is_checked:
            self.check(record)

    def _name(self, record: dict[str, Any], message: Message, row: int) -> str:
        key = record.pop(self._key, None)
        if key is not None:
            return self._read_key(key)
        place = f"{message.log}@{message.offset}"
        return place if row == WHOLE else f"{place}#{row}"

    def _read_key(self, key: Any) -> str:
        text = key if type(key) is str else str(key) if type(key) is int else ""
        if 0 < len(text) <= MAX_TEXT:
            return text
        if key is None or key == "":
            remedy = "Send a key that joins the record and its label, or name its field in labels.key."
            raise Unusable(BadKind.MISSING, self._key, "", "the key is missing", remedy)
        if text:
            reason = f"a key has at most {MAX_TEXT} characters"
            raise Unusable(BadKind.RANGE, self._key, shown(key), reason, "Send a shorter key.")
        reason, remedy = "a key is text or a whole number", "Send the key as text."
        raise Unusable(BadKind.TYPE, self._key, shown(key), reason, remedy)

    def _seconds(self, record: dict[str, Any], message: Message) -> float:
        if self._time is None:
            return message.time_seconds
        value = record.pop(self._time, None)
        if value is None:
            return message.time_seconds
        if type(value) is not float and type(value) is not int:
            remedy = "Send seconds since 1970 as a number."
            raise Unusable(BadKind.TYPE, self._time, shown(value), "the time is no number", remedy)
        if not 0 <= value < LAST_SECONDS:
            remedy = "Send seconds since 1970, not milliseconds."
            raise Unusable(BadKind.RANGE, self._time, shown(value), "the time is no Unix time", remedy)
        if 0.0 < message.time_seconds < value - AHEAD_SECONDS:
            reason, remedy = (
                "the time is more than a day after that of the message",
                "Mend the sender's clock.",
            )
            raise Unusable(BadKind.RANGE, self._time, shown(value), reason, remedy)
        return float(value)

    def _read_target(self, value: Any) -> Any:
        """The label as the learner takes it: text for a class, else a finite float."""
        if self._task is Task.CLASSIFICATION:
            label = value if type(value) is str else self._converted(value)
            if type(label) is str and len(label) <= MAX_TEXT and label.strip():
                return label
            if isinstance(label, str) and len(label) > MAX_TEXT:
                reason = f"a class has at most {MAX_TEXT} characters"
                raise Unusable(BadKind.RANGE, self._target, shown(value), reason, "Send a shorter name.")
        else:
            number = value if type(value) is float else self._converted(value)
            if type(number) is float and -LARGEST_TARGET <= number <= LARGEST_TARGET:
                return number
            if type(number) is float and math.isfinite(number):
                reason = f"a label is at most {LARGEST_TARGET:g} in size"
                raise Unusable(BadKind.RANGE, self._target, shown(value), reason, "Mend the sender.")
        if value is None or (isinstance(value, str) and not value.strip()):
            remedy = "Send it, or set labels.arrive: later if labels come by themselves."
            raise Unusable(BadKind.MISSING, self._target, "", "the label is missing", remedy)
        wanted = "text, a number, true or false" if self._task is Task.CLASSIFICATION else "a finite number"
        reason = f"a label of {self._task.value} is {wanted}"
        raise Unusable(BadKind.TYPE, self._target, shown(value), reason, f"Send {wanted}.")

    def _converted(self, value: Any) -> Any:
        if self._task is Task.REGRESSION and type(value) is bool:
            return float(value)
        return to_targets(self._task, [value])[0]
